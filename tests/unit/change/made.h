/* made.h -- summaries made by hand: a run of requests whose functions, calls and times
 * are all said.
 *
 *     struct made run = made_run("1a2b", "3.12");
 *     struct summary_group *g = made_group(&run, "GET", "/", 3, (int64_t[]){ 10, 11, 12 });
 *     made_function(&run, g, "app.py", "show", 1, 4);
 *     made_done(&run);
 */
#ifndef CPROF_TESTS_MADE_H
#define CPROF_TESTS_MADE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "change/change.h"

enum { MADE_GROUPS = 8, MADE_FUNCTIONS = 16, MADE_REQUESTS = 8, MADE_MANY = 1000 };

struct made {
	struct summary s;
	struct metric metrics[2];
	struct summary_group groups[MADE_GROUPS];
	struct summary_function functions[MADE_GROUPS][MADE_FUNCTIONS];
	int64_t values[MADE_GROUPS][MADE_REQUESTS];
	uint64_t calls[MADE_GROUPS][MADE_REQUESTS];
	int64_t costs[MADE_GROUPS][MADE_FUNCTIONS][2];
	int64_t many_values[MADE_MANY];
	uint64_t many_calls[MADE_MANY];
};

/* On the heap, as it points into itself; free(). */
static inline struct made *made_run(const char *commit, const char *python)
{
	struct made *m = calloc(1, sizeof *m);

	ck_assert_ptr_nonnull(m);
	m->metrics[0] = (struct metric){ "wall", "nanoseconds" };
	m->s = (struct summary){ .name = "run", .commit = commit, .python = python,
				 .implementation = "CPython", .mode = "exact", .machine = 7,
				 .metrics = m->metrics, .nmetrics = 1, .groups = m->groups };
	return m;
}

static inline struct summary_group *made_group(struct made *m, const char *method,
					       const char *route, size_t nrequests,
					       const int64_t *walls)
{
	size_t i = m->s.ngroups++;
	struct summary_group *g = &m->groups[i];

	ck_assert(i < MADE_GROUPS && nrequests <= MADE_REQUESTS);
	if (nrequests != 0)
		memcpy(m->values[i], walls, nrequests * sizeof *walls);
	*g = (struct summary_group){ .method = method, .route = route,
				     .route_is_template = true, .warm = true,
				     .nrequests = nrequests, .values = m->values[i],
				     .calls = m->calls[i], .functions = m->functions[i] };
	return g;
}

/* One of MADE_MANY requests, more than an arena's first block has room for a number each; one
 * such a run. */
static inline struct summary_group *made_many(struct made *m, const char *route, int64_t wall)
{
	struct summary_group *g = made_group(m, "GET", route, 0, NULL);

	g->nrequests = MADE_MANY;
	g->values = m->many_values;
	g->calls = m->many_calls;
	for (size_t i = 0; i < MADE_MANY; i++)
		g->values[i] = wall + (int64_t)(i % 7);
	return g;
}

/* As many calls in each request; of that self, and of cum as much. */
static inline struct summary_function *made_function(struct made *m, struct summary_group *g,
						     const char *file, const char *name,
						     uint64_t ncalls, int64_t self)
{
	size_t at = (size_t)(g - m->groups), i = g->nfunctions++;
	struct summary_function *f = &g->functions[i];

	ck_assert(i < MADE_FUNCTIONS);
	*f = (struct summary_function){ .id = { .file = file, .name = name },
					.line = (uint32_t)(10 * i + 1),
					.calls = { ncalls, ncalls, ncalls } };
	f->self = f->cum = m->costs[at][i];
	f->self[0] = self;
	for (size_t r = 0; r < g->nrequests; r++)
		g->calls[r] += ncalls;
	return f;
}

static inline int made_by_identity(const void *a, const void *b)
{
	const struct summary_function *x = a, *y = b;
	int order = identity_compare(&x->id, &y->id);

	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* Sorts the functions, and numbers those of one name. */
static inline const struct summary *made_done(struct made *m)
{
	for (size_t i = 0; i < m->s.ngroups; i++) {
		struct summary_group *g = &m->groups[i];

		qsort(g->functions, g->nfunctions, sizeof *g->functions, made_by_identity);
		for (size_t f = 1; f < g->nfunctions; f++) {
			struct summary_function *v = g->functions;

			if (strcmp(v[f].id.file, v[f - 1].id.file) == 0 &&
			    strcmp(v[f].id.name, v[f - 1].id.name) == 0)
				v[f].id.nth = v[f - 1].id.nth + 1;
		}
	}
	return &m->s;
}

#endif
