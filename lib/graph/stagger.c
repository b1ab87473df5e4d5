/* A function that calls a hundred others makes one rank of a hundred boxes,
 * which no screen is wide enough for. Such a rank becomes several, its boxes
 * dealt out in turn, so that an edge to a lower one finds its way between two
 * of the upper. */
#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "graph/layout.h"

/* A picture of this many times the boxes' own area looks well filled; it may be
 * this many times as wide as high, and a screen's width in any case. */
#define ROOM 2.0
#define WIDEST 1.4

enum { SEPARATION = 11, RANK_SEPARATION = 36, SCREEN = 1500 };

struct spot {
	double x, y, w;
	uint32_t node;
};

static int by_rank(const void *a, const void *b)
{
	const struct spot *s = a, *t = b;

	if (fabs(s->y - t->y) > 1)
		return s->y < t->y ? -1 : 1;
	if (s->x != t->x)
		return s->x < t->x ? -1 : 1;
	return s->node < t->node ? -1 : 1;
}

static double widest_rank(const struct layout *l, const struct graph *g)
{
	double area = 0;

	for (uint32_t i = 0; i < g->nnodes; i++)
		area += (l->nodes[i].w + SEPARATION) * (l->nodes[i].h + RANK_SEPARATION);
	return fmax(WIDEST * sqrt(ROOM * area), SCREEN);
}

int layout_stagger(const struct layout *l, const struct graph *g, uint32_t *down, bool *any,
		   struct error *err)
{
	struct spot *spots = mem_array(NULL, g->nnodes, sizeof *spots);
	double limit = widest_rank(l, g);

	*any = false;
	if (spots == NULL)
		return error_nomem(err);
	for (uint32_t i = 0; i < g->nnodes; i++)
		spots[i] = (struct spot){ l->nodes[i].x, l->nodes[i].y + l->nodes[i].h / 2,
					  l->nodes[i].w, i };
	qsort(spots, g->nnodes, sizeof *spots, by_rank);
	for (uint32_t i = 0, end; i < g->nnodes; i = end) {
		double width = 0;
		uint32_t rows;

		for (end = i; end < g->nnodes && fabs(spots[end].y - spots[i].y) <= 1; end++)
			width += spots[end].w + SEPARATION;
		rows = (uint32_t)ceil(width / limit);
		for (uint32_t k = i; k < end && rows > 1; k++) {
			down[spots[k].node] += (k - i) % rows;
			*any = true;
		}
	}
	mem_free(spots);
	return 0;
}
