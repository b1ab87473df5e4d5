/* marshal.h -- Python's marshal, the encoding of profile.prof: as much of it as
 * such files hold.
 *
 * A value is a type byte and what belongs to it, little endian:
 *
 *   i  int32              l  int32 count (negative: the number is), that many
 *   I  int64                 digits of 15 bits in 2 bytes each
 *   g  8 bytes double     f  count byte, the number in decimal
 *   z  Z  count byte, Latin-1        a  A  int32 count, Latin-1
 *   u  t  int32 count, UTF-8 with surrogates          s  int32 count, bytes
 *   )  count byte, items  (  [  int32 count, items
 *   {  key, value, key, value ... 0
 *   N None   T true   F false        r  int32 index of a reference
 *   c  a code object, see marshal_code.c
 *
 * A type byte with bit 7 set makes its value the next reference, counted from 0
 * at its first byte: a tuple comes before what is in it. The three constants
 * are never counted, flag or not.
 */
#ifndef CPROF_FORMAT_MARSHAL_H
#define CPROF_FORMAT_MARSHAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/map.h"

struct marshal_writer {
	struct buf *out;
	struct map refs; /* what the caller names a value by -> its index */
	uint32_t nrefs;
	uint8_t flag; /* for the next type byte */
};

void marshal_begin(struct marshal_writer *w, struct buf *out);
void marshal_release(struct marshal_writer *w);

/* When a value was already written under `key`, writes a reference to it and
 * returns true. Otherwise the value written next goes by this key. */
bool marshal_again(struct marshal_writer *w, uint64_t key);

void marshal_int(struct marshal_writer *w, int64_t value);
void marshal_float(struct marshal_writer *w, double value);
/* Bytes that are not UTF-8 become the surrogates that Python decodes them to. */
void marshal_text(struct marshal_writer *w, const char *s);
void marshal_tuple(struct marshal_writer *w, uint8_t nitems); /* its items follow */
void marshal_open_dict(struct marshal_writer *w);             /* keys and values follow */
void marshal_close_dict(struct marshal_writer *w);
void marshal_true(struct marshal_writer *w);

enum marshal_type {
	MARSHAL_END, /* of a dict */
	MARSHAL_CONSTANT, /* None, true, false */
	MARSHAL_INT,
	MARSHAL_FLOAT,
	MARSHAL_TEXT,
	MARSHAL_TUPLE, /* or list */
	MARSHAL_DICT,  /* items are key, value, key, value */
	MARSHAL_CODE   /* see marshal_code_name */
};

#define MARSHAL_NO_REF UINT32_MAX

enum { MARSHAL_FLAG_REF = 0x80 }; /* of a type byte */

struct marshal_value {
	enum marshal_type type;
	uint8_t code;     /* the type byte without its flag */
	bool again;       /* it was reached by a reference */
	uint32_t ref;     /* its number among the references, or MARSHAL_NO_REF */
	uint32_t nitems;  /* of a tuple */
	size_t offset;    /* of the type byte */
	size_t content;   /* of a container: of its first item */
	union {
		int64_t integer;
		double number;
		struct bytes raw; /* of a text, see marshal_decode */
	};
};

/* Goes over the bytes once and keeps nothing but where references lead to: so a
 * small file that stands for something huge costs no more than what its reader
 * makes of it, and depth is the reader's own. */
struct marshal_reader {
	struct bytes in;
	size_t at;
	bool replaying; /* inside of what a reference led to: nothing is counted */
	size_t *refs;   /* offsets */
	size_t nrefs, refs_cap;
	struct error *err;
};

/* Where to go on behind a container. */
struct marshal_place {
	size_t at;
	bool replaying;
};

void marshal_open(struct marshal_reader *r, struct bytes in, struct error *err);
void marshal_close(struct marshal_reader *r);

/* The next value; -1 with err ("truncated at byte 12"). Behind a container comes
 * its first item; where it was reached by a reference, only once it was entered.
 * MARSHAL_END only where `end`. */
int marshal_next(struct marshal_reader *r, struct marshal_value *v, bool end);

