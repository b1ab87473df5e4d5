/* layout.h -- the steps of graph_layout. Inside graph/ alone. */
#ifndef CPROF_GRAPH_LAYOUT_H
#define CPROF_GRAPH_LAYOUT_H

#include "graph/graph.h"

/* Gives every edge's label, whose size is set, a place on or beside its edge:
 * off the boxes, off other labels, off other edges where that can be had. */
int layout_place_labels(struct layout *l, const struct graph *g, struct error *err);

/* Moves the ranks apart or together, each gap as wide as the edges in it need:
 * long way to the side, more height. */
int layout_spread(struct layout *l, const struct graph *g, struct error *err);

/* The order in which dot is told of nodes and edges, on which its choices hang: from what
 * nothing calls downwards, by names. So the next profile of a route has its boxes in the
 * same places, unless other functions are shown. -1 without memory. */
int layout_order(const struct graph *g, uint32_t *nodes, uint32_t *edges);

/* Where dot means to put a node: ranks count from the top, places from the left. */
struct rank_place { int rank, order; };

/* What is wanted of a node beyond its edges. */
struct stagger {
	uint32_t down;  /* so many ranks lower */
	uint32_t below; /* a node that it should be below of, or PROFILE_NONE */
};

/* Adds to wanted[] (per node) what makes several of ranks that are much wider than the
 * picture is high; whether there is any. */
int layout_stagger(const struct layout *l, const struct graph *g, const struct rank_place *at,
		   struct stagger *wanted, bool *any, struct error *err);

#endif
