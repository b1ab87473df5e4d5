#include "draw/colour.h"

#include <math.h>

#define LEAST_CONTRAST 4.5
#define LEAST_DIM_CONTRAST 5.0 /* it is small too */

const struct colour colour_paper = COLOUR(0xffffff);
const struct colour colour_ink = COLOUR(0x16191d);
const struct colour colour_dim = COLOUR(0x57606a);
const struct colour colour_line = COLOUR(0x9aa3ad);

static double linear(double channel)
{
	return channel <= 0.04045 ? channel / 12.92 : pow((channel + 0.055) / 1.055, 2.4);
}

double colour_luminance(struct colour c)
{
	return 0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b);
}

double colour_contrast(struct colour a, struct colour b)
{
	double x = colour_luminance(a), y = colour_luminance(b);

	return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

struct colour colour_mix(struct colour a, struct colour b, double at)
{
	return (struct colour){ a.r + (b.r - a.r) * at, a.g + (b.g - a.g) * at,
				a.b + (b.b - a.b) * at };
}

static struct colour ramp(const struct colour *stops, int n, double at)
{
	double x = fmin(fmax(at, 0), 1) * (n - 1);
	int i = (int)x;

	if (i >= n - 1)
		return stops[n - 1];
	return colour_mix(stops[i], stops[i + 1], x - i);
}

struct colour colour_heat(double share)
{
	static const struct colour stops[] = {
		COLOUR(0xf6f3ec), COLOUR(0xfdeac0), COLOUR(0xfcc878), COLOUR(0xf59f67),
		COLOUR(0xbf332e), COLOUR(0x9a1721),
	};

	/* The step from the fourth to the fifth is wide: few fills lie where
	 * neither black nor white reads well. */
	return ramp(stops, sizeof stops / sizeof stops[0], sqrt(fmax(share, 0)));
}

struct colour colour_change(double delta)
{
	static const struct colour stops[] = {
		COLOUR(0x0b6b3a), COLOUR(0x57b97b), COLOUR(0xcfeed9), COLOUR(0xeceef0),
		COLOUR(0xfbdcd5), COLOUR(0xee8068), COLOUR(0xab1a1f),
	};
	double depth = sqrt(fmin(fabs(delta) * 2, 1)); /* half of the whole is a lot */

	return ramp(stops, sizeof stops / sizeof stops[0],
		    0.5 + (delta < 0 ? -depth : depth) / 2);
}

struct colour colour_text_on(struct colour fill)
{
	static const struct colour black = COLOUR(0x000000), white = COLOUR(0xffffff);

	if (colour_contrast(colour_ink, fill) >= LEAST_CONTRAST)
		return colour_ink;
	/* One of the two always reaches 4.58. */
	return colour_contrast(white, fill) >= colour_contrast(black, fill) ? white : black;
}

struct colour colour_dim_on(struct colour fill)
{
	struct colour text = colour_text_on(fill);

	for (int step = 6; step > 0; step--) {
		struct colour dim = colour_mix(text, fill, 0.05 * step);

		if (colour_contrast(dim, fill) >= LEAST_DIM_CONTRAST)
			return dim;
	}
	return text;
}

struct colour colour_origin(enum graph_origin origin)
{
	static const struct colour marks[] = {
		[ORIGIN_OWN] = COLOUR(0x0a5bd3),
		[ORIGIN_LIBRARY] = COLOUR(0x8250b8),
		[ORIGIN_STDLIB] = COLOUR(0x5f6b78),
		[ORIGIN_BUILTIN] = COLOUR(0x9aa3ad),
	};

	return marks[origin];
}
