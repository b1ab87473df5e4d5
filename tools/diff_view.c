#include "diff_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const char *const verdict_names[] = {
	[ROUTE_CHANGED] = "changed", [ROUTE_OTHER] = "other", [ROUTE_NEW] = "new",
	[ROUTE_GONE] = "gone", [ROUTE_VARIES] = "varies", [ROUTE_SAME] = "same"
};

const struct function *diff_row_function(const struct diff *d, const struct diff_row *row)
{
	return row->after != PROFILE_NONE ? &d->after->functions[row->after]
					  : &d->before->functions[row->before];
}

static uint64_t apart(int64_t x, int64_t y)
{
	return x > y ? (uint64_t)x - (uint64_t)y : (uint64_t)y - (uint64_t)x;
}

static uint64_t self_change(const struct diff *d, const struct diff_row *r)
{
	return apart(r->old_totals->self[d->old_metric], r->new_totals->self[d->new_metric]);
}

static uint64_t cum_change(const struct diff *d, const struct diff_row *r)
{
	return apart(r->old_totals->cum[d->old_metric], r->new_totals->cum[d->new_metric]);
}

static bool differs_at_all(const struct diff *d, const struct diff_row *r)
{
	return diff_row_calls_differ(d, r) || self_change(d, r) != 0 || cum_change(d, r) != 0;
}

/* A row and what it is sorted by: qsort takes no argument. */
struct weighed {
	const struct diff_row *row;
	const char *name; /* when sorting by name */
	uint64_t weight;
};

static int by_weight(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;
	int order = x->name ? strcmp(x->name, y->name) : 0;

	if (order != 0)
		return order;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static void weigh(struct weighed *w, const struct diff *d, const struct diff_row *row,
		  unsigned sort)
{
	*w = (struct weighed){ .row = row };
	if (sort == SORT_NAME)
		w->name = diff_row_function(d, row)->qualname;
	else if (sort == SORT_TOTTIME)
		w->weight = self_change(d, row);
	else if (sort == SORT_CUMTIME)
		w->weight = cum_change(d, row);
	/* The diff's own rows are in the order of calls: by_weight keeps it. */
}

int diff_select(struct diff_selection *out, const struct diff *d, unsigned sort, unsigned limit)
{
	struct weighed *w = mem_array(NULL, d->nrows, sizeof *w);
	bool only_calls;

	*out = (struct diff_selection){ mem_array(NULL, d->nrows, sizeof *out->rows), 0, 0, 0 };
	if (w == NULL || out->rows == NULL) {
		mem_free(w);
		return -1;
	}
	for (size_t i = 0; i < d->nrows; i++)
		out->nchanged += diff_row_calls_differ(d, &d->rows[i]);
	only_calls = sort == SORT_CALLS && out->nchanged != 0;
	for (size_t i = 0; i < d->nrows; i++)
		if (only_calls ? diff_row_calls_differ(d, &d->rows[i])
			       : differs_at_all(d, &d->rows[i]))
			weigh(&w[out->nall++], d, &d->rows[i], sort);
	if (out->nall != 0)
		qsort(w, out->nall, sizeof *w, by_weight);
	out->nrows = limit != 0 && out->nall > limit ? limit : out->nall;
	for (size_t i = 0; i < out->nrows; i++)
		out->rows[i] = w[i].row;
	mem_free(w);
	return 0;
}

void diff_selection_release(struct diff_selection *s)
{
	mem_free(s->rows);
}

int diff_snapshots(struct diff *out, const char *before, const char *after,
		   struct profile **p, struct profile **q, struct error *err)
{
	*p = snapshot_profile(before, err);
	*q = *p ? snapshot_profile(after, err) : NULL;
	if (*q != NULL && diff_profiles(out, *p, *q, err) == 0)
		return 0;
	profile_free(*p);
	profile_free(*q);
	return -1;
}

const struct manifest_git *run_commit(const struct run_info *run)
{
	for (size_t i = 0; i < run->nsnapshots; i++)
		if (run->snapshots[i].has_manifest && run->snapshots[i].manifest.git.commit)
			return &run->snapshots[i].manifest.git;
	return NULL;
}

bool diff_differs(const struct diff *d)
{
	for (size_t i = 0; i < d->nrows; i++)
		if (diff_row_calls_differ(d, &d->rows[i]))
			return true;
	return false;
}

bool comparison_differs(const struct comparison *c)
{
	for (size_t i = 0; i < c->nroutes; i++)
		if (c->routes[i].verdict < ROUTE_VARIES)
			return true;
	return false;
}
