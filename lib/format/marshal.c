#include "format/marshal.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "format/foreign.h"
#include "format/number.h"

enum {
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
	w->flag = MARSHAL_FLAG_REF;
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

void marshal_true(struct marshal_writer *w)
{
	put_type(w, 'T');
}

/* --- reading */

void marshal_open(struct marshal_reader *r, struct bytes in, struct error *err)
{
	*r = (struct marshal_reader){ .in = in, .err = err };
}

void marshal_close(struct marshal_reader *r)
{
	mem_free(r->refs);
	r->refs = NULL;
}

static int truncated(struct marshal_reader *r)
{
	return error_set(r->err, ERR_FORMAT, "truncated at byte %zu", r->in.len);
}

/* The next n bytes, or NULL. */
static const uint8_t *take(struct marshal_reader *r, size_t n)
{
	const uint8_t *from = r->in.data + r->at;

	if (n > r->in.len - r->at) {
		truncated(r);
		return NULL;
	}
	r->at += n;
	return from;
}

static inline uint64_t little_endian(const uint8_t *b, unsigned n)
{
	uint64_t value = 0;

	while (n-- > 0)
		value = value << 8 | b[n];
	return value;
}

/* A count of 1 or 4 bytes, of items of at least a byte each. */
static inline int take_count(struct marshal_reader *r, unsigned size, uint32_t *n)
{
	const uint8_t *b = r->in.data + r->at;

	if (r->in.len - r->at < size)
		return truncated(r);
	*n = size == 1 ? b[0] : marshal_load32(b);
	r->at += size;
	return *n > r->in.len - r->at ? truncated(r) : 0;
}

static int parse_int(struct marshal_reader *r, unsigned size, struct marshal_value *v)
{
	const uint8_t *b = take(r, size);

	if (b == NULL)
		return -1;
	v->type = MARSHAL_INT;
	v->integer = size == 4 ? (int32_t)marshal_load32(b) : (int64_t)little_endian(b, 8);
	return 0;
}

static int parse_long(struct marshal_reader *r, struct marshal_value *v)
{
	const uint8_t *b = take(r, 4);
	uint64_t value = 0;
	int32_t count;
	uint32_t n;

	if (b == NULL)
		return -1;
	count = (int32_t)little_endian(b, 4);
	n = count < 0 ? 0 - (uint32_t)count : (uint32_t)count;
	/* Five digits hold 75 bits. */
	b = n <= 5 ? take(r, 2 * (size_t)n) : NULL;
	if (n <= 5 && b == NULL)
		return -1;
	for (uint32_t i = n <= 5 ? n : 0; i-- > 0;) {
		uint64_t digit = little_endian(b + 2 * i, 2);

		if (digit >> CHUNK != 0 || value > (INT64_MAX >> CHUNK))
			n = 6;
		value = value << CHUNK | digit;
	}
	if (n > 5)
		return error_set(r->err, ERR_FORMAT, "a number too large at byte %zu", v->offset);
	v->type = MARSHAL_INT;
	v->integer = count < 0 ? -(int64_t)value : (int64_t)value;
	return 0;
}

static int parse_double(struct marshal_reader *r, struct marshal_value *v)
{
	const uint8_t *b = take(r, 8);

	if (b == NULL)
		return -1;
	v->type = MARSHAL_FLOAT;
	v->number = marshal_load_double(b);
	return 0;
}

static int parse_decimal(struct marshal_reader *r, struct marshal_value *v)
{
	const uint8_t *b;
	uint32_t n = 0;

	if (take_count(r, 1, &n) < 0)
		return -1;
	b = take(r, n);
	if (b == NULL)
		return -1;
	v->type = MARSHAL_FLOAT;
	for (uint32_t i = 0; i < n; i++)
		if (strchr("0123456789+-.eE", b[i]) == NULL || b[i] == '\0')
			n = 0;
	if (n == 0 || !number_parse((const char *)b, n, &v->number))
		return error_set(r->err, ERR_FORMAT, "not a number at byte %zu", v->offset);
	return 0;
}

static inline int parse_text(struct marshal_reader *r, unsigned size, struct marshal_value *v)
{
	uint32_t n = 0;

	if (take_count(r, size, &n) < 0)
		return -1;
	v->type = MARSHAL_TEXT;
	v->raw = (struct bytes){ r->in.data + r->at, n };
	r->at += n;
	return 0;
}

static inline int parse_tuple(struct marshal_reader *r, unsigned size, struct marshal_value *v)
{
	v->type = MARSHAL_TUPLE;
	if (take_count(r, size, &v->nitems) < 0)
		return -1;
	v->content = r->at;
	return 0;
}

static int parse_content(struct marshal_reader *r, struct marshal_value *v)
{
	switch (v->code) {
	case 'N':
	case 'T':
	case 'F':
		v->type = MARSHAL_CONSTANT;
		return 0;
	case 'i':
		return parse_int(r, 4, v);
	case 'I':
		return parse_int(r, 8, v);
	case 'l':
		return parse_long(r, v);
	case 'g':
		return parse_double(r, v);
	case 'f':
		return parse_decimal(r, v);
	case 'z':
	case 'Z':
		return parse_text(r, 1, v);
	case 'a':
	case 'A':
	case 'u':
	case 't':
	case 's':
		return parse_text(r, 4, v);
	case ')':
		return parse_tuple(r, 1, v);
	case '(':
	case '[':
		return parse_tuple(r, 4, v);
	case '{':
		v->type = MARSHAL_DICT;
		v->content = r->at;
		return 0;
	case 'c':
		v->type = MARSHAL_CODE;
		v->content = r->at;
		return 0;
	default:
		return error_set(r->err, ERR_FORMAT,
				 "byte %zu: 0x%02x begins nothing that a profile holds", v->offset,
				 v->code);
	}
}

/* The value that a reference leads to; what comes next is behind the reference. */
static int parse_ref(struct marshal_reader *r, struct marshal_value *v)
{
	const uint8_t *b = take(r, 4);
	size_t behind = r->at;
	uint32_t i;
	int rc;

	if (b == NULL)
		return -1;
	i = marshal_load32(b);
	if (i >= r->nrefs)
		return error_set(r->err, ERR_FORMAT, "byte %zu: a reference to what has not been",
				 v->offset);
	v->ref = i;
	v->again = true;
	v->offset = r->refs[i];
	v->code = r->in.data[v->offset] & (uint8_t)~MARSHAL_FLAG_REF;
	r->at = v->offset + 1;
	rc = parse_content(r, v);
	r->at = behind;
	return rc;
}

int marshal_add_ref(struct marshal_reader *r, struct marshal_value *v)
{
	if (r->nrefs == r->refs_cap) {
		size_t *grown = mem_grow(r->refs, &r->refs_cap, r->nrefs + 64, sizeof *grown);

		if (grown == NULL)
			return error_nomem(r->err);
		r->refs = grown;
	}
	v->ref = (uint32_t)r->nrefs;
	r->refs[r->nrefs++] = v->offset;
	return 0;
}

static inline bool is_constant(uint8_t code)
{
	return code == 'N' || code == 'T' || code == 'F';
}

int marshal_next(struct marshal_reader *r, struct marshal_value *v, bool end)
{
	uint8_t byte;

	v->offset = r->at;
	v->ref = MARSHAL_NO_REF;
	v->again = false;
	if (r->at == r->in.len)
		return truncated(r);
	byte = r->in.data[r->at++];
	v->code = byte & (uint8_t)~MARSHAL_FLAG_REF;
	if (v->code == 'r')
		return parse_ref(r, v);
	if (v->code == '0' && end) {
		v->type = MARSHAL_END;
		return 0;
	}
	if ((byte & MARSHAL_FLAG_REF) && !r->replaying && !is_constant(v->code) &&
	    marshal_add_ref(r, v) < 0)
		return -1;
	return parse_content(r, v);
}

static void decode_latin1(struct buf *out, struct bytes raw)
{
	for (size_t i = 0; i < raw.len && out->len <= FOREIGN_NAME_MAX; i++) {
		uint8_t c = raw.data[i];

		if (c == 0) {
			buf_adds(out, "\\x00");
		} else if (c < 0x80) {
			buf_addc(out, (char)c);
		} else {
			buf_addc(out, (char)(0xC0 | c >> 6));
			buf_addc(out, (char)(0x80 | (c & 0x3F)));
		}
	}
}

/* Surrogates, which UTF-8 proper does not have, and NUL as Python would escape
 * them; other bytes that are no UTF-8 only in the bytes type 's'. */
static int decode_utf8(struct marshal_reader *r, const struct marshal_value *v, struct buf *out)
{
	const uint8_t *b = v->raw.data;
	size_t n = v->raw.len, len;
	uint32_t code;

	for (size_t i = 0; i < n && out->len <= FOREIGN_NAME_MAX; i += len) {
		len = text_utf8((const char *)b + i, n - i, &code);
		if (len != 0 && code != 0) {
			buf_add(out, b + i, len);
		} else if (n - i >= 3 && b[i] == 0xED && b[i + 1] >= 0xA0 && b[i + 1] <= 0xBF &&
			   (b[i + 2] & 0xC0) == 0x80) {
			buf_printf(out, "\\ud%03x",
				   (b[i + 1] & 0x3Fu) << 6 | (b[i + 2] & 0x3Fu));
			len = 3;
		} else if (v->code == 's' || b[i] == 0) {
			buf_printf(out, "\\x%02x", b[i]);
			len = 1;
		} else {
			return error_set(r->err, ERR_FORMAT, "text that is not UTF-8 at byte %zu",
					 (size_t)(b - r->in.data) + i);
		}
	}
	return 0;
}

/* ASCII without NUL, and short enough. */
static bool is_plain(struct bytes raw)
{
	const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
	uint64_t word;
	size_t i = 0;

	if (raw.len > FOREIGN_NAME_MAX)
		return false;
	/* A byte less 1 has its top bit set where it was 0 (or has had it). */
	for (; raw.len - i >= sizeof word; i += sizeof word) {
		memcpy(&word, raw.data + i, sizeof word);
		if (((word | (word - ones)) & highs) != 0)
			return false;
	}
	for (; i < raw.len; i++)
		if (raw.data[i] - 1u >= 0x7F)
			return false;
	return true;
}

int marshal_decode(struct marshal_reader *r, const struct marshal_value *v,
		   struct buf *scratch, struct bytes *text)
{
	*text = v->raw;
	if (is_plain(v->raw))
		return 0;
	buf_clear(scratch);
	if (v->code == 'u' || v->code == 't' || v->code == 's') {
		if (decode_utf8(r, v, scratch) < 0)
			return -1;
	} else {
		decode_latin1(scratch, v->raw);
	}
	if (scratch->failed)
		return error_nomem(r->err);
	*text = (struct bytes){ (const uint8_t *)scratch->data,
				foreign_cut(scratch->data, scratch->len) };
	return 0;
}
