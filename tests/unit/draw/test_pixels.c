/* The canvas of pixels: what it makes of shapes and texts, however they get there. */
#include "draw/pixels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "leaks.h"
#include "unit.h"

enum { W = 360, H = 60 };

static const struct colour black = { 0, 0, 0 };
static uint8_t all[H * W];
static struct palette palette;
static struct fonts fonts;

static struct pixel_canvas on_paper(double scale)
{
	const uint32_t white = 0xffffff;
	struct pixel_canvas c = { .canvas = { &canvas_pixel_ops, NULL, &fonts } };

	palette_init(&palette, &white, 1);
	ck_assert_int_eq(paint_init(&c.paint, H), 0);
	c.paint.palette = &palette;
	c.paint.pixels = all;
	c.paint.stride = c.paint.width = W;
	c.paint.height = H;
	c.paint.scale = scale;
	paint_all(&c.paint);
	return c;
}

/* Of a pixel, 0 to 1. */
static double ink(int x, int y)
{
	return (255 - (palette.colours[all[y * W + x]] & 0xff)) / 255.0;
}

static double ink_within(int left, int top, int right, int bottom)
{
	double sum = 0;

	for (int y = top; y < bottom; y++)
		for (int x = left; x < right; x++)
			sum += ink(x, y);
	return sum;
}

static void done(struct pixel_canvas *c)
{
	ck_assert(!c->paint.failed);
	paint_release(&c->paint);
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
