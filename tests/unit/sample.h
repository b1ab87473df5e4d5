/* sample.h -- profiles for tests: built by hand, from a script of calls, or at
 * random but the same each time.
 */
#ifndef CPROF_TESTS_SAMPLE_H
#define CPROF_TESTS_SAMPLE_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "profile/profile.h"

/* The same numbers on every machine. */
static inline uint32_t sample_next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

/* A profile with the metric "wall" and a root. */
static inline struct profile *sample_new(void)
{
	struct profile *p = profile_new();

	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(profile_add_metric(p, "wall", "nanoseconds"), 0);
	ck_assert_int_eq(profile_add_root(p), 0);
	return p;
}

static inline uint32_t sample_function(struct profile *p, const char *file, uint32_t line,
				       const char *name, const char *qualname)
{
	uint32_t f = profile_function(p, file, line, name, qualname);

	ck_assert_uint_ne(f, PROFILE_NONE);
	return f;
}

/* Adds calls and self to the child, and the self to the cum of all above, up to
 * the root or a strand. */
static inline uint32_t sample_calls(struct profile *p, uint32_t parent, uint32_t function,
				    uint64_t ncalls, int64_t self)
{
	uint32_t node = profile_child(p, parent, function);

	ck_assert_uint_ne(node, PROFILE_NONE);
	p->nodes[node].ncalls += ncalls;
	for (uint32_t i = node; i != PROFILE_NONE; i = p->nodes[i].parent) {
		for (uint32_t m = 0; m < p->nmetrics; m++)
			profile_node_cum(p, i)[m] += self + m;
		if (node_is_strand(p, i))
			break;
	}
	return node;
}

/* The request: main (60) calls work (40). Beside it two jobs, 4 of their own, call
 * work (150) and other (16); a thread, 1 of its own, calls main (30). */
static inline struct profile *sample_strands(void)
{
	struct profile *p = sample_new();
	uint32_t main_f = sample_function(p, "/srv/app.py", 1, "main", NULL);
	uint32_t work = sample_function(p, "/srv/app.py", 10, "work", NULL);
	uint32_t other = sample_function(p, "/srv/app.py", 20, "other", NULL);
	uint32_t job = sample_function(p, "~", 0, PROFILE_JOB, NULL);
	uint32_t thread = sample_function(p, "~", 0, PROFILE_THREAD, NULL);
	uint32_t node = sample_calls(p, 0, main_f, 1, 60);

	sample_calls(p, node, work, 1, 40);
	node = sample_calls(p, 0, job, 2, 4);
	sample_calls(p, node, work, 2, 150);
	sample_calls(p, node, other, 1, 16);
	node = sample_calls(p, 0, thread, 1, 1);
	sample_calls(p, node, main_f, 1, 30);
	return p;
}

/* Functions with all that has ever confused a format: C functions, names beyond
 * ASCII, of one name in one file, of one key with two qualified names. */
static inline void sample_add_functions(struct profile *p, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		char file[64], name[64], qualname[64];

		snprintf(file, sizeof file, "/srv/app/module_%u.py", i % 7);
		snprintf(name, sizeof name, "function_%u", i / 3);
		snprintf(qualname, sizeof qualname, "Class_%u.function_%u", i % 3, i / 3);
		switch (i % 11) {
		case 3:
			snprintf(name, sizeof name, "<built-in method module.call_%u>", i);
			sample_function(p, "~", 0, name, NULL);
			break;
		case 5: /* one key for pstats */
			snprintf(qualname, sizeof qualname, "Data_%u.__init__", i);
			sample_function(p, "<string>", 2, "__init__", qualname);
			break;
		case 7: /* one name, several lines */
			sample_function(p, "/srv/app/lambdas.py", i, "<lambda>", "<lambda>");
			break;
		case 8:
			snprintf(name, sizeof name, "stra\xC3\x9F" "e_\xF0\x9F\x98\x80_%u", i);
			sample_function(p, "/srv/\xC3\xA9t\xC3\xA9 caf\xC3\xA9/x.py", i, name, NULL);
			break;
		default:
			sample_function(p, file, 1 + i % 97, name, qualname);
		}
	}
}

/* About nnodes calls among nfunctions; times tie often. */
static inline struct profile *sample_random(uint64_t seed, uint32_t nfunctions, uint32_t nnodes)
{
	struct profile *p = sample_new();
	uint64_t state = seed * 2654435761u + 1;
	uint32_t at = 0;

	sample_add_functions(p, nfunctions);
	for (uint32_t i = 0; i < nnodes; i++) {
		uint32_t up = sample_next(&state) % 4;
		int64_t self = sample_next(&state) % 3 ? sample_next(&state) % 50000000 : 1000000;
		uint64_t ncalls = 1 + sample_next(&state) % 5;
		uint32_t function = sample_next(&state) % p->nfunctions;

		/* Mostly on from where the last call was, so that it gets deep. */
		while (up-- > 1 && at != 0)
			at = p->nodes[at].parent;
		at = sample_calls(p, at, function, ncalls, self);
	}
	profile_node_cum(p, 0)[0] += 12345; /* served outside all functions */
	return p;
}

#endif
