/* Rules about whom a module calls: its functions, taken together, may call none outside of
 * them that they did not call before. What is only moved between them is not new. */
#include <stdlib.h>

#include "change/judge.h"

/* One run's calls by the functions that the rule is about. */
struct calls_of_run {
	const struct summary_group *group;
	bool *from;         /* by function of the group: the rule is about its calls */
	uint64_t *min, *max; /* by function: calls by those, in one request */
};

static const struct summary_function *side_of(const struct function_change *c, bool old)
{
	return old ? c->before : c->after;
}

/* The callers the rule is about: without patterns the application's own functions. */
static bool is_from(const struct rule *r, const struct function_change *c)
{
	if (r->from.n != 0)
		return patterns_match(&r->from, c);
	return (c->after ? c->after : c->before)->id.origin == ORIGIN_APP;
}

static size_t find(const struct summary_group *g, const struct identity *id)
{
	size_t low = 0, high = g->nfunctions;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = identity_compare(&g->functions[middle].id, id);

		if (order == 0)
			return middle;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return g->nfunctions;
}

static int count_run(struct calls_of_run *out, const struct summary_group *g,
		     const struct finding *f, bool old, struct arena *arena)
{
	size_t n = g->nfunctions + 1;

	*out = (struct calls_of_run){ g, arena_zalloc(arena, n * sizeof *out->from),
				      arena_zalloc(arena, n * sizeof *out->min),
				      arena_zalloc(arena, n * sizeof *out->max) };
	if (out->from == NULL || out->min == NULL || out->max == NULL)
		return -1;
	for (size_t i = 0; i < f->request->nfunctions; i++) {
		const struct function_change *c = &f->request->functions[i];

		if (side_of(c, old) != NULL && is_from(f->rule, c))
			out->from[find(g, &side_of(c, old)->id)] = true;
	}
	for (size_t i = 0; i < g->narcs; i++) {
		const struct summary_arc *a = &g->arcs[i];

		if (a->caller < g->nfunctions && out->from[a->caller]) {
			out->min[a->callee] += a->calls.min;
			out->max[a->callee] += a->calls.max;
		}
	}
	return 0;
}

/* The runs of a side that have the request; NULL without memory. */
static struct calls_of_run *count_side(size_t *n, bool *known, const struct finding *f,
				       struct judging *j, bool old)
{
	const struct change_side *side = old ? j->before : j->after;
	const struct summary_group *const *groups = old ? f->request->old_groups
							: f->request->new_groups;
	struct calls_of_run *runs = arena_alloc(&j->scratch, side->nruns * sizeof *runs);

	*n = 0;
	for (size_t i = 0; runs != NULL && i < side->nruns; i++) {
		if (groups[i] == NULL)
			continue;
		*known &= groups[i]->narcs != 0;
		if (count_run(&runs[(*n)++], groups[i], f, old, &j->scratch) < 0)
			return NULL;
	}
	return runs;
}

/* Whether every request of the new side calls it, and none of the old one did. */
static bool is_new_callee(const struct function_change *c, const struct calls_of_run *old,
			  size_t nold, const struct calls_of_run *new, size_t nnew)
{
	for (size_t i = 0; i < nold && c->before != NULL; i++)
		if (old[i].max[find(old[i].group, &c->before->id)] != 0)
			return false;
	for (size_t i = 0; i < nnew; i++)
		if (new[i].min[find(new[i].group, &c->after->id)] == 0)
			return false;
	return true;
}

static double weigh(const struct finding *f, const struct judging *j,
		    const struct function_change *c)
{
	return j->guilty[c - f->request->functions] ? (double)c->new_calls.median : 0;
}

int judge_new_callees(struct finding *f, struct judging *j)
{
	const struct request_change *r = f->request;
	struct calls_of_run *old, *new;
	bool *guilty = arena_zalloc(&j->scratch, r->nfunctions + 1), known = r->counts_known;
	size_t nold, nnew;

	old = count_side(&nold, &known, f, j, true);
	new = old ? count_side(&nnew, &known, f, j, false) : NULL;
	if (new == NULL || guilty == NULL)
		return -1;
	f->verdict = known ? VERDICT_PASSED : VERDICT_SKIPPED;
	f->skip = known ? SKIP_NONE : SKIP_LOST;
	for (size_t i = 0; known && i < r->nfunctions; i++) {
		const struct function_change *c = &r->functions[i];

		if (c->after == NULL || is_from(f->rule, c) ||
		    !patterns_match(&f->rule->functions, c) ||
		    !is_new_callee(c, old, nold, new, nnew))
			continue;
		guilty[i] = true;
		f->new_value++;
		f->verdict = VERDICT_FAILED;
	}
	j->guilty = guilty;
	return f->verdict == VERDICT_FAILED ? blame(f, j, weigh) : 0;
}
