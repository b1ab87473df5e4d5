#include "snapshot/compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "snapshot/name.h"

/* A request whose profile could be read. */
struct request {
	const char *key; /* "GET.user.{id}": the folder's name up to its time */
	const struct snapshot *snapshot;
	int64_t wall_ns;
	uint64_t ncalls;
	size_t order; /* in its run, oldest first */
};

/* The readable requests of a run, by key, then as they came. */
struct requests {
	struct request *v;
	size_t n;
};

/* What the verdict on a route needs beside its medians. */
struct spread {
	uint64_t ncalls;
	uint64_t typical_ncalls;
};

struct watched {
	const struct compare_watch *watch;
	size_t done, total;
};

uint64_t profile_calls(const struct profile *p)
{
	uint64_t sum = 0;

	if (profile_has_tree(p))
		for (uint32_t i = 0; i < p->nnodes; i++)
			sum += p->nodes[i].ncalls;
	else
		for (uint32_t i = 0; i < p->table.nfunctions; i++)
			sum += p->table.functions[i].ncalls;
	return sum;
}

/* The name that the manifest would give the folder, less the time: a folder
 * that somebody renamed is still known. */
static const char *route_key(struct arena *arena, const struct snapshot *s)
{
	const struct manifest *m = &s->manifest;
	size_t method_len, route_at, route_len;
	struct buf name = BUF_INIT;
	const char *key;

	if (s->has_manifest && m->method != NULL && m->route != NULL)
		snapshot_name(&name, m->method, m->route, m->route_is_template, 0);
	else
		buf_adds(&name, s->name);
	if (name.failed)
		key = NULL;
	else if (snapshot_name_parse(buf_str(&name), &method_len, &route_at, &route_len, NULL))
		key = arena_strndup(arena, name.data, route_at + route_len);
	else
		key = arena_strdup(arena, s->name);
	buf_release(&name);
	return key;
}

static int64_t snapshot_wall(const struct snapshot *s)
{
	size_t method_len, route_at, route_len;
	int64_t ms = 0;

	if (s->has_manifest)
		return s->manifest.wall_ns;
	snapshot_name_parse(s->name, &method_len, &route_at, &route_len, &ms);
	return ms * 1000000;
}

static void report_problem(const struct watched *w, const struct snapshot *s,
			   const struct error *err)
{
	if (w->watch != NULL && w->watch->problem != NULL)
		w->watch->problem(w->watch->arg, s, err);
}

static void report_progress(struct watched *w)
{
	w->done++;
	if (w->watch != NULL && w->watch->progress != NULL)
		w->watch->progress(w->watch->arg, w->done, w->total);
}

