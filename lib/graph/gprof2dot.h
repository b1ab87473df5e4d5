/* gprof2dot.h -- the graph that the program gprof2dot makes of a .prof file: its
 * functions and arcs, thresholds, labels, colours, and its file in the DOT language.
 *
 *     "app:12:show\n83.20%\n(0.51%)\n3x"     module:line:function, total, (self), calls
 *     12 -> 7 "66.80%\n12x"                  of the arc, its calls the primitive ones
 *
 * Functions are those of a .prof file: what shares file, line and name is one. No
 * function is cut by number, no arc goes through hidden ones, and a share is never
 * more than 1, and 1 where both parts of it are 0.
 */
#ifndef CPROF_GRAPH_GPROF2DOT_H
#define CPROF_GRAPH_GPROF2DOT_H

#include "base/buf.h"
#include "graph/graph.h"

/* Fills *out as graph_build does, from min_node, min_edge, root, leaf and metric of
 * the options; nothing is hot, and a node's `name` is the first line of its label.
 * max_nodes counts here, too, but 0 is the way of gprof2dot. */
int gprof2dot_build(struct graph *out, const struct profile *p,
		    const struct graph_options *options, struct error *err);

/* Appends the file that `gprof2dot -f pstats` writes of p.prof at these thresholds. */
int gprof2dot_write(struct buf *out, const struct profile *p,
		    const struct graph_options *options, struct error *err);

/* 0xRRGGBB, from dark blue to red, for a share of 0 to 1. */
unsigned gprof2dot_colour(double share);

/* "module:line:function", as it is in the profile */
void gprof2dot_name(struct buf *out, const struct function *f);

/* "83.20%" */
void gprof2dot_percent(struct buf *out, double share);

#endif
