#include "draw/pixels.h"

#include <math.h>

enum { CORNER_STEPS = 6 };

/* A quarter of a circle about 0, 0, from the right on. */
static const struct point quarter[CORNER_STEPS + 1] = {
	{ 1, 0 }, { 0.96592582628906831, 0.25881904510252074 }, { 0.86602540378443871, 0.5 },
	{ 0.70710678118654757, 0.70710678118654746 }, { 0.5, 0.8660254037844386 },
	{ 0.25881904510252074, 0.96592582628906831 }, { 0, 1 }
};

static struct pixel_canvas *pixels(struct canvas *c)
{
	return (struct pixel_canvas *)(void *)c;
}

static void rect(struct canvas *c, const struct box *box, struct colour fill, double alpha)
{
	paint_box(&pixels(c)->paint, box, fill, alpha);
}

enum corner { RIGHT_BELOW, LEFT_BELOW, LEFT_ABOVE, RIGHT_ABOVE }; /* each a quarter further */

static size_t add_corner(struct point *to, double x, double y, double radius,
			 enum corner corner)
{
	for (int i = 0; i <= CORNER_STEPS; i++) {
		struct point at = quarter[i];

		for (int turn = 0; turn < (int)corner; turn++)
			at = (struct point){ -at.y, at.x };
		to[i] = (struct point){ x + radius * at.x, y + radius * at.y };
	}
	return CORNER_STEPS + 1;
}

/* Where the nearest row of pixels at or below a line begins. */
static double next_row(const struct paint *p, double y)
{
	return (ceil(y * p->scale + p->y) - p->y) / p->scale;
}

/* The round ends and, in whole rows, the box between them. */
static void fill_rounded(struct paint *p, const struct box *b, double radius, struct colour fill)
{
	struct point ends[2][2 * (CORNER_STEPS + 1) + 2];
	double right = b->x + b->w, bottom = b->y + b->h;
	struct box middle = { b->x, next_row(p, b->y + radius), b->w, 0 };
	size_t n;

	if (radius <= 0) {
		paint_box(p, b, fill, 1);
		return;
	}
	middle.h = fmax(next_row(p, bottom - radius - 1 / p->scale) - middle.y, 0);
	n = add_corner(ends[0], b->x + radius, b->y + radius, radius, LEFT_ABOVE);
	n += add_corner(ends[0] + n, right - radius, b->y + radius, radius, RIGHT_ABOVE);
	ends[0][n] = (struct point){ right, middle.y };
	ends[0][n + 1] = (struct point){ b->x, middle.y };
	n = add_corner(ends[1], right - radius, bottom - radius, radius, RIGHT_BELOW);
	n += add_corner(ends[1] + n, b->x + radius, bottom - radius, radius, LEFT_BELOW);
	ends[1][n] = (struct point){ b->x, middle.y + middle.h };
	ends[1][n + 1] = (struct point){ right, middle.y + middle.h };
	paint_add(p, ends[0], n + 2);
	paint_add(p, ends[1], n + 2);
	paint_fill(p, fill, 1);
	paint_box(p, &middle, fill, 1);
}

/* The edge is what is left about a smaller box on top. */
static void rounded(struct canvas *c, const struct box *box, double radius, struct colour fill,
		    const struct pen *edge)
{
	struct paint *p = &pixels(c)->paint;
	struct box inner = *box;

	if (edge != NULL) {
		fill_rounded(p, box, radius > 0 ? radius + edge->width / 2 : 0, edge->colour);
		inner = (struct box){ box->x + edge->width, box->y + edge->width,
				      box->w - 2 * edge->width, box->h - 2 * edge->width };
		radius -= edge->width / 2;
	}
	fill_rounded(p, &inner, radius, fill);
}

static void curve(struct canvas *c, const struct point *points, size_t npoints,
		  const struct pen *pen)
{
	paint_curve(&pixels(c)->paint, points, npoints, pen);
}

static void triangle(struct canvas *c, const struct point corners[3], struct colour fill)
{
	struct paint *p = &pixels(c)->paint;

	paint_add(p, corners, 3);
	paint_fill(p, fill, 1);
}

static void polygon(struct canvas *c, const struct point *corners, size_t n, struct colour fill,
		    const struct pen *edge)
{
	struct paint *p = &pixels(c)->paint;

	paint_add(p, corners, n);
	paint_fill(p, fill, 1);
	paint_ring(p, corners, n, edge);
}

/* The same for a letter in whatever band it is. */
static int nearest(double at)
{
	return (int)floor(at + 0.5);
}

static void text(struct canvas *c, enum style style, double x, double y, struct colour colour,
		 const char *s)
{
	struct paint *p = &pixels(c)->paint;
	struct letters *letters = &c->fonts->letters[style];
	struct letters *looks = fonts_letters(c->fonts, style, p->scale);
	double at = round(x) * p->scale + p->x;
	int line = nearest((round(y) + c->fonts->ascent[style]) * p->scale + p->y);
	const char *again = s;
	const struct letter *letter, *look;

	while ((letter = letters_next(letters, &s)) != NULL) {
		look = looks == letters ? letter : letters_next(looks, &again);
		if (look == NULL)
			return;
		paint_mask(p, &look->mask, nearest(at), line, colour);
		at += letter->advance * p->scale;
	}
}

static void move(struct canvas *c, double x, double y)
{
	struct paint *p = &pixels(c)->paint;

	p->x += x * p->scale;
	p->y += y * p->scale;
}

const struct canvas_ops canvas_pixel_ops = {
	rect, rounded, curve, triangle, polygon, text, move, canvas_open_nothing,
	canvas_close_nothing
};
