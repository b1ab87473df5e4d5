#include "change/stats_ways.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define PI 3.14159265358979323846

enum { DRAWS = 200000 };

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double sorted_median(const double *v, size_t n)
{
	return n % 2 ? v[n / 2] : v[n / 2 - 1] + (v[n / 2] - v[n / 2 - 1]) / 2;
}

double stats_median(double *v, size_t n)
{
	qsort(v, n, sizeof *v, by_value);
	return sorted_median(v, n);
}

/* Both groups' values as one row, of which the test takes every part of `size`. As the
 * sum of all is fixed, so is the other group's, and the difference of the means rises
 * with the sum of the part: it is compared alone. */
struct parting {
	const double *a, *b;
	size_t na, n;
	size_t size;   /* of the smaller group: parts of that are as many as of the other */
	double bound;  /* a sum at least so great counts ... */
	bool at_most;  /* ... or at most so great, where the part stands for a */
	uint64_t hits, ways;
};

static double value_at(const struct parting *p, size_t i)
{
	return i < p->na ? p->a[i] : p->b[i - p->na];
}

static void count_way(struct parting *p, double sum)
{
	p->ways++;
	p->hits += p->at_most ? sum <= p->bound : sum >= p->bound;
}

/* No deeper than the smaller group, which is 11 at a million ways. */
static void each_way(struct parting *p, size_t from, size_t left, double sum)
{
	if (left == 0) {
		count_way(p, sum);
		return;
	}
	for (size_t i = from; i + left <= p->n; i++)
		each_way(p, i + 1, left - 1, sum + value_at(p, i));
}

/* xorshift64* */
double stats_draw(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (double)((*state * 0x2545F4914F6CDD1Du) >> 11) * 0x1p-53;
}

/* Each part is as likely as any other: of the values left, as many are taken as are
 * still wanted (Knuth's algorithm S). */
static void some_ways(struct parting *p)
{
	uint64_t state = 0x9E3779B97F4A7C15u;

	for (int i = 0; i < DRAWS; i++) {
		size_t wanted = p->size;
		double sum = 0;

		for (size_t at = 0; wanted != 0; at++)
			if (stats_draw(&state) * (double)(p->n - at) < (double)wanted) {
				sum += value_at(p, at);
				wanted--;
			}
		count_way(p, sum);
	}
}

double stats_ways(size_t n, size_t k)
{
	double ways = 1;

	for (size_t i = 1; i <= k && ways <= STATS_WAYS_MAX; i++)
		ways = ways * (double)(n - k + i) / (double)i;
	return ways;
}

double stats_permutation_p(const double *a, size_t na, const double *b, size_t nb)
{
	struct parting p = { .a = a, .b = b, .na = na, .n = na + nb, .at_most = na < nb };
	const double *part = p.at_most ? a : b;
	double sum = 0, all = 0, slack;

	if (na == 0 || nb == 0)
		return 1;
	p.size = p.at_most ? na : nb;
	for (size_t i = 0; i < p.size; i++)
		sum += part[i];
	for (size_t i = 0; i < p.n; i++)
		all += fabs(value_at(&p, i));
	/* The same values add up to another last digit in another order. */
	slack = all * 1e-13;
	p.bound = p.at_most ? sum + slack : sum - slack;
	if (stats_ways(p.n, p.size) <= STATS_WAYS_MAX) {
		each_way(&p, 0, p.size, 0);
		return (double)p.hits / (double)p.ways;
	}
	some_ways(&p);
	return ((double)p.hits + 1) / ((double)p.ways + 1);
}

/* P(U = u) of the rank-sum statistic for u = 0 .. na * nb, where nothing ties. The
 * greatest value is one of a's, and then greater than all of b's, or one of b's:
 *
 *     p(i, j, u) = i / (i + j) * p(i - 1, j, u - j) + j / (i + j) * p(i, j - 1, u)
 *
 * Row j of the table is p(i, j, ..), and i grows in place. NULL without memory; mem_free. */
static double *rank_sum_table(size_t na, size_t nb)
{
	size_t width = na * nb + 1;
	double *p = mem_array(NULL, (nb + 1) * width, sizeof *p);

	if (p == NULL)
		return NULL;
	memset(p, 0, (nb + 1) * width * sizeof *p);
	for (size_t j = 0; j <= nb; j++)
		p[j * width] = 1;
	for (size_t i = 1; i <= na; i++)
		for (size_t j = 1; j <= nb; j++)
			for (size_t u = i * j + 1; u-- > 0;) {
				double *at = &p[j * width + u];
				double less = u >= j ? at[-(ptrdiff_t)j] : 0;

				*at = ((double)i * less + (double)j * at[-(ptrdiff_t)width]) /
				      (double)(i + j);
			}
	return p;
}

/* How many of the sorted differences lie beyond the interval at each end, and what the
 * interval between is worth; -1 without memory. */
static int exact_ends(size_t na, size_t nb, double level, size_t *beyond, double *reached)
{
	double *table = rank_sum_table(na, nb), *p, below = 0;
	size_t n = na * nb;

	if (table == NULL)
		return -1;
	p = table + nb * (n + 1);
	*reached = 1 - 2 * p[0];
	*beyond = 0;
	/* Refused is a shift that leaves U <= u: so many differences fall off. */
	for (size_t u = 0; u < (n + 1) / 2; u++) {
		below += p[u];
		/* The level itself is reached, whatever its last binary digit. */
		if (1 - 2 * below < level - 1e-12)
			break;
		*reached = 1 - 2 * below;
		*beyond = u;
	}
	mem_free(table);
	return 0;
}

/* How much of the normal distribution lies beyond -z and z, z up to 5: by the series of
 * the error function. (The exp of a static libm cannot be linked into the command.) */
static double beyond_z(double z)
{
	double x = z / sqrt(2), power = x, sum = x;

	for (int n = 1; n < 200; n++) {
		power *= -x * x / n;
		sum += power / (2 * n + 1);
	}
	return 1 - sum * 2 / sqrt(PI);
}

static void normal_ends(size_t na, size_t nb, double level, size_t *beyond, double *reached)
{
	double n = (double)na * (double)nb;
	double sigma = sqrt(n * (double)(na + nb + 1) / 12);
	double z = 0, u;

	for (double step = 2.5; step > 1e-9; step /= 2)
		if (beyond_z(z + step) >= 1 - level)
			z += step;
	u = n / 2 - z * sigma - 0.5;
	*beyond = u > 0 ? (size_t)u : 0;
	*reached = level;
}

int stats_shift(struct interval *out, const double *a, size_t na, const double *b, size_t nb,
		double level)
{
	size_t n = na * nb, beyond;
	double *differences;
	int rc = -1;

	if (na == 0 || nb == 0)
		return -1;
	differences = mem_array(NULL, n, sizeof *differences);
	if (differences == NULL)
		return -1;
	for (size_t i = 0; i < na; i++)
		for (size_t j = 0; j < nb; j++)
			differences[i * nb + j] = b[j] - a[i];
	out->estimate = stats_median(differences, n);
	if (n > STATS_EXACT)
		normal_ends(na, nb, level, &beyond, &out->reached);
	else if (exact_ends(na, nb, level, &beyond, &out->reached) < 0)
		goto done;
	out->low = differences[beyond];
	out->high = differences[n - 1 - beyond];
	rc = 0;
done:
	mem_free(differences);
	return rc;
}
