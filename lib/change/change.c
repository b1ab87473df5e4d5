#include "change/change.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "change/build.h"
#include "change/compare.h"

/* What is not known is not unlike. */
static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL || *a == '\0' || *b == '\0' || strcmp(a, b) == 0;
}

static int refuse(struct change *c, bool force, const char *what, const char *old,
		  const char *new, struct error *err)
{
	struct error text = ERROR_INIT;

	error_set(&text, ERR_REFUSED, "%s %s is not comparable with %s", what, old, new);
	if (!force) {
		*err = text;
		return -1;
	}
	if (c->refused == NULL && (c->refused = arena_strdup(&c->arena, text.text)) == NULL)
		return error_nomem(err);
	return 0;
}

/* Any two runs must be of one kind, those of one side too. */
static int check_two(struct change *c, const struct summary *x, const struct summary *y,
		     bool force, struct error *err)
{
	if (x->sampled != y->sampled)
		return error_set(err, ERR_REFUSED,
				 "a sampled profile and a traced one cannot be compared");
	if (strcmp(x->metrics[0].unit, y->metrics[0].unit) != 0)
		return error_set(err, ERR_REFUSED, "%s cannot be compared with %s",
				 x->metrics[0].unit, y->metrics[0].unit);
	if (!same_text(x->implementation, y->implementation) &&
	    refuse(c, force, "code run by", x->implementation, y->implementation, err) < 0)
		return -1;
	if (!same_text(x->python, y->python) &&
	    refuse(c, force, "Python", x->python, y->python, err) < 0)
		return -1;
	if (!same_text(x->mode, y->mode) &&
	    refuse(c, force, "mode", x->mode, y->mode, err) < 0)
		return -1;
	c->other_machine |= x->machine != y->machine && x->machine != 0 && y->machine != 0;
	return 0;
}

static int check_alike(struct change *c, const struct change_side *before,
		       const struct change_side *after, bool force, struct error *err)
{
	const struct change_side *sides[] = { before, after };

	if (before->nruns == 0 || after->nruns == 0)
		return error_set(err, ERR_NOT_FOUND, "there is no run to compare");
	for (int s = 0; s < 2; s++)
		for (size_t i = 0; i < sides[s]->nruns; i++)
			if (sides[s]->runs[i]->nmetrics == 0)
				return error_set(err, ERR_REFUSED,
						 "a profile without values cannot be compared");
	for (int s = 0; s < 2; s++)
		for (size_t i = 0; i < sides[s]->nruns; i++)
			if (check_two(c, before->runs[0], sides[s]->runs[i], force, err) < 0)
				return -1;
	return 0;
}

static size_t metric_of(const struct summary *s, const struct metric *metric)
{
	size_t i = 0;

	while (i < s->nmetrics && (strcmp(s->metrics[i].name, metric->name) != 0 ||
				   strcmp(s->metrics[i].unit, metric->unit) != 0))
		i++;
	return i;
}

static bool all_have(const struct side *s, const struct metric *metric)
{
	for (size_t i = 0; i < s->nruns; i++)
		if (metric_of(s->runs[i], metric) == s->runs[i]->nmetrics)
			return false;
	return true;
}

static int map_metrics(struct side *s, const struct change *c, struct arena *arena)
{
	s->metric_at = arena_alloc(arena, s->nruns * sizeof *s->metric_at);
	for (size_t i = 0; s->metric_at != NULL && i < s->nruns; i++) {
		unsigned *at = arena_alloc(arena, c->nmetrics * sizeof *at);

		if (at == NULL)
			return -1;
		for (size_t m = 0; m < c->nmetrics; m++)
			at[m] = m == 0 ? 0 : (unsigned)metric_of(s->runs[i], &c->metrics[m]);
		s->metric_at[i] = at;
	}
	return s->metric_at == NULL ? -1 : 0;
}

/* The first of each is the time, whatever a foreign profile calls it; of the others those
 * that all runs have. */
static int find_metrics(struct building *b)
{
	const struct summary *first = b->new.runs[0];
	struct change *c = b->out;

	c->metrics = arena_alloc(&c->arena, first->nmetrics * sizeof *c->metrics);
	if (c->metrics == NULL)
		return -1;
	for (size_t i = 0; i < first->nmetrics; i++)
		if (i == 0 || (all_have(&b->old, &first->metrics[i]) &&
			       all_have(&b->new, &first->metrics[i])))
			c->metrics[c->nmetrics++] = first->metrics[i];
	return map_metrics(&b->old, c, &b->scratch) < 0 ? -1
							: map_metrics(&b->new, c, &b->scratch);
}

