/* colour.h -- colours, and proof that text on them can be read: contrast as WCAG 2
 * defines it, at least 4.5 for every text.
 */
#ifndef CPROF_DRAW_COLOUR_H
#define CPROF_DRAW_COLOUR_H

#include <stdint.h>

struct colour { double r, g, b; }; /* sRGB, 0 to 1 */

#define COLOUR(hex) \
	{ ((hex) >> 16 & 0xff) / 255.0, ((hex) >> 8 & 0xff) / 255.0, ((hex) & 0xff) / 255.0 }

#define LEAST_CONTRAST 4.5

/* Relative luminance, 0 to 1, and contrast, 1 to 21. */
double colour_luminance(struct colour c);
double colour_contrast(struct colour a, struct colour b);

/* 0x00RRGGBB */
uint32_t colour_pixel(struct colour c);

/* a at 0, b at 1. */
struct colour colour_mix(struct colour a, struct colour b, double at);

/* The colour at a place (0 to 1) of a scale of n stops at equal distances. */
struct colour colour_scale(const struct colour *stops, int n, double at);

#endif
