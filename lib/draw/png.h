/* png.h -- a PNG, row by row, into a buf: 8-bit RGB. Inside draw/ alone. */
#ifndef CPROF_DRAW_PNG_H
#define CPROF_DRAW_PNG_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

enum { IMAGE_MAX_SIDE = 32767 }; /* what viewers still open */

/* Text for a chunk. The key is Latin-1 without control characters. */
struct image_note {
	const char *key;
	const char *text; /* UTF-8; NULL: left out */
};

/* Fills `row` (width pixels, 0x00RRGGBB) of line y; -1 with err filled. Lines are
 * asked for in order. */
typedef int image_row(void *arg, uint32_t y, const uint32_t **row, struct error *err);

int image_write(struct buf *out, uint32_t width, uint32_t height, const struct image_note *notes,
	      size_t nnotes, image_row *row, void *arg, struct error *err);

#endif
