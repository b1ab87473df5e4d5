/* letters.h -- the letters of one style in one size: how wide each is, and how it looks.
 * Inside draw/, and for what draws by cairo.
 */
#ifndef CPROF_DRAW_LETTERS_H
#define CPROF_DRAW_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "draw/face.h"

enum { LETTERS_LATIN = 256, LETTERS_OTHERS = 64 };

/* How much of each pixel of a letter is covered, 0 to 255. */
struct mask {
	int32_t left, top; /* from where it stands on the line */
	uint32_t width, height;
	const uint8_t *bytes;
};

struct letter {
	struct letter *next; /* of those beyond Latin-1 that share a place */
	uint32_t code;
	uint32_t glyph; /* its number in `face` */
	const struct face *face;
	int32_t advance; /* to the next letter */
	struct mask mask;
};

struct letters {
	struct faces *faces; /* borrowed */
	double pixels;
	bool bold;
	struct arena arena;
	struct letter *latin[LETTERS_LATIN], *others[LETTERS_OTHERS];
	bool failed; /* there was no memory for one */
};

void letters_init(struct letters *l, struct faces *faces, double pixels, bool bold);
void letters_release(struct letters *l);

/* The next letter of s, which goes on behind it; NULL at its end, without memory, and for
 * what is no UTF-8. Characters that are none, and those that no font has, look like what
 * the font has for them. */
const struct letter *letters_next(struct letters *l, const char **s);

#endif
