/* Whom to name for a finding: the functions that weigh most, and whose doing it is. */
#include <string.h>

#include "change/judge.h"

enum { STEPS = 64 }; /* up the callers; deeper is lost in recursion */

static size_t index_in(const struct summary_group *g, const struct summary_function *f)
{
	if (g == NULL || f == NULL || f < g->functions || f >= g->functions + g->nfunctions)
		return UINT32_MAX;
	return (size_t)(f - g->functions);
}

/* What a function of the new group is in the old one; UINT32_MAX: nothing. */
static uint32_t *map_functions(const struct request_change *r, struct arena *arena)
{
	uint32_t *map = arena_alloc(arena, (r->after->nfunctions + 1) * sizeof *map);

	if (map == NULL)
		return NULL;
	memset(map, 0xff, (r->after->nfunctions + 1) * sizeof *map);
	for (size_t i = 0; i < r->nfunctions; i++) {
		size_t at = index_in(r->after, r->functions[i].after);

		if (at != UINT32_MAX)
			map[at] = (uint32_t)index_in(r->before, r->functions[i].before);
	}
	return map;
}

static uint64_t calls_before(const struct summary_group *g, uint32_t caller, uint32_t callee)
{
	size_t from = 0, to = g != NULL ? g->narcs : 0;

	while (from < to) {
		size_t at = from + (to - from) / 2;
		const struct summary_arc *a = &g->arcs[at];

		if (a->caller == caller && a->callee == callee)
			return a->calls.median;
		if (a->caller < caller || (a->caller == caller && a->callee < callee))
			from = at + 1;
		else
			to = at;
	}
	return 0;
}

/* Of those that call it and were not passed yet the one that calls it most more than
 * before, and of equals most. */
static uint32_t caller_of(const struct request_change *r, const uint32_t *map, uint32_t callee,
			  const bool *passed)
{
	const struct summary_arc *best = NULL;
	int64_t most = 0;

	for (size_t i = 0; i < r->after->narcs; i++) {
		const struct summary_arc *a = &r->after->arcs[i];
		int64_t more;

		if (a->callee != callee || a->caller >= r->after->nfunctions || passed[a->caller])
			continue;
		more = (int64_t)a->calls.median -
		       (int64_t)calls_before(r->before, map[a->caller], map[callee]);
		if (best == NULL || more > most ||
		    (more == most && a->calls.median > best->calls.median)) {
			best = a;
			most = more;
		}
	}
	return best ? best->caller : UINT32_MAX;
}

/* Up from a function to the first of the application's own that leads to it. */
static int find_from(struct blame *b, const struct request_change *r, const uint32_t *map,
		     struct arena *arena)
{
	uint32_t at = (uint32_t)index_in(r->after, b->function->after);
	bool *passed = arena_zalloc(arena, r->after->nfunctions + 1);

	if (passed == NULL)
		return -1;
	for (int i = 0; at != UINT32_MAX && i < STEPS; i++) {
		passed[at] = true;
		at = caller_of(r, map, at, passed);
		if (at != UINT32_MAX && r->after->functions[at].id.origin == ORIGIN_APP) {
			b->from = &r->after->functions[at];
			break;
		}
	}
	return 0;
}

/* Into the row of the heaviest, which stays sorted; equals keep their order. */
static void insert(struct finding *f, double *weights, double weight,
		   const struct function_change *c)
{
	size_t at = f->nblamed;

	while (at > 0 && weights[at - 1] < weight)
		at--;
	if (at == GATE_BLAMED)
		return;
	if (f->nblamed < GATE_BLAMED)
		f->nblamed++;
	for (size_t i = f->nblamed - 1; i > at; i--) {
		f->blamed[i] = f->blamed[i - 1];
		weights[i] = weights[i - 1];
	}
	f->blamed[at] = (struct blame){ .function = c };
	weights[at] = weight;
}

static bool is_own(const struct summary_group *g, uint32_t function)
{
	return function >= g->nfunctions || g->functions[function].id.origin == ORIGIN_APP;
}

/* Of each function of the new group the one that calls it most more than before. */
static uint32_t *likely_callers(const struct request_change *r, const uint32_t *map,
				struct arena *arena)
{
	uint32_t n = (uint32_t)r->after->nfunctions;
	uint32_t *callers = arena_alloc(arena, (n + 1) * sizeof *callers);
	int64_t *most = arena_zalloc(arena, (n + 1) * sizeof *most);

	if (callers == NULL || most == NULL)
		return NULL;
	memset(callers, 0xff, (n + 1) * sizeof *callers);
	for (size_t i = 0; i < r->after->narcs; i++) {
		const struct summary_arc *a = &r->after->arcs[i];
		uint32_t before = a->caller < n ? map[a->caller] : UINT32_MAX;
		int64_t more = (int64_t)a->calls.median -
			       (int64_t)calls_before(r->before, before, map[a->callee]);

		if (a->callee == a->caller || more <= most[a->callee])
			continue;
		most[a->callee] = more;
		callers[a->callee] = a->caller;
	}
	return callers;
}

/* What the application calls more often has all that is called more often below it:
 * json.dumps, not the isinstance that it calls ten times. Moves the weights there. */
static int weigh_at_the_border(double *weights, const struct request_change *r,
			       const uint32_t *map, struct arena *arena)
{
	const struct summary_group *g = r->after;
	uint32_t *callers = likely_callers(r, map, arena);
	double *moved = arena_zalloc(arena, (g->nfunctions + 1) * sizeof *moved);

	if (callers == NULL || moved == NULL)
		return -1;
	for (uint32_t i = 0; i < g->nfunctions; i++) {
		uint32_t at = i, to = i;

		if (!(weights[i] > 0))
			continue;
		for (int step = 0; step < STEPS && !is_own(g, at); step++) {
			at = callers[at];
			if (is_own(g, at))
				break;
			if (weights[at] > 0)
				to = at;
		}
		moved[to] += weights[i];
	}
	memcpy(weights, moved, g->nfunctions * sizeof *weights);
	return 0;
}

/* By function of the new group; what is gone has no weight. */
static double *weigh_all(const struct finding *f, struct judging *j, blame_weight *weight)
{
	const struct request_change *r = f->request;
	double *weights = arena_zalloc(&j->scratch, (r->after->nfunctions + 1) * sizeof *weights);

	for (size_t i = 0; weights != NULL && i < r->nfunctions; i++) {
		size_t at = index_in(r->after, r->functions[i].after);

		if (at != UINT32_MAX)
			weights[at] = weight(f, j, &r->functions[i]);
	}
	return weights;
}

int blame(struct finding *f, struct judging *j, blame_weight *weight)
{
	const struct request_change *r = f->request;
	uint32_t *map = map_functions(r, &j->scratch);
	double *weights = weigh_all(f, j, weight), heaviest[GATE_BLAMED];

	if (map == NULL || weights == NULL)
		return -1;
	if (f->rule->kind == RULE_TOTAL_CALLS &&
	    weigh_at_the_border(weights, r, map, &j->scratch) < 0)
		return -1;
	for (size_t i = 0; i < r->nfunctions; i++) {
		size_t at = index_in(r->after, r->functions[i].after);

		if (at == UINT32_MAX || !(weights[at] > 0))
			continue;
		f->nguilty++;
		insert(f, heaviest, weights[at], &r->functions[i]);
	}
	for (size_t i = 0; i < f->nblamed; i++)
		if (find_from(&f->blamed[i], r, map, &j->scratch) < 0)
			return -1;
	return 0;
}
