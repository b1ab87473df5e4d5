/* The functions of one pair of requests: each side's runs as one row, matched, compared. */
#include <math.h>
#include <stdlib.h>

#include "change/build.h"

struct quantity quantity_of(double old, double new)
{
	return (struct quantity){ old, new, new - old, old != 0 ? new / old : (double)NAN };
}

/* What comes next in the runs' sorted functions, or NULL. */
static const struct summary_function *next_of(const struct side *s, const struct side_request *r,
					      const size_t *at)
{
	const struct summary_function *next = NULL;

	for (size_t i = 0; i < s->nruns; i++) {
		const struct summary_group *g = r->groups[i];

		if (g == NULL || at[i] == g->nfunctions)
			continue;
		if (next == NULL || identity_compare(&g->functions[at[i]].id, &next->id) < 0)
			next = &g->functions[at[i]];
	}
	return next;
}

static int side_functions(struct side_functions *out, const struct side *s,
			  const struct side_request *r, struct arena *arena)
{
	size_t *at = arena_zalloc(arena, s->nruns * sizeof *at), most = 0;
	const struct summary_function *next;

	for (size_t i = 0; i < s->nruns; i++)
		if (r->groups[i] != NULL)
			most += r->groups[i]->nfunctions;
	*out = (struct side_functions){ arena_alloc(arena, most * sizeof *out->v), 0 };
	if (at == NULL || out->v == NULL)
		return -1;
	while ((next = next_of(s, r, at)) != NULL) {
		struct side_function *f = &out->v[out->n++];

		*f = (struct side_function){ .any = next };
		f->by_run = arena_zalloc(arena, s->nruns * sizeof *f->by_run);
		if (f->by_run == NULL)
			return -1;
		for (size_t i = 0; i < s->nruns; i++) {
			const struct summary_group *g = r->groups[i];

			if (g != NULL && at[i] < g->nfunctions &&
			    identity_compare(&g->functions[at[i]].id, &next->id) == 0)
				f->by_run[i] = &g->functions[at[i]++];
		}
		if (f->by_run[r->typical] != NULL)
			f->any = f->by_run[r->typical];
	}
	return 0;
}

/* One side of a function, or its absence from a request that is there. */
struct seen {
	const struct side *side;
	const struct side_request *request;
	const struct side_function *f; /* NULL: nowhere */
};

/* Self or cum of a metric in each run; how many those are. */
static size_t values_of(double *to, const struct seen *seen, size_t metric, bool cum)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->side->nruns; i++) {
		const struct summary_function *f = seen->f ? seen->f->by_run[i] : NULL;
		const int64_t *from;

		if (seen->request->groups[i] == NULL)
			continue;
		from = f == NULL ? NULL : cum ? f->cum : f->self;
		to[n++] = from ? (double)from[seen->side->metric_at[i][metric]] : 0;
	}
	return n;
}

static struct count_range calls_of(double *scratch, const struct seen *seen)
{
	struct count_range range = { UINT64_MAX, 0, 0 };
	size_t n = 0;

	for (size_t i = 0; i < seen->side->nruns; i++) {
		static const struct count_range none;
		const struct summary_function *f = seen->f ? seen->f->by_run[i] : NULL;
		const struct count_range *calls = f ? &f->calls : &none;

		if (seen->request->groups[i] == NULL)
			continue;
		range.min = calls->min < range.min ? calls->min : range.min;
		range.max = calls->max > range.max ? calls->max : range.max;
		scratch[n++] = (double)calls->median;
	}
	/* The lower of two in the middle, as of the requests. */
	stats_median(scratch, n);
	range.median = (uint64_t)scratch[(n - 1) / 2];
	return range;
}

/* One request's work on its functions. */
struct filling {
	struct request_change *request;
	struct building *b;
	struct seen old, new;
	double *x, *y; /* scratch, a value for each run */
};

static void split(struct function_change *f, bool counted)
{
	double old = (double)f->old_calls.median, new = (double)f->new_calls.median;
	double delta = f->self[0].delta;

	if (f->before == NULL || f->after == NULL)
		f->more_calls_ns = delta;
	else if (!counted)
		f->more_calls_ns = 0;
	else if (old == 0 || new == 0)
		f->more_calls_ns = delta;
	else
		f->more_calls_ns = round((new - old) * (f->self[0].old_value / old));
	f->dearer_calls_ns = delta - f->more_calls_ns;
}

