/* show.h -- text by cairo: the letters that draw/fonts.h measures, in the places it means.
 * cairo opens their files anew, because it sets sizes and goes by what it set.
 */
#ifndef CPROF_DRAW_PAGE_SHOW_H
#define CPROF_DRAW_PAGE_SHOW_H

#include <cairo.h>

#include "draw/fonts.h"

enum { SHOW_FACES = NWEIGHTS + MOST_FALLBACKS };

struct show {
	struct fonts *fonts; /* borrowed */
	struct show_face {
		const struct face *of;
		cairo_font_face_t *face;
		cairo_scaled_font_t *fonts[NSTYLES]; /* opened when first used */
	} faces[SHOW_FACES];
	int nfaces;
	bool failed; /* a font was not to be had: something is missing */
};

void show_init(struct show *w, struct fonts *fonts);
void show_release(struct show *w);

/* Draws a line of text in the source that is set, its left upper corner at x, y. */
void show_text(struct show *w, cairo_t *cr, enum style style, double x, double y,
	       const char *s);

#endif
