#include "profile/pair.h"

#include "failing.h"
#include "sample.h"
#include "unit.h"

/* main calls f in both, old before, new after. */
static struct profile *tree(const char *other, int64_t f_self)
{
	struct profile *p = sample_new();
	uint32_t node = sample_calls(p, 0, sample_function(p, "a.py", 1, "main", NULL), 1, 10);

	sample_calls(p, node, sample_function(p, "a.py", 2, other, NULL), 1, 3);
	sample_calls(p, node, sample_function(p, "a.py", 9, "f", NULL), 1, f_self);
	return p;
}

START_TEST(test_pair__of_two)
{
	struct profile *a = tree("old", 20), *b = tree("new", 50), *p;
	struct error err;

	p = profile_pair(a, 0, b, 0, &err);
	ck_assert_ptr_nonnull(p);
	ck_assert(profile_is_pair(p) && p->sampled);
	ck_assert_uint_eq(p->nnodes, 5);
	ck_assert_int_eq(profile_node_cum(p, 0)[0], 33);
	ck_assert_int_eq(profile_node_cum(p, 0)[1], 63);
	ck_assert_str_eq(p->functions[p->nodes[3].function].name, "f");
	ck_assert_int_eq(profile_node_cum(p, 3)[0], 20);
	ck_assert_int_eq(profile_node_cum(p, 3)[1], 50);
	ck_assert_int_eq(profile_node_cum(p, 4)[0], 0);
	ck_assert_int_eq(profile_node_cum(p, 4)[1], 3);
	ck_assert(!profile_is_pair(a));
	profile_free(a);
	profile_free(b);
	profile_free(p);
}
END_TEST

START_TEST(test_pair__refused)
{
	struct profile *a = tree("old", 20), *flat = profile_new();
	struct error err;

	profile_add_metric(flat, "wall", "nanoseconds");
	ck_assert_ptr_null(profile_pair(flat, 0, a, 0, &err));
	ck_assert_int_eq(err.code, ERR_REFUSED);
	profile_free(flat);
	flat = profile_new();
	profile_add_metric(flat, "samples", "count");
	profile_add_root(flat);
	ck_assert_ptr_null(profile_pair(a, 0, flat, 0, &err));
	ck_assert_str_eq(err.text, "nanoseconds do not compare to count");
	profile_free(flat);
	profile_free(a);
}
END_TEST

static int pair_once(void *arg, struct error *err)
{
	struct profile *p = profile_pair(arg, 0, arg, 0, err);

	profile_free(p);
	return p == NULL ? -1 : 0;
}

START_TEST(test_pair__without_memory)
{
	struct profile *p = sample_random(4, 30, 100);

	ck_assert_uint_gt(fail_each_allocation(pair_once, p), 10);
	profile_free(p);
}
END_TEST

UNIT_MAIN("profile/pair",
	  test_pair__of_two,
	  test_pair__refused,
	  test_pair__without_memory)
