/* The tree with the hidden functions taken out: each node that is shown hangs
 * on its nearest ancestor that is shown. The arcs derived from it, recursion
 * included, are those that a reader of the picture can follow; those without
 * an edge become `skips` edges. */
#include "base/mem.h"
#include "graph/build.h"
#include "profile/derive.h"

/* p's tree without its hidden functions, under one metric; NULL without
 * memory. */
static struct profile *contract(const struct profile *p, const uint32_t *place,
				uint32_t nshown, unsigned metric)
{
	struct profile *c = profile_new();
	uint32_t *at = mem_array(NULL, p->nnodes, sizeof *at);

	if (c == NULL || at == NULL || profile_add_metric(c, "", "") < 0 ||
	    profile_add_root(c) < 0)
		goto fail;
	for (uint32_t i = 0; i < nshown; i++)
		if (profile_function(c, "", i, "", NULL) != i)
			goto fail;
	at[0] = 0;
	for (uint32_t i = 1; i < p->nnodes; i++) {
		uint32_t shown = place[p->nodes[i].function];

		at[i] = at[p->nodes[i].parent];
		if (shown == PROFILE_NONE)
			continue;
		at[i] = profile_child(c, at[i], shown);
		if (at[i] == PROFILE_NONE)
			goto fail;
		c->nodes[at[i]].ncalls += p->nodes[i].ncalls;
		*profile_node_cum(c, at[i]) += profile_node_cum(p, i)[metric];
	}
	mem_free(at);
	return c;
fail:
	mem_free(at);
	profile_free(c);
	return NULL;
}

/* Pairs that are joined already. */
static int index_edges(struct map *known, const struct graph *g)
{
	for (uint32_t i = 0; i < g->nedges; i++)
		if (map_add(known, map_pair(g->edges[i].caller, g->edges[i].callee), i) < 0)
			return -1;
	return 0;
}

/* Worth a line when a function of that weight would be worth a box. */
static bool wanted(const struct graph *g, const struct map *known, const struct arc *a,
		   double least)
{
	return a->caller != a->callee && graph_share(a->totals.costs[0].cum, g->total) >= least &&
	       map_get(known, map_pair(a->caller, a->callee)) == MAP_NONE;
}

static int add_edges(struct graph *g, const struct table *t, const struct map *known,
		     double least)
{
	struct graph_edge *grown;
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->narcs; i++)
		n += wanted(g, known, table_arc_at(t, i), least);
	grown = mem_array(g->edges, (size_t)g->nedges + n, sizeof *grown);
	if (grown == NULL)
		return -1;
	g->edges = grown;
	for (uint32_t i = 0; i < t->narcs; i++) {
		const struct arc *a = table_arc_at(t, i);

		if (!wanted(g, known, a, least))
			continue;
		g->edges[g->nedges++] = (struct graph_edge){
			.caller = a->caller,
			.callee = a->callee,
			.cost = { a->totals.costs[0].self, a->totals.costs[0].cum, a->totals.ncalls,
				  a->totals.nprimitive },
			.share = graph_share(a->totals.costs[0].cum, g->total),
			.skips = true,
		};
	}
	return 0;
}

int graph_add_skips(struct graph *g, const struct profile *p, const uint32_t *place,
		    const struct graph_options *options, struct error *err)
{
	struct profile *c = NULL;
	struct table t = TABLE_INIT;
	struct map known = MAP_INIT;
	int rc = -1;

	if (!profile_has_tree(p) || g->nnodes == 0)
		return 0;
	c = contract(p, place, g->nnodes, options->metric);
	if (c == NULL) {
		error_nomem(err);
		goto done;
	}
	if (derive_table(&t, c, NULL, 0, err) < 0)
		goto done;
	if (index_edges(&known, g) < 0 || add_edges(g, &t, &known, options->min_node / 100) < 0) {
		error_nomem(err);
		goto done;
	}
	graph_sort_edges(g);
	rc = 0;
done:
	map_release(&known);
	table_release(&t);
	profile_free(c);
	return rc;
}
