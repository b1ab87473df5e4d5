#include "graph/build.h"

/* Where less than this part of a function's time goes on into its heaviest
 * callee, the path has no one way to go. */
#define HOT_LEAST 0.25
/* And what is less than this part of all is no hot path, however it came about. */
#define HOT_FLOOR 0.05
/* Nor does it begin where less than this part of the heaviest function's time is. */
#define HOT_START 0.25

/* The heaviest that nobody calls; but where nearly all is below one that is called
 * back (an import imports), that one. */
static uint32_t find_start(const struct graph *g)
{
	uint32_t heaviest = PROFILE_NONE;

	for (uint32_t i = 0; i < g->nnodes; i++) {
		bool called = function_is_strand(g->nodes[i].function);

		if (called)
			continue;
		if (heaviest == PROFILE_NONE || g->nodes[i].share > g->nodes[heaviest].share)
			heaviest = i;
		for (uint32_t e = 0; e < g->nedges && !called; e++)
			called = g->edges[e].callee == i && g->edges[e].caller != i;
		if (!called)
			return g->nodes[i].share >= HOT_START * g->nodes[heaviest].share ? i
											  : heaviest;
	}
	return heaviest != PROFILE_NONE ? heaviest : 0;
}

/* Whether the time of a function goes on along this edge, rather than being its
 * own or spread over many. */
static bool goes_on(const struct graph *g, const struct graph_edge *e)
{
	const struct graph_node *caller = &g->nodes[e->caller];

	return !e->skips && e->caller != e->callee && e->share > caller->self_share &&
	       e->share >= HOT_LEAST * caller->share && e->share >= HOT_FLOOR;
}

/* From here the path could only run back into itself: one of two functions that
 * call each other, and not the one by which the recursion is left. */
static bool leads_back(const struct graph *g, uint32_t node)
{
	bool back = false;

	for (uint32_t e = 0; e < g->nedges; e++) {
		if (g->edges[e].caller != node || !goes_on(g, &g->edges[e]))
			continue;
		if (!g->nodes[g->edges[e].callee].hot)
			return false;
		back = true;
	}
	return back;
}

/* The heaviest edge to a node that is not on the path yet. */
static struct graph_edge *next_edge(struct graph *g, uint32_t node)
{
	struct graph_edge *second = NULL;

	for (uint32_t i = 0; i < g->nedges; i++) {
		struct graph_edge *e = &g->edges[i];

		if (e->caller != node || g->nodes[e->callee].hot || !goes_on(g, e))
			continue;
		if (!leads_back(g, e->callee))
			return e;
		if (second == NULL)
			second = e;
	}
	return second;
}

void graph_mark_hot(struct graph *g)
{
	struct graph_edge *e;
	uint32_t node;

	if (g->nnodes == 0)
		return;
	node = find_start(g);
	g->nodes[node].hot = true;
	while ((e = next_edge(g, node)) != NULL) {
		e->hot = true;
		node = e->callee;
		g->nodes[node].hot = true;
	}
}
