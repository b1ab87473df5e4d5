/* The canvas of pixels: what it makes of shapes and texts, however they get there. */
#include "draw/pixels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "leaks.h"
#include "paper.h"
#include "unit.h"

static double ink_within(int left, int top, int right, int bottom)
{
	double sum = 0;

	for (int y = top; y < bottom; y++)
		for (int x = left; x < right; x++)
			sum += ink(x, y);
	return sum;
}

/* Round at all four corners, alike, and even wherever its lines fall. */
START_TEST(test_pixels__round_boxes)
{
	for (int turn = 0; turn < 8; turn++) {
		double radius = 2 + turn % 4 * 2, from = turn < 4 ? 0 : 0.5;
		const struct box box = { 10, 10 + from, 40, 30 };
		struct pixel_canvas c = on_paper(1);

		c.canvas.ops->rounded(&c.canvas, &box, radius, black, NULL);
		ck_assert_double_eq_tol(ink_within(0, 0, W, H),
					40 * 30 - (4 - M_PI) * radius * radius, 3);
		ck_assert_double_eq_tol(ink_within(10, 10, 50, 10 + 30 + 1), ink_within(0, 0, W, H),
					1e-9);
		for (int y = 10; y < 10 + 31; y++)
			for (int x = 10; x < 30; x++) {
				int below = 10 + (from > 0 ? 30 : 29) - (y - 10);

				ck_assert_double_eq_tol(ink(x, y), ink(59 - x, y), 0.13);
				if (below >= 10)
					ck_assert_double_eq_tol(ink(x, y), ink(x, below), 0.13);
			}
		done(&c);
	}
}
END_TEST

/* What begins or ends in another band. */
START_TEST(test_pixels__text_outside)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(fonts_init(&fonts, NULL, &err), 0);
	for (int y = -60; y <= 2 * H; y += 3) {
		struct pixel_canvas c = on_paper(0.8);

		c.canvas.ops->text(&c.canvas, STYLE_TEXT, 4, y, black, "main");
		if (y > 0 && y < H)
			ck_assert_double_gt(ink_within(0, 0, W, H), 5);
		if (y < -30 || y > H / 0.8 + 30)
			ck_assert_double_eq_tol(ink_within(0, 0, W, H), 0, 1e-9);
		done(&c);
	}
	fonts_release(&fonts);
}
END_TEST

UNIT_MAIN("draw/pixels", test_pixels__round_boxes, test_pixels__text_outside)
