/* dot keeps one distance between all ranks. Where an edge has far to go to the
 * side that is too little, and lines and labels run together; where all go
 * straight down it is too much. So each gap is given its own height: y becomes
 * a function of y that moves ranks as they are and stretches what lies
 * between. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "graph/layout.h"

enum {
	LEAST_GAP = 27,
	MOST_GAP = 100,
	HEAD = 13  /* px about a rank that move with it: arrow heads keep their shape */
};

/* Height that an edge needs per pixel to the side. */
#define SLOPE 0.07

/* A rank's boxes lie in top..bottom; all of it moves by shift. */
struct rank {
	double top, bottom, shift;
	double reach; /* how far an edge goes to the side in the gap below */
};

struct ranks {
	struct rank *all;
	size_t n;
};

static int by_top(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	return x->top < y->top ? -1 : x->top > y->top;
}

static int find_ranks(struct ranks *r, const struct layout *l, uint32_t nnodes)
{
	size_t n = 0;

	r->all = mem_array(NULL, nnodes, sizeof *r->all);
	if (r->all == NULL)
		return -1;
	for (uint32_t i = 0; i < nnodes; i++)
		r->all[i] = (struct rank){ .top = l->nodes[i].y,
					   .bottom = l->nodes[i].y + l->nodes[i].h };
	qsort(r->all, nnodes, sizeof *r->all, by_top);
	for (uint32_t i = 1; i < nnodes; i++) {
		if (r->all[i].top < r->all[n].bottom)
			r->all[n].bottom = fmax(r->all[n].bottom, r->all[i].bottom);
		else
			r->all[++n] = r->all[i];
	}
	r->n = n + 1;
	return 0;
}

/* The last rank that begins above y, or the first one. */
static size_t rank_at(const struct ranks *r, double y)
{
	size_t low = 0, high = r->n;

	while (low + 1 < high) {
		size_t middle = (low + high) / 2;

		if (r->all[middle].top <= y)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void note(struct rank *above, double left, double right)
{
	above->reach = fmax(above->reach, right - left);
}

/* Follows an edge and notes, per gap, how far it goes to the side in it. */
static void note_reach(struct ranks *r, const struct layout_edge *e)
{
	size_t gap = SIZE_MAX;
	double left = 0, right = 0;

	for (size_t i = 0; i + 1 < e->npoints; i++) {
		struct point p = e->points[i], q = e->points[i + 1];
		double middle = (p.y + q.y) / 2;
		size_t at = rank_at(r, middle);

		if (middle <= r->all[at].bottom)
			continue; /* beside the boxes, not between ranks */
		if (at != gap && gap != SIZE_MAX)
			note(&r->all[gap], left, right);
		if (at != gap)
			left = right = p.x;
		gap = at;
		left = fmin(fmin(left, p.x), q.x);
		right = fmax(fmax(right, p.x), q.x);
	}
	if (gap != SIZE_MAX)
		note(&r->all[gap], left, right);
}

static void set_shifts(struct ranks *r)
{
	for (size_t i = 1; i < r->n; i++) {
		const struct rank *above = &r->all[i - 1];
		double gap = fmin(LEAST_GAP + SLOPE * above->reach, MOST_GAP);

		r->all[i].shift = above->shift + gap - (r->all[i].top - above->bottom);
	}
}

static double moved(const struct ranks *r, double y)
{
	size_t i = rank_at(r, y);
	const struct rank *above = &r->all[i];
	double start, end, part;

	if (y <= above->bottom || i + 1 == r->n)
		return y + above->shift;
	/* dot's gaps hold an arrow head from either side. */
	start = above->bottom + HEAD;
	end = fmax(above[1].top - HEAD, start);
	part = fmin(fmax((y - start) / fmax(end - start, 1), 0), 1);
	return y + above->shift + part * (above[1].shift - above->shift);
}

int layout_spread(struct layout *l, const struct graph *g, struct error *err)
{
	struct ranks r = { NULL, 0 };

	if (g->nnodes == 0)
		return 0;
	if (find_ranks(&r, l, g->nnodes) < 0)
		return error_nomem(err);
	for (uint32_t i = 0; i < g->nedges; i++)
		note_reach(&r, &l->edges[i]);
	set_shifts(&r);
	for (uint32_t i = 0; i < g->nnodes; i++)
		l->nodes[i].y = moved(&r, l->nodes[i].y);
	for (uint32_t i = 0; i < g->nedges; i++) {
		struct layout_edge *e = &l->edges[i];

		for (size_t k = 0; k < e->npoints; k++)
			e->points[k].y = moved(&r, e->points[k].y);
		e->tip.y = moved(&r, e->tip.y);
	}
	mem_free(r.all);
	return 0;
}
