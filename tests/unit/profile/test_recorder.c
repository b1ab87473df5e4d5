#include "profile/recorder.h"

#include <string.h>

#include "base/mem.h"
#include "failing.h"
#include "profile/derive.h"
#include "unit.h"

enum { F = 1, G = 2, H = 3 };

static void look_up(void *arg, uint64_t function, struct function *out)
{
	static const char *const names[] = { "?", "f", "g", "h" };

	(void)arg;
	*out = (struct function){ "app.py", names[function < 4 ? function : 0], NULL,
				  (uint32_t)function };
}

/* The profile, and the recorder freed. */
static struct profile *finish(struct recorder *rec)
{
	struct error err;
	struct profile *p = recorder_profile(rec, 1, NULL, look_up, NULL, &err);

	ck_assert_msg(p != NULL, "%s", err.text);
	recorder_free(rec);
	return p;
}

static struct recorder *start(uint32_t max_nodes)
{
	struct recorder *rec = recorder_new(max_nodes, 0);

	ck_assert_ptr_nonnull(rec);
	return rec;
}

static const struct totals *totals_of(const struct table *t, const struct profile *p,
				      const char *name)
{
	for (uint32_t i = 0; i < p->nfunctions; i++)
		if (strcmp(p->functions[i].name, name) == 0)
			return table_function(t, i);
	ck_abort_msg("no function %s", name);
	return NULL;
}

static void assert_totals(const struct profile *p, const char *name, uint64_t ncalls,
			  uint64_t nprimitive, int64_t self, int64_t cum)
{
	const struct totals *f;
	struct table t;
	struct error err;

	ck_assert_int_eq(derive_table(&t, p, NULL, 0, &err), 0);
	f = totals_of(&t, p, name);
	ck_assert_uint_eq(f->ncalls, ncalls);
	ck_assert_uint_eq(f->nprimitive, nprimitive);
	ck_assert_int_eq(f->costs[0].self, self);
	ck_assert_int_eq(f->costs[0].cum, cum);
	table_release(&t);
}

START_TEST(test_recorder__one_call_in_another)
{
	struct recorder *rec = start(0);
	struct profile *p;

	recorder_start(rec, 90);
	recorder_call(rec, F, 100);
	recorder_call(rec, G, 120);
	recorder_return(rec, 150);
	recorder_return(rec, 200);
	recorder_stop(rec, 210);
	ck_assert_uint_eq(recorder_nevents(rec), 4);
	p = finish(rec);
	assert_totals(p, "f", 1, 1, 70, 100); /* 200 - 100, less g's 30 */
	assert_totals(p, "g", 1, 1, 30, 30);  /* 150 - 120 */
	ck_assert_int_eq(p->cum[0], 120);     /* 210 - 90 */
	profile_free(p);
}
END_TEST

START_TEST(test_recorder__direct_recursion)
{
	struct recorder *rec = start(0);
	struct profile *p;

	/* f f f, a level every 10, then 5 each on the way up */
	recorder_call(rec, F, 0);
	recorder_call(rec, F, 10);
	recorder_call(rec, F, 20);
	recorder_return(rec, 25);
	recorder_return(rec, 30);
	recorder_return(rec, 35);
	p = finish(rec);
	assert_totals(p, "f", 3, 1, 35, 35); /* 15 + 15 + 5; outermost 35 - 0 */
	ck_assert_uint_eq(p->nnodes, 4);
	profile_free(p);
}
END_TEST

START_TEST(test_recorder__mutual_recursion)
{
	struct recorder *rec = start(0);
	struct profile *p;

	recorder_call(rec, F, 0);
	recorder_call(rec, G, 10);
	recorder_call(rec, F, 30);
	recorder_call(rec, G, 60);
	recorder_return(rec, 70);
	recorder_return(rec, 80);
	recorder_return(rec, 90);
	recorder_return(rec, 100);
	p = finish(rec);
	/* f: 10 + 10 and, inside, 30 + 10; g: 20 + 10 and, inside, 10 */
	assert_totals(p, "f", 2, 1, 60, 100);
	assert_totals(p, "g", 2, 1, 40, 80); /* 90 - 10 */
	profile_free(p);
}
END_TEST

