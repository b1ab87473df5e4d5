/* canvas.h -- text and simple shapes on a cairo context. Fonts are opened once
 * and measured without a surface; all sizes are pixels at 100 %, none of text
 * below 10. Text must be valid UTF-8 (see text_printable), or cairo stops.
 */
#ifndef CPROF_DRAW_CANVAS_H
#define CPROF_DRAW_CANVAS_H

#include <cairo.h>

#include "base/arena.h"
#include "base/error.h"
#include "draw/colour.h"

enum style { STYLE_TITLE, STYLE_TEXT, STYLE_NAME, STYLE_NUMBER, STYLE_STRONG, STYLE_SMALL,
	     NSTYLES };

struct fonts {
	cairo_scaled_font_t *fonts[NSTYLES];
	double ascent[NSTYLES], height[NSTYLES]; /* whole pixels */
};

/* Never fails for want of a font: cairo has one of its own. */
int fonts_init(struct fonts *f, struct error *err);
void fonts_release(struct fonts *f);

double fonts_width(const struct fonts *f, enum style style, const char *s);

/* s, or a copy that takes at most `width` with the middle or the end left out;
 * NULL without memory. */
enum elide { ELIDE_MIDDLE, ELIDE_END };

const char *fonts_elide(const struct fonts *f, enum style style, const char *s, double width,
			enum elide where, struct arena *arena);

void canvas_colour(cairo_t *cr, struct colour c);
/* Text with its left upper corner at x, y. */
void canvas_text(cairo_t *cr, const struct fonts *f, enum style style, double x, double y,
		 const char *s);
void canvas_rounded(cairo_t *cr, const struct box *b, double radius);

#endif
