/* Which request of the old side is which of the new one. */
#include <stdlib.h>

#include "change/build.h"
#include "change/compare.h"

static const struct summary_group *group_of(const struct side_request *r)
{
	return r->groups[r->typical];
}

typedef int compare_groups(const struct summary_group *, const struct summary_group *);

/* Label, method and route: the n-th of these matches the n-th, whatever was put between. */
static int by_label_and_route(const struct summary_group *x, const struct summary_group *y)
{
	int order = compare_texts(x->label, y->label);

	return order != 0 ? order : compare_routes(x, y);
}

static int by_label_and_ordinal(const struct summary_group *x, const struct summary_group *y)
{
	int order = compare_texts(x->label, y->label);

	return order != 0 ? order : compare_ordinals(x, y);
}

/* Where one side has a label and the other none, method and route must do. Of one route
 * those without a label come first: behind them there is no such pair. */
static int by_route_alone(const struct summary_group *x, const struct summary_group *y)
{
	int order = compare_routes(x, y);

	return order == 0 && x->label != NULL && y->label != NULL ? -1 : order;
}

static int sort_by_label(const void *a, const void *b)
{
	return group_order(group_of(*(struct side_request *const *)a),
			   group_of(*(struct side_request *const *)b));
}

static int sort_by_ordinal(const void *a, const void *b)
{
	const struct summary_group *x = group_of(*(struct side_request *const *)a);
	const struct summary_group *y = group_of(*(struct side_request *const *)b);
	int order = by_label_and_ordinal(x, y);

	return order != 0 ? order : compare_routes(x, y);
}

static int sort_by_route(const void *a, const void *b)
{
	int order = compare_routes(group_of(*(struct side_request *const *)a),
				   group_of(*(struct side_request *const *)b));

	return order != 0 ? order : sort_by_ordinal(a, b);
}

static int pair(struct side_request *x, struct side_request *y, add_pair *add, void *arg)
{
	x->paired = y->paired = true;
	return add(arg, x, y);
}

/* The requests that have no partner yet, sorted. */
static size_t collect(struct side_request **to, struct side *s,
		      int (*sort)(const void *, const void *))
{
	size_t n = 0;

	for (size_t i = 0; i < s->nrequests; i++)
		if (!s->requests[i].paired)
			to[n++] = &s->requests[i];
	if (n != 0)
		qsort(to, n, sizeof(struct side_request *), sort);
	return n;
}

/* Pairs what is equal in the two sorted rows, the n-th with the n-th. */
static int pair_equals(struct side_request **a, size_t na, struct side_request **b, size_t nb,
		       compare_groups *compare, add_pair *add, void *arg)
{
	size_t i = 0, j = 0;

	while (i < na && j < nb) {
		int order = compare(group_of(a[i]), group_of(b[j]));

		if (order == 0 && pair(a[i], b[j], add, arg) < 0)
			return -1;
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}

static int add_alone(struct side *s, bool is_old, add_pair *add, void *arg)
{
	for (size_t i = 0; i < s->nrequests; i++) {
		struct side_request *r = &s->requests[i];

		if (!r->paired && add(arg, is_old ? r : NULL, is_old ? NULL : r) < 0)
			return -1;
	}
	return 0;
}

int pair_requests(struct side *old, struct side *new, add_pair *add, void *arg,
		  struct arena *arena)
{
	struct side_request **a = arena_alloc(arena, old->nrequests * sizeof *a);
	struct side_request **b = arena_alloc(arena, new->nrequests * sizeof *b);
	size_t na, nb, i = 0, j = 0;

	if (a == NULL || b == NULL)
		return -1;
	na = collect(a, old, sort_by_label);
	nb = collect(b, new, sort_by_label);
	if (pair_equals(a, na, b, nb, by_label_and_route, add, arg) < 0)
		return -1;
	na = collect(a, old, sort_by_ordinal);
	nb = collect(b, new, sort_by_ordinal);
	/* What has no label sorts first, and is told by its route alone. */
	while (i < na && group_of(a[i])->label == NULL)
		i++;
	while (j < nb && group_of(b[j])->label == NULL)
		j++;
	if (pair_equals(a + i, na - i, b + j, nb - j, by_label_and_ordinal, add, arg) < 0)
		return -1;
	na = collect(a, old, sort_by_route);
	nb = collect(b, new, sort_by_route);
	if (pair_equals(a, na, b, nb, by_route_alone, add, arg) < 0)
		return -1;
	return add_alone(old, true, add, arg) < 0 || add_alone(new, false, add, arg) < 0 ? -1 : 0;
}
