/* Rules about time: only what is proven is worse. */
#include <math.h>
#include <string.h>

#include "change/build.h"
#include "change/judge.h"

/* The same test asking for the same route again. */
static bool is_alike(const struct summary_group *a, const struct summary_group *b)
{
	return a->warm == b->warm && strcmp(a->method, b->method) == 0 &&
	       strcmp(a->route, b->route) == 0;
}

static bool has_label_of(const struct summary_group *a, const struct summary_group *b)
{
	return a->label != NULL && b->label != NULL && strcmp(a->label, b->label) == 0;
}

/* The group as it stands among its run's others: where comprehensions were folded the
 * change's is a copy, of the same values. */
static const struct summary_group *group_of_run(const struct summary *s,
						const struct summary_group *g)
{
	if (g >= s->groups && g < s->groups + s->ngroups)
		return g;
	for (size_t i = 0; i < s->ngroups; i++)
		if (s->groups[i].values == g->values)
			return &s->groups[i];
	return NULL;
}

/* A run's median of the request, NaN where it has none. What a test asks for several
 * times is one request here: each by itself has one time a run, and one that waited for
 * a busy machine would hide what all the others show. Groups are sorted by label. */
static int value_of(double *out, const struct summary *s, const struct summary_group *g,
		    const char *metric, struct arena *arena)
{
	const struct summary_group *from, *to, *end = s->groups + s->ngroups;
	size_t m = 0, n = 0;
	double *v;

	while (m < s->nmetrics && strcmp(s->metrics[m].name, metric) != 0)
		m++;
	g = g != NULL ? group_of_run(s, g) : NULL;
	*out = (double)NAN;
	if (g == NULL || m == s->nmetrics)
		return 0;
	from = to = g;
	while (from > s->groups && has_label_of(from - 1, g))
		from--;
	while (to < end && (to == g || has_label_of(to, g)))
		n += (to++)->nrequests;
	for (const struct summary_group *at = from; at < g; at++)
		n += at->nrequests;
	v = arena_alloc(arena, (n + 1) * sizeof *v);
	if (v == NULL)
		return -1;
	n = 0;
	for (const struct summary_group *at = from; at < to; at++)
		for (size_t i = 0; is_alike(at, g) && i < at->nrequests; i++)
			v[n++] = (double)at->values[i * s->nmetrics + m];
	if (n != 0)
		*out = stats_median(v, n);
	return 0;
}

static int values_of(double *to, const struct request_change *r, const struct judging *j,
		     const char *metric, struct arena *arena)
{
	for (size_t i = 0; i < j->before->nruns; i++)
		if (value_of(to++, j->before->runs[i], r->old_groups[i], metric, arena) < 0)
			return -1;
	for (size_t i = 0; i < j->after->nruns; i++)
		if (value_of(to++, j->after->runs[i], r->new_groups[i], metric, arena) < 0)
			return -1;
	return 0;
}

/* A machine's noise makes times longer by a part of them, now and then a multiple: on
 * this scale, near the logarithm's, one slow run does not hide what all others show. */
static void to_scale(double *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		v[i] = v[i] > 1 ? -1 / sqrt(v[i]) : v[i] - 2; /* NaN stays */
}

/* Tests all requests that have runs enough at once. */
static int test_family(struct judging *j, size_t metric)
{
	const struct change *c = j->change;
	size_t n = j->before->nruns + j->after->nruns, rows = 0;
	double *values = arena_alloc(&j->scratch, (c->nrequests * n + 1) * sizeof *values);
	double *p = arena_alloc(&j->scratch, (c->nrequests + 1) * sizeof *p);
	double *family = arena_alloc(&j->scratch, (c->nrequests + 1) * sizeof *family);

	if (values == NULL || p == NULL || family == NULL)
		return -1;
	for (size_t i = 0; i < c->nrequests; i++)
		if (request_has_runs(&c->requests[i]) &&
		    values_of(values + n * rows++, &c->requests[i], j,
			      c->metrics[metric].name, &j->scratch) < 0)
			return -1;
	to_scale(values, n * rows);
	if (stats_family_p(p, values, rows, j->before->nruns, j->after->nruns) < 0)
		return -1;
	rows = 0;
	for (size_t i = 0; i < c->nrequests; i++)
		family[i] = request_has_runs(&c->requests[i]) ? p[rows++] : (double)NAN;
	j->family[metric] = family;
	return 0;
}

/* Of all requests together the chance that any would look so much worse: of five runs a
 * side hardly less than 0.01 where a machine has fast and slow minutes, whatever one of
 * the requests does. */
#define FAMILY_ALPHA 0.05

/* How sure it is that a request's time rose. `least` is the low end of the interval of the
 * change: what is proven to be there at all may be next to nothing, and of many commits one
 * in a hundred is proven by chance. Such a one is hardly ever apart by half of what it is
 * by. */
struct proof {
	double p, estimate, least;
};

static bool is_proven(const struct proof *proof, double family_p)
{
	return proof->p < CHANGE_ALPHA && family_p < FAMILY_ALPHA &&
	       proof->least >= proof->estimate / 2;
}

/* Also fills in the medians of both sides. */
static int prove(struct proof *out, struct finding *f, struct judging *j)
{
	size_t na = 0, nb = 0, n = j->before->nruns + j->after->nruns;
	double *a = arena_alloc(&j->scratch, n * sizeof *a);
	double *b = arena_alloc(&j->scratch, n * sizeof *b);
	struct interval interval;

	if (a == NULL || b == NULL ||
	    values_of(b, f->request, j, f->rule->metric, &j->scratch) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (isnan(b[i]))
			continue;
		if (i < j->before->nruns)
			a[na++] = b[i];
		else
			b[nb++] = b[i];
	}
	if (stats_shift(&interval, a, na, b, nb, 1 - CHANGE_ALPHA) < 0)
		return -1;
	*out = (struct proof){ stats_permutation_p(a, na, b, nb), interval.estimate, interval.low };
	f->old_value = stats_median(a, na);
	f->new_value = stats_median(b, nb);
	return 0;
}

static double weigh(const struct finding *f, const struct judging *j,
		    const struct function_change *c)
{
	double delta = c->self[f->metric].delta;

	(void)j;
	return delta * 10 >= f->new_value - f->old_value ? delta : 0;
}

static enum skip skip_of(const struct finding *f, const struct judging *j)
{
	if (judge_metric(j, f->rule->metric) == j->change->nmetrics)
		return SKIP_METRIC;
	if (j->change->other_machine)
		return SKIP_MACHINE;
	if (!request_has_runs(f->request))
		return SKIP_FEW;
	return j->change->took_turns ? SKIP_NONE : SKIP_TURNS;
}

int judge_time(struct finding *f, struct judging *j)
{
	size_t metric = judge_metric(j, f->rule->metric);
	struct proof proof;

	f->metric = metric;
	f->skip = skip_of(f, j);
	f->verdict = VERDICT_SKIPPED;
	if (f->skip != SKIP_NONE)
		return 0;
	if (j->family[metric] == NULL && test_family(j, metric) < 0)
		return -1;
	if (prove(&proof, f, j) < 0)
		return -1;
	f->p = proof.p;
	f->verdict = VERDICT_PASSED;
	if (!is_proven(&proof, j->family[metric][f->request - j->change->requests]) ||
	    proof.least <= f->rule->floor_ns ||
	    !limit_is_exceeded(&f->rule->limit, f->old_value, f->old_value + proof.least))
		return 0;
	f->verdict = VERDICT_FAILED;
	return blame(f, j, weigh);
}
