/* Rules about what can be counted. */
#include <stdlib.h>
#include <string.h>

#include "change/judge.h"

struct range {
	double min, median, max;
};

static void add_range(struct range *to, const struct count_range *more)
{
	to->min += (double)more->min;
	to->median += (double)more->median;
	to->max += (double)more->max;
}

static bool is_meant(const struct rule *r, const struct function_change *c)
{
	if (r->kind == RULE_SQL)
		return identity_is_sql(c->after ? &c->after->id : &c->before->id);
	return r->kind == RULE_CALLS && patterns_match(&r->functions, c);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Of a metric's totals, over all requests of all runs of a side. */
static int range_of_metric(struct range *out, const struct summary_group *const *groups,
			   const struct change_side *side, const char *name,
			   struct arena *arena)
{
	size_t n = 0, at = 0;
	int64_t *v;

	for (size_t i = 0; i < side->nruns; i++)
		n += groups[i] != NULL ? groups[i]->nrequests : 0;
	v = arena_alloc(arena, (n + 1) * sizeof *v);
	if (v == NULL)
		return -1;
	for (size_t i = 0; i < side->nruns; i++) {
		const struct summary *s = side->runs[i];
		size_t m = 0;

		while (m < s->nmetrics && strcmp(s->metrics[m].name, name) != 0)
			m++;
		for (size_t k = 0; groups[i] != NULL && m < s->nmetrics && k < groups[i]->nrequests; k++)
			v[at++] = groups[i]->values[k * s->nmetrics + m];
	}
	if (at != 0) {
		qsort(v, at, sizeof *v, by_number);
		*out = (struct range){ (double)v[0], (double)v[(at - 1) / 2], (double)v[at - 1] };
	}
	return 0;
}

static int ranges_of_metric(struct range *old, struct range *new, const struct finding *f,
			    struct judging *j)
{
	const struct request_change *r = f->request;

	if (r->old_groups != NULL &&
	    range_of_metric(old, r->old_groups, j->before, f->rule->metric, &j->scratch) < 0)
		return -1;
	return range_of_metric(new, r->new_groups, j->after, f->rule->metric, &j->scratch);
}

/* A request that only one side has comes without its functions. */
static void ranges_of_new(struct range *new, const struct finding *f)
{
	const struct summary_group *g = f->request->after;

	for (size_t i = 0; i < g->nfunctions; i++) {
		const struct function_change c = { .after = &g->functions[i] };

		if (is_meant(f->rule, &c))
			add_range(new, &g->functions[i].calls);
	}
}

static void ranges_of_calls(struct range *old, struct range *new, const struct finding *f)
{
	const struct request_change *r = f->request;

	if (f->rule->kind == RULE_TOTAL_CALLS) {
		add_range(old, &r->old_calls);
		add_range(new, &r->new_calls);
		return;
	}
	if (r->state == REQUEST_NEW)
		ranges_of_new(new, f);
	for (size_t i = 0; i < r->nfunctions; i++)
		if (is_meant(f->rule, &r->functions[i])) {
			add_range(old, &r->functions[i].old_calls);
			add_range(new, &r->functions[i].new_calls);
		}
}

static bool is_worse(const struct limit *l, const struct range *old, const struct range *new)
{
	if (l->kind == LIMIT_MOST)
		return limit_is_exceeded(l, 0, new->max);
	return new->min > old->max && limit_is_exceeded(l, old->median, new->median);
}

/* By how many calls more; against a budget by all of them, where there are no more. */
static double weigh_calls(const struct finding *f, const struct judging *j,
			  const struct function_change *c)
{
	double more = (double)c->new_calls.median - (double)c->old_calls.median;

	(void)j;
	if (f->rule->kind != RULE_TOTAL_CALLS && !is_meant(f->rule, c))
		return 0;
	if (f->rule->limit.kind == LIMIT_MOST && f->new_value <= f->old_value)
		return (double)c->new_calls.max;
	return more;
}

static double weigh_metric(const struct finding *f, const struct judging *j,
			   const struct function_change *c)
{
	size_t m = f->metric;

	(void)j;
	if (f->rule->limit.kind == LIMIT_MOST && f->new_value <= f->old_value)
		return c->self[m].new_value;
	return c->self[m].delta;
}

int judge_counts(struct finding *f, struct judging *j)
{
	struct range old = { 0 }, new = { 0 };
	bool metric = f->rule->kind == RULE_METRIC;

	f->verdict = VERDICT_SKIPPED;
	f->metric = metric ? judge_metric(j, f->rule->metric) : 0;
	if (metric && f->metric == j->change->nmetrics) {
		f->skip = SKIP_METRIC;
		return 0;
	}
	if (!metric && !f->request->counts_known) {
		f->skip = SKIP_LOST;
		return 0;
	}
	if (!metric)
		ranges_of_calls(&old, &new, f);
	else if (ranges_of_metric(&old, &new, f, j) < 0)
		return -1;
	f->old_value = old.median;
	f->new_value = f->rule->limit.kind == LIMIT_MOST ? new.max : new.median;
	if (!is_worse(&f->rule->limit, &old, &new)) {
		f->verdict = VERDICT_PASSED;
		return 0;
	}
	f->verdict = VERDICT_FAILED;
	return blame(f, j, metric ? weigh_metric : weigh_calls);
}
