#include "profile/derive.h"

#include <string.h>

#include "base/mem.h"
#include "profile/walk.h"

int64_t *derive_node_self(const struct profile *p)
{
	size_t n = (size_t)p->nnodes * p->nmetrics;
	int64_t *self = mem_array(NULL, n, sizeof *self);

	if (self == NULL)
		return NULL;
	if (n != 0)
		memcpy(self, p->cum, n * sizeof *self);
	for (uint32_t i = 1; i < p->nnodes; i++) {
		if (node_is_strand(p, i))
			continue;
		for (uint32_t m = 0; m < p->nmetrics; m++)
			self[(size_t)p->nodes[i].parent * p->nmetrics + m] -=
				profile_node_cum(p, i)[m];
	}
	return self;
}

int64_t table_total(const struct table *t, uint32_t metric)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < t->nfunctions; i++)
		sum += table_function(t, i)->costs[metric].self;
	return sum;
}

int64_t profile_total(const struct profile *p, const struct table *t, uint32_t metric)
{
	int64_t sum = table_total(t, metric);

	for (uint32_t i = 0; i < p->nfunctions; i++)
		if (function_is_strand(&p->functions[i]))
			sum -= table_function(t, i)->costs[metric].cum;
	return sum;
}

/* The walk keeps, per function and per arc, how often it is on the stack. What a
 * node must put back when it is left is kept in a row for each depth: there may be
 * millions of nodes.
 *
 * Self is what children leave: a node's cum is added to its function and arc when it is
 * entered, and taken from those of its parent. */
struct step {
	uint32_t arc;       /* of the table, or PROFILE_NONE below the root */
	uint32_t outer_arc; /* what leaving_by[group of parent] was before */
};

struct walk {
	const struct profile *p;
	const uint32_t *group;
	struct table *out;
	struct step *steps;     /* per node on the stack, the root left out */
	size_t nsteps, steps_cap;
	uint32_t *on_stack;     /* per group: its frames on the stack */
	uint32_t *arc_on_stack; /* per arc */
	size_t arc_cap;
	uint32_t *leaving_by;   /* per group on the stack: the arc by which its
	                           innermost frame was left */
};

static uint32_t group_of(const struct walk *w, uint32_t node)
{
	uint32_t function = w->p->nodes[node].function;

	if (function == PROFILE_NONE)
		return PROFILE_NONE;
	return w->group ? w->group[function] : function;
}

static void count(struct totals *t, const struct profile *p, uint32_t node, bool outermost)
{
	const int64_t *cum = profile_node_cum(p, node);

	t->ncalls += p->nodes[node].ncalls;
	if (outermost)
		t->nprimitive += p->nodes[node].ncalls;
	for (uint32_t m = 0; m < p->nmetrics; m++) {
		t->costs[m].self += cum[m];
		if (outermost)
			t->costs[m].cum += cum[m];
	}
}

static void take_self(struct totals *from, const int64_t *what, uint32_t nmetrics)
{
	for (uint32_t m = 0; m < nmetrics; m++)
		from->costs[m].self -= what[m];
}

static void add_below(struct totals *to, const int64_t *what, int sign, uint32_t nmetrics)
{
	for (uint32_t m = 0; m < nmetrics; m++)
		to->costs[m].below += sign * what[m];
}

/* What the node took is not its parent's own. */
static void take_from_parent(struct walk *w, uint32_t node, uint32_t caller)
{
	const int64_t *cum = profile_node_cum(w->p, node);
	uint32_t arc = w->steps[w->nsteps - 1].arc;

	take_self(table_function(w->out, caller), cum, w->p->nmetrics);
	if (arc != PROFILE_NONE)
		take_self(&table_arc_at(w->out, arc)->totals, cum, w->p->nmetrics);
}

/* Enters the arc from the node's parent, below which the walk now is. */
static int enter_arc(struct walk *w, struct step *step, uint32_t node, uint32_t caller,
		     uint32_t callee)
{
	const struct profile *p = w->p;
	uint32_t i = table_arc_index(w->out, caller, callee), *grown;
	struct totals *totals;
	size_t old_cap = w->arc_cap;

	if (i == PROFILE_NONE || profile_is_too_large(p, w->out->narcs))
		return -1;
	grown = mem_grow(w->arc_on_stack, &w->arc_cap, (size_t)i + 1, sizeof *grown);
	if (grown == NULL)
		return -1;
	w->arc_on_stack = grown;
	if (w->arc_cap != old_cap)
		memset(grown + old_cap, 0, (w->arc_cap - old_cap) * sizeof *grown);
	totals = &table_arc_at(w->out, i)->totals;
	count(totals, p, node, w->arc_on_stack[i] == 0);
	add_below(totals, profile_node_cum(p, node), 1, p->nmetrics);
	w->arc_on_stack[i]++;
	step->arc = i;
	step->outer_arc = w->leaving_by[caller];
	w->leaving_by[caller] = i;
	return 0;
}