static inline uint32_t marshal_load32(const uint8_t *b)
{
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline double marshal_load_double(const uint8_t *b)
{
	uint64_t bits = marshal_load32(b) | (uint64_t)marshal_load32(b + 4) << 32;
	double number;

	memcpy(&number, &bits, sizeof number);
	return number;
}

/* The bytes that come next, when there are at least n and the first is `type`,
 * without the flag of a reference; NULL when not. Most numbers are so, and their
 * reader may then marshal_pass them. */
static inline const uint8_t *marshal_peek(const struct marshal_reader *r, char type, size_t n)
{
	const uint8_t *b = r->in.data + r->at;

	return r->in.len - r->at > n && b[0] == (uint8_t)type ? b + 1 : NULL;
}

/* When what comes next is a reference, its number; MARSHAL_NO_REF when not. A
 * reader that knows what it led to may marshal_pass its 5 bytes. */
static inline uint32_t marshal_peek_ref(const struct marshal_reader *r)
{
	const uint8_t *b = r->in.data + r->at;

	if (r->in.len - r->at < 5 || (b[0] & ~MARSHAL_FLAG_REF) != 'r')
		return MARSHAL_NO_REF;
	return marshal_load32(b + 1);
}

static inline void marshal_pass(struct marshal_reader *r, size_t n)
{
	r->at += n;
}

/* --- marshal_next without detours, for what files consist of */

/* Counts the value at v->offset among the references. */
int marshal_add_ref(struct marshal_reader *r, struct marshal_value *v);

/* The same where its type byte says so. */
static inline int marshal_count_ref(struct marshal_reader *r, struct marshal_value *v,
				    uint8_t byte)
{
	v->ref = MARSHAL_NO_REF;
	if (!(byte & MARSHAL_FLAG_REF) || r->replaying)
		return 0;
	if (r->nrefs == r->refs_cap)
		return marshal_add_ref(r, v);
	v->ref = (uint32_t)r->nrefs;
	r->refs[r->nrefs++] = v->offset;
	return 0;
}

/* Where it is the head of a tuple of n. */
static inline int marshal_next_tuple(struct marshal_reader *r, struct marshal_value *v, uint8_t n,
				     bool end)
{
	const uint8_t *b = r->in.data + r->at;

	if (r->in.len - r->at < 2 || (b[0] & ~MARSHAL_FLAG_REF) != ')' || b[1] != n ||
	    r->in.len - r->at - 2 < n)
		return marshal_next(r, v, end);
	v->type = MARSHAL_TUPLE;
	v->code = ')';
	v->again = false;
	v->nitems = n;
	v->offset = r->at;
	v->content = r->at += 2;
	return marshal_count_ref(r, v, b[0]);
}

/* Where it is a text of less than 256 characters. */
static inline int marshal_next_text(struct marshal_reader *r, struct marshal_value *v)
{
	const uint8_t *b = r->in.data + r->at;
	uint8_t code;

	if (r->in.len - r->at < 2)
		return marshal_next(r, v, false);
	code = b[0] & (uint8_t)~MARSHAL_FLAG_REF;
	if ((code != 'z' && code != 'Z') || r->in.len - r->at - 2 < b[1])
		return marshal_next(r, v, false);
	v->type = MARSHAL_TEXT;
	v->code = code;
	v->again = false;
	v->offset = r->at;
	v->raw = (struct bytes){ b + 2, b[1] };
	r->at += 2 + (size_t)b[1];
	return marshal_count_ref(r, v, b[0]);
}

/* Where it is an integer of 32 bits. */
static inline int marshal_next_int(struct marshal_reader *r, struct marshal_value *v)
{
	const uint8_t *b = r->in.data + r->at;

	if (r->in.len - r->at < 5 || (b[0] & ~MARSHAL_FLAG_REF) != 'i')
		return marshal_next(r, v, false);
	v->type = MARSHAL_INT;
	v->code = 'i';
	v->again = false;
	v->offset = r->at;
	v->integer = (int32_t)marshal_load32(b + 1);
	r->at += 5;
	return marshal_count_ref(r, v, b[0]);
}

/* To the items of a container, and, once all were taken, back behind it. */
static inline struct marshal_place marshal_enter(struct marshal_reader *r,
						 const struct marshal_value *v)
{
	struct marshal_place place = { r->at, r->replaying };

	if (v->again) {
		r->at = v->content;
		r->replaying = true;
	}
	return place;
}

static inline void marshal_leave(struct marshal_reader *r, const struct marshal_value *v,
				 struct marshal_place place)
{
	if (!v->again)
		return;
	r->at = place.at;
	r->replaying = place.replaying;
}

/* Goes over the MARSHAL_CODE that was just met, not by a reference, and appends
 * "<code object NAME, file "FILE", line N>". -1 with err. */
int marshal_code_name(struct marshal_reader *r, struct buf *name);

/* A text as UTF-8, what is not, and NUL, as \udc80 and \x00, and what is longer
 * than any name cut: in the input itself, or made in `scratch`. -1 with err. */
int marshal_decode(struct marshal_reader *r, const struct marshal_value *v,
		   struct buf *scratch, struct bytes *text);

#endif
