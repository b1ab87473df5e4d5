/* Shapes on pixels: what they cover, and that they cover nothing else. */
#include "draw/paint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "leaks.h"
#include "sample.h"
#include "unit.h"

enum { W = 40, H = 30, EDGE = 8 };

static const struct colour black = { 0, 0, 0 };

/* With pixels all around that are nobody's. */
static uint8_t all[(H + 2 * EDGE) * (W + 2 * EDGE)];
static struct palette palette;

/* White. The palette has but this: others are added where they are needed. */
static struct paint on_paper(void)
{
	const uint32_t white = 0xffffff;
	struct paint p;

	palette_init(&palette, &white, 1);
	ck_assert_int_eq(paint_init(&p, H), 0);
	memset(all, 0x5a, sizeof all);
	p.palette = &palette;
	p.stride = W + 2 * EDGE;
	p.pixels = all + EDGE * p.stride + EDGE;
	p.width = W;
	p.height = H;
	p.scale = 1;
	paint_all(&p);
	return p;
}

static unsigned grey(const struct paint *p, unsigned x, unsigned y)
{
	uint32_t c = palette.colours[p->pixels[y * p->stride + x]];

	ck_assert_uint_eq(c & 0xff, c >> 8 & 0xff);
	ck_assert_uint_eq(c & 0xff, c >> 16);
	return c & 0xff;
}

/* In pixels; a sixteenth of one is the least that is shown. */
static double covered(const struct paint *p)
{
	double sum = 0;

	for (unsigned y = 0; y < H; y++)
		for (unsigned x = 0; x < W; x++)
			sum += (255 - grey(p, x, y)) / 255.0;
	return sum;
}

static void paint_done(struct paint *p)
{
	for (size_t y = 0; y < H + 2 * EDGE; y++)
		for (size_t x = 0; x < W + 2 * EDGE; x++)
			if (y < EDGE || y >= H + EDGE || x < EDGE || x >= W + EDGE)
				ck_assert_uint_eq(all[y * p->stride + x], 0x5a);
	for (size_t i = 0; i < p->cells_cap; i++)
		ck_assert_msg(fabsf(p->cells[i]) == 0, "cell %zu is left over", i);
	ck_assert(!p->failed);
	paint_release(p);
}

START_TEST(test_paint__pixels_are_covered_in_part)
{
	struct paint p = on_paper();

	/* From the middle of pixel 3 to that of 6, from row 2 to a quarter of row 4. */
	paint_add(&p, (struct point[]){ { 3.5, 2 }, { 6.5, 2 }, { 6.5, 4.25 }, { 3.5, 4.25 } }, 4);
	paint_fill(&p, black, 1);
	ck_assert_uint_eq(grey(&p, 2, 2), 255);
	ck_assert_uint_eq(grey(&p, 3, 2), 127);
	ck_assert_uint_eq(grey(&p, 4, 2), 0);
	ck_assert_uint_eq(grey(&p, 5, 3), 0);
	ck_assert_uint_eq(grey(&p, 6, 3), 127);
	ck_assert_uint_eq(grey(&p, 7, 3), 255);
	ck_assert_uint_eq(grey(&p, 5, 4), 191);
	ck_assert_uint_eq(grey(&p, 5, 5), 255);
	ck_assert_uint_eq(grey(&p, 5, 1), 255);
	paint_done(&p);
}
END_TEST

START_TEST(test_paint__half_of_the_colour)
{
	struct paint p = on_paper();

	paint_add(&p, (struct point[]){ { 1, 1 }, { 9, 1 }, { 9, 9 }, { 1, 9 } }, 4);
	paint_fill(&p, black, 0.5);
	ck_assert_uint_eq(grey(&p, 1, 1), 127);
	ck_assert_uint_eq(grey(&p, 8, 8), 127);
	ck_assert_uint_eq(grey(&p, 9, 8), 255);
	paint_done(&p);
}
END_TEST

