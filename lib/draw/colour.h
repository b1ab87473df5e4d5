/* colour.h -- the picture's colours, and proof that text on them can be read:
 * contrast as WCAG 2 defines it, at least 4.5 for every text.
 */
#ifndef CPROF_DRAW_COLOUR_H
#define CPROF_DRAW_COLOUR_H

#include "graph/graph.h"

struct colour { double r, g, b; }; /* sRGB, 0 to 1 */

#define COLOUR(hex) \
	{ ((hex) >> 16 & 0xff) / 255.0, ((hex) >> 8 & 0xff) / 255.0, ((hex) & 0xff) / 255.0 }

extern const struct colour colour_paper, colour_ink, colour_dim, colour_line;

/* Relative luminance, 0 to 1, and contrast, 1 to 21. */
double colour_luminance(struct colour c);
double colour_contrast(struct colour a, struct colour b);

/* a at 0, b at 1. */
struct colour colour_mix(struct colour a, struct colour b, double at);

/* One hue from pale to dark for a share of 0 to 1. The scale is a root: most
 * functions of a request have few per cent, and must differ too. */
struct colour colour_heat(double share);

/* The difference as a part of the whole, -1 to 1: faster is green, slower red,
 * equal grey. */
struct colour colour_change(double delta);

/* Ink, or where that is too near to the fill black or white; and the same nearer to
 * the fill where contrast allows. */
struct colour colour_text_on(struct colour fill);
struct colour colour_dim_on(struct colour fill);

/* The mark of whose code it is. */
struct colour colour_origin(enum graph_origin origin);

#endif
