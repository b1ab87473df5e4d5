/* fonts.h -- the styles of a picture's text: measuring it, shortening it, and the letters
 * it is drawn with. All sizes are pixels at 100 %, none below 10.
 */
#ifndef CPROF_DRAW_FONTS_H
#define CPROF_DRAW_FONTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "draw/letters.h"

enum style { STYLE_TITLE, STYLE_TEXT, STYLE_NAME, STYLE_NUMBER, STYLE_STRONG, STYLE_SMALL,
	     STYLE_FOREIGN, NSTYLES };

struct fonts {
	struct faces faces;
	struct letters letters[NSTYLES];
	struct letters scaled[NSTYLES]; /* of the scale that was last asked for */
	double ascent[NSTYLES], height[NSTYLES]; /* whole pixels */
};

/* Not to be moved afterwards. `find` may be NULL; fails where there is no font at all. */
int fonts_init(struct fonts *f, font_finder *find, struct error *err);
void fonts_release(struct fonts *f);

double fonts_size(enum style style);
bool fonts_bold(enum style style);
double fonts_width(struct fonts *f, enum style style, const char *s);

/* How letters look where all is smaller; their places follow from those at 100 %. */
struct letters *fonts_letters(struct fonts *f, enum style style, double scale);

/* Whether memory was short for some letter until now. */
bool fonts_failed(const struct fonts *f);

/* s, or a copy that takes at most `width` with the middle or the end left out;
 * NULL without memory. */
enum elide { ELIDE_MIDDLE, ELIDE_END };

const char *fonts_elide(struct fonts *f, enum style style, const char *s, double width,
			enum elide where, struct arena *arena);

#endif
