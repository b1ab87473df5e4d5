#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/stats.h"
#include "log.h"
#include "snapshot/pick.h"

struct reader {
	struct log *log;
	struct history *history;
	struct pick_pattern pick;
	bool by_label;
	const char *method, *route; /* of the first that matched */
	size_t limit, left; /* commits with runs that were not met yet */
	struct error err;
	bool failed;
};

/* By a label, or "LABEL#2" of one of its requests. */
static bool label_matches(const char *pattern, const struct summary_group *g)
{
	char numbered[600];

	if (g->label == NULL)
		return false;
	snprintf(numbered, sizeof numbered, "%s#%llu", g->label, (unsigned long long)g->ordinal);
	return strcmp(pattern, g->label) == 0 || strcmp(pattern, numbered) == 0 ||
	       fnmatch(pattern, g->label, FNM_NOESCAPE) == 0;
}

static bool group_matches(const struct reader *r, const struct summary_group *g)
{
	if (g->nrequests == 0)
		return false;
	return r->by_label ? label_matches(r->log->what, g)
			   : pick_matches_route(&r->pick, g->method, g->route);
}

/* A pattern that means two requests would mix them up. */
static int check_one(struct reader *r, const struct summary_group *g)
{
	struct arena *arena = &r->log->arena;

	if (r->method == NULL) {
		r->method = arena_strdup(arena, g->method);
		r->route = arena_strdup(arena, g->route);
		return r->method == NULL || r->route == NULL ? error_nomem(&r->err) : 0;
	}
	if (r->by_label || (strcmp(g->method, r->method) == 0 && strcmp(g->route, r->route) == 0))
		return 0;
	return error_set(&r->err, ERR_REFUSED, "%s: that is more than one request: %s %s, %s %s",
			 r->log->what, r->method, r->route, g->method, g->route);
}

static int by_median(const void *a, const void *b)
{
	const struct count_range *x = a, *y = b;

	return (x->median > y->median) - (x->median < y->median);
}

/* The range over all, with the lower median of two in the middle. n > 0. */
static struct count_range join_ranges(struct count_range *v, size_t n)
{
	struct count_range all = v[0];

	for (size_t i = 1; i < n; i++) {
		all.min = v[i].min < all.min ? v[i].min : all.min;
		all.max = v[i].max > all.max ? v[i].max : all.max;
	}
	qsort(v, n, sizeof *v, by_median);
	all.median = v[(n - 1) / 2].median;
	return all;
}

/* All that match the pattern, added up: a module's functions are one. */
static struct run_function function_of(const struct reader *r, const struct summary_group *g)
{
	struct run_function all = { .called = false };

	for (size_t i = 0; i < g->nfunctions; i++) {
		const struct summary_function *f = &g->functions[i];

		if (!identity_matches(&f->id, r->log->pattern))
			continue;
		all.called = true;
		all.calls.min += f->calls.min;
		all.calls.median += f->calls.median;
		all.calls.max += f->calls.max;
		all.self_ns += (double)f->self[0];
	}
	return all;
}

static int reduce_functions(struct reader *r, const struct summary *from,
			    struct run_function *to)
{
	struct count_range *calls = mem_array(NULL, from->ngroups, sizeof *calls);
	size_t n = 0, nrequests = 0;

	if (calls == NULL)
		return error_nomem(&r->err);
	for (size_t i = 0; i < from->ngroups; i++) {
		const struct summary_group *g = &from->groups[i];
		struct run_function of;

		if (!group_matches(r, g))
			continue;
		of = function_of(r, g);
		calls[n++] = of.calls;
		to->called |= of.called;
		to->self_ns += of.self_ns * (double)g->nrequests;
		nrequests += g->nrequests;
	}
	if (n != 0) {
		to->calls = join_ranges(calls, n);
		to->self_ns /= (double)nrequests;
	}
	mem_free(calls);
	return 0;
}

/* The group that stands for all that match: their requests' wall times and calls. */
static int reduce_groups(struct reader *r, const struct summary *from, struct summary_group *to)
{
	struct arena *arena = &r->log->arena;
	size_t n = 0;

	memset(to, 0, sizeof *to);
	for (size_t i = 0; i < from->ngroups; i++)
		if (group_matches(r, &from->groups[i]))
			n += from->groups[i].nrequests;
	if (n == 0)
		return 0;
	to->values = arena_alloc(arena, n * sizeof *to->values);
	to->calls = arena_alloc(arena, n * sizeof *to->calls);
	if (to->values == NULL || to->calls == NULL)
		return error_nomem(&r->err);
	for (size_t i = 0; i < from->ngroups; i++) {
		const struct summary_group *g = &from->groups[i];

		if (!group_matches(r, g))
			continue;
		if (check_one(r, g) < 0)
			return -1;
		for (size_t k = 0; k < g->nrequests; k++) {
			to->values[to->nrequests] = g->values[k * from->nmetrics];
			to->calls[to->nrequests++] = g->calls[k];
		}
		to->nlost += g->nlost;
	}
	to->method = r->method;
	to->route = r->route;
	to->warm = true;
	return 0;
}

