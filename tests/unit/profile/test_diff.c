#include "profile/diff.h"

#include <string.h>

#include "base/mem.h"
#include "failing.h"
#include "sample.h"
#include "unit.h"

static struct diff compare(const struct profile *before, const struct profile *after)
{
	struct diff d;
	struct error err = ERROR_INIT;

	ck_assert_msg(diff_profiles(&d, before, after, &err) == 0, "%s", err.text);
	return d;
}

static const struct diff_row *row_of(const struct diff *d, uint32_t before, uint32_t after)
{
	for (size_t i = 0; i < d->nrows; i++)
		if (d->rows[i].before == before && d->rows[i].after == after)
			return &d->rows[i];
	ck_abort_msg("no row pairs %u with %u", before, after);
	return NULL;
}

static void release(struct diff *d, struct profile *p, struct profile *q)
{
	diff_release(d);
	profile_free(p);
	profile_free(q);
}

/* main calls load twice, then three times, from a line further down. */
START_TEST(test_diff__lines_do_not_matter)
{
	struct profile *p = sample_new(), *q = sample_new();
	uint32_t main1 = sample_function(p, "app.py", 10, "main", NULL);
	uint32_t load1 = sample_function(p, "app.py", 20, "load", "Db.load");
	uint32_t load2 = sample_function(q, "app.py", 27, "load", "Db.load");
	uint32_t main2 = sample_function(q, "app.py", 11, "main", NULL);
	struct diff d;

	sample_calls(p, sample_calls(p, 0, main1, 1, 100), load1, 2, 40);
	sample_calls(q, sample_calls(q, 0, main2, 1, 150), load2, 3, 45);
	d = compare(p, q);
	ck_assert_uint_eq(d.nrows, 2);
	/* load changed in calls by 1; main in self by 50, in calls not at all. */
	ck_assert_ptr_eq(&d.rows[0], row_of(&d, load1, load2));
	ck_assert_ptr_eq(&d.rows[1], row_of(&d, main1, main2));
	ck_assert_uint_eq(d.rows[0].old_totals->ncalls, 2);
	ck_assert_uint_eq(d.rows[0].new_totals->ncalls, 3);
	ck_assert_int_eq(d.rows[1].old_totals->costs[0].cum, 140);
	ck_assert_int_eq(d.rows[1].new_totals->costs[0].cum, 195);
	ck_assert(diff_row_calls_differ(&d, &d.rows[0]));
	ck_assert(!diff_row_calls_differ(&d, &d.rows[1]));
	release(&d, p, q);
}
END_TEST

START_TEST(test_diff__new_and_gone)
{
	struct profile *p = sample_new(), *q = sample_new();
	uint32_t stays1 = sample_function(p, "app.py", 1, "stays", NULL);
	uint32_t gone = sample_function(p, "app.py", 2, "gone", NULL);
	uint32_t stays2 = sample_function(q, "app.py", 1, "stays", NULL);
	uint32_t new = sample_function(q, "app.py", 2, "new", NULL);
	const struct diff_row *r;
	struct diff d;

	sample_calls(p, 0, stays1, 1, 5);
	sample_calls(p, 0, gone, 7, 5);
	sample_calls(q, 0, stays2, 1, 5);
	sample_calls(q, 0, new, 9, 5);
	d = compare(p, q);
	ck_assert_uint_eq(d.nrows, 3);
	r = row_of(&d, gone, PROFILE_NONE);
	ck_assert_uint_eq(r->old_totals->ncalls, 7);
	ck_assert_uint_eq(r->new_totals->ncalls, 0);
	ck_assert_int_eq(r->new_totals->costs[0].cum, 0);
	r = row_of(&d, PROFILE_NONE, new);
	ck_assert_uint_eq(r->new_totals->ncalls, 9);
	/* By calls: 9 new, 7 gone, none. */
	ck_assert_ptr_eq(r, &d.rows[0]);
	ck_assert(diff_row_calls_differ(&d, row_of(&d, gone, PROFILE_NONE)));
	release(&d, p, q);
}
END_TEST

