/* png.h -- a PNG, row by row, into a buf: 8 bits with a palette. Inside draw/ alone.
 *
 * Pictures here are areas and letters in some hundred colours, most of it paper: with
 * a palette a third of the bytes have to be compressed, and that is what a picture's
 * time goes into. Its colours may be found while the rows come in.
 */
#ifndef CPROF_DRAW_PNG_H
#define CPROF_DRAW_PNG_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "draw/palette.h"

enum { IMAGE_MAX_SIDE = 32767 }; /* what viewers still open */

/* Text for a chunk. The key is Latin-1 without control characters. */
struct image_note {
	const char *key;
	const char *text; /* UTF-8; NULL: left out */
};

struct image {
	uint32_t width, height;
	const struct image_note *notes;
	size_t nnotes;
	const struct palette *palette; /* complete when the last row is made */
	/* Sets `row` to line y, `width` indices; -1 with err filled. Lines are asked for in
	 * order. */
	int (*row)(void *arg, uint32_t y, const uint8_t **row, struct error *err);
	void *arg;
};

int image_write(struct buf *out, const struct image *image, struct error *err);

#endif
