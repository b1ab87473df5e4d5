/* What a file's references led to: in one file after the other mostly the same comes in
 * the same order, so that most of it is known before it is looked for. */
#include "format/pstats_scan.h"

#include <string.h>

#include "base/mem.h"
#include "format/foreign.h"

int pstats_bad(struct scan *s, const struct marshal_value *v, const char *what)
{
	return error_set(s->in.err, ERR_FORMAT, "not a pstats file: byte %zu: %s", v->offset, what);
}

static struct known *grow_known(struct scan *s, uint32_t ref)
{
	struct known *grown = mem_grow(s->known, &s->known_cap, (size_t)ref + 64, sizeof *grown);

	if (grown == NULL) {
		error_nomem(s->in.err);
		return NULL;
	}
	s->known = grown;
	while (s->nknown < s->known_cap)
		grown[s->nknown++] = (struct known){ KNOWN_NOT, MAP_NONE, { NULL } };
	return &grown[ref];
}

/* NULL with err; not for MARSHAL_NO_REF. */
static inline struct known *known_at(struct scan *s, uint32_t ref)
{
	return ref < s->nknown ? &s->known[ref] : grow_known(s, ref);
}

static bool is_same(const char *expected, struct bytes raw)
{
	return expected != NULL && raw.len != 0 &&
	       strncmp(expected, (const char *)raw.data, raw.len) == 0 &&
	       expected[raw.len] == '\0';
}

const char *pstats_text(struct scan *s, const struct marshal_value *v, const char *expected)
{
	struct known *known = NULL;
	struct bytes raw;
	const char *text;

	if (v->ref != MARSHAL_NO_REF) {
		known = known_at(s, v->ref);
		if (known == NULL || known->is == KNOWN_TEXT)
			return known ? known->text : NULL;
	}
	if (marshal_decode(&s->in, v, &s->scratch, &raw) < 0)
		return NULL;
	if (is_same(expected, raw))
		text = expected;
	else
		text = strtab_add(&s->sum->strings, raw.len ? (const char *)raw.data : "",
				  raw.len);
	if (text == NULL)
		error_nomem(s->in.err);
	else if (known != NULL)
		*known = (struct known){ KNOWN_TEXT, known->key, { text } };
	return text;
}

static uint64_t key_hash(const char *file, uint32_t line, const char *name)
{
	return map_mix(map_mix((uintptr_t)file) ^ (uintptr_t)name) ^ line;
}

static bool is_key(const struct pstats_key *k, const char *file, uint32_t line, const char *name)
{
	return k->file == file && k->line == line && k->name == name;
}

/* The key of these, added when it is new; MAP_NONE with err. */
static uint32_t add_key(struct scan *s, const char *file, uint32_t line, const char *name)
{
	struct pstats_sum *sum = s->sum;
	uint64_t hash = key_hash(file, line, name);
	struct pstats_key *keys;
	uint32_t i;
	size_t at = 0;

	while ((i = map_find(&sum->key_index, hash, &at)) != MAP_NONE)
		if (is_key(&sum->keys[i], file, line, name))
			return i;
	keys = mem_grow(sum->keys, &sum->keys_cap, sum->nkeys + 1, sizeof *keys);
	if (keys != NULL)
		sum->keys = keys;
	if (keys == NULL || map_add(&sum->key_index, hash, (uint32_t)sum->nkeys) < 0) {
		error_nomem(s->in.err);
		return MAP_NONE;
	}
	keys[sum->nkeys] = (struct pstats_key){ file, name, line, MAP_NONE, MAP_NONE, MAP_NONE };
	return (uint32_t)sum->nkeys++;
}

/* The name that a code object goes by; NULL with err. It is gone over once: what leads
 * there again is known by its reference, if it is no bomb. */
static const char *code_text(struct scan *s, const struct marshal_value *v)
{
	struct known *known;
	const char *text;

	buf_clear(&s->code);
	if (v->again || s->in.replaying) {
		pstats_bad(s, v, "a code object that comes again");
		return NULL;
	}
	if (marshal_code_name(&s->in, &s->code) < 0)
		return NULL;
	text = strtab_add(&s->sum->strings, s->code.data, foreign_cut(s->code.data, s->code.len));
	known = text != NULL && v->ref != MARSHAL_NO_REF ? known_at(s, v->ref) : NULL;
	if (text == NULL)
		error_nomem(s->in.err);
	if (known != NULL)
		*known = (struct known){ KNOWN_TEXT, known->key, { text } };
	return known != NULL || v->ref == MARSHAL_NO_REF ? text : NULL;
}

/* NULL with err; the text of what comes next. */
static const char *read_text(struct scan *s, const struct marshal_value *tuple,
			     const char *expected)
{
	uint32_t ref = marshal_peek_ref(&s->in);
	struct marshal_value v;

	if (ref < s->nknown && s->known[ref].is == KNOWN_TEXT) {
		marshal_pass(&s->in, 5);
		return s->known[ref].text;
	}
	if (marshal_next_text(&s->in, &v) < 0)
		return NULL;
	if (v.type == MARSHAL_TEXT)
		return pstats_text(s, &v, expected);
	if (v.type == MARSHAL_CODE)
		return code_text(s, &v);
	pstats_bad(s, tuple, "no (file, line, name)");
	return NULL;
}

int pstats_new_number(struct scan *s, int64_t *n, const struct marshal_value *of,
		      const char *what)
{
	struct marshal_value v;
	struct known *known;

	if (marshal_next_int(&s->in, &v) < 0)
		return -1;
	if (v.type != MARSHAL_INT)
		return pstats_bad(s, of ? of : &v, what);
	*n = v.integer;
	if (v.ref == MARSHAL_NO_REF)
		return 0;
	known = known_at(s, v.ref);
	if (known == NULL)
		return -1;
	known->is = KNOWN_NUMBER;
	known->number = v.integer;
	return 0;
}

/* Behind the tuple's head. */
static uint32_t read_key(struct scan *s, const struct marshal_value *tuple, uint32_t guess)
{
	static const struct pstats_key none;
	const struct pstats_key *expected = guess != MAP_NONE ? &s->sum->keys[guess] : &none;
	const char *file = read_text(s, tuple, expected->file), *name;
	int64_t line = 0;

	if (file == NULL || (!known_number(s, &line) &&
			     pstats_new_number(s, &line, tuple, "no (file, line, name)") < 0))
		return MAP_NONE;
	if (line < 0 || line > UINT32_MAX) {
		pstats_bad(s, tuple, "no (file, line, name)");
		return MAP_NONE;
	}
	name = read_text(s, tuple, expected->name);
	if (name == NULL)
		return MAP_NONE;
	if (is_key(expected, file, (uint32_t)line, name))
		return guess;
	return add_key(s, file, (uint32_t)line, name);
}

uint32_t pstats_key(struct scan *s, const struct marshal_value *v, uint32_t guess)
{
	struct marshal_place place;
	struct known *known;
	uint32_t key;

	if (v->type != MARSHAL_TUPLE || v->nitems != 3) {
		pstats_bad(s, v, "no (file, line, name)");
		return MAP_NONE;
	}
	if (v->ref != MARSHAL_NO_REF) {
		known = known_at(s, v->ref);
		if (known == NULL || known->key != MAP_NONE)
			return known ? known->key : MAP_NONE;
	}
	place = marshal_enter(&s->in, v);
	key = read_key(s, v, guess);
	marshal_leave(&s->in, v, place);
	if (key != MAP_NONE && v->ref != MARSHAL_NO_REF)
		s->known[v->ref].key = key;
	return key;
}