static int enter(void *arg, uint32_t node)
{
	struct walk *w = arg;
	const struct profile *p = w->p;
	uint32_t g = group_of(w, node);
	uint32_t caller = group_of(w, p->nodes[node].parent);
	struct step *steps = mem_grow(w->steps, &w->steps_cap, w->nsteps + 1, sizeof *steps);

	if (steps == NULL)
		return -1;
	w->steps = steps;
	if (caller != PROFILE_NONE)
		take_from_parent(w, node, caller);
	count(table_function(w->out, g), p, node, w->on_stack[g] == 0);
	steps[w->nsteps].arc = PROFILE_NONE;
	if (caller != PROFILE_NONE && enter_arc(w, &steps[w->nsteps], node, caller, g) < 0)
		return -1;
	w->nsteps++;
	/* On the stack already: its time is no longer below the arc by which
	 * its last frame was left, but its own again. */
	if (w->on_stack[g] != 0)
		add_below(&table_arc_at(w->out, w->leaving_by[g])->totals,
			  profile_node_cum(p, node), -1, p->nmetrics);
	w->on_stack[g]++;
	return 0;
}

static void leave(void *arg, uint32_t node)
{
	struct walk *w = arg;
	const struct step *step = &w->steps[--w->nsteps];

	w->on_stack[group_of(w, node)]--;
	if (step->arc == PROFILE_NONE)
		return;
	w->arc_on_stack[step->arc]--;
	w->leaving_by[table_arc_at(w->out, step->arc)->caller] = step->outer_arc;
}

static int derive_from_tree(struct table *out, const struct profile *p, const uint32_t *group,
			    struct error *err)
{
	struct walk w = { .p = p, .group = group, .out = out };
	struct tree_link *links = mem_array(NULL, p->nnodes, sizeof *links);
	uint32_t n = out->nfunctions;
	int rc = -1;

	w.on_stack = mem_array(NULL, n, sizeof *w.on_stack);
	w.leaving_by = mem_array(NULL, n, sizeof *w.leaving_by);
	if (links == NULL || w.on_stack == NULL || w.leaving_by == NULL) {
		error_nomem(err);
		goto done;
	}
	memset(w.on_stack, 0, n * sizeof *w.on_stack);
	memset(w.leaving_by, 0xff, n * sizeof *w.leaving_by);
	tree_link(links, p);
	if (tree_walk(p, links, enter, leave, &w) < 0) {
		if (profile_is_too_large(p, out->narcs))
			error_set(err, ERR_FORMAT, PROFILE_TOO_LARGE);
		else
			error_nomem(err);
		goto done;
	}
	rc = 0;
done:
	mem_free(links);
	mem_free(w.steps);
	mem_free(w.on_stack);
	mem_free(w.arc_on_stack);
	mem_free(w.leaving_by);
	return rc;
}

static int derive_from_table(struct table *out, const struct profile *p, const uint32_t *group,
			     struct error *err)
{
	const struct table *t = &p->table;

	for (uint32_t i = 0; i < t->nfunctions; i++)
		totals_add(table_function(out, group ? group[i] : i), table_function(t, i),
			   p->nmetrics);
	for (uint32_t i = 0; i < t->narcs; i++) {
		const struct arc *from = table_arc_at(t, i);
		struct arc *to = table_arc(out, group ? group[from->caller] : from->caller,
					   group ? group[from->callee] : from->callee);

		if (to == NULL)
			return error_nomem(err);
		totals_add(&to->totals, &from->totals, p->nmetrics);
	}
	return 0;
}

int derive_table(struct table *out, const struct profile *p, const uint32_t *group,
		 uint32_t ngroups, struct error *err)
{
	int rc;

	*out = (struct table)TABLE_INIT;
	out->nmetrics = p->nmetrics;
	if (table_resize(out, group ? ngroups : p->nfunctions) < 0)
		return error_nomem(err);
	if (profile_has_tree(p))
		rc = derive_from_tree(out, p, group, err);
	else
		rc = derive_from_table(out, p, group, err);
	if (rc < 0)
		table_release(out);
	return rc;
}

int derive_view(const struct table **out, struct table *own, const struct profile *p,
		const uint32_t *group, uint32_t ngroups, struct error *err)
{
	*own = (struct table)TABLE_INIT;
	*out = own;
	if (profile_has_tree(p) || group != NULL || p->table.nfunctions != p->nfunctions)
		return derive_table(own, p, group, ngroups, err);
	*out = &p->table;
	return 0;
}
