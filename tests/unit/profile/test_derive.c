#include "profile/derive.h"

#include <string.h>

#include "base/mem.h"
#include "failing.h"
#include "sample.h"
#include "table.h"
#include "unit.h"

static struct table derive(const struct profile *p, const uint32_t *group, uint32_t ngroups)
{
	struct table t;
	struct error err;

	ck_assert_int_eq(derive_table(&t, p, group, ngroups, &err), 0);
	return t;
}

static void assert_totals(const struct totals *t, uint64_t ncalls, uint64_t nprimitive,
			  int64_t self, int64_t cum)
{
	ck_assert_uint_eq(t->ncalls, ncalls);
	ck_assert_uint_eq(t->nprimitive, nprimitive);
	ck_assert_int_eq(t->costs[0].self, self);
	ck_assert_int_eq(t->costs[0].cum, cum);
}

/* One call of fib(n), each 1 ns of its own: fib(n) has 2 fib(n + 1) - 1 calls. */
static void add_fib(struct profile *p, uint32_t parent, uint32_t f, int n)
{
	uint32_t node = sample_calls(p, parent, f, 1, 1);

	if (n < 2)
		return;
	add_fib(p, node, f, n - 1);
	add_fib(p, node, f, n - 2);
}

START_TEST(test_derive__fib)
{
	struct profile *p = sample_new();
	uint32_t f = sample_function(p, "fib.py", 1, "fib", NULL);
	struct table t;

	add_fib(p, 0, f, 10);
	t = derive(p, NULL, 0);
	/* cProfile says 177/1, and 176/2 of the arc to itself: the two calls
	 * that fib(10) makes have no such arc above them. */
	assert_totals(table_function(&t, f), 177, 1, 177, 177);
	ck_assert_uint_eq(t.narcs, 1);
	assert_totals(&table_arc_at(&t, 0)->totals, 176, 2, 176, 176);
	ck_assert_int_eq(table_arc_at(&t, 0)->totals.costs[0].below, 0);
	table_release(&t);
	profile_free(p);
}
END_TEST

/* main -> a -> b -> a -> b, 10 each, and main -> b of 5. */
START_TEST(test_derive__mutual_recursion)
{
	struct profile *p = sample_new();
	uint32_t m = sample_function(p, "m.py", 1, "main", NULL);
	uint32_t a = sample_function(p, "m.py", 2, "a", NULL);
	uint32_t b = sample_function(p, "m.py", 3, "b", NULL);
	uint32_t top = sample_calls(p, 0, m, 1, 10), node = top;
	struct table t;

	node = sample_calls(p, node, a, 1, 10);
	node = sample_calls(p, node, b, 1, 10);
	node = sample_calls(p, node, a, 1, 10);
	sample_calls(p, node, b, 1, 10);
	sample_calls(p, top, b, 1, 5);
	t = derive(p, NULL, 0);
	assert_totals(table_function(&t, m), 1, 1, 10, 55);
	assert_totals(table_function(&t, a), 2, 1, 20, 40); /* the outer a: a b a b */
	assert_totals(table_function(&t, b), 3, 2, 25, 35); /* b a b, and 5 */
	assert_totals(&table_find_arc(&t, m, a)->totals, 1, 1, 10, 40);
	assert_totals(&table_find_arc(&t, m, b)->totals, 1, 1, 5, 5);
	assert_totals(&table_find_arc(&t, a, b)->totals, 2, 1, 20, 30);
	assert_totals(&table_find_arc(&t, b, a)->totals, 1, 1, 10, 20);
	/* below: a's 40 are 20 of its own and 20 in b: the inner a is not b's.
	 * b's 35 are 25 of its own and 10 in a. */
	ck_assert_int_eq(table_find_arc(&t, a, b)->totals.costs[0].below, 20);
	ck_assert_int_eq(table_find_arc(&t, b, a)->totals.costs[0].below, 10);
	ck_assert_int_eq(table_total(&t, 0), 55);
	table_release(&t);
	profile_free(p);
}
END_TEST

static void assert_identities(const struct profile *p, const struct table *t)
{
	int64_t whole = 0;

	for (uint32_t i = 1; i < p->nnodes; i++)
		if (p->nodes[i].parent == 0)
			whole += profile_node_cum(p, i)[0];
	ck_assert_int_eq(table_total(t, 0), whole);
	for (uint32_t i = 0; i < t->nfunctions; i++) {
		const struct totals *f = table_function(t, i);
		int64_t sum = f->costs[0].self;

		ck_assert_uint_le(f->nprimitive, f->ncalls);
		ck_assert_int_le(f->costs[0].self, f->costs[0].cum);
		ck_assert_int_le(f->costs[0].cum, whole);
		for (uint32_t k = 0; k < t->narcs; k++)
			if (table_arc_at(t, k)->caller == i)
				sum += table_arc_at(t, k)->totals.costs[0].below;
		ck_assert_int_eq(sum, f->costs[0].cum);
	}
	for (uint32_t k = 0; k < t->narcs; k++) {
		const struct arc *arc = table_arc_at(t, k);

		ck_assert_uint_lt(arc->caller, t->nfunctions);
		ck_assert_uint_lt(arc->callee, t->nfunctions);
		ck_assert_int_ge(arc->totals.costs[0].below, 0);
		ck_assert_int_le(arc->totals.costs[0].below, arc->totals.costs[0].cum);
	}
}