static int by_key(const void *a, const void *b)
{
	const struct request *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	if (order != 0)
		return order;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int requests_read(struct requests *out, struct comparison *c, const struct run_info *run,
			 struct watched *w, struct error *err)
{
	out->v = mem_array(NULL, run->nsnapshots, sizeof *out->v);
	if (out->v == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < run->nsnapshots; i++) {
		const struct snapshot *s = &run->snapshots[i];
		struct request *r = &out->v[out->n];
		struct profile *p = snapshot_profile(s->path, err);

		report_progress(w);
		if (p == NULL) {
			if (err->code == ERR_NOMEM)
				return -1;
			report_problem(w, s, err);
			continue;
		}
		*r = (struct request){ route_key(&c->arena, s), s, snapshot_wall(s),
				       profile_calls(p), i };
		c->sampled |= p->sampled;
		profile_free(p);
		if (r->key == NULL)
			return error_nomem(err);
		out->n++;
	}
	if (out->n == 0)
		return error_set(err, ERR_NOT_FOUND, "%s: no snapshot in it can be read",
				 run->path);
	qsort(out->v, out->n, sizeof *out->v, by_key);
	return 0;
}

static int by_wall(const void *a, const void *b)
{
	const struct request *x = *(const struct request *const *)a;
	const struct request *y = *(const struct request *const *)b;

	if (x->wall_ns != y->wall_ns)
		return x->wall_ns < y->wall_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t median_of(const uint64_t *sorted, size_t n)
{
	uint64_t low = sorted[(n - 1) / 2], high = sorted[n / 2];

	return low + (high - low) / 2;
}

/* How far apart requests of one run are in calls: 0 where half of them agree on
 * the median. `v` is in the order in which they came. */
static uint64_t calls_spread(const struct request *v, size_t n, uint64_t median)
{
	uint64_t low = UINT64_MAX, high = 0;
	size_t agree = 0;

	for (size_t i = 0; i < n; i++)
		agree += v[i].ncalls == median;
	if (2 * agree >= n)
		return 0;
	for (size_t i = n >= 5; i < n; i++) {
		low = v[i].ncalls < low ? v[i].ncalls : low;
		high = v[i].ncalls > high ? v[i].ncalls : high;
	}
	return high - low;
}

/* The medians of v[0..n), the requests of one route in one run. */
static int side_fill(struct route_side *out, struct spread *spread, const struct request *v,
		     size_t n, struct error *err)
{
	const struct request **walls = mem_array(NULL, n, sizeof *walls);
	uint64_t *calls = mem_array(NULL, n, sizeof *calls);
	const struct request *low, *high;
	int rc = -1;

	if (walls == NULL || calls == NULL) {
		error_nomem(err);
		goto done;
	}
	for (size_t i = 0; i < n; i++) {
		walls[i] = &v[i];
		calls[i] = v[i].ncalls;
	}
	qsort(walls, n, sizeof(struct request *), by_wall);
	qsort(calls, n, sizeof *calls, by_number);
	low = walls[(n - 1) / 2];
	high = walls[n / 2];
	out->nrequests = n;
	/* Unsigned: a hostile manifest may hold any two numbers. */
	out->wall_ns = (int64_t)((uint64_t)low->wall_ns +
				 ((uint64_t)high->wall_ns - (uint64_t)low->wall_ns) / 2);
	out->ncalls = median_of(calls, n);
	out->typical = low->snapshot;
	spread->typical_ncalls = low->ncalls;
	spread->ncalls = calls_spread(v, n, out->ncalls);
	rc = 0;
done:
	mem_free(walls);
	mem_free(calls);
	return rc;
}

static int other_functions(const struct route_change *r, bool *differ, struct error *err)
{
	struct profile *before = snapshot_profile(r->before.typical->path, err);
	struct profile *after = before ? snapshot_profile(r->after.typical->path, err) : NULL;
	struct diff diff;
	int rc = -1;

	*differ = false;
	if (before == NULL || after == NULL || diff_profiles(&diff, before, after, err) < 0)
		goto done;
	for (size_t i = 0; i < diff.nrows && !*differ; i++)
		*differ = diff_row_calls_differ(&diff, &diff.rows[i]);
	diff_release(&diff);
	rc = 0;
done:
	profile_free(before);
	profile_free(after);
	return rc;
}

static uint64_t apart(uint64_t x, uint64_t y)
{
	return x > y ? x - y : y - x;
}

static int judge(struct route_change *r, const struct spread *before,
		 const struct spread *after, struct error *err)
{
	uint64_t moved = apart(r->before.ncalls, r->after.ncalls);
	uint64_t spread = before->ncalls > after->ncalls ? before->ncalls : after->ncalls;
	bool differ;

	r->verdict = ROUTE_SAME;
	if (moved != 0) {
		/* Halved rather than doubled: a hostile file's sum may be huge. */
		r->verdict = moved / 2 >= spread && moved != 2 * spread ? ROUTE_CHANGED
									: ROUTE_VARIES;
		return 0;
	}
	if (spread != 0 || before->typical_ncalls != r->before.ncalls ||
	    after->typical_ncalls != r->after.ncalls)
		return 0;
	if (other_functions(r, &differ, err) < 0)
		return -1;
	if (differ)
		r->verdict = ROUTE_OTHER;
	return 0;
}

/* "GET.user.{id}" without a manifest: the route as it stands in the name. */
static int name_route(struct comparison *c, struct route_change *r, const struct request *of)
{
	const struct manifest *m = &of->snapshot->manifest;
	const char *dot = strchr(of->key, '.');

	if (of->snapshot->has_manifest && m->method != NULL && m->route != NULL) {
		r->method = arena_strdup(&c->arena, m->method);
		r->route = arena_strdup(&c->arena, m->route);
	} else {
		size_t len = dot ? (size_t)(dot - of->key) : strlen(of->key);

		r->method = arena_strndup(&c->arena, of->key, len);
		r->route = arena_strdup(&c->arena, dot ? dot + 1 : "");
	}
	return r->method == NULL || r->route == NULL ? -1 : 0;
}

static size_t run_of_equals(const struct requests *r, size_t at)
{
	size_t n = 1;

	while (at + n < r->n && strcmp(r->v[at].key, r->v[at + n].key) == 0)
		n++;
	return n;
}

static int add_route(struct comparison *c, const struct request *old, size_t nold,
		     const struct request *new, size_t nnew, struct error *err)
{
	struct route_change *r = &c->routes[c->nroutes++];
	struct spread before = { 0 }, after = { 0 };

	memset(r, 0, sizeof *r);
	if (name_route(c, r, nnew ? new : old) < 0)
		return error_nomem(err);
	if (nold != 0 && side_fill(&r->before, &before, old, nold, err) < 0)
		return -1;
	if (nnew != 0 && side_fill(&r->after, &after, new, nnew, err) < 0)
		return -1;
	if (nold == 0)
		r->verdict = ROUTE_NEW;
	else if (nnew == 0)
		r->verdict = ROUTE_GONE;
	else if (c->sampled)
		r->verdict = ROUTE_SAME;
	else
		return judge(r, &before, &after, err);
	return 0;
}

static int match_routes(struct comparison *c, const struct requests *old,
			const struct requests *new, struct error *err)
{
	size_t i = 0, j = 0;

	c->routes = mem_array(NULL, old->n + new->n, sizeof *c->routes);
	if (c->routes == NULL)
		return error_nomem(err);
	while (i < old->n || j < new->n) {
		int order = i == old->n ? 1 : j == new->n ? -1
			  : strcmp(old->v[i].key, new->v[j].key);
		size_t nold = order <= 0 ? run_of_equals(old, i) : 0;
		size_t nnew = order >= 0 ? run_of_equals(new, j) : 0;

		if (add_route(c, old->v + i, nold, new->v + j, nnew, err) < 0)
			return -1;
		i += nold;
		j += nnew;
	}
	return 0;
}

static int by_verdict(const void *a, const void *b)
{
	const struct route_change *x = a, *y = b;
	bool by_calls = x->verdict == ROUTE_CHANGED;
	uint64_t dx, dy;
	int order;

	if (x->verdict != y->verdict)
		return x->verdict < y->verdict ? -1 : 1;
	dx = by_calls ? apart(x->before.ncalls, x->after.ncalls)
		      : apart((uint64_t)x->before.wall_ns, (uint64_t)x->after.wall_ns);
	dy = by_calls ? apart(y->before.ncalls, y->after.ncalls)
		      : apart((uint64_t)y->before.wall_ns, (uint64_t)y->after.wall_ns);
	if (dx != dy)
		return dx > dy ? -1 : 1;
	order = strcmp(x->route, y->route);
	return order != 0 ? order : strcmp(x->method, y->method);
}

int compare_runs(struct comparison *out, const struct run_info *before,
		 const struct run_info *after, const struct compare_watch *watch,
		 struct error *err)
{
	struct watched w = { watch, 0, before->nsnapshots + after->nsnapshots };
	struct requests old = { NULL, 0 }, new = { NULL, 0 };
	int rc = -1;

	*out = (struct comparison){ .arena = ARENA_INIT };
	if (requests_read(&old, out, before, &w, err) < 0 ||
	    requests_read(&new, out, after, &w, err) < 0 ||
	    match_routes(out, &old, &new, err) < 0)
		goto done;
	qsort(out->routes, out->nroutes, sizeof *out->routes, by_verdict);
	rc = 0;
done:
	mem_free(old.v);
	mem_free(new.v);
	if (rc < 0)
		comparison_release(out);
	return rc;
}

void comparison_release(struct comparison *c)
{
	mem_free(c->routes);
	arena_release(&c->arena);
	c->routes = NULL;
	c->nroutes = 0;
}
