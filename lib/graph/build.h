/* build.h -- the steps of graph_build, each on a graph that the one before left.
 * Inside graph/ alone.
 */
#ifndef CPROF_GRAPH_BUILD_H
#define CPROF_GRAPH_BUILD_H

#include "graph/graph.h"

/* Of a profile with strands (profile.h) a copy in which what ran beside the request
 * has functions of its own, and per function of it p's; both are NULL where there is
 * no tree, or no strand in it. The copy borrows p's texts. The caller frees both. */
int graph_split(struct profile **out, const struct function ***origin, const struct profile *p,
		struct error *err);

/* A new profile of p's packages and own functions, see collapse.c. */
int graph_collapse(struct profile **out, const struct profile *p, struct error *err);

/* Takes from kept[] (per node) what --root and --leaf of the options leave out; when
 * no node has such a name, ERR_NOT_FOUND. */
int graph_reach(const struct graph *g, const struct graph_options *options, bool *kept,
		struct error *err);

/* Drops what is below the thresholds or past max_nodes, sorts nodes and edges
 * by share, heaviest first, and renumbers the edges' ends. place[] (as many as
 * there were nodes) receives each node's new index or PROFILE_NONE. */
int graph_prune(struct graph *g, const struct graph_options *options, uint32_t *place,
		struct error *err);

/* Drops the lightest edges past what can be laid out within the budget and told apart,
 * but for each node's heaviest from above; edges are sorted. */
int graph_thin_out(struct graph *g, const struct graph_options *options, struct error *err);

/* Adds the edges that lead through hidden functions; place[] maps p's
 * functions to nodes. Nothing without a tree. */
int graph_add_skips(struct graph *g, const struct profile *p, const uint32_t *place,
		    const struct graph_options *options, struct error *err);

/* Marks the hot path: from the heaviest function that nobody calls, or the one below
 * which nearly all is, along the heaviest edges, to where the time is spent or spreads
 * out. */
void graph_mark_hot(struct graph *g);

/* What the builders share: everything measured goes in, then the shares, the
 * pruning, and the names. */
int graph_begin(struct graph *g, const struct profile *p, unsigned metric, size_t nnodes,
	       size_t nedges, struct error *err);
struct graph_cost graph_cost_of(const struct totals *t, unsigned metric);
/* What is 100 %, `strands` being what ran beside the request. */
int64_t graph_total(const struct table *t, unsigned metric, int64_t strands);
void graph_set_shares(struct graph *g);
int graph_name_nodes(struct graph *g, const struct profile *p, const struct profile *before,
		     struct error *err);

/* Heaviest first; ties by caller, then callee. */
void graph_sort_edges(struct graph *g);

#endif