/* What the definition says, asked of each node's stack: slow and simple. */
static bool is_above(const struct profile *p, uint32_t node, uint32_t caller, uint32_t callee)
{
	for (uint32_t i = p->nodes[node].parent; i != 0; i = p->nodes[i].parent) {
		uint32_t up = p->nodes[i].parent;

		if (p->nodes[i].function == callee &&
		    (caller == PROFILE_NONE || (up != 0 && p->nodes[up].function == caller)))
			return true;
	}
	return false;
}

static void assert_like_the_definition(const struct profile *p, const struct table *t)
{
	struct table want = { .nmetrics = t->nmetrics };
	uint64_t *arcs = mem_zalloc((size_t)t->narcs * 2 * sizeof *arcs);

	ck_assert_int_eq(table_resize(&want, p->nfunctions), 0);
	for (uint32_t i = 1; i < p->nnodes; i++) {
		const struct node *n = &p->nodes[i];
		uint32_t caller = n->parent ? p->nodes[n->parent].function : PROFILE_NONE;
		struct totals *f = table_function(&want, n->function);

		f->ncalls += n->ncalls;
		if (!is_above(p, i, PROFILE_NONE, n->function)) {
			f->nprimitive += n->ncalls;
			f->costs[0].cum += profile_node_cum(p, i)[0];
		}
		if (caller != PROFILE_NONE) {
			uint32_t arc = map_get(&t->arc_index, map_pair(caller, n->function));

			arcs[2 * arc] += n->ncalls;
			if (!is_above(p, i, caller, n->function))
				arcs[2 * arc + 1] += n->ncalls;
		}
	}
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct totals *is = table_function(t, i), *f = table_function(&want, i);

		ck_assert_uint_eq(is->ncalls, f->ncalls);
		ck_assert_uint_eq(is->nprimitive, f->nprimitive);
		ck_assert_int_eq(is->costs[0].cum, f->costs[0].cum);
	}
	for (uint32_t i = 0; i < t->narcs; i++) {
		ck_assert_uint_eq(table_arc_at(t, i)->totals.ncalls, arcs[2 * i]);
		ck_assert_uint_eq(table_arc_at(t, i)->totals.nprimitive, arcs[2 * i + 1]);
	}
	table_release(&want);
	mem_free(arcs);
}

START_TEST(test_derive__random_trees)
{
	for (uint64_t seed = 0; seed < 60; seed++) {
		struct profile *p = sample_random(seed, 2 + (uint32_t)seed % 9,
						  (uint32_t)seed * 20);
		struct table t = derive(p, NULL, 0);

		assert_identities(p, &t);
		assert_like_the_definition(p, &t);
		table_release(&t);
		profile_free(p);
	}
}
END_TEST

/* Two functions that count as one recurse into each other: one outermost call. */
START_TEST(test_derive__groups_before_recursion)
{
	struct profile *p = sample_new();
	uint32_t a = sample_function(p, "<string>", 2, "__init__", "A.__init__");
	uint32_t b = sample_function(p, "<string>", 2, "__init__", "B.__init__");
	uint32_t group[] = { 0, 0 };
	uint32_t node = sample_calls(p, 0, a, 3, 30);
	struct table t;

	sample_calls(p, node, b, 500, 100);
	t = derive(p, group, 1);
	ck_assert_uint_eq(t.nfunctions, 1);
	assert_totals(table_function(&t, 0), 503, 3, 130, 130);
	ck_assert_uint_eq(t.narcs, 1); /* to itself */
	assert_totals(&table_arc_at(&t, 0)->totals, 500, 500, 100, 100);
	ck_assert_int_eq(table_arc_at(&t, 0)->totals.costs[0].below, 0);
	table_release(&t);
	profile_free(p);
}
END_TEST

START_TEST(test_derive__groups_keep_the_identity)
{
	for (uint64_t seed = 0; seed < 30; seed++) {
		struct profile *p = sample_random(seed, 12, 400);
		uint32_t group[12];
		struct table t;

		for (uint32_t i = 0; i < 12; i++)
			group[i] = i % 5;
		t = derive(p, group, 5);
		assert_identities(p, &t);
		table_release(&t);
		profile_free(p);
	}
}
END_TEST