/* The runs' medians of one metric, in scratch; *n how many. NULL without memory. */
static double *medians_of(const struct side *s, const struct side_request *r, size_t metric,
			  size_t *n, struct arena *arena)
{
	double *v = arena_alloc(arena, s->nruns * sizeof *v);

	*n = 0;
	for (size_t i = 0; v != NULL && i < s->nruns; i++)
		if (r->groups[i] != NULL &&
		    group_median(&v[(*n)++], r->groups[i], s->metric_at[i][metric],
				 (unsigned)s->runs[i]->nmetrics, arena) < 0)
			return NULL;
	return v;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Of all requests of all runs. */
static int range_of_calls(struct count_range *out, size_t *nrequests, uint64_t *nlost,
			  const struct side *s, const struct side_request *r,
			  struct arena *arena)
{
	uint64_t *all;
	size_t n = 0;

	*nrequests = 0;
	for (size_t i = 0; i < s->nruns; i++)
		if (r->groups[i] != NULL) {
			*nrequests += r->groups[i]->nrequests;
			*nlost |= r->groups[i]->nlost;
		}
	all = arena_alloc(arena, *nrequests * sizeof *all);
	if (all == NULL)
		return -1;
	for (size_t i = 0; i < s->nruns; i++)
		if (r->groups[i] != NULL) {
			memcpy(all + n, r->groups[i]->calls,
			       r->groups[i]->nrequests * sizeof *all);
			n += r->groups[i]->nrequests;
		}
	qsort(all, n, sizeof *all, by_number);
	*out = (struct count_range){ all[0], all[(n - 1) / 2], all[n - 1] };
	return 0;
}

static int fill_side(struct request_change *c, const struct side *s,
		     const struct side_request *r, bool old, uint64_t *nlost,
		     struct building *b)
{
	struct count_range *calls = old ? &c->old_calls : &c->new_calls;
	size_t *requests = old ? &c->old_requests : &c->new_requests;
	const struct summary_group **groups;

	if (r == NULL)
		return 0;
	groups = arena_alloc(&b->out->arena, s->nruns * sizeof *groups);
	if (groups == NULL)
		return -1;
	memcpy(groups, r->groups, s->nruns * sizeof *groups);
	*(old ? &c->old_groups : &c->new_groups) = groups;
	*(old ? &c->before : &c->after) = r->groups[r->typical];
	*(old ? &c->old_runs : &c->new_runs) = r->npresent;
	return range_of_calls(calls, requests, nlost, s, r, &b->brief);
}

static int fill_times(struct request_change *c, const struct side_request *old,
		      const struct side_request *new, struct building *b)
{
	size_t nx, ny;

	c->metrics = arena_alloc(&b->out->arena, b->out->nmetrics * sizeof *c->metrics);
	if (c->metrics == NULL)
		return -1;
	/* Wall last: its values are then judged. */
	for (size_t m = b->out->nmetrics; m-- > 0;) {
		double *x = medians_of(&b->old, old, m, &nx, &b->brief);
		double *y = medians_of(&b->new, new, m, &ny, &b->brief);

		if (x == NULL || y == NULL)
			return -1;
		c->metrics[m] = quantity_of(stats_median(x, nx), stats_median(y, ny));
		if (m == 0 && judge_evidence(c, x, nx, y, ny, b) < 0)
			return -1;
	}
	return 0;
}

/* Of a request that only one side has: its cost there, and nothing to judge. */
static int fill_alone(struct request_change *c, const struct side *s,
		      const struct side_request *r, struct building *b)
{
	const struct summary_group *g = r->groups[r->typical];

	c->state = c->before ? REQUEST_GONE : REQUEST_NEW;
	c->p = c->noise = (double)NAN;
	c->evidence = EVIDENCE_UNKNOWN;
	c->metrics = arena_alloc(&b->out->arena, b->out->nmetrics * sizeof *c->metrics);
	if (c->metrics == NULL)
		return -1;
	for (size_t m = 0; m < b->out->nmetrics; m++) {
		double cost;

		if (group_median(&cost, g, s->metric_at[r->typical][m],
				 (unsigned)s->runs[r->typical]->nmetrics, &b->brief) < 0)
			return -1;
		c->metrics[m] = quantity_of(c->before ? cost : 0, c->before ? 0 : cost);
	}
	return 0;
}

static int add_request(void *arg, struct side_request *old, struct side_request *new)
{
	struct building *b = arg;
	struct request_change *c = &b->out->requests[b->out->nrequests++];
	uint64_t nlost = 0;
	int rc = -1;

	*c = (struct request_change){ .state = REQUEST_BOTH };
	if (fill_side(c, &b->old, old, true, &nlost, b) < 0 ||
	    fill_side(c, &b->new, new, false, &nlost, b) < 0)
		goto done;
	c->counts_known = nlost == 0 && (c->old_calls.max != 0 || c->new_calls.max != 0);
	if (old == NULL || new == NULL) {
		rc = old != NULL ? fill_alone(c, &b->old, old, b)
				 : fill_alone(c, &b->new, new, b);
		goto done;
	}
	c->calls_worse = c->counts_known && c->new_calls.min > c->old_calls.max;
	c->calls_better = c->counts_known && c->new_calls.max < c->old_calls.min;
	if (fill_times(c, old, new, b) == 0)
		rc = fill_functions(c, old, new, b);
done:
	arena_release(&b->brief);
	b->brief = (struct arena)ARENA_INIT;
	return rc;
}

/* The one request of each side, whatever it is called. */
static int pair_single(struct building *b)
{
	if (b->old.nrequests == 0 || b->new.nrequests == 0)
		return 0;
	return add_request(b, &b->old.requests[0], &b->new.requests[0]);
}

enum standing request_standing(const struct request_change *r)
{
	bool slower = r->metrics[0].delta > 0;

	if (r->state != REQUEST_BOTH)
		return r->state == REQUEST_NEW ? STANDING_NEW : STANDING_GONE;
	if (r->evidence == EVIDENCE_PROVEN && slower)
		return STANDING_SLOWER;
	if (r->calls_worse)
		return STANDING_MORE_CALLS;
	if (r->evidence == EVIDENCE_BEYOND_NOISE && slower)
		return STANDING_SLOWER_BEYOND_NOISE;
	if (r->evidence == EVIDENCE_PROVEN)
		return STANDING_FASTER;
	if (r->calls_better)
		return STANDING_FEWER_CALLS;
	if (r->nrecounted != 0)
		return STANDING_OTHER_CALLS;
	return r->evidence == EVIDENCE_BEYOND_NOISE ? STANDING_FASTER_BEYOND_NOISE
						    : STANDING_SAME;
}

static double calls_apart(const struct request_change *r)
{
	return fabs((double)r->new_calls.median - (double)r->old_calls.median);
}

static int by_standing(const void *a, const void *b)
{
	const struct request_change *x = a, *y = b;
	enum standing sx = request_standing(x), sy = request_standing(y);
	bool counts = sx == STANDING_MORE_CALLS || sx == STANDING_FEWER_CALLS;
	double dx = counts ? calls_apart(x) : fabs(x->metrics[0].delta);
	double dy = counts ? calls_apart(y) : fabs(y->metrics[0].delta);

	if (sx != sy)
		return sx < sy ? -1 : 1;
	if (dx != dy)
		return dx > dy ? -1 : 1;
	return group_order(x->after ? x->after : x->before, y->after ? y->after : y->before);
}

/* "3.9" < "3.12" */
static bool before_3_12(const char *python)
{
	return strncmp(python, "3.", 2) == 0 && atoi(python + 2) < 12;
}

/* Of an unknown one neither is said. */
static bool any_before_3_12(const struct change_side *s, bool is)
{
	for (size_t i = 0; i < s->nruns; i++) {
		const char *python = s->runs[i]->python;

		if (python != NULL && *python != '\0' && before_3_12(python) == is)
			return true;
	}
	return false;
}

static int build(struct building *b, const struct change_side *before,
		 const struct change_side *after)
{
	bool fold = (any_before_3_12(before, true) || any_before_3_12(after, true)) &&
		    (any_before_3_12(before, false) || any_before_3_12(after, false));
	struct change *c = b->out;

	if (side_open(&b->old, before, fold, &c->arena, &b->scratch) < 0 ||
	    side_open(&b->new, after, fold, &c->arena, &b->scratch) < 0 || find_metrics(b) < 0 ||
	    side_find_requests(&b->old, &b->scratch) < 0 ||
	    side_find_requests(&b->new, &b->scratch) < 0 || open_noise(b) < 0)
		return -1;
	c->requests = arena_alloc(&c->arena, (b->old.nrequests + b->new.nrequests) *
						     sizeof *c->requests);
	if (c->requests == NULL)
		return -1;
	if (b->options->single)
		return pair_single(b);
	return pair_requests(&b->old, &b->new, add_request, b, &b->scratch);
}

int change_between(struct change *out, const struct change_side *before,
		   const struct change_side *after, const struct change_options *o,
		   struct error *err)
{
	struct building b = { .out = out, .options = o, .scratch = ARENA_INIT,
			      .brief = ARENA_INIT };
	int rc = -1;

	*out = (struct change){ .arena = ARENA_INIT };
	if (check_alike(out, before, after, o->force, err) < 0)
		goto done;
	out->took_turns = sides_took_turns(before, after);
	if (build(&b, before, after) < 0) {
		error_nomem(err);
		goto done;
	}
	if (out->nrequests != 0)
		qsort(out->requests, out->nrequests, sizeof *out->requests, by_standing);
	rc = locate_all(&b, err);
done:
	arena_release(&b.scratch);
	arena_release(&b.brief);
	if (rc < 0)
		change_release(out);
	return rc;
}

void change_release(struct change *c)
{
	arena_release(&c->arena);
	*c = (struct change){ .arena = ARENA_INIT };
}
