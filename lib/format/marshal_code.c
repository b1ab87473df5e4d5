/* Code objects, of which `python -m profile` writes one: the program itself is the key
 * ('profile', 0, <code object>). Only its name is wanted, but what is in it has to be
 * gone over, for references are counted. After the type byte:
 *
 *     argcount posonly (from 3.8) kwonly nlocals (to 3.10) stacksize flags   int32 each
 *     code consts names
 *     to 3.10     varnames freevars cellvars filename name
 *     from 3.11   localsplusnames localspluskinds filename name qualname
 *     firstlineno, an int32
 *     linetable, from 3.11 exceptiontable
 *
 * Nothing says which it is: before code, which is bytes, there are 5 or 6 numbers, and
 * bytes in the fifth place are from 3.11. */
#include <string.h>

#include "format/marshal.h"

enum { MOST_NESTED = 64, ITEMS_MAX = 8 };

static int bad(struct marshal_reader *r)
{
	return error_set(r->err, ERR_FORMAT, "byte %zu: a code object that is none", r->at);
}

static int skip_bytes(struct marshal_reader *r, size_t n)
{
	if (n > r->in.len - r->at)
		return error_set(r->err, ERR_FORMAT, "truncated at byte %zu", r->in.len);
	marshal_pass(r, n);
	return 0;
}

static int skip_code(struct marshal_reader *r, struct marshal_value items[ITEMS_MAX],
		     bool *is_new, uint32_t *line, unsigned depth);
static int skip_value(struct marshal_reader *r, struct marshal_value *v, unsigned depth);

/* What no profile holds outside of a code object; the type byte is taken. */
static int skip_other(struct marshal_reader *r, uint8_t code, unsigned depth)
{
	struct marshal_value items[ITEMS_MAX], item;
	const uint8_t *b = r->in.data + r->at;
	uint32_t n = 3, line;
	bool is_new;

	switch (code) {
	case '.':
	case 'S':
		return 0;
	case 'y':
		return skip_bytes(r, 16);
	case 'c':
		return skip_code(r, items, &is_new, &line, depth);
	case 'l':
	case '<':
	case '>':
		if (skip_bytes(r, 4) < 0)
			return -1;
		n = marshal_load32(b);
		if (code == 'l')
			return skip_bytes(r, 2 * (size_t)((int32_t)n < 0 ? 0 - n : n));
		break;
	}
	for (uint32_t i = 0; i < n; i++)
		if (skip_value(r, &item, depth) < 0)
			return -1;
	return 0;
}

static int skip_value(struct marshal_reader *r, struct marshal_value *v, unsigned depth)
{
	uint8_t byte = r->at < r->in.len ? r->in.data[r->at] : 0;
	uint8_t code = byte & (uint8_t)~MARSHAL_FLAG_REF;
	struct marshal_value item;

	if (depth > MOST_NESTED)
		return bad(r);
	if (code != '\0' && strchr(".Sycl<>:", code) != NULL) {
		*v = (struct marshal_value){ .type = MARSHAL_CONSTANT, .code = code,
					     .offset = r->at };
		if ((byte & MARSHAL_FLAG_REF) && code != '.' && code != 'S' && !r->replaying &&
		    marshal_add_ref(r, v) < 0)
			return -1;
		marshal_pass(r, 1);
		return skip_other(r, code, depth + 1);
	}
	/* What a reference leads to was gone over already, and may be any of those. */
	if (code == 'r') {
		uint32_t ref = marshal_peek_ref(r);

		if (ref >= r->nrefs)
			return bad(r);
		code = r->in.data[r->refs[ref]] & (uint8_t)~MARSHAL_FLAG_REF;
		if (strchr(".Sycl<>:", code) != NULL) {
			*v = (struct marshal_value){ .type = MARSHAL_CONSTANT };
			marshal_pass(r, 5);
			return 0;
		}
	}
	if (marshal_next(r, v, false) < 0)
		return -1;
	if (v->type == MARSHAL_DICT)
		return bad(r);
	for (uint32_t i = 0; v->type == MARSHAL_TUPLE && !v->again && i < v->nitems; i++)
		if (skip_value(r, &item, depth + 1) < 0)
			return -1;
	return 0;
}

/* 5 numbers and bytes whose length fits, or 6. */
static size_t count_numbers(const struct marshal_reader *r)
{
	const uint8_t *b = r->in.data + r->at + 5 * sizeof(uint32_t);
	size_t left = r->in.len - r->at;
	uint8_t code;

	if (left < 5 * sizeof(uint32_t) + 5)
		return 6;
	code = b[0] & (uint8_t)~MARSHAL_FLAG_REF;
	if (code == 'r')
		return marshal_load32(b + 1) < r->nrefs ? 5 : 6;
	return code == 's' && marshal_load32(b + 1) < left ? 5 : 6;
}

/* The first 8 values are code ... name, and from 3.11 qualname. */
static int skip_code(struct marshal_reader *r, struct marshal_value items[ITEMS_MAX],
		     bool *is_new, uint32_t *line, unsigned depth)
{
	struct marshal_value table;

	if (skip_bytes(r, count_numbers(r) * sizeof(uint32_t)) < 0)
		return -1;
	for (int i = 0; i < ITEMS_MAX; i++)
		if (skip_value(r, &items[i], depth) < 0)
			return -1;
	*is_new = items[4].type == MARSHAL_TEXT;
	if (skip_bytes(r, sizeof(uint32_t)) < 0)
		return -1;
	*line = marshal_load32(r->in.data + r->at - sizeof(uint32_t));
	for (int i = 0; i < (*is_new ? 2 : 1); i++)
		if (skip_value(r, &table, depth) < 0)
			return -1;
	return 0;
}

int marshal_code_name(struct marshal_reader *r, struct buf *name)
{
	struct marshal_value items[ITEMS_MAX];
	struct buf scratch = BUF_INIT;
	struct bytes text;
	uint32_t line;
	bool is_new;
	int rc = -1;

	if (skip_code(r, items, &is_new, &line, 0) < 0)
		goto done;
	if (items[is_new ? 5 : 6].type != MARSHAL_TEXT || items[is_new ? 6 : 7].type != MARSHAL_TEXT) {
		bad(r);
		goto done;
	}
	/* As Python prints it, but for the address, which is another each time. */
	buf_adds(name, "<code object ");
	if (marshal_decode(r, &items[is_new ? 6 : 7], &scratch, &text) < 0)
		goto done;
	buf_add(name, text.data, text.len);
	buf_adds(name, ", file \"");
	if (marshal_decode(r, &items[is_new ? 5 : 6], &scratch, &text) < 0)
		goto done;
	buf_add(name, text.data, text.len);
	buf_printf(name, "\", line %u>", (unsigned)line);
	rc = name->failed ? error_nomem(r->err) : 0;
done:
	buf_release(&scratch);
	return rc;
}
