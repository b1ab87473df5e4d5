/* Curves through the corners of a way that never turns back: x is a function of y
 * in cubic pieces, with the slopes of Fritsch and Butland, so that between two corners a
 * curve stays between them, and off the boxes as the way does. What is straight stays so,
 * and is one piece. */
#include <math.h>

#include "base/mem.h"
#include "graph/layout.h"

/* What is this near to straight, in pixels, is. */
#define EVEN 0.3

struct bend {
	const struct point *p;
	size_t n;
	double *step;  /* dx/dy from each corner to the next */
	double *slope; /* at each */
};

static double slope_between(double above, double below, double h_above, double h_below)
{
	if (above * below <= 0)
		return 0;
	return 3 * (h_above + h_below) /
	       ((2 * h_below + h_above) / above + (h_below + 2 * h_above) / below);
}

static void find_slopes(struct bend *b)
{
	const struct point *p = b->p;
	size_t last = b->n - 1;

	for (size_t i = 0; i < last; i++)
		b->step[i] = (p[i + 1].x - p[i].x) / (p[i + 1].y - p[i].y);
	b->slope[0] = b->step[0];
	b->slope[last] = b->step[last - 1];
	for (size_t i = 1; i < last; i++)
		b->slope[i] = slope_between(b->step[i - 1], b->step[i], p[i].y - p[i - 1].y,
					    p[i + 1].y - p[i].y);
}

static bool is_straight(const struct bend *b, size_t piece)
{
	double h = fabs(b->p[piece + 1].y - b->p[piece].y);

	return fabs(b->slope[piece] - b->step[piece]) * h < EVEN &&
	       fabs(b->slope[piece + 1] - b->step[piece]) * h < EVEN;
}

/* The corner at which the piece from this one ends: straight ones in line are one. */
static size_t end_of(const struct bend *b, size_t from)
{
	size_t to = from + 1;

	if (!is_straight(b, from))
		return to;
	while (to + 1 < b->n && is_straight(b, to) &&
	       fabs(b->step[to] - b->step[from]) * fabs(b->p[to + 1].y - b->p[from].y) < EVEN)
		to++;
	return to;
}

static size_t write_pieces(const struct bend *b, struct point *out)
{
	size_t n = 0;

	out[n++] = b->p[0];
	for (size_t from = 0, to; from + 1 < b->n; from = to) {
		struct point p, q;
		double h, first = b->slope[from], last;

		to = end_of(b, from);
		p = b->p[from], q = b->p[to];
		h = (q.y - p.y) / 3;
		last = b->slope[to];
		if (to > from + 1)
			first = last = (q.x - p.x) / (q.y - p.y);
		out[n++] = (struct point){ p.x + first * h, p.y + h };
		out[n++] = (struct point){ q.x - last * h, q.y - h };
		out[n++] = q;
	}
	return n;
}

static int bend_edge(struct layout_edge *e, struct bend *b, struct point *pieces,
		     struct arena *arena)
{
	struct point *kept;
	size_t n;

	b->p = e->points;
	b->n = e->npoints;
	find_slopes(b);
	n = write_pieces(b, pieces);
	kept = arena_alloc(arena, n * sizeof *kept);
	if (kept == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		kept[i] = pieces[i];
	e->points = kept;
	e->npoints = n;
	return 0;
}

int layout_bend(struct layout *l, uint32_t nedges, struct error *err)
{
	struct bend b = { 0 };
	struct point *pieces = NULL;
	size_t most = 0;
	int rc = -1;

	for (uint32_t i = 0; i < nedges; i++)
		most = l->edges[i].npoints > most ? l->edges[i].npoints : most;
	if (most < 2)
		return 0;
	b.step = mem_array(NULL, most, sizeof *b.step);
	b.slope = mem_array(NULL, most, sizeof *b.slope);
	pieces = mem_array(NULL, 3 * most, sizeof *pieces);
	if (b.step == NULL || b.slope == NULL || pieces == NULL)
		goto done;
	for (uint32_t i = 0; i < nedges; i++)
		if (l->edges[i].npoints >= 2 &&
		    bend_edge(&l->edges[i], &b, pieces, &l->arena) < 0)
			goto done;
	rc = 0;
done:
	mem_free(b.step);
	mem_free(b.slope);
	mem_free(pieces);
	return rc < 0 ? error_nomem(err) : 0;
}