/* However it lies it covers its area. */
START_TEST(test_paint__lines_are_as_long_and_wide_as_they_are)
{
	const struct pen pen = { black, 3, { 0, 0 }, 0 };

	for (int i = 0; i < 24; i++) {
		double x = cos(i * M_PI / 12), y = sin(i * M_PI / 12);
		struct point a = { 20 - 10 * x, 15 - 10 * y }, d = { 20 + 10 * x, 15 + 10 * y };
		struct point b = { (2 * a.x + d.x) / 3, (2 * a.y + d.y) / 3 };
		struct point c = { (a.x + 2 * d.x) / 3, (a.y + 2 * d.y) / 3 };
		struct paint p = on_paper();

		paint_curve(&p, (struct point[]){ a, b, c, d }, 4, &pen);
		ck_assert_double_eq_tol(covered(&p), 60, 1);
		paint_done(&p);
	}
}
END_TEST

/* A quarter of a circle of radius 20, 2 wide; it bends 2 per mille off the circle. */
START_TEST(test_paint__a_curve_is_as_wide_all_along)
{
	const struct pen pen = { black, 2, { 0, 0 }, 0 };
	struct paint p = on_paper();

	paint_curve(&p, (struct point[]){ { 5, 5 }, { 5 + 20 * 0.5523, 5 },
					  { 25, 25 - 20 * 0.5523 }, { 25, 25 } }, 4, &pen);
	ck_assert_double_eq_tol(covered(&p), 20 * M_PI / 2 * 2, 1);
	ck_assert_uint_eq(grey(&p, 10, 20), 255);
	paint_done(&p);
}
END_TEST

/* 4 on and 2 off from 1 into the first stroke: 3, 4 and 4 of 15. */
START_TEST(test_paint__dashes)
{
	const struct pen pen = { black, 1, { 4, 2 }, 1 };
	struct paint p = on_paper();

	paint_curve(&p, (struct point[]){ { 5, 5.5 }, { 10, 5.5 }, { 15, 5.5 }, { 20, 5.5 } }, 4,
		    &pen);
	for (unsigned x = 0; x < W; x++) {
		bool on = x >= 5 && x < 20 && (x - 5 + 1) % 6 < 4;

		ck_assert_uint_eq(grey(&p, x, 5), on ? 0 : 255);
	}
	ck_assert_double_eq_tol(covered(&p), 3 + 4 + 4, 0.01);
	paint_done(&p);
}
END_TEST

START_TEST(test_paint__a_ring_is_empty_within)
{
	const struct pen pen = { black, 2, { 0, 0 }, 0 };
	const struct point box[] = { { 10, 10 }, { 20, 10 }, { 20, 20 }, { 10, 20 } };
	struct paint p = on_paper();

	paint_ring(&p, box, 4, &pen);
	ck_assert_uint_eq(grey(&p, 9, 9), 0);
	ck_assert_uint_eq(grey(&p, 10, 15), 0);
	ck_assert_uint_eq(grey(&p, 15, 15), 255);
	ck_assert_double_eq_tol(covered(&p), 12 * 12 - 8 * 8, 0.01);
	paint_done(&p);
}
END_TEST

/* A half of it, then a picture half the size. */
START_TEST(test_paint__placed_by_scale_and_origin)
{
	struct paint p = on_paper();

	p.scale = 0.5;
	p.x = 3;
	p.y = 4;
	paint_add(&p, (struct point[]){ { 0, 0 }, { 4, 0 }, { 4, 4 }, { 0, 4 } }, 4);
	paint_fill(&p, black, 1);
	ck_assert_uint_eq(grey(&p, 3, 4), 0);
	ck_assert_uint_eq(grey(&p, 4, 5), 0);
	ck_assert_double_eq_tol(covered(&p), 4, 1e-9);
	paint_done(&p);
}
END_TEST

/* A box is what a shape of its corners is, wherever it lies. */
START_TEST(test_paint__boxes)
{
	uint64_t state = 5;

	for (int turn = 0; turn < 400; turn++) {
		/* In steps of a quarter, of which a cover of twelfths is exact. */
		double x = (double)(sample_next(&state) % 200) / 4 - 5;
		double y = (double)(sample_next(&state) % 160) / 4 - 5;
		double w = (double)(sample_next(&state) % 80) / 4, h = turn % 3 ? turn % 7 : 0.75;
		double alpha = turn % 2 ? 1 : 0.5;
		struct paint p = on_paper();
		uint8_t ours[sizeof all];

		paint_box(&p, &(struct box){ x, y, w, h }, black, alpha);
		memcpy(ours, all, sizeof all);
		paint_done(&p);
		p = on_paper();
		paint_add(&p, (struct point[]){ { x, y }, { x + w, y }, { x + w, y + h },
						{ x, y + h } }, 4);
		paint_fill(&p, black, alpha);
		ck_assert_mem_eq(ours, all, sizeof all);
		paint_done(&p);
	}
}
END_TEST