START_TEST(test_recorder__unmatched_return)
{
	struct recorder *rec = start(0);
	struct profile *p;

	recorder_return(rec, 5); /* profiling began inside a call */
	recorder_call(rec, F, 10);
	recorder_return(rec, 15);
	recorder_return(rec, 16);
	ck_assert_uint_eq(rec->nunmatched, 2);
	ck_assert_uint_eq(recorder_nevents(rec), 4);
	ck_assert_uint_eq(rec->nlost, 0);
	p = finish(rec);
	assert_totals(p, "f", 1, 1, 5, 5);
	profile_free(p);
}
END_TEST

START_TEST(test_recorder__stop_inside_a_call)
{
	struct recorder *rec = start(0);
	struct profile *p;

	recorder_call(rec, F, 0);
	recorder_call(rec, G, 40);
	recorder_finish(rec, 100);
	ck_assert_uint_eq(rec->ncut, 2);
	ck_assert_uint_eq(recorder_nevents(rec), 2); /* the two returns did not happen */
	p = finish(rec);
	assert_totals(p, "f", 1, 1, 40, 100);
	assert_totals(p, "g", 1, 1, 60, 60);
	profile_free(p);
}
END_TEST

/* A generator's frames come and go while its caller runs on: each resume is a
 * call from whoever resumed it. */
START_TEST(test_recorder__generator_resumed_by_two)
{
	struct recorder *rec = start(0);
	struct profile *p;

	recorder_call(rec, F, 0);
	recorder_call(rec, G, 10); /* f takes the first value */
	recorder_return(rec, 20);
	recorder_call(rec, H, 30);
	recorder_call(rec, G, 31); /* h the second */
	recorder_return(rec, 35);
	recorder_call(rec, G, 36); /* and finds it exhausted */
	recorder_return(rec, 37);
	recorder_return(rec, 40);
	recorder_return(rec, 50);
	p = finish(rec);
	assert_totals(p, "g", 3, 3, 15, 15); /* 10 + 4 + 1 */
	assert_totals(p, "h", 1, 1, 5, 10);
	assert_totals(p, "f", 1, 1, 30, 50); /* 50 - 10 - 10 */
	ck_assert_uint_eq(p->nnodes, 5);     /* g below f, and below h */
	profile_free(p);
}
END_TEST

/* Three nodes: the root, f and g. A second f below g has no node of its own. */
START_TEST(test_recorder__node_limit_folds_recursion)
{
	struct recorder *rec = start(3);
	struct profile *p;

	recorder_call(rec, F, 0);
	recorder_call(rec, G, 10);
	recorder_call(rec, F, 20); /* folded */
	recorder_return(rec, 50);
	recorder_return(rec, 60);
	recorder_return(rec, 100);
	ck_assert_uint_eq(rec->nfolded, 1);
	ck_assert_uint_eq(rec->nlost, 0);
	p = finish(rec);
	ck_assert_uint_eq(p->nnodes, 3);
	ck_assert_uint_eq(p->nfolded, 1);
	/* g ran 50, 30 of them in f: they are the outer f's own */
	assert_totals(p, "g", 1, 1, 20, 20);
	assert_totals(p, "f", 2, 2, 80, 100);
	profile_free(p);
}
END_TEST

/* f g (f g): the inner f is folded, and the inner g is called by it. */
START_TEST(test_recorder__node_limit_folds_mutual_recursion)
{
	struct recorder *rec = start(3);
	struct profile *p;

	recorder_start(rec, 0);
	recorder_call(rec, F, 0);
	recorder_call(rec, G, 10);
	recorder_call(rec, F, 30);
	recorder_call(rec, G, 70);
	recorder_return(rec, 75);
	recorder_return(rec, 80);
	recorder_return(rec, 90);
	recorder_return(rec, 100);
	recorder_stop(rec, 100);
	ck_assert_uint_eq(rec->nfolded, 1); /* the inner g has a place below f */
	p = finish(rec);
	/* g: 20 + 10, and 5 inside; f: 10 + 10, and 40 + 5 inside */
	assert_totals(p, "g", 2, 2, 35, 35);
	assert_totals(p, "f", 2, 2, 65, 100);
	ck_assert_int_eq(p->cum[0], 100);
	profile_free(p);
}
END_TEST

/* Any calls, all folded that are not one of the five nodes: with f, g and h on the
 * stack none is lost, and no time goes astray. */
