/* Against what pstats itself prints: test_peers.c. */
#include "format/callstack.h"

#include <string.h>
#include <time.h>

#include "failing.h"
#include "golden.h"
#include "sample.h"
#include "unit.h"

static const struct format_info info = { .path = "profiling/run/GET.root.000738ms/profile.prof",
					 .mtime = 1764000007 };

static struct buf write_profile(const struct profile *p)
{
	struct buf out = BUF_INIT;
	struct error err;

	setenv("TZ", "UTC", 1);
	tzset();
	ck_assert_int_eq(callstack_write(&out, p, &info, &err), 0);
	return out;
}

START_TEST(test_callstack__written)
{
	struct profile *p = sample_random(3, 14, 60);
	struct buf out = write_profile(p);

	golden_check("tests/data/format/sample-3-14-60.callstack.txt", &out);
	buf_release(&out);
	profile_free(p);
}
END_TEST

/* 2.5 s in 3 calls of which 1 was outermost; nothing to divide by; a tie of
 * three that names and then the order of the file decide. */
START_TEST(test_callstack__rows)
{
	struct profile *p = sample_new();
	uint32_t f = sample_function(p, "a.py", 1, "f", NULL);
	uint32_t z = sample_function(p, "a.py", 2, "z", NULL);
	uint32_t b1 = sample_function(p, "z.py", 1, "b", NULL);
	uint32_t b2 = sample_function(p, "a.py", 3, "b", NULL);
	uint32_t never = sample_function(p, "~", 0, "<never>", NULL);
	struct buf out;

	sample_calls(p, sample_calls(p, 0, f, 1, 1000000000), f, 2, 1500000000);
	sample_calls(p, 0, z, 1, 1000000);
	sample_calls(p, 0, b1, 1, 1000000);
	sample_calls(p, 0, b2, 10000000, 1000000);
	sample_calls(p, 0, never, 0, 700000);
	out = write_profile(p);
	/* 2.5 + 3 * 0.001 + 0.0007 = 2.5037 s */
	ck_assert_str_eq(buf_str(&out),
			 "Mon Nov 24 16:00:07 2025    profiling/run/GET.root.000738ms/profile.prof\n"
			 "\n"
			 "         10000005 function calls (10000003 primitive calls) in 2.504 seconds\n"
			 "\n"
			 "   Ordered by: internal time, function name\n"
			 "\n"
			 "   ncalls  tottime  percall  cumtime  percall filename:lineno(function)\n"
			 "      3/1    2.500    0.833    2.500    2.500 a.py:1(f)\n"
			 "        1    0.001    0.001    0.001    0.001 z.py:1(b)\n"
			 " 10000000    0.001    0.000    0.001    0.000 a.py:3(b)\n"
			 "        1    0.001    0.001    0.001    0.001 a.py:2(z)\n"
			 "        0    0.001             0.001          {never}\n"
			 "\n"
			 "\n");
	buf_release(&out);
	profile_free(p);
}
END_TEST

START_TEST(test_callstack__date)
{
	struct format_info at = { .path = "p", .mtime = 1767604205 };
	struct profile *p = sample_new();
	struct buf out = BUF_INIT;
	struct error err;

	setenv("TZ", "UTC", 1);
	tzset();
	ck_assert_int_eq(callstack_write(&out, p, &at, &err), 0);
	/* A day of one digit is padded; and without functions nothing is listed. */
	ck_assert_str_eq(buf_str(&out), "Mon Jan  5 09:10:05 2026    p\n\n"
					"         0 function calls in 0.000 seconds\n\n");
	buf_release(&out);
	profile_free(p);
}
END_TEST

static int write_once(void *arg, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = callstack_write(&out, arg, &info, err);

	buf_release(&out);
	return rc;
}

START_TEST(test_callstack__without_memory)
{
	struct profile *p = sample_random(4, 30, 100);

	ck_assert_uint_gt(fail_each_allocation(write_once, p), 10);
	profile_free(p);
}
END_TEST

UNIT_MAIN("format/callstack",
	  test_callstack__written,
	  test_callstack__rows,
	  test_callstack__date,
	  test_callstack__without_memory)
