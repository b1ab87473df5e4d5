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

enum marshal_type {
	MARSHAL_CONSTANT, /* None, true, false */
	MARSHAL_INT,
	MARSHAL_FLOAT,
	MARSHAL_TEXT,
	MARSHAL_TUPLE, /* or list */
	MARSHAL_DICT   /* items are key, value, key, value */
};

struct marshal_value;

/* A value in a container. Several containers may hold one value, even one that
 * holds them: readers go to the depth they know and no further. */
struct marshal_item {
	const struct marshal_value *value;
	struct marshal_item *next;
};

struct marshal_value {
	enum marshal_type type;
	uint32_t nitems;
	size_t offset; /* of the type byte */
	union {
		int64_t integer;
		double number;
		const char *text; /* UTF-8; what is not, and NUL, as \udc80 and \x00 */
		struct marshal_item *items;
	};
};

/* The first value of `in`, in the arena; NULL with err ("truncated at byte 12").
 * Takes at most some fifty bytes of memory for each byte of input. */
const struct marshal_value *marshal_parse(struct arena *arena, struct bytes in,
					  struct error *err);

#endif