START_TEST(test_recorder__node_limit_keeps_the_sum)
{
	struct recorder *rec = start(6);
	struct profile *p;
	uint64_t state = 5, now = 0;
	struct table t;
	struct error err;

	recorder_start(rec, 0);
	for (uint64_t function = F; function <= H; function++)
		recorder_call(rec, function, now);
	for (int i = 0; i < 5000; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		now += state >> 60;
		if (state >> 40 & 1 && recorder_depth(rec) < 40)
			recorder_call(rec, F + (state >> 50) % 3, now);
		else if (recorder_depth(rec) > 3)
			recorder_return(rec, now);
	}
	recorder_finish(rec, now);
	recorder_stop(rec, now);
	ck_assert_uint_gt(rec->nfolded, 50);
	ck_assert_uint_eq(rec->nlost, 0);
	p = finish(rec);
	ck_assert_uint_eq(p->nnodes, 6);
	ck_assert_int_eq(derive_table(&t, p, NULL, 0, &err), 0);
	for (uint32_t i = 0; i < p->nfunctions; i++)
		ck_assert_int_ge(table_function(&t, i)->costs[0].self, 0);
	ck_assert_int_eq(table_total(&t, 0), (int64_t)now);
	for (uint32_t i = 1; i < p->nnodes; i++)
		ck_assert_int_le(profile_node_cum(p, i)[0],
				 profile_node_cum(p, p->nodes[i].parent)[0]);
	table_release(&t);
	profile_free(p);
}
END_TEST

/* Ticks of 0.3 ns: every node is rounded down. */
START_TEST(test_recorder__ticks)
{
	struct recorder *rec = start(0);
	struct error err;
	struct profile *p;

	recorder_call(rec, F, 1000);
	recorder_call(rec, G, 1001);
	recorder_return(rec, 1006);
	recorder_return(rec, 1100);
	p = recorder_profile(rec, 0.3, NULL, look_up, NULL, &err);
	ck_assert_ptr_nonnull(p);
	recorder_free(rec);
	assert_totals(p, "g", 1, 1, 1, 1);   /* 5 ticks are 1.5 ns */
	assert_totals(p, "f", 1, 1, 29, 30); /* 100 ticks */
	profile_free(p);
}
END_TEST

/* g and what it calls find no node: their time is f's own. */
START_TEST(test_recorder__node_limit_loses_the_rest)
{
	struct recorder *rec = start(2);
	struct profile *p;

	recorder_call(rec, F, 0);
	recorder_call(rec, G, 10);
	recorder_call(rec, F, 20); /* made by a lost call: lost, not folded */
	recorder_return(rec, 30);
	recorder_return(rec, 40);
	recorder_call(rec, F, 50); /* folded */
	recorder_return(rec, 60);
	recorder_return(rec, 100);
	ck_assert_uint_eq(rec->nlost, 2);
	ck_assert_uint_eq(rec->nfolded, 1);
	ck_assert_uint_eq(rec->nunmatched, 0);
	p = finish(rec);
	ck_assert_uint_eq(p->nlost, 2);
	assert_totals(p, "f", 2, 2, 100, 100);
	profile_free(p);
}
END_TEST

/* Without memory calls are lost, but returns still find their call. */
START_TEST(test_recorder__out_of_memory_loses_calls)
{
	struct recorder *rec = start(0);
	struct profile *p;

	recorder_call(rec, F, 0);
	mem_fail_at(1, true);
	for (uint32_t i = 0; i < 1000; i++)
		recorder_call(rec, 100 + i, 10);
	for (uint32_t i = 0; i < 1000; i++)
		recorder_return(rec, 20);
	mem_fail_at(0, false);
	recorder_return(rec, 50);
	ck_assert_uint_gt(rec->nlost, 0);
	ck_assert_uint_lt(rec->nlost, 1000); /* some had room */
	ck_assert_uint_eq(rec->nunmatched, 0);
	ck_assert_uint_eq(recorder_depth(rec), 0);
	p = finish(rec);
	assert_totals(p, "f", 1, 1, 40, 50);
	profile_free(p);
}
END_TEST

/* Any order gives the same tree. */
START_TEST(test_recorder__children_in_changing_order)
{
	struct recorder *rec = start(0);
	struct profile *p;
	uint64_t now = 0;

	recorder_call(rec, F, now);
	for (uint32_t round = 0; round < 30; round++) {
		uint32_t first = round % 3 == 0 ? H : G;

		recorder_call(rec, first, ++now);
		recorder_return(rec, ++now);
		recorder_call(rec, G + H - first, ++now);
		recorder_return(rec, ++now);
	}
	recorder_return(rec, ++now);
	p = finish(rec);
	ck_assert_uint_eq(p->nnodes, 4);
	assert_totals(p, "g", 30, 30, 30, 30);
	assert_totals(p, "h", 30, 30, 30, 30);
	assert_totals(p, "f", 1, 1, 61, 121); /* 121 - 60 */
	profile_free(p);
}
END_TEST