static const char *copy(struct arena *arena, const char *s)
{
	return s != NULL ? arena_strdup(arena, s) : NULL;
}

/* The run with the request alone: what a comparison of it needs. */
static int reduce(struct reader *r, const struct summary *from, struct summary *to,
		  struct run_function *function)
{
	struct arena *arena = &r->log->arena;
	struct summary_group *group = arena_alloc(arena, sizeof *group);

	memset(to, 0, sizeof *to);
	memset(function, 0, sizeof *function);
	if (group == NULL)
		return error_nomem(&r->err);
	if (reduce_groups(r, from, group) < 0 ||
	    (r->log->pattern != NULL && reduce_functions(r, from, function) < 0))
		return -1;
	to->name = copy(arena, from->name);
	to->commit = copy(arena, from->commit);
	to->python = copy(arena, from->python);
	to->implementation = copy(arena, from->implementation);
	to->mode = copy(arena, from->mode);
	to->sampled = from->sampled;
	to->machine = from->machine;
	to->created_ns = from->created_ns;
	to->outcome = from->outcome;
	to->metrics = arena_zalloc(arena, sizeof *to->metrics);
	if (to->name == NULL || to->commit == NULL || to->python == NULL ||
	    to->implementation == NULL || to->mode == NULL || to->metrics == NULL)
		return error_nomem(&r->err);
	to->metrics->name = copy(arena, from->metrics[0].name);
	to->metrics->unit = copy(arena, from->metrics[0].unit);
	to->nmetrics = 1;
	to->groups = group;
	to->ngroups = group->nrequests != 0;
	return to->metrics->name == NULL || to->metrics->unit == NULL ? error_nomem(&r->err) : 0;
}

static double run_median(const struct summary *run, double *scratch)
{
	const struct summary_group *g = run->groups;

	for (size_t i = 0; i < g->nrequests; i++)
		scratch[i] = (double)g->values[i];
	return stats_median(scratch, g->nrequests);
}

static int by_count(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The smallest value that 95 of a hundred are not above. */
static double p95(const double *sorted, size_t n)
{
	return sorted[(95 * n + 99) / 100 - 1];
}

/* Over all requests of all runs, and over the runs. */
static int sum_up(struct reader *r, struct log_point *p)
{
	double *all = mem_array(NULL, p->nrequests + p->nruns, sizeof *all);
	uint64_t *calls = mem_array(NULL, p->nrequests, sizeof *calls);
	size_t n = 0;

	if (all == NULL || calls == NULL) {
		mem_free(all);
		mem_free(calls);
		return error_nomem(&r->err);
	}
	p->request.counted = true;
	for (size_t i = 0; i < p->nruns; i++) {
		const struct summary_group *g = p->runs[i].groups;

		all[p->nrequests + i] = run_median(&p->runs[i], all + n);
		memcpy(calls + n, g->calls, g->nrequests * sizeof *calls);
		n += g->nrequests;
		p->request.counted &= g->nlost == 0 && !p->runs[i].sampled;
		p->failed |= p->runs[i].outcome == RUN_FAILED;
	}
	qsort(all, n, sizeof *all, by_value);
	qsort(calls, n, sizeof *calls, by_count);
	p->p95_ns = p95(all, n);
	p->request.time_ns = stats_median(all + n, p->nruns);
	p->request.calls = (struct count_range){ calls[0], calls[(n - 1) / 2], calls[n - 1] };
	mem_free(all);
	mem_free(calls);
	return 0;
}

static int sum_up_function(struct reader *r, struct log_point *p)
{
	double *self = mem_array(NULL, p->nruns, sizeof *self);
	struct count_range *calls = mem_array(NULL, p->nruns, sizeof *calls);
	int rc = -1;

	if (self == NULL || calls == NULL) {
		error_nomem(&r->err);
		goto done;
	}
	p->function.counted = p->request.counted;
	for (size_t i = 0; i < p->nruns; i++) {
		const struct run_function *f = &p->of_function[i];

		/* A run that did not call it called it 0 times. */
		calls[i] = f->calls;
		self[i] = f->self_ns;
		p->has_function |= f->called;
	}
	p->function.calls = join_ranges(calls, p->nruns);
	p->function.time_ns = stats_median(self, p->nruns);
	rc = 0;
done:
	mem_free(self);
	mem_free(calls);
	return rc;
}

static int read_runs(struct reader *r, struct log_point *p)
{
	struct arena *arena = &r->log->arena;
	struct history_summaries from;
	int rc = -1;

	if (history_of_commit(r->history, p->commit, &from, &r->err) < 0)
		return -1;
	p->runs = arena_alloc(arena, (from.n + 1) * sizeof *p->runs);
	p->of_function = arena_alloc(arena, (from.n + 1) * sizeof *p->of_function);
	if (p->runs == NULL || p->of_function == NULL) {
		error_nomem(&r->err);
		goto done;
	}
	for (size_t i = 0; i < from.n; i++) {
		struct summary *to = &p->runs[p->nruns];

		if (reduce(r, &from.v[i], to, &p->of_function[p->nruns]) < 0)
			goto done;
		p->nrequests += to->groups->nrequests;
		p->nruns += to->ngroups;
	}
	rc = p->nruns == 0 ? 0 : sum_up(r, p);
	if (rc == 0 && p->nruns != 0 && r->log->pattern != NULL)
		rc = sum_up_function(r, p);
done:
	history_summaries_release(&from);
	return rc;
}

static int add_point(struct reader *r, const struct log_point *p)
{
	struct log *log = r->log;
	struct log_point *grown = mem_grow(log->points, &log->cap, log->nread + 1,
					   sizeof *grown);

	if (grown == NULL)
		return error_nomem(&r->err);
	log->points = grown;
	log->points[log->nread++] = *p;
	return 0;
}

static bool visit(void *arg, const char *commit, const char *subject, int64_t time_s)
{
	struct reader *r = arg;
	struct log_point p = { .time_s = time_s, .evidence = EVIDENCE_UNKNOWN, .p = (double)NAN };
	size_t n;

	if (history_find(r->history, commit, &n) == NULL)
		return r->left > 0;
	r->left--;
	p.commit = arena_strdup(&r->log->arena, commit);
	p.subject = arena_strdup(&r->log->arena, subject);
	if (p.commit == NULL || p.subject == NULL)
		r->failed = error_nomem(&r->err) < 0;
	else
		r->failed = read_runs(r, &p) < 0 || (p.nruns > 0 && add_point(r, &p) < 0);
	return !r->failed && r->left > 0 && (r->limit == 0 || r->log->nread <= r->limit);
}

static size_t count_commits(const struct history *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->nruns; i++)
		n += i == 0 || strcmp(h->runs[i].commit, h->runs[i - 1].commit) != 0;
	return n;
}

