/* A line is filled between two outlines, half its width off to either side. */
#include <math.h>

#include "base/mem.h"
#include "draw/paint.h"

enum { MOST_STEPS = 24 }; /* that a Bezier piece is followed by */

/* How far these may be off, in pixels. */
#define TOLERANCE 0.1

/* A piece is as far from straight as its inner points are from the third parts of the
 * way; halving the steps leaves a quarter of that. */
static unsigned steps_of(const struct point p[4])
{
	double x = fmax(fabs(p[0].x - 2 * p[1].x + p[2].x), fabs(p[1].x - 2 * p[2].x + p[3].x));
	double y = fmax(fabs(p[0].y - 2 * p[1].y + p[2].y), fabs(p[1].y - 2 * p[2].y + p[3].y));

	return (unsigned)fmin(ceil(sqrt(0.75 * fmax(hypot(x, y), 0.01) / TOLERANCE)), MOST_STEPS);
}

/* The points of the line, each but once; NULL without memory. There is room behind them
 * for the outlines. */
static struct point *flatten(struct paint *p, const struct point *points, size_t npoints,
			     size_t *n)
{
	size_t most = 1 + (npoints / 3) * MOST_STEPS;
	struct point *to = mem_grow(p->corners, &p->corners_cap, 3 * most, sizeof *to);

	if (to == NULL) {
		p->failed = true;
		return NULL;
	}
	p->corners = to;
	*n = 0;
	to[(*n)++] = points[0];
	for (size_t i = 0; i + 3 < npoints; i += 3) {
		unsigned steps = steps_of(&points[i]);

		for (unsigned k = 1; k <= steps; k++) {
			struct point at = k == steps ? points[i + 3]
						     : bezier_at(&points[i], (double)k / steps);

			if (at.x != to[*n - 1].x || at.y != to[*n - 1].y)
				to[(*n)++] = at;
		}
	}
	return to;
}

static struct point direction(struct point a, struct point b)
{
	double length = hypot(b.x - a.x, b.y - a.y);

	return length > 0 ? (struct point){ (b.x - a.x) / length, (b.y - a.y) / length }
			  : (struct point){ 0, 0 };
}

/* From a corner of a line to its outline: further out where it turns, but no further than
 * the line is wide. */
static struct point offset(struct point before, struct point after, double half)
{
	struct point middle = { before.x + after.x, before.y + after.y };
	double square = fmax(middle.x * middle.x + middle.y * middle.y, 1);

	return (struct point){ -middle.y * 2 * half / square, middle.x * 2 * half / square };
}

/* Outlines n points, there and back, as a shape of twice as many. */
static void outline(struct paint *p, const struct point *at, size_t n, struct point *shape,
		    double half)
{
	struct point before = direction(at[0], at[1]), after = before;

	for (size_t i = 0; i < n; i++) {
		struct point out;

		if (i + 1 < n)
			after = direction(at[i], at[i + 1]);
		out = offset(before, after, half);
		shape[i] = (struct point){ at[i].x + out.x, at[i].y + out.y };
		shape[2 * n - 1 - i] = (struct point){ at[i].x - out.x, at[i].y - out.y };
		before = after;
	}
	paint_add(p, shape, 2 * n);
}

/* Each stroke of a dashed line is a shape of its own. */
static void dash(struct paint *p, const struct point *at, size_t n, struct point *shape,
		 const struct pen *pen)
{
	double whole = pen->dash[0] + pen->dash[1], passed = fmod(pen->dash_from, whole);
	struct point stroke[MOST_STEPS], here = at[0];
	bool on = passed < pen->dash[0];
	size_t len = 0, i = 1;

	stroke[len++] = here;
	while (i < n) {
		double length = hypot(at[i].x - here.x, at[i].y - here.y);
		double left = (on ? pen->dash[0] : whole) - passed;

		if (length < left) {
			passed += length;
			here = at[i++];
		} else {
			here.x += left / length * (at[i].x - here.x);
			here.y += left / length * (at[i].y - here.y);
			passed = on ? pen->dash[0] : 0;
		}
		stroke[!on ? 0 : len < MOST_STEPS ? len++ : len - 1] = here;
		if (length < left)
			continue;
		if (on)
			outline(p, stroke, len, shape, pen->width / 2);
		on = !on;
		len = 1;
	}
	if (on && len > 1)
		outline(p, stroke, len, shape, pen->width / 2);
}

void paint_curve(struct paint *p, const struct point *points, size_t npoints,
		 const struct pen *pen)
{
	size_t n;
	struct point *at = flatten(p, points, npoints, &n);

	if (at == NULL || n < 2)
		return;
	if (pen->dash[0] > 0)
		dash(p, at, n, at + n, pen);
	else
		outline(p, at, n, at + n, pen->width / 2);
	paint_fill(p, pen->colour, 1);
}

void paint_ring(struct paint *p, const struct point *corners, size_t n, const struct pen *pen)
{
	struct point *to = mem_grow(p->corners, &p->corners_cap, 2 * n, sizeof *to);

	if (to == NULL) {
		p->failed = true;
		return;
	}
	p->corners = to;
	for (size_t i = 0; i < n; i++) {
		struct point out = offset(direction(corners[(i + n - 1) % n], corners[i]),
					  direction(corners[i], corners[(i + 1) % n]),
					  pen->width / 2);

		to[i] = (struct point){ corners[i].x + out.x, corners[i].y + out.y };
		to[2 * n - 1 - i] = (struct point){ corners[i].x - out.x, corners[i].y - out.y };
	}
	paint_add(p, to, n);
	paint_add(p, to + n, n);
	paint_fill(p, pen->colour, 1);
}
