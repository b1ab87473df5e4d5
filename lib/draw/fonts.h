/* fonts.h -- the styles of a picture's text: measuring it, shortening it, and the
 * glyphs it is drawn with. All sizes are pixels at 100 %, none below 10.
 *
 * A font is opened from a file where one of the usual lies in its usual place:
 * asking fontconfig costs more than laying out the graph. Only where there is none,
 * and for characters that it has no glyph for, fontconfig is asked.
 *
 * Texts must be valid UTF-8 (see text_printable), or cairo stops.
 */
#ifndef CPROF_DRAW_FONTS_H
#define CPROF_DRAW_FONTS_H

#include <stdbool.h>

#include <cairo.h>

#include "base/arena.h"
#include "base/error.h"
#include "draw/letters.h"

enum style { STYLE_TITLE, STYLE_TEXT, STYLE_NAME, STYLE_NUMBER, STYLE_STRONG, STYLE_SMALL,
	     STYLE_FOREIGN, NSTYLES };

enum { MOST_FALLBACKS = 6, NWEIGHTS = 2 };

/* One file, in all the sizes that were asked for. */
struct face {
	cairo_font_face_t *face;
	cairo_scaled_font_t *fonts[NSTYLES]; /* opened when first used */
};

struct fonts {
	struct face regular[NWEIGHTS]; /* normal, bold */
	/* What has the characters that those lack, found as they come up. */
	struct face fallbacks[MOST_FALLBACKS];
	int nfallbacks;
	struct letters letters[NSTYLES]; /* of the regular ones */
	double ascent[NSTYLES], height[NSTYLES]; /* whole pixels */
};

/* Never fails for want of a font: cairo has one of its own. */
int fonts_init(struct fonts *f, struct error *err);
void fonts_release(struct fonts *f);

double fonts_size(enum style style);
bool fonts_bold(enum style style);
double fonts_width(struct fonts *f, enum style style, const char *s);

/* Whether letters[style] has all of s. */
bool fonts_has_letters(struct fonts *f, enum style style, const char *s);

/* Whether memory was short for some letter until now. */
bool fonts_failed(const struct fonts *f);

/* s, or a copy that takes at most `width` with the middle or the end left out;
 * NULL without memory. */
enum elide { ELIDE_MIDDLE, ELIDE_END };

const char *fonts_elide(struct fonts *f, enum style style, const char *s, double width,
			enum elide where, struct arena *arena);

/* Draws a line of text in the source that is set, its left upper corner at x, y. */
void fonts_show(struct fonts *f, cairo_t *cr, enum style style, double x, double y,
		const char *s);

#endif
