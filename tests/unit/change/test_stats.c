#include "change/stats_ways.h"

#include <math.h>

#include "failing.h"
#include "unit.h"

#define LEN(v) (sizeof(v) / sizeof *(v))

static void near(double is, double should)
{
	ck_assert_msg(fabs(is - should) <= 1e-12 * (1 + fabs(should)), "%.17g, not %.17g", is,
		      should);
}

static const double quick[] = { 12.1, 11.9, 12.3, 12.0, 12.2 };
static const double slow[] = { 19.4, 19.1, 19.9, 19.6, 19.3 };
static const double equal[] = { 12.0, 12.4, 12.25, 11.8, 12.35 };
static const double tied_a[] = { 1, 2, 2, 3 }, tied_b[] = { 2, 2, 3, 4, 4, 5 };

START_TEST(test_stats__median)
{
	double odd[] = { 3, 1, 2 }, even[] = { 4, 1, 3, 2 }, one[] = { 7 };

	near(stats_median(odd, 3), 2);
	near(stats_median(even, 4), 2.5);
	near(stats_median(one, 1), 7);
}
END_TEST

/* By scipy.stats.permutation_test; 1 of 252 where five are all greater. */
START_TEST(test_stats__permutation)
{
	double all[5] = { 5, 5, 5, 5, 5 };

	near(stats_permutation_p(quick, 5, slow, 5), 0.003968253968253968);
	near(stats_permutation_p(slow, 5, quick, 5), 1);
	near(stats_permutation_p(quick, 5, equal, 5), 88 / 252.0);
	near(stats_permutation_p(tied_a, 4, tied_b, 6), 0.080952380952380956);
	near(stats_permutation_p(all, 3, all, 2), 1);
	near(stats_permutation_p(all, 0, all, 2), 1);
}
END_TEST

/* 0.1 + 0.2 + 0.3 depends on the order: parts with the same values tie nonetheless. */
START_TEST(test_stats__ties_in_the_last_digit)
{
	double a[] = { 0.3, 0.1, 0.2 }, b[] = { 0.1, 0.2, 0.3 };

	/* Of 20 parts of three, those of sum 0.6 and more: 8 + 6 = 14. */
	near(stats_permutation_p(a, 3, b, 3), 0.7);
	near(stats_permutation_p(b, 3, a, 3), 0.7);
}
END_TEST

/* 14 and 14 have forty million ways: drawn, and the same each time. */
START_TEST(test_stats__monte_carlo)
{
	double a[14], b[14], p;

	for (int i = 0; i < 14; i++) {
		a[i] = i;
		b[i] = i + 0.5 + (i % 3) * 2;
	}
	p = stats_permutation_p(a, 14, b, 14);
	ck_assert(p == stats_permutation_p(a, 14, b, 14));
	/* By SciPy, of two million draws 0.0861; the error of 200,000 is 0.0006. */
	ck_assert_msg(fabs(p - 0.0861) < 0.003, "%.17g", p);
	for (int i = 0; i < 14; i++)
		b[i] = 100 + i;
	near(stats_permutation_p(a, 14, b, 14), 1 / 200001.0);
}
END_TEST

START_TEST(test_stats__shift)
{
	struct interval i;

	ck_assert_int_eq(stats_shift(&i, quick, 5, slow, 5, 0.99), 0);
	near(i.estimate, 7.3);
	near(i.low, 6.8);
	near(i.high, 8.0);
	near(i.reached, 0.99206349206349209);
	ck_assert_int_eq(stats_shift(&i, quick, 5, equal, 5, 0.95), 0);
	near(i.estimate, 0.1);
	near(i.low, -0.3);
	near(i.high, 0.4);
	near(i.reached, 0.96825396825396826);
	ck_assert_int_eq(stats_shift(&i, tied_a, 4, tied_b, 6, 0.9), 0);
	near(i.estimate, 1);
	near(i.low, 0);
	near(i.high, 3);
	near(i.reached, 0.93333333333333335);
}
END_TEST

/* 3 and 3 can be parted in 20 ways: all differences, at 90 %. */
START_TEST(test_stats__too_few_for_the_level)
{
	struct interval i;

	ck_assert_int_eq(stats_shift(&i, quick, 3, slow, 3, 0.99), 0);
	near(i.reached, 0.9);
	near(i.low, 19.1 - 12.3);
	near(i.high, 19.9 - 11.9);
	ck_assert_int_eq(stats_shift(&i, quick, 1, slow, 1, 0.99), 0);
	near(i.reached, 0);
	near(i.low, i.high);
	ck_assert_int_eq(stats_shift(&i, quick, 0, slow, 1, 0.99), -1);
}
END_TEST

