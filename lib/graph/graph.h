/* graph.h -- which functions and arcs a picture shows, and where. Numbers only:
 * nothing here draws.
 */
#ifndef CPROF_GRAPH_GRAPH_H
#define CPROF_GRAPH_GRAPH_H

#include "profile/profile.h"

struct graph_options {
	double min_node;    /* per cent of the total below which a function is left out */
	double min_edge;    /* the same for an arc */
	unsigned max_nodes; /* at most so many of the heaviest; 0: no limit */
	unsigned metric;
};

/* What gprof2dot shows by default, and no more than a page holds. */
#define GRAPH_OPTIONS_INIT { 0.5, 0.1, 80, 0 }

#endif