static int refuse_empty(const struct log *log, const struct history *h, const char *revision,
			struct error *err)
{
	if (h->nruns == 0)
		return error_set(err, ERR_NOT_FOUND, "no run has a commit: 'cprof tag' stamps those "
				 "of the archive, 'cprof fetch' gets those that others have stored");
	return error_set(err, ERR_NOT_FOUND, "%s: no commit of %s has runs of it%s", log->what,
			 revision, log->shallow ? "; the clone is shallow: git fetch --unshallow"
						: "");
}

static int set_title(struct reader *r)
{
	struct buf text = BUF_INIT;
	struct log *log = r->log;

	if (r->by_label)
		buf_adds(&text, log->what);
	else
		buf_printf(&text, "%s %s", r->method, r->route);
	log->title = text.failed ? NULL : arena_strdup(&log->arena, buf_str(&text));
	buf_release(&text);
	return log->title == NULL ? error_nomem(&r->err) : 0;
}

static int walk(struct reader *r, const char *revision)
{
	const struct git_plugin *git = r->history->git;
	struct log *log = r->log;
	const char *commit = git->commit(r->history->repo, revision, &log->arena, &r->err);

	if (commit == NULL ||
	    git->walk(r->history->repo, commit, 0, visit, r, &log->shallow, &r->err) < 0 ||
	    r->failed)
		return -1;
	if (log->nread == 0)
		return refuse_empty(log, r->history, revision, &r->err);
	log->npoints = r->limit != 0 && log->nread > r->limit ? r->limit : log->nread;
	if (log_compare(log, &r->err) < 0)
		return -1;
	return set_title(r);
}

int log_read(struct log *log, struct history *h, const char *what, const char *pattern,
	     const char *revision, size_t limit, struct error *err)
{
	struct reader r = { .log = log, .history = h, .by_label = !pick_is_pattern(what),
			    .limit = limit, .left = count_commits(h) };
	int rc;

	*log = (struct log){ .what = what, .pattern = pattern };
	if (pick_pattern_init(&r.pick, what, err) < 0)
		return -1;
	rc = walk(&r, revision);
	pick_pattern_release(&r.pick);
	if (rc < 0) {
		*err = r.err;
		log_release(log);
	}
	return rc;
}

const struct log_point *log_before(const struct log *log, size_t i)
{
	return i + 1 < log->nread ? &log->points[i + 1] : NULL;
}

void log_release(struct log *log)
{
	mem_free(log->points);
	arena_release(&log->arena);
	memset(log, 0, sizeof *log);
}
