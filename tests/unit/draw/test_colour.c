#include "draw/colour.h"

#include <math.h>

#include "draw/canvas.h"
#include "leaks.h"
#include "unit.h"

/* The examples of WCAG 2: black on white is 21, #777777 on white 4.48. */
START_TEST(test_colour__contrast)
{
	struct colour white = COLOUR(0xffffff), black = COLOUR(0x000000), grey = COLOUR(0x777777);

	ck_assert_double_eq_tol(colour_contrast(black, white), 21, 1e-9);
	ck_assert_double_eq_tol(colour_contrast(white, black), 21, 1e-9);
	ck_assert_double_eq_tol(colour_contrast(grey, white), 4.478, 0.001);
	ck_assert_double_eq_tol(colour_contrast(grey, grey), 1, 1e-9);
}
END_TEST

static void check_readable(const struct theme *t, struct colour fill)
{
	ck_assert_double_ge(colour_contrast(theme_text_on(t, fill), fill), 4.5);
	ck_assert_double_ge(colour_contrast(theme_dim_on(t, fill), fill), 4.5);
}

START_TEST(test_colour__text_can_be_read_on_every_fill)
{
	for (const struct theme *t = themes; t->name != NULL; t++) {
		if (t->foreign)
			continue;
		for (int i = 0; i <= 10000; i++) {
			check_readable(t, theme_heat(t, i / 10000.0));
			check_readable(t, theme_change(t, i / 5000.0 - 1));
		}
		/* Not only on ours. */
		for (int i = 0; i < 1 << 15; i++)
			check_readable(t, (struct colour){ (i & 31) / 31.0, (i >> 5 & 31) / 31.0,
							   (i >> 10) / 31.0 });
	}
}
END_TEST

START_TEST(test_colour__text_can_be_read_on_paper)
{
	for (const struct theme *t = themes; t->name != NULL; t++) {
		if (t->foreign)
			continue;
		ck_assert_double_ge(colour_contrast(t->ink, t->paper), 7);
		ck_assert_double_ge(colour_contrast(t->dim, t->paper), 4.5);
		ck_assert_double_ge(colour_contrast(t->hot_text, t->paper), 4.5);
		/* Lines and marks are no text: 3 is enough, but for those meant to be faint. */
		ck_assert_double_ge(colour_contrast(t->hot, t->paper), 3);
		ck_assert_double_ge(colour_contrast(t->origins[ORIGIN_APP], t->paper), 3);
	}
}
END_TEST

/* Hotter is further from the paper, and a step of the scale shows. */
START_TEST(test_colour__heat_is_in_order)
{
	static const double shares[] = { 0, 0.01, 0.03, 0.1, 0.25, 0.5, 1 };

	for (const struct theme *t = themes; t->name != NULL; t++) {
		if (t->foreign)
			continue;
		for (size_t i = 1; i < sizeof shares / sizeof shares[0]; i++)
			ck_assert_double_ge(colour_contrast(theme_heat(t, shares[i - 1]),
							    theme_heat(t, shares[i])), 1.02);
		for (int i = 1; i <= 1000; i++)
			ck_assert_double_ge(colour_contrast(theme_heat(t, i / 1000.0), t->paper),
					    colour_contrast(theme_heat(t, (i - 1) / 1000.0),
							    t->paper));
	}
}
END_TEST

START_TEST(test_colour__change_has_two_directions)
{
	const struct theme *t = theme_find("light");
	struct colour slower = theme_change(t, 0.4), faster = theme_change(t, -0.4);
	struct colour same = theme_change(t, 0);

	ck_assert_double_gt(slower.r, slower.g + 0.2);
	ck_assert_double_gt(faster.g, faster.r + 0.2);
	ck_assert_double_le(fabs(same.r - same.g), 0.02);
}
END_TEST

/* As browsers count: the size of the em. */
START_TEST(test_colour__no_text_below_nine_pixels)
{
	struct fonts f;
	struct error err = ERROR_INIT;

	ck_assert_msg(fonts_init(&f, NULL, &err) == 0, "%s", err.text);
	for (int i = 0; i < NSTYLES; i++) {
		ck_assert_double_ge(fonts_size((enum style)i), 9);
		ck_assert_double_ge(f.height[i], 9);
	}
	fonts_release(&f);
}
END_TEST

UNIT_MAIN("draw/colour", test_colour__contrast, test_colour__text_can_be_read_on_every_fill,
	  test_colour__text_can_be_read_on_paper, test_colour__heat_is_in_order,
	  test_colour__change_has_two_directions, test_colour__no_text_below_nine_pixels)