START_TEST(test_recorder__deep)
{
	enum { DEPTH = 100000 };
	struct recorder *rec = start(0);
	struct profile *p;

	for (uint64_t i = 0; i < DEPTH; i++)
		recorder_call(rec, F, i);
	for (uint64_t i = 0; i < DEPTH; i++)
		recorder_return(rec, DEPTH + i);
	p = finish(rec);
	ck_assert_uint_eq(p->nnodes, DEPTH + 1);
	assert_totals(p, "f", DEPTH, 1, 2 * DEPTH - 1, 2 * DEPTH - 1);
	profile_free(p);
}
END_TEST

static void one_name(void *arg, uint64_t function, struct function *out)
{
	(void)arg;
	(void)function;
	*out = (struct function){ "app.py", "same", "same", 1 };
}

/* Code objects made anew at each request: two ids, one function. */
START_TEST(test_recorder__two_ids_of_one_function)
{
	struct recorder *rec = start(0);
	struct error err;
	struct profile *p;

	recorder_call(rec, F, 0);
	recorder_return(rec, 10);
	recorder_call(rec, G, 10);
	recorder_return(rec, 30);
	p = recorder_profile(rec, 1, NULL, one_name, NULL, &err);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->nfunctions, 1);
	ck_assert_uint_eq(p->nnodes, 2);
	assert_totals(p, "same", 2, 2, 30, 30);
	recorder_free(rec);
	profile_free(p);
}
END_TEST

/* f 0..100; beside it f 10..40 and f 0..50 with g 10..20 in it. */
static struct recorder *record(uint64_t start_at, uint64_t end, bool with_g)
{
	struct recorder *rec = start(0);

	recorder_start(rec, start_at);
	recorder_call(rec, F, start_at);
	if (with_g) {
		recorder_call(rec, G, start_at + 10);
		recorder_return(rec, start_at + 20);
	}
	recorder_return(rec, end);
	recorder_stop(rec, end);
	return rec;
}

static int add_strands(void *arg, struct error *err)
{
	struct recorder *const *recs = arg;
	struct profile *p = recorder_profile(recs[0], 1, NULL, look_up, NULL, err);
	int rc = -1;

	if (p == NULL)
		return -1;
	if (recorder_add_strand(p, PROFILE_JOB, recs[1], 1, NULL, look_up, NULL, err) == 0 &&
	    recorder_add_strand(p, PROFILE_JOB, recs[2], 2, NULL, look_up, NULL, err) == 0)
		rc = 0;
	profile_free(p);
	return rc;
}

START_TEST(test_recorder__strands)
{
	struct recorder *recs[] = { record(0, 100, false), record(10, 40, false),
				    record(0, 50, true) };
	struct error err = ERROR_INIT;
	struct profile *p = recorder_profile(recs[0], 1, NULL, look_up, NULL, &err);

	recs[1]->nlost = 3;
	recs[2]->nfolded = 4;
	ck_assert_int_eq(recorder_add_strand(p, PROFILE_JOB, recs[1], 1, NULL, look_up, NULL, &err), 0);
	ck_assert_int_eq(recorder_add_strand(p, PROFILE_JOB, recs[2], 2, NULL, look_up, NULL, &err), 0);
	ck_assert_int_eq(p->cum[0], 100);
	assert_totals(p, PROFILE_JOB, 2, 2, 0, 130); /* 30 + 2 * 50 */
	assert_totals(p, "f", 3, 3, 210, 230);       /* 100 + 30 + 2 * 50, less g's */
	assert_totals(p, "g", 1, 1, 20, 20);         /* 2 * 10 */
	ck_assert_uint_eq(p->nnodes, 5);             /* root, f, the jobs, f, g */
	ck_assert_uint_eq(p->nlost, 3);
	ck_assert_uint_eq(p->nfolded, 4);
	profile_free(p);
	ck_assert_uint_gt(fail_each_allocation(add_strands, recs), 10);
	for (int i = 0; i < 3; i++)
		recorder_free(recs[i]);
}
END_TEST