static int fill(struct filling *w, struct function_change *f)
{
	size_t nmetrics = w->b->out->nmetrics;
	bool counted = w->request->counts_known;

	f->self = arena_alloc(&w->b->out->arena, nmetrics * sizeof *f->self);
	f->cum = arena_alloc(&w->b->out->arena, nmetrics * sizeof *f->cum);
	if (f->self == NULL || f->cum == NULL)
		return -1;
	for (size_t m = 0; m < nmetrics; m++)
		for (int cum = 0; cum <= 1; cum++) {
			size_t nx = values_of(w->x, &w->old, m, cum);
			size_t ny = values_of(w->y, &w->new, m, cum);

			(cum ? f->cum : f->self)[m] =
				quantity_of(stats_median(w->x, nx), stats_median(w->y, ny));
		}
	f->old_calls = calls_of(w->x, &w->old);
	f->new_calls = calls_of(w->y, &w->new);
	f->calls_worse = counted && f->new_calls.min > f->old_calls.max;
	f->calls_better = counted && f->new_calls.max < f->old_calls.min;
	w->request->nrecounted += function_recounted(f);
	split(f, counted);
	return 0;
}

static int add(struct filling *w, const struct side_function *old,
	       const struct side_function *new)
{
	struct request_change *c = w->request;
	struct function_change *f = &c->functions[c->nfunctions++];

	*f = (struct function_change){ .before = old ? old->any : NULL,
				       .after = new ? new->any : NULL };
	f->match = old == NULL ? MATCH_NEW : new == NULL ? MATCH_GONE : old->match;
	w->old.f = old;
	w->new.f = new;
	return fill(w, f);
}

static int by_cost(const void *a, const void *b)
{
	const struct function_change *x = a, *y = b;
	double dx = fabs(x->self[0].delta), dy = fabs(y->self[0].delta);

	if (dx != dy)
		return dx > dy ? -1 : 1;
	if (function_recounted(x) != function_recounted(y))
		return function_recounted(x) ? -1 : 1;
	return identity_compare(x->after ? &x->after->id : &x->before->id,
				y->after ? &y->after->id : &y->before->id);
}

static const struct side_function *found(const struct side_functions *in,
					 const struct summary_function *f)
{
	for (size_t i = 0; i < in->n && f != NULL; i++)
		if (in->v[i].any == f)
			return &in->v[i];
	return NULL;
}

static int fill_intervals(struct filling *w, const struct side_functions *old,
			  const struct side_functions *new)
{
	struct request_change *c = w->request;

	for (size_t i = 0; i < c->nfunctions && i < CHANGE_INTERVALS; i++) {
		struct function_change *f = &c->functions[i];
		size_t nx, ny;

		w->old.f = found(old, f->before);
		w->new.f = found(new, f->after);
		nx = values_of(w->x, &w->old, 0, false);
		ny = values_of(w->y, &w->new, 0, false);
		if (stats_shift(&f->interval, w->x, nx, w->y, ny, 1 - CHANGE_ALPHA) < 0)
			return -1;
	}
	return 0;
}

int fill_functions(struct request_change *c, const struct side_request *old,
		   const struct side_request *new, struct building *b)
{
	struct filling w = { c, b, { &b->old, old, NULL }, { &b->new, new, NULL }, NULL, NULL };
	struct side_functions x, y;

	w.x = arena_alloc(&b->brief, b->old.nruns * sizeof *w.x);
	w.y = arena_alloc(&b->brief, b->new.nruns * sizeof *w.y);
	if (w.x == NULL || w.y == NULL || side_functions(&x, &b->old, old, &b->brief) < 0 ||
	    side_functions(&y, &b->new, new, &b->brief) < 0 ||
	    match_functions(&x, &y, b, &b->brief) < 0)
		return -1;
	c->functions = arena_alloc(&b->out->arena, (x.n + y.n) * sizeof *c->functions);
	if (c->functions == NULL)
		return -1;
	for (size_t i = 0; i < x.n; i++)
		if (add(&w, &x.v[i], x.v[i].partner) < 0)
			return -1;
	for (size_t i = 0; i < y.n; i++)
		if (y.v[i].partner == NULL && add(&w, NULL, &y.v[i]) < 0)
			return -1;
	if (c->nfunctions != 0)
		qsort(c->functions, c->nfunctions, sizeof *c->functions, by_cost);
	return c->evidence == EVIDENCE_PROVEN ? fill_intervals(&w, &x, &y) : 0;
}
