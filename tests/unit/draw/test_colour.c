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

static void check_readable(struct colour fill)
{
	ck_assert_double_ge(colour_contrast(colour_text_on(fill), fill), 4.5);
	ck_assert_double_ge(colour_contrast(colour_dim_on(fill), fill), 4.5);
}

START_TEST(test_colour__text_can_be_read_on_every_fill)
{
	for (int i = 0; i <= 10000; i++) {
		check_readable(colour_heat(i / 10000.0));
		check_readable(colour_change(i / 5000.0 - 1));
	}
	/* Not only on ours. */
	for (int i = 0; i < 1 << 15; i++)
		check_readable((struct colour){ (i & 31) / 31.0, (i >> 5 & 31) / 31.0,
						(i >> 10) / 31.0 });
}
END_TEST

START_TEST(test_colour__text_can_be_read_on_paper)
{
	ck_assert_double_ge(colour_contrast(colour_ink, colour_paper), 7);
	ck_assert_double_ge(colour_contrast(colour_dim, colour_paper), 4.5);
	ck_assert_double_ge(colour_contrast(colour_heat(1), colour_paper), 4.5);
}
END_TEST

/* Hotter is darker, and a step of the scale shows. */
START_TEST(test_colour__heat_is_in_order)
{
	static const double shares[] = { 0, 0.01, 0.03, 0.1, 0.25, 0.5, 1 };

	for (size_t i = 1; i < sizeof shares / sizeof shares[0]; i++)
		ck_assert_double_ge(colour_contrast(colour_heat(shares[i - 1]),
						    colour_heat(shares[i])), 1.02);
	for (int i = 1; i <= 1000; i++)
		ck_assert_double_le(colour_luminance(colour_heat(i / 1000.0)),
				    colour_luminance(colour_heat((i - 1) / 1000.0)));
}
END_TEST

START_TEST(test_colour__change_has_two_directions)
{
	struct colour slower = colour_change(0.4), faster = colour_change(-0.4);
	struct colour same = colour_change(0);

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

	ck_assert_msg(fonts_init(&f, &err) == 0, "%s", err.text);
	for (int i = 0; i < NSTYLES; i++) {
		cairo_matrix_t m;

		cairo_scaled_font_get_font_matrix(f.fonts[i], &m);
		ck_assert_double_ge(m.yy, 9);
		ck_assert_double_ge(f.height[i], 9);
	}
	fonts_release(&f);
}
END_TEST

UNIT_MAIN("draw/colour", test_colour__contrast, test_colour__text_can_be_read_on_every_fill,
	  test_colour__text_can_be_read_on_paper, test_colour__heat_is_in_order,
	  test_colour__change_has_two_directions, test_colour__no_text_below_nine_pixels)