START_TEST(test_derive__from_a_table)
{
	struct profile *p = profile_new();
	uint32_t group[] = { 0, 0, 1 };
	struct arc *arc;
	struct table t;

	profile_add_metric(p, "wall", "nanoseconds");
	for (uint32_t i = 0; i < 3; i++)
		sample_function(p, "a.py", i, "f", NULL);
	ck_assert_int_eq(table_resize(&p->table, 3), 0);
	for (uint32_t i = 0; i < 3; i++)
		table_set_totals(table_function(&p->table, i), i + 1, 1, 10 * (i + 1), 100);
	for (uint32_t i = 0; i < 2; i++) {
		arc = table_arc(&p->table, i, 2);
		table_set_totals(&arc->totals, 1, 1, 5, 7);
		arc->totals.costs[0].below = 7;
	}
	t = derive(p, group, 2);
	assert_totals(table_function(&t, 0), 3, 2, 30, 200); /* 1 + 2 calls, 10 + 20 ns */
	assert_totals(table_function(&t, 1), 3, 1, 30, 100);
	ck_assert_uint_eq(t.narcs, 1);
	assert_totals(&table_arc_at(&t, 0)->totals, 2, 2, 10, 14);
	ck_assert_int_eq(table_arc_at(&t, 0)->totals.costs[0].below, 14);
	table_release(&t);
	profile_free(p);
}
END_TEST

START_TEST(test_derive__several_metrics)
{
	struct profile *p = profile_new();
	uint32_t f, node;
	struct table t;

	profile_add_metric(p, "wall", "nanoseconds");
	profile_add_metric(p, "cpu", "nanoseconds");
	ck_assert_int_eq(profile_add_metric(p, "allocs", "count"), 2);
	profile_add_root(p);
	ck_assert_int_eq(profile_add_metric(p, "late", "count"), -1);
	f = sample_function(p, "a.py", 1, "f", NULL);
	node = sample_calls(p, 0, f, 1, 10); /* 10, 11, 12 */
	sample_calls(p, node, f, 1, 20);     /* 20, 21, 22 */
	t = derive(p, NULL, 0);
	ck_assert_int_eq(table_function(&t, f)->costs[1].self, 32);
	ck_assert_int_eq(table_function(&t, f)->costs[2].cum, 34);
	ck_assert_int_eq(table_arc_at(&t, 0)->totals.costs[2].self, 22);
	table_release(&t);
	profile_free(p);
}
END_TEST

START_TEST(test_derive__strands_are_beside_the_total)
{
	struct profile *p = sample_strands();
	int64_t *self = derive_node_self(p);
	struct table t = derive(p, NULL, 0);

	ck_assert_int_eq(p->cum[0], 100);                     /* 60 + 40 */
	ck_assert_int_eq(self[0], 0);                         /* not 100 - 100 - 170 - 31 */
	ck_assert_int_eq(table_total(&t, 0), 301);            /* 100 + 170 + 31 */
	ck_assert_int_eq(profile_total(p, &t, 0), 100);
	assert_totals(table_function(&t, 1), 3, 3, 190, 190);       /* work: 40 + 150 */
	assert_totals(table_function(&t, 3), 2, 2, 4, 170);         /* the jobs: 4 + 150 + 16 */
	assert_totals(table_function(&t, 0), 2, 2, 90, 130);        /* main: 60 + 30; 100 + 30 */
	mem_free(self);
	table_release(&t);
	profile_free(p);
}
END_TEST

/* A name alone makes no strand. */
START_TEST(test_derive__no_strand)
{
	struct profile *p = sample_new();
	uint32_t main_f = sample_function(p, "app.py", 1, "main", NULL);
	uint32_t job = sample_function(p, "~", 0, PROFILE_JOB, NULL);
	uint32_t named = sample_function(p, "app.py", 7, PROFILE_JOB, NULL);
	uint32_t node = sample_calls(p, 0, main_f, 1, 10);

	ck_assert(function_is_strand(&p->functions[job]));
	ck_assert(function_is_strand(
		&p->functions[sample_function(p, "~", 0, PROFILE_THREAD, NULL)]));
	ck_assert(function_is_strand(
		&p->functions[sample_function(p, "~", 0, PROFILE_TASK, NULL)]));
	ck_assert(!function_is_strand(&p->functions[named]));
	ck_assert(!node_is_strand(p, sample_calls(p, node, job, 1, 5)));
	ck_assert(!node_is_strand(p, sample_calls(p, 0, named, 1, 5)));
	ck_assert(!node_is_strand(p, 0));
	ck_assert_int_eq(p->cum[0], 20);
	profile_free(p);
}
END_TEST

static int derive_once(void *arg, struct error *err)
{
	struct table t;
	int rc = derive_table(&t, arg, NULL, 0, err);

	if (rc == 0)
		table_release(&t);
	return rc;
}

START_TEST(test_derive__without_memory)
{
	struct profile *p = sample_random(7, 20, 300);

	ck_assert_uint_gt(fail_each_allocation(derive_once, p), 5);
	profile_free(p);
}
END_TEST

UNIT_MAIN("profile/derive",
	  test_derive__fib,
	  test_derive__mutual_recursion,
	  test_derive__random_trees,
	  test_derive__groups_before_recursion,
	  test_derive__groups_keep_the_identity,
	  test_derive__from_a_table,
	  test_derive__several_metrics,
	  test_derive__strands_are_beside_the_total,
	  test_derive__no_strand,
	  test_derive__without_memory)
