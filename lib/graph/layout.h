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

/* Sets down[] (per node) to the ranks by which a node should lie lower, so that
 * no rank is much wider than the picture is high; whether any does. Adds to
 * what is there. */
int layout_stagger(const struct layout *l, const struct graph *g, uint32_t *down, bool *any,
		   struct error *err);

/* The point at t (0 to 1) of one cubic Bezier piece. */
struct point bezier_at(const struct point *p, double t);

#endif
