/* The graph of two profiles: their functions matched by diff_profiles, one node
 * per row, and an edge for every arc that one of them has. */
#include <string.h>

#include "base/mem.h"
#include "graph/build.h"
#include "profile/diff.h"

/* Which row a function of a derived table has in the diff. */
static uint32_t *rows_of(const struct diff *d, bool old)
{
	const struct table *t = old ? &d->old_table : &d->new_table;
	uint32_t *row = mem_array(NULL, t->nfunctions, sizeof *row);

	if (row == NULL)
		return NULL;
	for (size_t i = 0; i < d->nrows; i++) {
		const struct diff_row *r = &d->rows[i];

		if ((old ? r->before : r->after) != PROFILE_NONE)
			row[table_function_index(t, old ? r->old_totals : r->new_totals)] =
				(uint32_t)i;
	}
	return row;
}

static void fill_nodes(struct graph *g, const struct diff *d)
{
	for (uint32_t i = 0; i < g->nnodes; i++) {
		const struct diff_row *r = &d->rows[i];
		struct graph_node *n = &g->nodes[i];

		if (r->before == PROFILE_NONE)
			n->change = CHANGE_NEW;
		else if (r->after == PROFILE_NONE)
			n->change = CHANGE_GONE;
		n->function = r->after != PROFILE_NONE ? &d->after->functions[r->after]
						       : &d->before->functions[r->before];
		n->cost = graph_cost_of(r->new_totals, d->new_metric);
		n->before = graph_cost_of(r->old_totals, d->old_metric);
	}
}

/* Old arcs first, as gone; those that the newer profile has too lose the mark. */
static int fill_edges(struct graph *g, const struct diff *d, const uint32_t *old_row,
		      const uint32_t *new_row)
{
	struct map index = MAP_INIT;
	int rc = -1;

	for (uint32_t i = 0; i < d->old_table.narcs; i++) {
		const struct arc *a = table_arc_at(&d->old_table, i);
		struct graph_edge *e = &g->edges[g->nedges];

		*e = (struct graph_edge){
			.caller = old_row[a->caller],
			.callee = old_row[a->callee],
			.before = graph_cost_of(&a->totals, d->old_metric),
			.change = CHANGE_GONE,
		};
		if (map_add(&index, map_pair(e->caller, e->callee), g->nedges++) < 0)
			goto done;
	}
	for (uint32_t i = 0; i < d->new_table.narcs; i++) {
		const struct arc *a = table_arc_at(&d->new_table, i);
		uint32_t caller = new_row[a->caller], callee = new_row[a->callee];
		uint32_t at = map_get(&index, map_pair(caller, callee));
		struct graph_edge *e = &g->edges[at != MAP_NONE ? at : g->nedges];

		if (at == MAP_NONE) {
			*e = (struct graph_edge){ .caller = caller, .callee = callee };
			g->nedges++;
		}
		e->cost = graph_cost_of(&a->totals, d->new_metric);
		e->change = at != MAP_NONE ? CHANGE_NONE : CHANGE_NEW;
	}
	rc = 0;
done:
	map_release(&index);
	return rc;
}

/* The same metric in both, by its name. */
static int choose_metric(struct diff *d, unsigned metric, struct error *err)
{
	const struct profile *p = d->after;
	int old;

	if (metric == d->new_metric)
		return 0;
	if (metric >= p->nmetrics)
		return error_set(err, ERR_NOT_FOUND, "the profile has no metric number %u",
				 metric);
	old = profile_metric(d->before, p->metrics[metric].name);
	if (old < 0)
		return error_set(err, ERR_REFUSED, "the older profile has no metric '%s'",
				 p->metrics[metric].name);
	d->new_metric = metric;
	d->old_metric = (uint32_t)old;
	return 0;
}

static int build(struct graph *g, const struct diff *d, const struct graph_options *options,
		 struct error *err)
{
	uint32_t *old_row = rows_of(d, true), *new_row = rows_of(d, false);
	uint32_t *place = mem_array(NULL, d->nrows, sizeof *place);
	int rc = -1;

	if (old_row == NULL || new_row == NULL || place == NULL) {
		error_nomem(err);
		goto done;
	}
	fill_nodes(g, d);
	if (fill_edges(g, d, old_row, new_row) < 0) {
		error_nomem(err);
		goto done;
	}
	g->narcs = g->nedges;
	g->is_diff = true;
	g->total = graph_total(&d->new_table, d->new_metric, diff_strands(d, false));
	g->total_before = graph_total(&d->old_table, d->old_metric, diff_strands(d, true));
	graph_set_shares(g);
	rc = graph_prune(g, options, place, err);
	if (rc == 0)
		rc = graph_thin_out(g, options, err);
done:
	mem_free(old_row);
	mem_free(new_row);
	mem_free(place);
	return rc;
}

int graph_build_diff(struct graph *out, const struct profile *before,
		     const struct profile *after, const struct graph_options *options,
		     struct error *err)
{
	struct diff d;
	int rc = -1;

	if (diff_profiles(&d, before, after, err) < 0)
		return -1;
	if (choose_metric(&d, options->metric, err) < 0) {
		diff_release(&d);
		return -1;
	}
	if (graph_begin(out, after, d.new_metric, d.nrows,
		       (size_t)d.old_table.narcs + d.new_table.narcs, err) < 0) {
		diff_release(&d);
		return -1;
	}
	if (build(out, &d, options, err) < 0)
		goto done;
	rc = graph_name_nodes(out, after, before, err);
done:
	diff_release(&d);
	if (rc < 0)
		graph_release(out);
	return rc;
}
