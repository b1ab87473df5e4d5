/* paper.h -- a white sheet that a canvas of pixels draws on, and how dark it then is. */
#ifndef CPROF_TESTS_PAPER_H
#define CPROF_TESTS_PAPER_H

#include "draw/pixels.h"
#include "unit.h"

enum { W = 360, H = 60 };

static const struct colour black = { 0, 0, 0 };
static uint8_t paper[H * W];
static struct palette palette;
static struct fonts fonts;

static inline struct pixel_canvas on_paper(double scale)
{
	const uint32_t white = 0xffffff;
	struct pixel_canvas c = { .canvas = { &canvas_pixel_ops, NULL, &fonts } };

	palette_init(&palette, &white, 1);
	ck_assert_int_eq(paint_init(&c.paint, H), 0);
	c.paint.palette = &palette;
	c.paint.pixels = paper;
	c.paint.stride = c.paint.width = W;
	c.paint.height = H;
	c.paint.scale = scale;
	paint_all(&c.paint);
	return c;
}

static inline void done(struct pixel_canvas *c)
{
	ck_assert(!c->paint.failed);
	paint_release(&c->paint);
}

/* Of a pixel, 0 to 1. */
static inline double ink(int x, int y)
{
	return (255 - (palette.colours[paper[y * W + x]] & 0xff)) / 255.0;
}

#endif
