#include "profile/profile.h"

#include <string.h>

#include "base/mem.h"
#include "failing.h"
#include "sample.h"
#include "unit.h"

START_TEST(test_profile__function_is_file_line_name_qualname)
{
	struct profile *p = sample_new();
	uint32_t f = sample_function(p, "a.py", 1, "f", "C.f");

	ck_assert_uint_eq(sample_function(p, "a.py", 1, "f", "C.f"), f);
	ck_assert_uint_ne(sample_function(p, "b.py", 1, "f", "C.f"), f);
	ck_assert_uint_ne(sample_function(p, "a.py", 2, "f", "C.f"), f);
	ck_assert_uint_ne(sample_function(p, "a.py", 1, "g", "C.f"), f);
	ck_assert_uint_ne(sample_function(p, "a.py", 1, "f", "D.f"), f);
	ck_assert_uint_ne(sample_function(p, "a.py", 1, "f", NULL), f);
	ck_assert_uint_eq(p->nfunctions, 6);
	ck_assert_ptr_eq(p->functions[5].qualname, p->functions[5].name);
	ck_assert_ptr_eq(p->functions[0].file, p->functions[2].file);
	profile_free(p);
}
END_TEST

START_TEST(test_profile__child_is_found_again)
{
	struct profile *p = sample_new();
	uint32_t f = sample_function(p, "a.py", 1, "f", NULL);
	uint32_t child = profile_child(p, 0, f), grandchild = profile_child(p, child, f);

	ck_assert_uint_eq(profile_child(p, 0, f), child);
	ck_assert_uint_ne(child, grandchild);
	ck_assert_uint_eq(p->nodes[grandchild].parent, child);
	ck_assert_int_eq(profile_add_root(p), 0); /* there is one */
	ck_assert_uint_eq(p->nnodes, 3);
	profile_free(p);
}
END_TEST

START_TEST(test_profile__metrics_are_few)
{
	struct profile *p = profile_new();
	char name[8];

	for (int i = 0; i < PROFILE_MAX_METRICS; i++) {
		snprintf(name, sizeof name, "m%d", i);
		ck_assert_int_eq(profile_add_metric(p, name, "count"), i);
	}
	ck_assert_int_eq(profile_add_metric(p, "more", "count"), -1);
	ck_assert_int_eq(profile_metric(p, "m3"), 3);
	ck_assert_int_eq(profile_metric(p, "m"), -1);
	profile_free(p);
}
END_TEST

START_TEST(test_profile__arcs_and_rows)
{
	struct table t = TABLE_INIT;

	ck_assert_int_eq(table_resize(&t, 2), 0);
	table_function(&t, 1)->ncalls = 7;
	ck_assert_int_eq(table_resize(&t, 200), 0);
	ck_assert_uint_eq(table_function(&t, 1)->ncalls, 7);
	ck_assert_uint_eq(table_function(&t, 199)->ncalls, 0);
	ck_assert_int_eq(table_resize(&t, 3), 0); /* never shrinks */
	ck_assert_uint_eq(t.nfunctions, 200);
	table_arc(&t, 0, 1)->totals.ncalls = 3;
	ck_assert_ptr_null(table_find_arc(&t, 1, 0));
	for (uint32_t i = 0; i < 100; i++)
		ck_assert_ptr_nonnull(table_arc(&t, i, i));
	ck_assert_uint_eq(table_find_arc(&t, 0, 1)->totals.ncalls, 3);
	ck_assert_uint_eq(t.narcs, 101);
	table_release(&t);
	ck_assert_ptr_null(table_find_arc(&t, 0, 1));
}
END_TEST

/* Rows are as long as there are metrics, and stay so. */
START_TEST(test_profile__rows_of_two_metrics)
{
	struct profile *p = profile_new();
	struct table *t = &p->table;

	profile_add_metric(p, "wall", "nanoseconds");
	profile_add_metric(p, "cpu", "nanoseconds");
	ck_assert_int_eq(table_resize(t, 1), 0);
	ck_assert_int_eq(profile_add_metric(p, "late", "count"), -1);
	for (uint32_t i = 0; i < 50; i++) {
		struct arc *arc = table_arc(t, 0, i);

		ck_assert_int_eq(table_resize(t, i + 1), 0);
		table_function(t, i)->costs[0].self = i;
		table_function(t, i)->costs[1].cum = -(int64_t)i;
		arc->totals.costs[0].self = 2 * i;
		arc->totals.costs[1].below = 3 * i;
	}
	for (uint32_t i = 0; i < 50; i++) {
		const struct totals *f = table_function(t, i);
		const struct arc *arc = table_find_arc(t, 0, i);

		ck_assert_uint_eq(table_function_index(t, f), i);
		ck_assert(f->costs[0].self == i && f->costs[0].cum == 0);
		ck_assert(f->costs[1].self == 0 && f->costs[1].cum == -(int64_t)i);
		ck_assert(arc->callee == i && arc->totals.ncalls == 0);
		ck_assert(arc->totals.costs[0].self == 2 * i);
		ck_assert(arc->totals.costs[1].below == 3 * i);
	}
	profile_free(p);
}
END_TEST

/* Each step may fail and be tried again: nothing is half done. */
START_TEST(test_profile__goes_on_after_a_failure)
{
	struct profile *p = sample_new();
	char name[16];

	for (uint32_t i = 0; i < 500; i++) {
		uint32_t f = PROFILE_NONE, node = PROFILE_NONE;

		snprintf(name, sizeof name, "f%u", i);
		for (size_t n = 1; f == PROFILE_NONE; n++) {
			mem_fail_at(n, false);
			f = profile_function(p, name, i, name, NULL);
		}
		for (size_t n = 1; node == PROFILE_NONE; n++) {
			mem_fail_at(n, false);
			node = profile_child(p, i, f);
		}
		mem_fail_at(0, false);
		ck_assert_uint_eq(f, i);
		ck_assert_uint_eq(node, i + 1);
		ck_assert_uint_eq(profile_child(p, i, f), node);
	}
	ck_assert_uint_eq(p->nfunctions, 500);
	ck_assert_uint_eq(p->nnodes, 501);
	profile_free(p);
	profile_free(NULL);
}
END_TEST

UNIT_MAIN("profile/profile",
	  test_profile__function_is_file_line_name_qualname,
	  test_profile__child_is_found_again,
	  test_profile__metrics_are_few,
	  test_profile__arcs_and_rows,
	  test_profile__rows_of_two_metrics,
	  test_profile__goes_on_after_a_failure)
