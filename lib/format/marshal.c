#include "format/marshal.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "format/foreign.h"
#include "format/number.h"

enum {
	FLAG_REF = 0x80,
	MAX_DEPTH = 32, /* a profile needs five */
	CHUNK = 15,     /* bits in a digit of 'l' */
};

/* --- writing */

void marshal_begin(struct marshal_writer *w, struct buf *out)
{
	*w = (struct marshal_writer){ out, MAP_INIT, 0, 0 };
}

void marshal_release(struct marshal_writer *w)
{
	map_release(&w->refs);
}

static void put_type(struct marshal_writer *w, char type)
{
	buf_addc(w->out, (char)((uint8_t)type | w->flag));
	w->flag = 0;
}

static void put_u32(struct marshal_writer *w, uint32_t n)
{
	uint8_t bytes[4] = { (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16),
			     (uint8_t)(n >> 24) };

	buf_add(w->out, bytes, sizeof bytes);
}

bool marshal_again(struct marshal_writer *w, uint64_t key)
{
	uint32_t ref = map_get(&w->refs, key);

	if (ref != MAP_NONE) {
		put_type(w, 'r');
		put_u32(w, ref);
		return true;
	}
	if (map_add(&w->refs, key, w->nrefs) < 0)
		w->out->failed = true;
	w->nrefs++;
	w->flag = FLAG_REF;
	return false;
}

void marshal_int(struct marshal_writer *w, int64_t value)
{
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	uint32_t ndigits = 0;

	if (value >= INT32_MIN && value <= INT32_MAX) {
		put_type(w, 'i');
		put_u32(w, (uint32_t)value);
		return;
	}
	for (uint64_t n = left; n != 0; n >>= CHUNK)
		ndigits++;
	put_type(w, 'l');
	put_u32(w, value < 0 ? 0 - ndigits : ndigits);
	for (; left != 0; left >>= CHUNK) {
		buf_addc(w->out, (char)(left & 0xFF));
		buf_addc(w->out, (char)(left >> 8 & 0x7F));
	}
}

void marshal_float(struct marshal_writer *w, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	put_type(w, 'g');
	put_u32(w, (uint32_t)bits);
	put_u32(w, (uint32_t)(bits >> 32));
}

/* s as UTF-8; a byte that does not belong becomes U+DC00 + byte. */
static void put_utf8(struct buf *out, const char *s, size_t left)
{
	while (left != 0) {
		uint32_t code;
		size_t len = text_utf8(s, left, &code);

		if (len != 0) {
			buf_add(out, s, len);
		} else {
			len = 1;
			buf_addc(out, '\xED');
			buf_addc(out, (char)(0xB0 | (uint8_t)*s >> 6));
			buf_addc(out, (char)(0x80 | (*s & 0x3F)));
		}
		s += len;
		left -= len;
	}
}

void marshal_text(struct marshal_writer *w, const char *s)
{
	size_t len = strlen(s), at;
	bool ascii = true;

	for (size_t i = 0; i < len; i++)
		ascii = ascii && (uint8_t)s[i] < 0x80;
	if (ascii && len < 256) {
		put_type(w, 'z');
		buf_addc(w->out, (char)len);
		buf_add(w->out, s, len);
		return;
	}
	put_type(w, ascii ? 'a' : 'u');
	put_u32(w, 0);
	at = w->out->len;
	put_utf8(w->out, s, len);
	if (w->out->failed)
		return;
	len = w->out->len - at;
	for (int i = 0; i < 4; i++)
		w->out->data[at - 4 + (size_t)i] = (char)(len >> 8 * i);
}

void marshal_tuple(struct marshal_writer *w, uint8_t nitems)
{
	put_type(w, ')');
	buf_addc(w->out, (char)nitems);
}

void marshal_open_dict(struct marshal_writer *w)
{
	put_type(w, '{');
}

void marshal_close_dict(struct marshal_writer *w)
{
	put_type(w, '0');
}

/* --- reading */

struct parser {
	struct arena *arena;
	struct bytes in;
	size_t at;
	unsigned depth;
	const struct marshal_value **refs;
	size_t nrefs, refs_cap;
	struct buf text;
	struct error *err;
};

static int truncated(struct parser *p)
{
	return error_set(p->err, ERR_FORMAT, "truncated at byte %zu", p->in.len);
}

/* The next n bytes, or NULL. */
static const uint8_t *take(struct parser *p, size_t n)
{
	const uint8_t *from = p->in.data + p->at;

	if (n > p->in.len - p->at) {
		truncated(p);
		return NULL;
	}
	p->at += n;
	return from;
}

static uint64_t little_endian(const uint8_t *b, unsigned n)
{
	uint64_t value = 0;

	while (n-- > 0)
		value = value << 8 | b[n];
	return value;
}

