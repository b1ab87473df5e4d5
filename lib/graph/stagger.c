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

struct seat {
	struct rank_place at;
	double w;
	uint32_t node;
};

static int by_rank(const void *a, const void *b)
{
	const struct seat *s = a, *t = b;

	if (s->at.rank != t->at.rank)
		return s->at.rank < t->at.rank ? -1 : 1;
	if (s->at.order != t->at.order)
		return s->at.order < t->at.order ? -1 : 1;
	return s->node < t->node ? -1 : 1;
}

static double widest_rank(const struct layout *l, const struct graph *g)
{
	double area = 0;

	for (uint32_t i = 0; i < g->nnodes; i++)
		area += (l->nodes[i].w + SEPARATION) * (l->nodes[i].h + RANK_SEPARATION);
	return fmax(WIDEST * sqrt(ROOM * area), SCREEN);
}

/* What nothing calls has no edge that could be longer: it is put below its neighbour. */
static void deal_out(const struct seat *seats, uint32_t n, uint32_t rows,
		     struct stagger *wanted)
{
	for (uint32_t k = 0; k < n; k++) {
		struct stagger *s = &wanted[seats[k].node];

		if (seats[k].at.rank != 0)
			s->down += k % rows;
		else if (k % rows != 0)
			s->below = seats[k - 1].node;
	}
}

int layout_stagger(const struct layout *l, const struct graph *g, const struct rank_place *at,
		   struct stagger *wanted, bool *any, struct error *err)
{
	struct seat *seats = mem_array(NULL, g->nnodes, sizeof *seats);
	double limit = widest_rank(l, g);

	*any = false;
	if (seats == NULL)
		return error_nomem(err);
	for (uint32_t i = 0; i < g->nnodes; i++)
		seats[i] = (struct seat){ at[i], l->nodes[i].w, i };
	qsort(seats, g->nnodes, sizeof *seats, by_rank);
	for (uint32_t i = 0, end; i < g->nnodes; i = end) {
		double width = 0;
		uint32_t rows;

		for (end = i; end < g->nnodes && seats[end].at.rank == seats[i].at.rank; end++)
			width += seats[end].w + SEPARATION;
		rows = (uint32_t)ceil(width / limit);
		if (rows < 2)
			continue;
		deal_out(&seats[i], end - i, rows, wanted);
		*any = true;
	}
	mem_free(seats);
	return 0;
}