START_TEST(test_paint__what_lies_outside_is_left_out)
{
	const uint8_t bytes[] = { 255, 255, 255, 255, 255, 255, 255, 255, 255 };
	const struct mask mask = { -1, -1, 3, 3, bytes };
	struct paint p = on_paper();

	paint_add(&p, (struct point[]){ { -50, -50 }, { 90, -50 }, { 90, 90 }, { -50, 90 } }, 4);
	paint_fill(&p, black, 1);
	ck_assert_double_eq_tol(covered(&p), W * H, 1e-9);
	paint_all(&p);
	paint_mask(&p, &mask, 0, 0, black);
	paint_mask(&p, &mask, W, H, black);
	paint_mask(&p, &mask, -9, 5, black);
	paint_mask(&p, &mask, W + 9, H + 9, black);
	ck_assert_double_eq_tol(covered(&p), 4 + 1, 1e-9);
	paint_done(&p);
}
END_TEST

START_TEST(test_paint__anything_goes)
{
	uint64_t state = 7;

	for (int turn = 0; turn < 300; turn++) {
		struct paint p = on_paper();
		struct point points[13];
		struct pen pen = { black, 0.5 + turn % 7, { turn % 3, turn % 3 }, turn };

		for (int i = 0; i < 13; i++)
			points[i] = (struct point){
				(double)(sample_next(&state) % 8000) / 100 - 20,
				(double)(sample_next(&state) % 7000) / 100 - 20
			};
		if (turn % 5 == 0)
			for (int i = 4; i < 9; i++)
				points[i] = points[3];
		paint_curve(&p, points, 13, &pen);
		paint_add(&p, points, 13);
		paint_fill(&p, black, 0.7);
		paint_ring(&p, points, 13, &pen);
		paint_done(&p);
	}
}
END_TEST

START_TEST(test_paint__a_letter_in_part)
{
	const uint8_t bytes[] = { 0, 128, 255 };
	struct paint p = on_paper();

	paint_mask(&p, &(struct mask){ 2, -3, 3, 1, bytes }, 10, 20, black);
	ck_assert_uint_eq(grey(&p, 12, 17), 255);
	ck_assert_uint_eq(grey(&p, 13, 17), 126);
	ck_assert_uint_eq(grey(&p, 14, 17), 0);
	ck_assert_double_eq_tol(covered(&p), 1.5, 0.01);
	paint_done(&p);
}
END_TEST

/* Of two colours that a pixel of either may be taken for, each is itself. */
START_TEST(test_paint__what_is_covered_has_the_colour_itself)
{
	const uint32_t colours[] = { 0xffffff, 0x050505, 0x000000 };
	const uint8_t bytes[] = { 255 };
	struct paint p = on_paper();

	palette_init(&palette, colours, 3);
	paint_mask(&p, &(struct mask){ 0, 0, 1, 1, bytes }, 3, 3, black);
	paint_box(&p, &(struct box){ 5, 5, 1, 1 }, black, 1);
	ck_assert_uint_eq(grey(&p, 3, 3), 0);
	ck_assert_uint_eq(grey(&p, 5, 5), 0);
	paint_done(&p);
}
END_TEST

UNIT_MAIN("draw/paint", test_paint__pixels_are_covered_in_part, test_paint__half_of_the_colour,
	  test_paint__lines_are_as_long_and_wide_as_they_are,
	  test_paint__a_curve_is_as_wide_all_along, test_paint__dashes,
	  test_paint__a_ring_is_empty_within, test_paint__placed_by_scale_and_origin,
	  test_paint__boxes,
	  test_paint__what_lies_outside_is_left_out, test_paint__anything_goes,
	  test_paint__a_letter_in_part,
	  test_paint__what_is_covered_has_the_colour_itself)