/* Just within the bound of the exact test, and past it. */
START_TEST(test_stats__many)
{
	double a[51], b[51];
	struct interval exact, normal;

	for (int i = 0; i < 51; i++) {
		a[i] = i * 37 % 51;
		b[i] = i * 29 % 51 + 10;
	}
	ck_assert_int_eq(stats_shift(&exact, a, 50, b, 50, 0.99), 0);
	ck_assert_int_eq(stats_shift(&normal, a, 51, b, 51, 0.99), 0);
	ck_assert(exact.reached >= 0.99 && exact.reached < 0.9902);
	near(normal.estimate, 10);
	ck_assert(fabs(exact.low - normal.low) <= 1 && fabs(exact.high - normal.high) <= 1);
	ck_assert(normal.low < 4 && normal.low > 0 && normal.high > 16 && normal.high < 20);
}
END_TEST

static int shift(void *arg, struct error *err)
{
	struct interval i;

	(void)arg;
	return stats_shift(&i, quick, 5, slow, 5, 0.99) < 0 ? error_nomem(err) : 0;
}

START_TEST(test_stats__out_of_memory)
{
	ck_assert_uint_eq(fail_each_allocation(shift, NULL), 2);
}
END_TEST

/* Of one row t orders the ways as the difference of the means does. */
START_TEST(test_stats__a_family_of_one)
{
	static const double v[] = { 10, 12, 11, 15, 9, 14, 16, 13, 17, 12.5 };
	double p;

	ck_assert_int_eq(stats_family_p(&p, v, 1, 5, 5), 0);
	ck_assert_double_eq_tol(p, stats_permutation_p(v, 5, v + 5, 5), 1e-12);
	ck_assert_int_eq(stats_family_p(&p, v, 1, 3, 7), 0);
	ck_assert_double_eq_tol(p, stats_permutation_p(v, 3, v + 3, 7), 1e-12);
}
END_TEST

/* Noise of mean 0, of a run in all rows and of each row apart. */
static void make_rows(double *v, size_t nrows, uint64_t *state)
{
	double common[10];

	for (int i = 0; i < 10; i++)
		common[i] = stats_draw(state) + stats_draw(state) - 1;
	for (size_t i = 0; i < nrows * 10; i++)
		v[i] = 100 + 10 * common[i % 10] + 10 * (stats_draw(state) + stats_draw(state) - 1);
}

/* Of identical code, 30 requests a run, hardly one comparison in a hundred says anything;
 * each request by itself would more often. And a real change is found among them. */
START_TEST(test_stats__a_family_of_requests)
{
	uint64_t state = 12345;
	double v[300], p[30];
	int family = 0, alone = 0, found = 0;

	for (int pair = 0; pair < 100; pair++) {
		bool some = false, any = false;

		make_rows(v, 30, &state);
		ck_assert_int_eq(stats_family_p(p, v, 30, 5, 5), 0);
		for (int r = 0; r < 30; r++) {
			double one = stats_permutation_p(v + r * 10, 5, v + r * 10 + 5, 5);

			ck_assert(p[r] >= one - 1e-12 && p[r] <= 1);
			some |= p[r] < 0.01;
			any |= one < 0.01;
		}
		family += some;
		alone += any;
		for (int i = 5; i < 10; i++)
			v[70 + i] += 30;
		ck_assert_int_eq(stats_family_p(p, v, 30, 5, 5), 0);
		found += p[7] < 0.01;
	}
	ck_assert_int_le(family, 2);
	ck_assert_int_ge(alone, 5);
	ck_assert_int_ge(found, 80);
}
END_TEST

START_TEST(test_stats__a_family_with_gaps)
{
	/* Of the second row three runs have it on one side, one alone on the other. */
	double v[] = { 1, 2, 3, 4, 5, 11, 12, 13, 14, 15,
		       1, NAN, 3, NAN, 5, NAN, NAN, NAN, NAN, 15,
		       7, 7, 7, 7, 7, 7, 7, 7, 7, 7 }, p[3];

	ck_assert_int_eq(stats_family_p(p, v, 3, 5, 5), 0);
	ck_assert_double_eq_tol(p[0], 1 / 252., 1e-12);
	ck_assert(p[1] == 1);
	ck_assert(p[2] > 0.5);
	/* 12 and 12: more ways than are tried one by one. */
	ck_assert_int_eq(stats_family_p(p, v, 1, 2, 8), 0);
	ck_assert_int_eq(stats_family_p(p, (double[24]){ [12] = 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 },
					1, 12, 12), 0);
	ck_assert_double_eq_tol(p[0], 1 / 20001., 1e-12);
}
END_TEST

UNIT_MAIN("change/stats", test_stats__median, test_stats__permutation,
	  test_stats__ties_in_the_last_digit, test_stats__monte_carlo, test_stats__shift,
	  test_stats__too_few_for_the_level, test_stats__many, test_stats__out_of_memory,
	  test_stats__a_family_of_one,
	  test_stats__a_family_of_requests,
	  test_stats__a_family_with_gaps)
