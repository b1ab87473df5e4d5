/* write.h -- numbers as the picture writes them. */
#ifndef CPROF_DRAW_WRITE_H
#define CPROF_DRAW_WRITE_H

#include "base/buf.h"
#include "graph/graph.h"

/* "100%", "83.2%", "0.52%" */
void write_share(struct buf *out, double share);
/* A value of the graph's metric: "4.21 ms", "1.5 MB", "1,234" */
void write_value(struct buf *out, const struct graph *g, int64_t value);
/* The same with a sign, also when there is none. */
void write_delta(struct buf *out, const struct graph *g, int64_t value);
/* "1,234x", for recursion "177/1x" (with the sign of multiplication) */
void write_calls(struct buf *out, const struct graph_cost *cost);

#endif
