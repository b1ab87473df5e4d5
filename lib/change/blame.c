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
	for (size_t i = 0; g != NULL && callee != UINT32_MAX && i < g->narcs; i++)
		if (g->arcs[i].caller == caller && g->arcs[i].callee == callee)
			return g->arcs[i].calls.median;
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

int blame(struct finding *f, struct judging *j, blame_weight *weight)
{
	const struct request_change *r = f->request;
	double weights[GATE_BLAMED];
	uint32_t *map;

	for (size_t i = 0; i < r->nfunctions; i++) {
		double w = weight(f, j, &r->functions[i]);

		if (!(w > 0))
			continue;
		f->nguilty++;
		insert(f, weights, w, &r->functions[i]);
	}
	map = map_functions(r, &j->scratch);
	if (map == NULL)
		return -1;
	for (size_t i = 0; i < f->nblamed; i++)
		if (find_from(&f->blamed[i], r, map, &j->scratch) < 0)
			return -1;
	return 0;
}
