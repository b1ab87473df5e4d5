/* Beside the program itself: tests/integration/peers. */
#include "format/pyprof2calltree.h"

#include <string.h>

#include "failing.h"
#include "format/pstats.h"
#include "sample.h"
#include "unit.h"

static const struct format_info no_info;

static struct pstats_sum sum_of(const struct profile *p)
{
	struct pstats_sum sum = PSTATS_SUM_INIT;
	struct buf prof = BUF_INIT;
	struct error err;

	ck_assert_int_eq(pstats_write(&prof, p, &no_info, &err), 0);
	ck_assert_int_eq(pstats_sum_add(&sum, buf_bytes(&prof), &err), 0);
	buf_release(&prof);
	return sum;
}

/* b.py's two f; main calls g twice and one f; g calls itself. */
START_TEST(test_pyprof2calltree__written)
{
	struct profile *p = sample_new();
	uint32_t g = sample_function(p, "a.py", 5, "g\x1b", NULL);
	uint32_t node = sample_calls(p, 0, sample_function(p, "b.py", 1, "main", NULL), 1, 10);
	struct buf out = BUF_INIT;
	struct pstats_sum sum;
	struct error err;
	uint32_t below;

	sample_function(p, "b.py", 20, "f", NULL);
	sample_calls(p, node, sample_function(p, "b.py", 9, "f", NULL), 1, 5);
	below = sample_calls(p, node, g, 2, 20);
	sample_calls(p, below, g, 4, 8);
	sum = sum_of(p);
	ck_assert_int_eq(pyprof2calltree_write(&out, &sum, &err), 0);
	ck_assert_str_eq(buf_str(&out),
			 "event: ns : Nanoseconds\nevents: ns\nsummary: 43\n"
			 "fl=a.py\nfn=g\\x1b\n5 28\ncfl=a.py\ncfn=g\\x1b\ncalls=4 5\n5 8\n\n"
			 "fl=b.py\nfn=main\n1 10\ncfl=a.py\ncfn=g\\x1b\ncalls=2 5\n1 28\n"
			 "cfl=b.py\ncfn=f:9\ncalls=1 9\n1 5\n\n"
			 "fl=b.py\nfn=f:9\n9 5\n\nfl=b.py\nfn=f:20\n20 0\n\n");
	pstats_sum_release(&sum);
	buf_release(&out);
	profile_free(p);
}
END_TEST

static int write_once(void *arg, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = pyprof2calltree_write(&out, arg, err);

	buf_release(&out);
	return rc;
}

START_TEST(test_pyprof2calltree__without_memory)
{
	struct profile *p = sample_random(4, 30, 100);
	struct pstats_sum sum = sum_of(p);

	ck_assert_uint_gt(fail_each_allocation(write_once, &sum), 10);
	pstats_sum_release(&sum);
	profile_free(p);
}
END_TEST

UNIT_MAIN("format/pyprof2calltree",
	  test_pyprof2calltree__written,
	  test_pyprof2calltree__without_memory)
