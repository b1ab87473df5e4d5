/* letters.h -- the letters of one font in one size: how wide each is, and how it looks.
 * Asking cairo for each text anew costs ten times as much. Inside draw/ alone.
 */
#ifndef CPROF_DRAW_LETTERS_H
#define CPROF_DRAW_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

#include <cairo.h>

#include "base/arena.h"

enum { LETTERS_LATIN = 256, LETTERS_OTHERS = 32 };

/* How much of each pixel of a letter is covered, 0 to 255. */
struct mask {
	int32_t left, top; /* from where it stands on the line */
	uint32_t width, height;
	const uint8_t *bytes;
};

struct letter {
	uint32_t code;
	bool known; /* the font has it */
	int32_t advance; /* to the next letter */
	struct mask mask;
};

struct letters {
	cairo_scaled_font_t *font; /* borrowed; of whole advances */
	struct arena arena;
	struct letter *latin[LETTERS_LATIN], *others[LETTERS_OTHERS];
	unsigned nothers;
	bool failed; /* there was no memory for one */
};

void letters_init(struct letters *l, cairo_scaled_font_t *font);
void letters_release(struct letters *l);

/* The next letter of s, which goes on behind it; NULL where the font lacks it, there are
 * too many others, no memory, or no UTF-8. */
const struct letter *letters_next(struct letters *l, const char **s);

#endif
