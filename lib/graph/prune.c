#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/build.h"

/* What dot takes grows with the square of both; measured with dense graphs, the worst. */
#define NODES_PER_MS 1000.0
#define EDGES_PER_MS 400.0

/* More lines than this for each box are a tangle. */
enum { EDGES_PER_NODE = 4 };

/* A node's rank: qsort is not stable, so the index decides among equals. */
struct rank {
	double share, self_share;
	uint32_t node;
};

static int by_weight(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? 1 : -1;
	if (x->self_share != y->self_share)
		return x->self_share < y->self_share ? 1 : -1;
	return x->node < y->node ? -1 : 1;
}

static int by_share(const void *a, const void *b)
{
	const struct graph_edge *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? 1 : -1;
	if (x->caller != y->caller)
		return x->caller < y->caller ? -1 : 1;
	return x->callee < y->callee ? -1 : x->callee > y->callee;
}

void graph_sort_edges(struct graph *g)
{
	if (g->nedges != 0)
		qsort(g->edges, g->nedges, sizeof *g->edges, by_share);
}

/* Marks the nodes that are heavy enough and that the options want. */
static int choose(const struct graph *g, const struct graph_options *options, bool *kept,
		  struct error *err)
{
	for (uint32_t i = 0; i < g->nnodes; i++) {
		const struct graph_node *node = &g->nodes[i];

		/* A share of 0 says nothing, whatever the threshold. */
		kept[i] = (node->share > 0 || options->weightless) &&
			  node->share >= options->min_node / 100;
	}
	return graph_reach(g, options, kept, err);
}

/* Fills ranks with the nodes that stay, in their order; returns how many. */
static uint32_t rank_nodes(struct graph *g, const struct graph_options *options,
			   const bool *kept, struct rank *ranks)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->nnodes; i++)
		if (kept[i])
			ranks[n++] = (struct rank){ g->nodes[i].share, g->nodes[i].self_share, i };
	if (n != 0)
		qsort(ranks, n, sizeof *ranks, by_weight);
	g->nlight = g->nnodes - n;
	if (options->max_nodes != 0 && n > options->max_nodes) {
		g->ncut = n - options->max_nodes;
		n = options->max_nodes;
	}
	if (options->budget_ms != 0 && n > sqrt(NODES_PER_MS * options->budget_ms)) {
		uint32_t most = (uint32_t)sqrt(NODES_PER_MS * options->budget_ms);

		g->nslow = n - most;
		n = most;
	}
	return n;
}

static void prune_edges(struct graph *g, const struct graph_options *options,
			const uint32_t *place)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->nedges; i++) {
		struct graph_edge e = g->edges[i];

		e.caller = place[e.caller];
		e.callee = place[e.callee];
		if (e.caller != PROFILE_NONE && e.callee != PROFILE_NONE &&
		    e.share >= options->min_edge / 100)
			g->edges[n++] = e;
	}
	g->nedges = n;
}

int graph_prune(struct graph *g, const struct graph_options *options, uint32_t *place,
		struct error *err)
{
	struct rank *ranks = mem_array(NULL, g->nnodes, sizeof *ranks);
	bool *chosen = mem_array(NULL, g->nnodes, sizeof *chosen);
	struct graph_node *kept = NULL;
	struct graph_edge *edges;
	uint32_t n;
	int rc = -1;

	if (ranks == NULL || chosen == NULL) {
		error_nomem(err);
		goto done;
	}
	if (choose(g, options, chosen, err) < 0)
		goto done;
	n = rank_nodes(g, options, chosen, ranks);
	kept = mem_array(NULL, n, sizeof *kept);
	if (kept == NULL) {
		error_nomem(err);
		goto done;
	}
	memset(place, 0xff, g->nnodes * sizeof *place);
	for (uint32_t i = 0; i < n; i++) {
		kept[i] = g->nodes[ranks[i].node];
		place[ranks[i].node] = i;
	}
	mem_free(g->nodes);
	g->nodes = kept;
	g->nnodes = n;
	prune_edges(g, options, place);
	/* There was room for all that was measured. */
	edges = mem_array(g->edges, g->nedges, sizeof *edges);
	if (edges == NULL) {
		error_nomem(err);
		goto done;
	}
	g->edges = edges;
	graph_sort_edges(g);
	rc = 0;
done:
	mem_free(chosen);
	mem_free(ranks);
	return rc;
}

int graph_thin_out(struct graph *g, const struct graph_options *options, struct error *err)
{
	double most = sqrt(EDGES_PER_MS * options->budget_ms);
	bool *reached;
	uint32_t n = 0, left;

	if (!options->weightless)
		most = fmin(most, EDGES_PER_NODE * (double)g->nnodes);
	most = fmax(most, g->nnodes); /* one for each */
	if (options->budget_ms == 0 || g->nedges <= most)
		return 0;
	reached = mem_zalloc(g->nnodes * sizeof *reached);
	if (reached == NULL)
		return error_nomem(err);
	/* Of the places there are, some are kept for those that come first to a node. */
	left = (uint32_t)most - g->nnodes;
	g->ndense = g->nedges;
	for (uint32_t i = 0; i < g->nedges; i++) {
		struct graph_edge e = g->edges[i];
		bool first = e.caller != e.callee && !reached[e.callee];

		if (!first && left == 0)
			continue;
		left -= !first;
		reached[e.callee] = reached[e.callee] || first;
		g->edges[n++] = e;
	}
	g->nedges = n;
	g->ndense -= n;
	mem_free(reached);
	return 0;
}
