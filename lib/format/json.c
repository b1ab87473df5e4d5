#include "format/json.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "format/json_lex.h"

enum { MAX_DEPTH = 64 };

/* Where a key was seen, so that its next value replaces the first one without
 * walking the object: a hostile document has a hundred thousand keys. */
struct member {
	const struct json *object;
	struct json *value;
};

struct parser {
	struct json_lexer lex;
	struct arena *arena;
	unsigned depth;
	struct map index; /* object and key -> members */
	struct member *members;
	size_t nmembers, members_cap;
};

/* A copy of the string that begins here. */
static const char *parse_string(struct parser *p)
{
	struct json_lexer *l = &p->lex;
	const char *copy;

	if (json_lex_string(l) < 0)
		return NULL;
	copy = arena_strndup(p->arena, l->text.data ? l->text.data : "", l->text.len);
	if (copy == NULL)
		error_nomem(l->err);
	return copy;
}

static int parse_value(struct parser *p, struct json *v);

/* The value that `key` has in `object` already, or NULL. */
static struct json *find_member(const struct parser *p, uint64_t hash, const struct json *object,
				const char *key)
{
	uint32_t i;
	size_t at = 0;

	while ((i = map_find(&p->index, hash, &at)) != MAP_NONE)
		if (p->members[i].object == object && strcmp(p->members[i].value->key, key) == 0)
			return p->members[i].value;
	return NULL;
}

static int add_member(struct parser *p, uint64_t hash, const struct json *object,
		      struct json *value)
{
	struct member *grown = mem_grow(p->members, &p->members_cap, p->nmembers + 1,
					sizeof *grown);

	if (grown == NULL)
		return error_nomem(p->lex.err);
	p->members = grown;
	grown[p->nmembers] = (struct member){ object, value };
	if (map_add(&p->index, hash, (uint32_t)p->nmembers) < 0)
		return error_nomem(p->lex.err);
	p->nmembers++;
	return 0;
}

/* One "key": value. A key seen before gets the new value in its old place. */
static int parse_member(struct parser *p, struct json *object, struct json ***tail)
{
	struct json *v = arena_zalloc(p->arena, sizeof *v), *old;
	uint64_t hash;

	if (v == NULL)
		return error_nomem(p->lex.err);
	if (json_peek(&p->lex) != '"')
		return json_fail(&p->lex, "a member without a name");
	v->key = parse_string(p);
	if (v->key == NULL)
		return -1;
	if (json_peek(&p->lex) != ':')
		return json_fail(&p->lex, "no colon behind a name");
	p->lex.at++;
	if (parse_value(p, v) < 0)
		return -1;
	hash = map_hash_text(v->key, strlen(v->key)) ^ map_mix((uintptr_t)object);
	old = find_member(p, hash, object, v->key);
	if (old != NULL) {
		struct json *next = old->next;

		*old = *v;
		old->next = next;
		return 0;
	}
	**tail = v;
	*tail = &v->next;
	return add_member(p, hash, object, v);
}

static int parse_element(struct parser *p, struct json ***tail)
{
	struct json *v = arena_zalloc(p->arena, sizeof *v);

	if (v == NULL)
		return error_nomem(p->lex.err);
	**tail = v;
	*tail = &v->next;
	return parse_value(p, v);
}

/* At the opening bracket. */
static int parse_container(struct parser *p, struct json *v)
{
	bool object = *p->lex.at++ == '{';
	int close = object ? '}' : ']';
	struct json **tail = &v->first;

	v->type = object ? JSON_OBJECT : JSON_ARRAY;
	if (++p->depth > MAX_DEPTH)
		return json_fail(&p->lex, "nested too deeply");
	if (json_peek(&p->lex) == close) {
		p->lex.at++;
		p->depth--;
		return 0;
	}
	for (;;) {
		if ((object ? parse_member(p, v, &tail) : parse_element(p, &tail)) < 0)
			return -1;
		if (json_peek(&p->lex) == close)
			break;
		if (json_peek(&p->lex) != ',')
			return json_fail(&p->lex, p->lex.at == p->lex.end ? "the text ends too early"
						       : "no comma between two values");
		p->lex.at++;
	}
	p->lex.at++;
	p->depth--;
	return 0;
}

static int parse_value(struct parser *p, struct json *v)
{
	int c = json_peek(&p->lex);

	if (c < 0)
		return json_fail(&p->lex, "the text ends too early");
	if (c == '{' || c == '[')
		return parse_container(p, v);
	if (c == '-' || (c >= '0' && c <= '9'))
		return json_lex_number(&p->lex, v);
	if (c != '"')
		return json_lex_word(&p->lex, v);
	v->type = JSON_STRING;
	v->string = parse_string(p);
	return v->string ? 0 : -1;
}

struct json *json_parse(struct arena *arena, struct bytes in, struct error *err)
{
	struct parser p = { .arena = arena };
	struct json *v = arena_zalloc(arena, sizeof *v);
	int rc;

	if (v == NULL) {
		error_nomem(err);
		return NULL;
	}
	json_lex_begin(&p.lex, in, err);
	rc = parse_value(&p, v);
	if (rc == 0 && json_peek(&p.lex) >= 0)
		rc = json_fail(&p.lex, "something stands behind the end");
	map_release(&p.index);
	mem_free(p.members);
	json_lex_end(&p.lex);
	return rc == 0 ? v : NULL;
}

struct json *json_get(const struct json *object, const char *key)
{
	if (object == NULL || object->type != JSON_OBJECT)
		return NULL;
	for (struct json *v = object->first; v != NULL; v = v->next)
		if (strcmp(v->key, key) == 0)
			return v;
	return NULL;
}

static const struct json *get_typed(const struct json *object, const char *key,
				    enum json_type type)
{
	const struct json *v = json_get(object, key);

	return v != NULL && v->type == type ? v : NULL;
}

const char *json_str(const struct json *object, const char *key, const char *fallback)
{
	const struct json *v = get_typed(object, key, JSON_STRING);

	return v ? v->string : fallback;
}

int64_t json_int(const struct json *object, const char *key, int64_t fallback)
{
	const struct json *v = get_typed(object, key, JSON_NUMBER);

	return v && v->is_int ? v->integer : fallback;
}

double json_num(const struct json *object, const char *key, double fallback)
{
	const struct json *v = get_typed(object, key, JSON_NUMBER);

	return v ? v->number : fallback;
}

bool json_bool(const struct json *object, const char *key, bool fallback)
{
	const struct json *v = get_typed(object, key, JSON_BOOL);

	return v ? v->boolean : fallback;
}