/* A count of `size` bytes, of items of at least a byte each. */
static int take_count(struct parser *p, unsigned size, uint32_t *n)
{
	const uint8_t *b = take(p, size);

	if (b == NULL)
		return -1;
	*n = (uint32_t)little_endian(b, size);
	return *n > p->in.len - p->at ? truncated(p) : 0;
}

static int parse_int(struct parser *p, unsigned size, struct marshal_value *v)
{
	const uint8_t *b = take(p, size);

	if (b == NULL)
		return -1;
	v->type = MARSHAL_INT;
	v->integer = size == 4 ? (int32_t)little_endian(b, 4) : (int64_t)little_endian(b, 8);
	return 0;
}

static int parse_long(struct parser *p, struct marshal_value *v)
{
	const uint8_t *b = take(p, 4);
	uint64_t value = 0;
	int32_t count;
	uint32_t n;

	if (b == NULL)
		return -1;
	count = (int32_t)little_endian(b, 4);
	n = count < 0 ? 0 - (uint32_t)count : (uint32_t)count;
	/* Five digits hold 75 bits. */
	b = n <= 5 ? take(p, 2 * (size_t)n) : NULL;
	if (n <= 5 && b == NULL)
		return -1;
	for (uint32_t i = n <= 5 ? n : 0; i-- > 0;) {
		uint64_t digit = little_endian(b + 2 * i, 2);

		if (digit >> CHUNK != 0 || value > (INT64_MAX >> CHUNK))
			n = 6;
		value = value << CHUNK | digit;
	}
	if (n > 5)
		return error_set(p->err, ERR_FORMAT, "a number too large at byte %zu", v->offset);
	v->type = MARSHAL_INT;
	v->integer = count < 0 ? -(int64_t)value : (int64_t)value;
	return 0;
}

static int parse_double(struct parser *p, struct marshal_value *v)
{
	const uint8_t *b = take(p, 8);
	uint64_t bits;

	if (b == NULL)
		return -1;
	bits = little_endian(b, 8);
	v->type = MARSHAL_FLOAT;
	memcpy(&v->number, &bits, sizeof bits);
	return 0;
}

static int parse_decimal(struct parser *p, struct marshal_value *v)
{
	const uint8_t *b;
	uint32_t n;

	if (take_count(p, 1, &n) < 0)
		return -1;
	b = take(p, n);
	if (b == NULL)
		return -1;
	v->type = MARSHAL_FLOAT;
	for (uint32_t i = 0; i < n; i++)
		if (strchr("0123456789+-.eE", b[i]) == NULL || b[i] == '\0')
			n = 0;
	if (n == 0 || !number_parse((const char *)b, n, &v->number))
		return error_set(p->err, ERR_FORMAT, "not a number at byte %zu", v->offset);
	return 0;
}

static int keep_text(struct parser *p, struct marshal_value *v)
{
	v->type = MARSHAL_TEXT;
	p->text.len = foreign_cut(p->text.data, p->text.len);
	v->text = p->text.failed ? NULL : arena_strndup(p->arena, p->text.data ? p->text.data : "",
							p->text.len);
	return v->text ? 0 : error_nomem(p->err);
}

static int parse_latin1(struct parser *p, unsigned size, struct marshal_value *v)
{
	const uint8_t *b;
	uint32_t n;

	if (take_count(p, size, &n) < 0)
		return -1;
	b = take(p, n);
	if (b == NULL)
		return -1;
	buf_clear(&p->text);
	for (uint32_t i = 0; i < n; i++) {
		if (b[i] == 0) {
			buf_adds(&p->text, "\\x00");
		} else if (b[i] < 0x80) {
			buf_addc(&p->text, (char)b[i]);
		} else {
			buf_addc(&p->text, (char)(0xC0 | b[i] >> 6));
			buf_addc(&p->text, (char)(0x80 | (b[i] & 0x3F)));
		}
	}
	return keep_text(p, v);
}

/* Surrogates, which UTF-8 proper does not have, and NUL as Python would escape
 * them; other bytes that are no UTF-8 only in the bytes type 's'. */
static int parse_utf8(struct parser *p, bool bytes, struct marshal_value *v)
{
	const uint8_t *b;
	uint32_t n, code;

	if (take_count(p, 4, &n) < 0)
		return -1;
	b = take(p, n);
	if (b == NULL)
		return -1;
	buf_clear(&p->text);
	for (uint32_t i = 0; i < n;) {
		size_t len = text_utf8((const char *)b + i, n - i, &code);

		if (len != 0 && code != 0) {
			buf_add(&p->text, b + i, len);
		} else if (n - i >= 3 && b[i] == 0xED && b[i + 1] >= 0xA0 && b[i + 1] <= 0xBF &&
			   (b[i + 2] & 0xC0) == 0x80) {
			buf_printf(&p->text, "\\ud%03x",
				   (b[i + 1] & 0x3Fu) << 6 | (b[i + 2] & 0x3Fu));
			len = 3;
		} else if (bytes || b[i] == 0) {
			buf_printf(&p->text, "\\x%02x", b[i]);
			len = 1;
		} else {
			return error_set(p->err, ERR_FORMAT, "text that is not UTF-8 at byte %zu",
					 (size_t)(b - p->in.data) + i);
		}
		i += (uint32_t)len;
	}
	return keep_text(p, v);
}

