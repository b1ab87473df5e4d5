/* The permutation test of many requests of the same runs at once, see stats.h. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "change/stats_ways.h"

enum { MAX_WAYS = 20000 };

struct family {
	const double *values;
	size_t nrows, n, nb;
	bool *in_b;    /* of n: which runs are called b */
	double *seen;  /* of nrows: t as it is */
	uint64_t *hits;
	uint64_t ways;
};

/* b's mean less a's, by its standard error; -INFINITY where a group has fewer than two.
 * However alike the values are, their noise is taken for a ten-thousandth at least. */
static double student_t(const double *v, const bool *in_b, size_t n)
{
	double sum[2] = { 0 }, squares = 0, mean[2], all;
	size_t count[2] = { 0 };

	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i])) {
			sum[in_b[i]] += v[i];
			count[in_b[i]]++;
		}
	if (count[0] < 2 || count[1] < 2)
		return -INFINITY;
	for (int g = 0; g < 2; g++)
		mean[g] = sum[g] / (double)count[g];
	for (size_t i = 0; i < n; i++)
		if (!isnan(v[i]))
			squares += (v[i] - mean[in_b[i]]) * (v[i] - mean[in_b[i]]);
	all = fabs(mean[0]) + fabs(mean[1]);
	squares = squares / (double)(count[0] + count[1] - 2) + all * all * 1e-8;
	if (squares == 0)
		return 0;
	return (mean[1] - mean[0]) /
	       sqrt(squares * (1 / (double)count[0] + 1 / (double)count[1]));
}

static void count_way(struct family *f)
{
	double most = -INFINITY;

	for (size_t r = 0; r < f->nrows; r++) {
		double t = student_t(f->values + r * f->n, f->in_b, f->n);

		most = t > most ? t : most;
	}
	for (size_t r = 0; r < f->nrows; r++)
		/* In another order the same values add up to another last digit. */
		f->hits[r] += most >= f->seen[r] - fabs(f->seen[r]) * 1e-9;
	f->ways++;
}

static void each_way(struct family *f, size_t from, size_t left)
{
	if (left == 0) {
		count_way(f);
		return;
	}
	for (size_t i = from; i + left <= f->n; i++) {
		f->in_b[i] = true;
		each_way(f, i + 1, left - 1);
		f->in_b[i] = false;
	}
}

static void some_ways(struct family *f)
{
	uint64_t state = 0x9E3779B97F4A7C15u;

	for (int i = 0; i < MAX_WAYS; i++) {
		size_t wanted = f->nb;

		for (size_t at = 0; at < f->n; at++) {
			f->in_b[at] = stats_draw(&state) * (double)(f->n - at) < (double)wanted;
			wanted -= f->in_b[at];
		}
		count_way(f);
	}
}

static void look(struct family *f)
{
	for (size_t i = 0; i < f->n; i++)
		f->in_b[i] = i >= f->n - f->nb;
	for (size_t r = 0; r < f->nrows; r++)
		f->seen[r] = student_t(f->values + r * f->n, f->in_b, f->n);
	memset(f->in_b, 0, f->n * sizeof *f->in_b);
}

int stats_family_p(double *p, const double *values, size_t nrows, size_t na, size_t nb)
{
	struct family f = { .values = values, .nrows = nrows, .n = na + nb, .nb = nb };
	bool exact = stats_ways(na + nb, nb) <= MAX_WAYS;
	int rc = -1;

	f.in_b = mem_zalloc(f.n * sizeof *f.in_b + 1);
	f.seen = mem_array(NULL, nrows + 1, sizeof *f.seen);
	f.hits = mem_zalloc((nrows + 1) * sizeof *f.hits);
	if (f.in_b != NULL && f.seen != NULL && f.hits != NULL) {
		look(&f);
		if (exact)
			each_way(&f, 0, nb);
		else
			some_ways(&f);
		for (size_t r = 0; r < nrows; r++)
			p[r] = f.seen[r] == -INFINITY ? 1
			       : exact ? (double)f.hits[r] / (double)f.ways
				       : ((double)f.hits[r] + 1) / ((double)f.ways + 1);
		rc = 0;
	}
	mem_free(f.in_b);
	mem_free(f.seen);
	mem_free(f.hits);
	return rc;
}