START_TEST(test_diff__same_name_nth_by_line)
{
	struct profile *p = sample_new(), *q = sample_new();
	uint32_t old[2], new[3];
	struct diff d;

	/* Added in another order than that of their lines. */
	old[1] = sample_function(p, "l.py", 20, "<lambda>", NULL);
	old[0] = sample_function(p, "l.py", 10, "<lambda>", NULL);
	new[2] = sample_function(q, "l.py", 99, "<lambda>", NULL);
	new[0] = sample_function(q, "l.py", 12, "<lambda>", NULL);
	new[1] = sample_function(q, "l.py", 22, "<lambda>", NULL);
	for (int i = 0; i < 2; i++)
		sample_calls(p, 0, old[i], 1, 1);
	for (int i = 0; i < 3; i++)
		sample_calls(q, 0, new[i], 1, 1);
	d = compare(p, q);
	ck_assert_uint_eq(d.nrows, 3);
	row_of(&d, old[0], new[0]);
	row_of(&d, old[1], new[1]);
	row_of(&d, PROFILE_NONE, new[2]);
	release(&d, p, q);
}
END_TEST

START_TEST(test_diff__moved_tree_of_files)
{
	struct profile *p = sample_new(), *q = sample_new();
	uint32_t a1 = sample_function(p, "/srv/ann/shop/app.py", 1, "main", NULL);
	uint32_t b1 = sample_function(p, "/py311/flask/app.py", 1, "main", NULL);
	uint32_t c1 = sample_function(p, "/srv/ann/shop/kept.py", 1, "f", NULL);
	uint32_t a2 = sample_function(q, "/ci/build/app.py", 1, "main", NULL);
	uint32_t b2 = sample_function(q, "/py312/flask/app.py", 1, "main", NULL);
	uint32_t c2 = sample_function(q, "/srv/ann/shop/kept.py", 1, "f", NULL);
	uint32_t other = sample_function(q, "/elsewhere/kept.py", 1, "f", NULL);
	struct diff d;

	sample_calls(p, 0, a1, 1, 1);
	sample_calls(p, 0, b1, 1, 1);
	sample_calls(p, 0, c1, 1, 1);
	sample_calls(q, 0, a2, 1, 1);
	sample_calls(q, 0, b2, 1, 1);
	sample_calls(q, 0, c2, 1, 1);
	sample_calls(q, 0, other, 1, 1);
	d = compare(p, q);
	ck_assert_uint_eq(d.nrows, 4);
	row_of(&d, b1, b2); /* by "flask/app.py", before "app.py" could mix them up */
	row_of(&d, a1, a2); /* by "app.py" */
	row_of(&d, c1, c2);
	row_of(&d, PROFILE_NONE, other); /* kept.py has not moved */
	release(&d, p, q);
}
END_TEST

START_TEST(test_diff__addresses_are_not_compared)
{
	struct profile *p = sample_new(), *q = sample_new();
	uint32_t old1 = sample_function(p, "~", 0, "<__new__ of type object at 0x7f01>", NULL);
	uint32_t old2 = sample_function(p, "~", 0, "<__new__ of type object at 0xABC>", NULL);
	uint32_t new = sample_function(q, "~", 0, "<__new__ of type object at 0x99>", NULL);
	struct diff d;

	sample_calls(p, 0, old1, 2, 3);
	sample_calls(p, 0, old2, 5, 4);
	sample_calls(q, 0, new, 7, 7);
	d = compare(p, q);
	ck_assert_uint_eq(d.nrows, 1);
	ck_assert_uint_eq(d.rows[0].old_totals->ncalls, 7); /* 2 + 5 */
	ck_assert_int_eq(d.rows[0].old_totals->costs[0].self, 7); /* 3 + 4 */
	ck_assert(!diff_row_calls_differ(&d, &d.rows[0]));
	release(&d, p, q);
}
END_TEST

/* A pstats file knows three dataclasses' __init__ as one function. */
START_TEST(test_diff__without_qualified_names)
{
	struct profile *p = sample_new(), *q = sample_new();
	uint32_t one = sample_function(p, "<string>", 2, "__init__", NULL);
	uint32_t a = sample_function(q, "<string>", 2, "__init__", "A.__init__");
	uint32_t b = sample_function(q, "<string>", 2, "__init__", "B.__init__");
	struct diff d;

	sample_calls(p, 0, one, 510, 51);
	sample_calls(q, 0, a, 500, 50);
	sample_calls(q, 0, b, 10, 1);
	d = compare(p, q);
	ck_assert_uint_eq(d.nrows, 1);
	ck_assert_uint_eq(d.rows[0].before, one);
	ck_assert_uint_eq(d.rows[0].after, a); /* the first of the group */
	ck_assert_uint_eq(d.rows[0].new_totals->ncalls, 510);
	ck_assert_int_eq(d.rows[0].new_totals->costs[0].self, 51);
	release(&d, p, q);
}
END_TEST