START_TEST(test_recorder__profile_without_memory)
{
	struct recorder *rec = start(0);

	recorder_call(rec, F, 0);
	recorder_call(rec, G, 1);
	recorder_finish(rec, 2);
	for (size_t n = 1;; n++) {
		struct error err = ERROR_INIT;
		struct profile *p;

		mem_fail_at(n, false);
		p = recorder_profile(rec, 1, NULL, look_up, NULL, &err);
		if (mem_fail_at(0, false) < n) {
			ck_assert_ptr_nonnull(p);
			profile_free(p);
			break;
		}
		ck_assert_ptr_null(p);
		ck_assert_int_eq(err.code, ERR_NOMEM);
	}
	recorder_free(rec);
	mem_fail_at(1, false);
	ck_assert_ptr_null(recorder_new(0, 2));
	mem_fail_at(0, false);
}
END_TEST

/* Two quantities beside the time:
 *
 *     f [0, 100]    first: 10 .. 30 (20)    second: 0 .. 7 (7)
 *       g [20, 50]         12 .. 25 (13)            0 .. 5 (5)
 */
START_TEST(test_recorder__extra_quantities)
{
	static const struct recorder_metric extra[] = { { "allocs", "count", 1, false },
							{ "cpu", "nanoseconds", 2, false } };
	struct recorder *rec = recorder_new(0, 2);
	struct error err;
	struct profile *p;

	ck_assert_ptr_nonnull(rec);
	rec->extra_now[0] = 10;
	recorder_start(rec, 0);
	recorder_call(rec, F, 0);
	rec->extra_now[0] = 12;
	recorder_call(rec, G, 20);
	rec->extra_now[0] = 25;
	rec->extra_now[1] = 5;
	recorder_return(rec, 50);
	rec->extra_now[0] = 30;
	rec->extra_now[1] = 7;
	recorder_return(rec, 100);
	recorder_stop(rec, 100);
	p = recorder_profile(rec, 1, extra, look_up, NULL, &err);
	recorder_free(rec);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(p->nmetrics, 3);
	ck_assert_str_eq(p->metrics[2].name, "cpu");
	/* root, f, g; cpu readings count double */
	ck_assert_int_eq(profile_node_cum(p, 0)[1], 20);
	ck_assert_int_eq(profile_node_cum(p, 1)[0], 100);
	ck_assert_int_eq(profile_node_cum(p, 1)[1], 20);
	ck_assert_int_eq(profile_node_cum(p, 1)[2], 14);
	ck_assert_int_eq(profile_node_cum(p, 2)[0], 30);
	ck_assert_int_eq(profile_node_cum(p, 2)[1], 13);
	ck_assert_int_eq(profile_node_cum(p, 2)[2], 10);
	profile_free(p);
}
END_TEST

/* f calls g; 40 of g's 50 ticks are waited, 10 of f's own: time on the processor is
 * what is left, and two switches are g's and f's. The frames are entered by the quick
 * way as well. */
START_TEST(test_recorder__booked_quantities)
{
	static const struct recorder_metric extra[] = { { "cpu", "nanoseconds", 1, true },
							{ "vcsw", "count", 1, false } };
	struct recorder *rec = recorder_new(0, 2);
	struct error err;
	struct profile *p;

	ck_assert_ptr_nonnull(rec);
	recorder_start(rec, 0);
	for (int i = 0; i < 2; i++) {
		uint64_t at = (uint64_t)i * 100;

		recorder_call(rec, F, at);
		recorder_call(rec, G, at + 20);
		recorder_book(rec, 0, 40);
		recorder_book(rec, 1, 2);
		recorder_return(rec, at + 70);
		recorder_book(rec, 0, 10);
		recorder_return(rec, at + 100);
	}
	recorder_stop(rec, 200);
	p = recorder_profile(rec, 1, extra, look_up, NULL, &err);
	recorder_free(rec);
	ck_assert_ptr_nonnull(p);
	/* root and f: 200 - 2 * 50; g: 100 - 2 * 40 */
	ck_assert_int_eq(profile_node_cum(p, 0)[1], 100);
	ck_assert_int_eq(profile_node_cum(p, 1)[1], 100);
	ck_assert_int_eq(profile_node_cum(p, 2)[1], 20);
	ck_assert_int_eq(profile_node_cum(p, 0)[2], 4);
	ck_assert_int_eq(profile_node_cum(p, 2)[2], 4);
	profile_free(p);
}
END_TEST

