/* stats.h -- the few statistics that a comparison of runs needs. Exact where n allows,
 * and deterministic always. Checked against SciPy in the tests. */
#ifndef CPROF_CHANGE_STATS_H
#define CPROF_CHANGE_STATS_H

#include <stddef.h>

/* Sorts v. Of an even number the mean of the middle two. n > 0. */
double stats_median(double *v, size_t n);

/* p of the one-sided permutation test that b's are greater than a's: the share of all
 * ways to part the na + nb values into groups of these sizes in which the difference of
 * the means is at least the one seen. Exact up to a million ways (10 and 10: 184,756);
 * beyond that Monte Carlo with 200,000 draws of a fixed seed, p = (hits + 1) / (draws + 1).
 * As scipy.stats.permutation_test(alternative="less", statistic mean(a) - mean(b)). 1
 * where a side has no value. */
double stats_permutation_p(const double *a, size_t na, const double *b, size_t nb);

/* p of each of `nrows` rows that its b's are greater than its a's, where that any one of
 * them is would be said: the chance that, were all runs alike, some row looked at least as
 * much worse as this one does (Westfall and Young's maxT). A row is na values, then nb, of
 * the same runs in all rows, whose noise may be common to them; NaN where a run has none.
 * What is compared is Student's t, so that rows of unlike noise can be; p is down to
 * 1 / ways as that of one row alone. Exact up to 20,000 ways, else that many draws. -1
 * without memory. */
int stats_family_p(double *p, const double *values, size_t nrows, size_t na, size_t nb);

/* The change from a to b: the median of all differences b - a (Hodges and Lehmann), and
 * the interval of those differences that the rank-sum test does not refuse, at `level`
 * (0.99) or the nearest level above it that these sizes allow; where they allow none, all
 * differences and `reached` is what that interval is worth. The test's distribution is
 * exact up to STATS_EXACT pairs, beyond that the normal one. */
enum { STATS_EXACT = 2500 };

struct interval {
	double estimate, low, high;
	double reached; /* level */
};

/* -1 without memory, or where a side has no value. */
int stats_shift(struct interval *out, const double *a, size_t na, const double *b, size_t nb,
		double level);

#endif
