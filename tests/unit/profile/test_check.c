#include "profile/check.h"

#include <string.h>

#include "failing.h"
#include "sample.h"
#include "table.h"
#include "unit.h"

static void assert_finds(const struct profile *p, const char *want)
{
	struct buf out = BUF_INIT;
	struct error err;

	ck_assert_int_eq(profile_check(&out, p, &err), 0);
	ck_assert_str_eq(buf_str(&out), want);
	buf_release(&out);
}

/* f and g without a tree; f calls g. */
static struct profile *table_of_two(void)
{
	struct profile *p = profile_new();

	profile_add_metric(p, "wall", "nanoseconds");
	sample_function(p, "a.py", 1, "f", NULL);
	sample_function(p, "a.py", 2, "g", "G\x1b.g");
	ck_assert_int_eq(table_resize(&p->table, 2), 0);
	table_set_totals(table_function(&p->table, 0), 1, 1, 5000, 9000);
	table_set_totals(table_function(&p->table, 1), 3, 2, 4000, 4000);
	table_set_totals(&table_arc(&p->table, 0, 1)->totals, 3, 3, 4000, 4000);
	return p;
}

START_TEST(test_check__all_is_well)
{
	struct profile *p = table_of_two();

	assert_finds(p, "");
	/* Half a microsecond is rounding. */
	table_function(&p->table, 0)->costs[0].self = 9500;
	assert_finds(p, "");
	profile_free(p);
	for (uint64_t seed = 0; seed < 10; seed++) {
		p = sample_random(seed, 25, 300);
		assert_finds(p, "");
		profile_free(p);
	}
}
END_TEST

START_TEST(test_check__what_cannot_be)
{
	struct profile *p = table_of_two();

	table_function(&p->table, 1)->nprimitive = 4;
	assert_finds(p, "G\\x1b.g (a.py:2): primitive calls outnumber the calls\n");
	table_function(&p->table, 0)->nprimitive = 4;
	assert_finds(p, "f (a.py:1): primitive calls outnumber the calls; so with 1 more\n");
	profile_free(p);
	p = table_of_two();
	table_function(&p->table, 0)->costs[0].self = 19000;
	table_function(&p->table, 1)->costs[0].cum = -5000;
	table_function(&p->table, 1)->costs[0].self = -9000;
	assert_finds(p, "G\\x1b.g (a.py:2): time is less than none\n"
			"f (a.py:1): its own time is more than that with all it calls\n");
	profile_free(p);
	p = table_of_two();
	table_function(&p->table, 1)->ncalls = 2;
	assert_finds(p, "G\\x1b.g (a.py:2): callers called it more often than it was called\n");
	p->sampled = true;
	assert_finds(p, "");
	profile_free(p);
}
END_TEST

static int check_once(void *arg, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = profile_check(&out, arg, err);

	buf_release(&out);
	return rc;
}

START_TEST(test_check__without_memory)
{
	struct profile *p = table_of_two();

	table_function(&p->table, 1)->nprimitive = 4;
	ck_assert_uint_gt(fail_each_allocation(check_once, p), 3);
	profile_free(p);
}
END_TEST

UNIT_MAIN("profile/check",
	  test_check__all_is_well,
	  test_check__what_cannot_be,
	  test_check__without_memory)