/* Room for three nodes. f calls g, which calls f (folded) and waits there: f waited,
 * g did not. */
START_TEST(test_recorder__booked_in_a_folded_call)
{
	struct recorder *rec = recorder_new(3, 1);

	ck_assert_ptr_nonnull(rec);
	recorder_start(rec, 0);
	recorder_call(rec, F, 0);
	recorder_call(rec, G, 10);
	recorder_call(rec, F, 20);
	recorder_book(rec, 0, 5);
	recorder_return(rec, 30);
	recorder_return(rec, 40);
	recorder_return(rec, 50);
	recorder_stop(rec, 50);
	ck_assert_uint_eq(rec->nfolded, 1);
	ck_assert_int_eq(rec->node_extra[0], 5);
	ck_assert_int_eq(rec->node_extra[1], 5);
	ck_assert_int_eq(rec->node_extra[2], 0);
	recorder_free(rec);
}
END_TEST

/* Room made at once, and less than is needed: nothing is different. */
START_TEST(test_recorder__reserved)
{
	struct recorder *rec = recorder_new(0, 0);
	const struct recorder_node *nodes;

	ck_assert_ptr_nonnull(rec);
	recorder_reserve(rec, 5000);
	nodes = rec->nodes;
	recorder_start(rec, 0);
	for (uint64_t i = 0; i < 6000; i++) {
		if (i == 4999)
			ck_assert_ptr_eq(rec->nodes, nodes);
		recorder_call(rec, 4 + i, 0);
		recorder_return(rec, 1);
	}
	for (uint64_t i = 0; i < 6000; i++)
		ck_assert(recorder_knows(rec, 4 + i));
	ck_assert(!recorder_knows(rec, 3));
	ck_assert_uint_eq(rec->nnodes, 6001);
	recorder_free(rec);
}
END_TEST

/* Of those that share a place in the index the one called last has it, and all are found,
 * also where the nodes have moved to. */
START_TEST(test_recorder__sharing_a_place)
{
	enum { N = 5 };
	struct recorder *rec = start(0);
	uint64_t functions[N], candidate = 4;
	size_t place;

	recorder_start(rec, 0);
	recorder_reserve(rec, 1000);
	place = recorder_place(rec, 0, candidate);
	for (int i = 0; i < N; candidate++)
		if (recorder_place(rec, 0, candidate) == place)
			functions[i++] = candidate;
	for (int i = 0; i < 3 * N; i++) {
		uint64_t function = functions[i * 3 % N];

		recorder_call(rec, function, 0);
		recorder_return(rec, 0);
		ck_assert_uint_eq(recorder_recalls(rec, function)->function, function);
		ck_assert_ptr_eq(recorder_finds(rec, function), recorder_recalls(rec, function));
		ck_assert_ptr_null(recorder_finds(rec, functions[(i + 1) * 3 % N]));
	}
	ck_assert_uint_eq(rec->nnodes, N + 1);
	recorder_reserve(rec, 100000);
	for (int i = 0; i < N; i++) {
		ck_assert(recorder_knows(rec, functions[i]));
		ck_assert_uint_eq(recorder_recalls(rec, functions[i])->ncalls, 3);
	}
	ck_assert(!recorder_knows(rec, candidate));
	recorder_finish(rec, 0);
	recorder_free(rec);
}
END_TEST

/* Who is found after a wrong guess is the guess of the next time. */
START_TEST(test_recorder__a_wrong_guess)
{
	struct recorder *rec = start(0);
	const struct recorder_node *found;

	recorder_start(rec, 0);
	for (int i = 0; i < 2; i++) {
		recorder_call(rec, i == 0 ? F : G, 0);
		recorder_return(rec, 0);
	}
	found = recorder_finds(rec, F);
	ck_assert_ptr_nonnull(found);
	ck_assert_uint_ne(*rec->top->expect, recorder_number(rec, found));
	ck_assert_ptr_eq(recorder_expects(rec, F), found);
	ck_assert_uint_eq(*rec->top->expect, recorder_number(rec, found));
	recorder_finish(rec, 0);
	recorder_free(rec);
}
END_TEST

