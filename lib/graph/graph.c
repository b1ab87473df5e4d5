#include "graph/graph.h"

#include <string.h>

#include "base/mem.h"
#include "graph/build.h"
#include "graph/name.h"
#include "profile/derive.h"

void graph_release(struct graph *g)
{
	mem_free(g->nodes);
	mem_free(g->edges);
	arena_release(&g->arena);
	profile_free(g->made);
	memset(g, 0, sizeof *g);
}

int graph_begin(struct graph *g, const struct profile *p, unsigned metric, size_t nnodes,
	       size_t nedges, struct error *err)
{
	memset(g, 0, sizeof *g);
	if (p->nmetrics != 0 && metric >= p->nmetrics)
		return error_set(err, ERR_NOT_FOUND, "the profile has no metric number %u",
				 metric);
	g->nodes = mem_zalloc(nnodes * sizeof *g->nodes);
	/* Of which most are mostly left out: they are set as they are added. */
	g->edges = mem_array(NULL, nedges, sizeof *g->edges);
	if (g->nodes == NULL || g->edges == NULL) {
		graph_release(g);
		return error_nomem(err);
	}
	g->nnodes = g->nfunctions = (uint32_t)nnodes;
	g->sampled = p->sampled;
	g->metric = p->nmetrics ? p->metrics[metric].name : "";
	g->unit = p->nmetrics ? p->metrics[metric].unit : "";
	return 0;
}

struct graph_cost graph_cost_of(const struct totals *t, unsigned metric)
{
	const struct metric_cost *c = &t->costs[metric];

	return (struct graph_cost){ c->self, c->cum, t->ncalls, t->nprimitive };
}

/* As gprof2dot has it: what a file says of cum may be more than its self costs
 * add up to. With strands such a cum may be theirs. */
int64_t graph_total(const struct table *t, unsigned metric, int64_t strands)
{
	int64_t total = table_total(t, metric) - strands;

	if (strands != 0)
		return total;
	for (uint32_t i = 0; i < t->nfunctions; i++)
		if (table_function(t, i)->costs[metric].cum > total)
			total = table_function(t, i)->costs[metric].cum;
	return total;
}

static double greater(double a, double b)
{
	return a > b ? a : b;
}

void graph_set_shares(struct graph *g)
{
	for (uint32_t i = 0; i < g->nnodes; i++) {
		struct graph_node *n = &g->nodes[i];

		n->share = greater(graph_share(n->cost.cum, g->total),
				   graph_share(n->before.cum, g->total_before));
		n->self_share = greater(graph_share(n->cost.self, g->total),
					graph_share(n->before.self, g->total_before));
	}
	for (uint32_t i = 0; i < g->nedges; i++) {
		struct graph_edge *e = &g->edges[i];

		e->share = greater(graph_share(e->cost.cum, g->total),
				   graph_share(e->before.cum, g->total_before));
	}
}

int graph_name_nodes(struct graph *g, const struct profile *p, const struct profile *before,
		     struct error *err)
{
	struct name_base base = NAME_BASE_INIT, old_base = NAME_BASE_INIT;

	for (uint32_t i = 0; i < p->nfunctions; i++)
		name_base_add(&base, p->functions[i].file);
	for (uint32_t i = 0; before != NULL && i < before->nfunctions; i++)
		name_base_add(&old_base, before->functions[i].file);
	for (uint32_t i = 0; i < g->nnodes; i++) {
		struct graph_node *n = &g->nodes[i];

		if (name_node(n, n->change == CHANGE_GONE ? &old_base : &base, &g->arena) < 0)
			return error_nomem(err);
	}
	return 0;
}

static void fill(struct graph *g, const struct profile *p, const struct table *t, unsigned metric,
		 double least)
{
	if (p->nmetrics == 0)
		return;
	g->total = graph_total(t, metric, table_total(t, metric) - profile_total(p, t, metric));
	g->narcs = t->narcs;
	for (uint32_t i = 0; i < g->nnodes; i++) {
		g->nodes[i].function = &p->functions[i];
		g->nodes[i].cost = graph_cost_of(table_function(t, i), metric);
	}
	for (uint32_t i = 0; i < t->narcs; i++) {
		const struct arc *arc = table_arc_at(t, i);
		struct graph_cost cost = graph_cost_of(&arc->totals, metric);

		if (graph_share(cost.cum, g->total) >= least)
			g->edges[g->nedges++] = (struct graph_edge){
				.caller = arc->caller,
				.callee = arc->callee,
				.cost = cost,
			};
	}
}

static int build(struct graph *out, const struct profile *p, const struct graph_options *options,
		 struct error *err)
{
	struct table own;
	const struct table *t;
	uint32_t *place = NULL;
	int rc = -1;

	if (derive_view(&t, &own, p, NULL, 0, err) < 0)
		return -1;
	if (graph_begin(out, p, options->metric, p->nfunctions, t->narcs, err) < 0)
		goto done;
	fill(out, p, t, options->metric, options->min_edge / 100);
	graph_set_shares(out);
	place = mem_array(NULL, out->nnodes, sizeof *place);
	if (place == NULL) {
		error_nomem(err);
		goto done;
	}
	if (graph_prune(out, options, place, err) < 0 ||
	    graph_add_skips(out, p, place, options, err) < 0 ||
	    graph_thin_out(out, options, err) < 0)
		goto done;
	graph_mark_hot(out);
	rc = graph_name_nodes(out, p, NULL, err);
done:
	table_release(&own);
	mem_free(place);
	if (rc < 0)
		graph_release(out);
	return rc;
}

/* With what ran beside the request apart. */
static int build_split(struct graph *out, const struct profile *p,
		       const struct graph_options *options, struct error *err)
{
	struct profile *split;
	const struct function **origin;
	int rc;

	if (graph_split(&split, &origin, p, err) < 0)
		return -1;
	rc = build(out, split ? split : p, options, err);
	for (uint32_t i = 0; rc == 0 && split != NULL && i < out->nnodes; i++)
		out->nodes[i].function = origin[out->nodes[i].function - split->functions];
	profile_free(split);
	mem_free(origin);
	return rc;
}

int graph_build(struct graph *out, const struct profile *p, const struct graph_options *options,
		struct error *err)
{
	struct profile *packages;

	if (!options->collapse)
		return build_split(out, p, options, err);
	if (graph_collapse(&packages, p, err) < 0)
		return -1;
	if (build_split(out, packages, options, err) < 0) {
		profile_free(packages);
		return -1;
	}
	out->made = packages;
	return 0;
}
