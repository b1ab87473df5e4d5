/* A profile in which every library and every module of the standard library is one
 * function: what it calls of its own is its self cost, as are the built-in functions
 * that it calls. Own code stays as it is.
 *
 *     show > flask.render > flask._render > jinja.render > len > ...
 *     show > [flask]                      > [jinja]
 *
 * With a tree this is exact. Without one, a library's cum is what was called from
 * outside: where two libraries call each other that counts some of it twice, so it is
 * kept within the whole. */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "graph/build.h"
#include "graph/name.h"
#include "profile/derive.h"

struct collapse {
	const struct profile *from;
	struct profile *to;
	uint32_t *of; /* from's functions -> to's */
};

static uint32_t add_function(struct collapse *c, const struct function *f)
{
	struct buf folder = BUF_INIT;
	uint32_t id;

	if (!name_package(&folder, f->file) || folder.failed)
		id = folder.failed ? PROFILE_NONE
				   : profile_function(c->to, f->file, f->line, f->name,
						      f->qualname);
	else
		id = profile_function(c->to, buf_str(&folder), 0, GRAPH_PACKAGE, NULL);
	buf_release(&folder);
	return id;
}

static bool is_package(const struct profile *p, uint32_t function)
{
	return function != PROFILE_NONE && function_is_package(&p->functions[function]);
}

static int collapse_tree(struct collapse *c)
{
	const struct profile *p = c->from;
	uint32_t *at = mem_array(NULL, p->nnodes, sizeof *at);
	int rc = -1;

	if (at == NULL || profile_add_root(c->to) < 0)
		goto done;
	at[0] = 0;
	memcpy(profile_node_cum(c->to, 0), profile_node_cum(p, 0),
	       p->nmetrics * sizeof(int64_t));
	for (uint32_t i = 1; i < p->nnodes; i++) {
		const struct node *n = &p->nodes[i];
		uint32_t above = at[n->parent], caller = c->to->nodes[above].function;
		uint32_t function = c->of[n->function];

		at[i] = above;
		if (is_package(c->to, caller) &&
		    (function == caller ||
		     origin_of_file(c->to->functions[function].file, NULL) == ORIGIN_BUILTIN))
			continue;
		at[i] = profile_child(c->to, above, function);
		if (at[i] == PROFILE_NONE)
			goto done;
		c->to->nodes[at[i]].ncalls += n->ncalls;
		for (unsigned m = 0; m < p->nmetrics; m++)
			profile_node_cum(c->to, at[i])[m] += profile_node_cum(p, i)[m];
	}
	rc = 0;
done:
	mem_free(at);
	return rc;
}

static int collapse_arcs(struct collapse *c, bool *called)
{
	const struct table *t = &c->from->table;
	struct table *out = &c->to->table;

	for (uint32_t i = 0; i < t->narcs; i++) {
		const struct arc *a = table_arc_at(t, i);
		uint32_t caller = c->of[a->caller], callee = c->of[a->callee];
		struct arc *to;

		if (a->caller != a->callee)
			called[a->callee] = true;
		if (caller == callee && is_package(c->to, callee))
			continue;
		to = table_arc(out, caller, callee);
		if (to == NULL)
			return -1;
		totals_add(&to->totals, &a->totals, t->nmetrics);
		if (is_package(c->to, callee))
			totals_add(table_function(out, callee), &a->totals, t->nmetrics);
	}
	return 0;
}

/* No more goes through an arc than through either end. */
static void limit_arc(struct arc *a, const struct table *t, unsigned m)
{
	int64_t caller = table_function(t, a->caller)->costs[m].cum;
	int64_t callee = table_function(t, a->callee)->costs[m].cum;
	int64_t most = caller < callee ? caller : callee;
	struct metric_cost *c = &a->totals.costs[m];

	if (c->cum > most)
		c->cum = most;
	if (c->below > most)
		c->below = most;
}

static void collapse_functions(struct collapse *c, const bool *called)
{
	const struct table *t = &c->from->table;
	struct table *out = &c->to->table;
	int64_t whole[PROFILE_MAX_METRICS];

	for (unsigned m = 0; m < c->from->nmetrics; m++)
		whole[m] = table_total(t, m);
	/* Of arcs into packages only calls and cum were wanted. */
	for (uint32_t i = 0; i < c->to->nfunctions; i++)
		for (unsigned m = 0; m < t->nmetrics; m++)
			table_function(out, i)->costs[m].self = 0;
	for (uint32_t i = 0; i < t->nfunctions; i++) {
		const struct totals *f = table_function(t, i);
		struct totals *to = table_function(out, c->of[i]);

		if (!is_package(c->to, c->of[i])) {
			memcpy(to, f, table_totals_size(t));
			continue;
		}
		for (unsigned m = 0; m < c->from->nmetrics; m++)
			to->costs[m].self += f->costs[m].self;
		if (called[i])
			continue;
		to->ncalls += f->ncalls;
		to->nprimitive += f->nprimitive;
		for (unsigned m = 0; m < c->from->nmetrics; m++)
			to->costs[m].cum += f->costs[m].cum;
	}
	for (uint32_t i = 0; i < c->to->nfunctions; i++)
		for (unsigned m = 0; m < c->from->nmetrics && is_package(c->to, i); m++)
			if (table_function(out, i)->costs[m].cum > whole[m])
				table_function(out, i)->costs[m].cum = whole[m];
	for (uint32_t i = 0; i < out->narcs; i++)
		for (unsigned m = 0; m < c->from->nmetrics; m++)
			limit_arc(table_arc_at(out, i), out, m);
}

static int collapse_table(struct collapse *c)
{
	bool *called = mem_zalloc(c->from->nfunctions * sizeof *called);
	int rc = -1;

	if (called == NULL || table_resize(&c->to->table, c->to->nfunctions) < 0 ||
	    collapse_arcs(c, called) < 0)
		goto done;
	collapse_functions(c, called);
	rc = 0;
done:
	mem_free(called);
	return rc;
}

int graph_collapse(struct profile **out, const struct profile *p, struct error *err)
{
	struct collapse c = { p, profile_new(), mem_array(NULL, p->nfunctions, sizeof *c.of) };
	int rc = -1;

	*out = NULL;
	if (c.to == NULL || c.of == NULL)
		goto done;
	for (unsigned m = 0; m < p->nmetrics; m++)
		if (profile_add_metric(c.to, p->metrics[m].name, p->metrics[m].unit) < 0)
			goto done;
	c.to->sampled = p->sampled;
	for (uint32_t i = 0; i < p->nfunctions; i++)
		if ((c.of[i] = add_function(&c, &p->functions[i])) == PROFILE_NONE)
			goto done;
	if ((profile_has_tree(p) ? collapse_tree(&c) : collapse_table(&c)) < 0)
		goto done;
	*out = c.to;
	c.to = NULL;
	rc = 0;
done:
	mem_free(c.of);
	profile_free(c.to);
	return rc < 0 ? error_nomem(err) : 0;
}
