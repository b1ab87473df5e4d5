/* deflate.h -- a zlib stream of an image's rows, in a tenth of zlib's time. It looks for
 * two things alone, which is what drawn pictures consist of: bytes like the one before,
 * and bytes like those right above. Inside draw/ alone.
 */
#ifndef CPROF_DRAW_DEFLATE_H
#define CPROF_DRAW_DEFLATE_H

#include <stdint.h>

#include "base/buf.h"

enum { DEFLATE_TOKENS = 1 << 15, DEFLATE_LITERALS = 286, DEFLATE_DISTANCES = 30,
       DEFLATE_MOST_LENGTH = 258, DEFLATE_MOST_ROW = 32768 };

struct deflate {
	struct buf *out;
	uint32_t row; /* bytes, at most DEFLATE_MOST_ROW: so far back deflate can look */
	uint64_t bits; /* not in out yet, the first one lowest */
	unsigned nbits;
	uint32_t adler;
	uint8_t above_code; /* the distance code that stands for `row` */
	unsigned above_bits, above_extra;
	struct length {
		uint16_t code;
		uint8_t nextra, extra;
	} lengths[DEFLATE_MOST_LENGTH + 1]; /* the code of each, and the bits behind it */
	/* Of the block: a literal, or a length with DEFLATE_RUN or DEFLATE_ABOVE. */
	uint16_t tokens[DEFLATE_TOKENS];
	uint32_t ntokens;
	uint32_t literals[DEFLATE_LITERALS], distances[DEFLATE_DISTANCES]; /* how often */
};

void deflate_begin(struct deflate *d, struct buf *out, uint32_t row);

/* The next row, and the one before it, NULL for the first. */
void deflate_row(struct deflate *d, const uint8_t *row, const uint8_t *above);
void deflate_end(struct deflate *d);

#endif