START_TEST(test_diff__of_itself)
{
	struct profile *p = sample_random(7, 60, 2000);
	struct diff d = compare(p, p);

	for (size_t i = 0; i < d.nrows; i++) {
		ck_assert_uint_eq(d.rows[i].before, d.rows[i].after);
		ck_assert(!diff_row_calls_differ(&d, &d.rows[i]));
	}
	release(&d, p, NULL);
}
END_TEST

/* Every function is in one row, once on each side. */
START_TEST(test_diff__every_function_once)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct profile *p = sample_random(seed, 60, 500);
		struct profile *q = sample_random(seed + 100, 71, 500);
		struct diff d = compare(p, q), back = compare(q, p);
		uint64_t old = 0, new = 0, old_back = 0, old_all = 0, new_all = 0;

		for (uint32_t i = 1; i < p->nnodes; i++)
			old_all += p->nodes[i].ncalls;
		for (uint32_t i = 1; i < q->nnodes; i++)
			new_all += q->nodes[i].ncalls;
		for (size_t i = 0; i < d.nrows; i++) {
			old += d.rows[i].old_totals->ncalls;
			new += d.rows[i].new_totals->ncalls;
		}
		for (size_t i = 0; i < back.nrows; i++)
			old_back += back.rows[i].new_totals->ncalls;
		ck_assert_uint_eq(old, old_all);
		ck_assert_uint_eq(new, new_all);
		ck_assert_uint_eq(old_back, old_all);
		ck_assert_uint_eq(d.nrows, back.nrows);
		diff_release(&back);
		release(&d, p, q);
	}
}
END_TEST

START_TEST(test_diff__unlike_profiles)
{
	struct profile *p = sample_new(), *q = sample_new(), *bytes = profile_new();
	struct error err = ERROR_INIT;
	struct diff d;

	q->sampled = true;
	ck_assert_int_eq(diff_profiles(&d, p, q, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	q->sampled = false;
	ck_assert_ptr_nonnull(bytes);
	ck_assert_int_eq(profile_add_metric(bytes, "alloc", "bytes"), 0);
	ck_assert_int_eq(diff_profiles(&d, p, bytes, &err), -1);
	ck_assert_str_eq(err.text, "nanoseconds cannot be compared with bytes");
	profile_free(bytes);
	bytes = profile_new();
	ck_assert_int_eq(diff_profiles(&d, p, bytes, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	profile_free(p);
	profile_free(q);
	profile_free(bytes);
}
END_TEST

START_TEST(test_diff__sampled_have_no_calls)
{
	struct profile *p = sample_new(), *q = sample_new();
	uint32_t f = sample_function(p, "a.py", 1, "f", NULL);
	struct diff d;

	p->sampled = q->sampled = true;
	sample_calls(p, 0, f, 0, 10);
	d = compare(p, q);
	ck_assert_uint_eq(d.nrows, 1);
	ck_assert(!diff_row_calls_differ(&d, &d.rows[0]));
	release(&d, p, q);
}
END_TEST

START_TEST(test_diff__time_metric)
{
	struct profile *p = profile_new();

	ck_assert_int_eq(profile_add_metric(p, "samples", "count"), 0);
	ck_assert_uint_eq(profile_time_metric(p), 0);
	ck_assert_int_eq(profile_add_metric(p, "cpu", "nanoseconds"), 1);
	ck_assert_uint_eq(profile_time_metric(p), 1);
	ck_assert_int_eq(profile_add_metric(p, "wall", "nanoseconds"), 2);
	ck_assert_uint_eq(profile_time_metric(p), 2);
	profile_free(p);
}
END_TEST

struct pair {
	struct profile *p, *q;
};

static int run_diff(void *arg, struct error *err)
{
	struct pair *pair = arg;
	struct diff d;

	if (diff_profiles(&d, pair->p, pair->q, err) < 0)
		return -1;
	diff_release(&d);
	return 0;
}

START_TEST(test_diff__out_of_memory)
{
	struct pair pair = { sample_random(1, 30, 100), sample_random(2, 40, 100) };

	sample_function(pair.p, "~", 0, "<x at 0x1>", NULL);
	ck_assert_uint_gt(fail_each_allocation(run_diff, &pair), 5);
	profile_free(pair.p);
	profile_free(pair.q);
}
END_TEST

UNIT_MAIN("profile/diff", test_diff__lines_do_not_matter, test_diff__new_and_gone,
	  test_diff__same_name_nth_by_line, test_diff__moved_tree_of_files,
	  test_diff__addresses_are_not_compared, test_diff__without_qualified_names,
	  test_diff__of_itself, test_diff__every_function_once, test_diff__unlike_profiles,
	  test_diff__sampled_have_no_calls, test_diff__time_metric, test_diff__out_of_memory)