/* A frame is left quickly as what it was entered as, and by recorder_return in any case. */
START_TEST(test_recorder__entered_as_c)
{
	struct recorder *rec = start(0);

	recorder_start(rec, 0);
	for (int round = 0; round < 2; round++) { /* met for the first time, and known */
		ck_assert(!recorder_leaves(rec, 0));
		ck_assert(!recorder_leaves(rec, RECORDER_C));
		recorder_call(rec, F, 0);
		ck_assert(recorder_leaves(rec, 0));
		ck_assert(!recorder_leaves(rec, RECORDER_C));
		recorder_call_as(rec, G, 0, RECORDER_C);
		ck_assert(!recorder_leaves(rec, 0));
		ck_assert(recorder_leaves(rec, RECORDER_C));
		recorder_return(rec, 0);
		ck_assert(recorder_leaves(rec, 0));
		recorder_return(rec, 0);
	}
	ck_assert_uint_eq(recorder_depth(rec), 0);
	recorder_free(rec);
}
END_TEST

/* While calls of a function are lost nothing it calls is known quickly, and after it
 * everything is again. */
START_TEST(test_recorder__losing)
{
	struct recorder *rec = recorder_new(3, 0);

	ck_assert_ptr_nonnull(rec);
	recorder_start(rec, 0);
	recorder_call(rec, F, 0);
	recorder_call(rec, G, 0);
	recorder_return(rec, 0);
	ck_assert(recorder_has_room(rec));
	recorder_call(rec, H, 0); /* a fourth node */
	ck_assert_uint_eq(rec->nlost, 1);
	ck_assert(!recorder_has_room(rec));
	ck_assert(!recorder_leaves(rec, 0));
	recorder_call(rec, G, 0); /* not F's call */
	ck_assert_uint_eq(rec->nlost, 2);
	recorder_return(rec, 0);
	recorder_return(rec, 0);
	ck_assert(recorder_has_room(rec));
	ck_assert(recorder_leaves(rec, 0));
	recorder_call(rec, G, 0);
	recorder_return(rec, 0);
	ck_assert_uint_eq(recorder_recalls(rec, G)->ncalls, 2);
	recorder_finish(rec, 0);
	recorder_free(rec);
}
END_TEST

/* 3000 different functions, each 3000 deep: rows move with nodes and frames. Each
 * call adds 1: the n-th of N frames sees N - n + 1 calls begin below it. */
START_TEST(test_recorder__extra_quantities_deep)
{
	static const struct recorder_metric extra[] = { { "allocs", "count", 1, false } };
	struct recorder *rec = recorder_new(0, 1);
	struct error err;
	struct profile *p;

	ck_assert_ptr_nonnull(rec);
	recorder_start(rec, 0);
	for (uint64_t i = 0; i < 3000; i++) {
		recorder_call(rec, 4 + i, 0);
		rec->extra_now[0]++;
	}
	recorder_finish(rec, 0);
	recorder_stop(rec, 0);
	for (uint32_t i = 0; i < rec->nnodes; i++)
		ck_assert_int_eq(rec->node_extra[i], i == 0 ? 3000 : 3000 - (int64_t)i + 1);
	p = recorder_profile(rec, 1, extra, look_up, NULL, &err);
	ck_assert_ptr_nonnull(p);
	profile_free(p);
	recorder_free(rec);
}
END_TEST

UNIT_MAIN("profile/recorder",
	  test_recorder__extra_quantities,
	  test_recorder__extra_quantities_deep,
	  test_recorder__booked_quantities,
	  test_recorder__booked_in_a_folded_call,
	  test_recorder__reserved,
	  test_recorder__sharing_a_place,
	  test_recorder__a_wrong_guess,
	  test_recorder__entered_as_c,
	  test_recorder__losing,
	  test_recorder__one_call_in_another,
	  test_recorder__direct_recursion,
	  test_recorder__mutual_recursion,
	  test_recorder__unmatched_return,
	  test_recorder__stop_inside_a_call,
	  test_recorder__generator_resumed_by_two,
	  test_recorder__node_limit_folds_recursion,
	  test_recorder__node_limit_folds_mutual_recursion,
	  test_recorder__node_limit_keeps_the_sum,
	  test_recorder__node_limit_loses_the_rest,
	  test_recorder__ticks,
	  test_recorder__out_of_memory_loses_calls,
	  test_recorder__children_in_changing_order,
	  test_recorder__deep,
	  test_recorder__two_ids_of_one_function,
	  test_recorder__strands,
	  test_recorder__profile_without_memory)
