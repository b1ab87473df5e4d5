#include "draw/theme.h"

#include <math.h>
#include <string.h>

#include "graph/gprof2dot.h"

#define LEAST_DIM_CONTRAST 5.0 /* it is small too */

enum { SHADES = 40 };

/* In light heat the step from the fourth to the fifth is wide: few fills lie where
 * neither black nor white reads well. */
const struct theme themes[] = {
	{
		.name = "light",
		.paper = COLOUR(0xffffff), .ink = COLOUR(0x16191d), .dim = COLOUR(0x57606a),
		.line = COLOUR(0x9aa3ad), .hot = COLOUR(0xb3201e), .hot_text = COLOUR(0x9a1721),
		.heavy = COLOUR(0xc23b2b), .faster = COLOUR(0x1c7f4b),
		.slower = COLOUR(0xc23b2b),
		.heat = { COLOUR(0xf6f3ec), COLOUR(0xfdeac0), COLOUR(0xfcc878),
			  COLOUR(0xf59f67), COLOUR(0xbf332e), COLOUR(0x9a1721) },
		.change = { COLOUR(0x0b6b3a), COLOUR(0x57b97b), COLOUR(0xcfeed9),
			    COLOUR(0xeceef0), COLOUR(0xfbdcd5), COLOUR(0xee8068),
			    COLOUR(0xab1a1f) },
		.origins = { COLOUR(0x0a5bd3), COLOUR(0x8250b8), COLOUR(0x5f6b78),
			     COLOUR(0x9aa3ad) },
	}, {
		.name = "dark",
		.paper = COLOUR(0x15181d), .ink = COLOUR(0xeceff3), .dim = COLOUR(0xa6afba),
		.line = COLOUR(0x5f6a76), .hot = COLOUR(0xff6b4a), .hot_text = COLOUR(0xff8a70),
		.heavy = COLOUR(0xd9724f), .faster = COLOUR(0x4cc38a),
		.slower = COLOUR(0xff6b4a),
		.heat = { COLOUR(0x262b33), COLOUR(0x3a352c), COLOUR(0x5c4424),
			  COLOUR(0x843f1f), COLOUR(0xb23a22), COLOUR(0xff9d6b) },
		.change = { COLOUR(0x56d08f), COLOUR(0x1f7a4a), COLOUR(0x24402f),
			    COLOUR(0x2a2f36), COLOUR(0x4a2b2b), COLOUR(0x97352c),
			    COLOUR(0xff8f78) },
		.origins = { COLOUR(0x5aa2ff), COLOUR(0xb48cf2), COLOUR(0x8c98a5),
			     COLOUR(0x66717d) },
	}, {
		.name = "print",
		.paper = COLOUR(0xffffff), .ink = COLOUR(0x000000), .dim = COLOUR(0x3c3c3c),
		.line = COLOUR(0x8c8c8c), .hot = COLOUR(0x000000), .hot_text = COLOUR(0x000000),
		.heavy = COLOUR(0x3c3c3c), .faster = COLOUR(0x8c8c8c),
		.slower = COLOUR(0x000000),
		.heat = { COLOUR(0xffffff), COLOUR(0xf4f4f4), COLOUR(0xe6e6e6),
			  COLOUR(0xd4d4d4), COLOUR(0xc0c0c0), COLOUR(0xa6a6a6) },
		.change = { COLOUR(0xffffff), COLOUR(0xfafafa), COLOUR(0xf4f4f4),
			    COLOUR(0xeeeeee), COLOUR(0xdddddd), COLOUR(0xc4c4c4),
			    COLOUR(0xa0a0a0) },
		.origins = { COLOUR(0x000000), COLOUR(0x6e6e6e), COLOUR(0xb4b4b4),
			     COLOUR(0x8c8c8c) },
	}, {
		.name = "gprof2dot",
		.paper = COLOUR(0xffffff), .ink = COLOUR(0x000000), .dim = COLOUR(0x57606a),
		.line = COLOUR(0x9aa3ad), .foreign = true,
	},
	{ .name = NULL }
};

const struct theme *theme_find(const char *name)
{
	for (const struct theme *t = themes; t->name != NULL; t++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

double theme_step(double part)
{
	return round(part * SHADES) / SHADES;
}

struct colour theme_heat(const struct theme *t, double share)
{
	if (t->foreign)
		return (struct colour)COLOUR(gprof2dot_colour(share));
	return colour_scale(t->heat, HEAT_STOPS, theme_step(sqrt(fmax(share, 0))));
}

struct colour theme_change(const struct theme *t, double delta)
{
	double depth = sqrt(fmin(fabs(delta) * 2, 1)); /* half of the whole is a lot */

	return colour_scale(t->change, CHANGE_STOPS,
			    0.5 + theme_step(delta < 0 ? -depth : depth) / 2);
}

struct colour theme_text_on(const struct theme *t, struct colour fill)
{
	static const struct colour black = COLOUR(0x000000), white = COLOUR(0xffffff);

	if (t->foreign)
		return white;
	if (colour_contrast(t->ink, fill) >= LEAST_CONTRAST)
		return t->ink;
	/* One of the two always reaches 4.58. */
	return colour_contrast(white, fill) >= colour_contrast(black, fill) ? white : black;
}

struct colour theme_dim_on(const struct theme *t, struct colour fill)
{
	struct colour text = theme_text_on(t, fill);

	for (int step = 6; step > 0 && !t->foreign; step--) {
		struct colour dim = colour_mix(text, fill, 0.05 * step);

		if (colour_contrast(dim, fill) >= LEAST_DIM_CONTRAST)
			return dim;
	}
	return text;
}