static const struct marshal_value *parse_value(struct parser *p, bool *end);

static int add_item(struct parser *p, struct marshal_value *v, struct marshal_item ***tail,
		    const struct marshal_value *value)
{
	struct marshal_item *item = arena_alloc(p->arena, sizeof *item);

	if (item == NULL)
		return error_nomem(p->err);
	*item = (struct marshal_item){ value, NULL };
	**tail = item;
	*tail = &item->next;
	v->nitems++;
	return 0;
}

/* `n` items, or with n UINT32_MAX as many pairs as come before the '0'. */
static int parse_items(struct parser *p, uint32_t n, struct marshal_value *v)
{
	bool dict = n == UINT32_MAX, end = false;
	struct marshal_item **tail = &v->items;

	v->type = dict ? MARSHAL_DICT : MARSHAL_TUPLE;
	if (++p->depth > MAX_DEPTH)
		return error_set(p->err, ERR_FORMAT, "nested too deeply at byte %zu", v->offset);
	for (uint32_t i = 0; i < n; i++) {
		const struct marshal_value *value = parse_value(p, dict && i % 2 == 0 ? &end : NULL);

		if (end)
			break;
		if (value == NULL || add_item(p, v, &tail, value) < 0)
			return -1;
	}
	p->depth--;
	return 0;
}

static int parse_counted(struct parser *p, unsigned size, struct marshal_value *v)
{
	uint32_t n;

	if (take_count(p, size, &n) < 0)
		return -1;
	return parse_items(p, n, v);
}

static int parse_content(struct parser *p, uint8_t type, struct marshal_value *v)
{
	switch (type) {
	case 'i':
		return parse_int(p, 4, v);
	case 'I':
		return parse_int(p, 8, v);
	case 'l':
		return parse_long(p, v);
	case 'g':
		return parse_double(p, v);
	case 'f':
		return parse_decimal(p, v);
	case 'z':
	case 'Z':
		return parse_latin1(p, 1, v);
	case 'a':
	case 'A':
		return parse_latin1(p, 4, v);
	case 'u':
	case 't':
		return parse_utf8(p, false, v);
	case 's':
		return parse_utf8(p, true, v);
	case ')':
		return parse_counted(p, 1, v);
	case '(':
	case '[':
		return parse_counted(p, 4, v);
	case '{':
		return parse_items(p, UINT32_MAX, v);
	default:
		return error_set(p->err, ERR_FORMAT,
				 "byte %zu: 0x%02x begins nothing that a profile holds", v->offset,
				 type);
	}
}

static const struct marshal_value *parse_ref(struct parser *p)
{
	size_t offset = p->at - 1;
	const uint8_t *b = take(p, 4);
	uint64_t i;

	if (b == NULL)
		return NULL;
	i = little_endian(b, 4);
	if (i < p->nrefs)
		return p->refs[i];
	error_set(p->err, ERR_FORMAT, "byte %zu: a reference to what has not been", offset);
	return NULL;
}

static int add_ref(struct parser *p, const struct marshal_value *v)
{
	const struct marshal_value **grown = mem_grow(p->refs, &p->refs_cap, p->nrefs + 1,
						      sizeof *grown);

	if (grown == NULL)
		return error_nomem(p->err);
	p->refs = grown;
	p->refs[p->nrefs++] = v;
	return 0;
}

/* NULL with err; or, where *end may be set, with *end at the '0' of a dict. */
static const struct marshal_value *parse_value(struct parser *p, bool *end)
{
	size_t offset = p->at;
	const uint8_t *b = take(p, 1);
	struct marshal_value *v;
	uint8_t type;

	if (b == NULL)
		return NULL;
	type = *b & (uint8_t)~FLAG_REF;
	if (type == 'r')
		return parse_ref(p);
	if (type == '0' && end != NULL) {
		*end = true;
		return NULL;
	}
	v = arena_zalloc(p->arena, sizeof *v);
	if (v == NULL) {
		error_nomem(p->err);
		return NULL;
	}
	v->offset = offset;
	if (type == 'N' || type == 'T' || type == 'F') {
		v->type = MARSHAL_CONSTANT;
		return v;
	}
	if ((*b & FLAG_REF) && add_ref(p, v) < 0)
		return NULL;
	return parse_content(p, type, v) < 0 ? NULL : v;
}

const struct marshal_value *marshal_parse(struct arena *arena, struct bytes in,
					  struct error *err)
{
	struct parser p = { .arena = arena, .in = in, .text = BUF_INIT, .err = err };
	const struct marshal_value *v = parse_value(&p, NULL);

	mem_free(p.refs);
	buf_release(&p.text);
	return v;
}
