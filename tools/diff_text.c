/* diff_text.c -- a comparison for people. The first lines answer "what changed";
 * the tables below say by how much, and where.
 *
 * Calls are blamed, times are not: a count that differs has a reason, a time
 * that differs may have had a bad day. Hence colour for calls alone.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "diff_view.h"
#include "function.h"
#include "grid.h"
#include "profile/derive.h"

enum { NAMED_ROUTES = 3 };

static enum style change_style(uint64_t old, uint64_t new)
{
	return new > old ? STYLE_RED : new < old ? STYLE_GREEN : STYLE_PLAIN;
}

/* "+3,106", "-12", "0" */
static void put_delta(struct buf *out, uint64_t old, uint64_t new)
{
	if (new != old)
		buf_addc(out, new > old ? '+' : '-');
	text_count(out, new > old ? new - old : old - new);
}

static void put_time(struct buf *out, int64_t value, bool is_time)
{
	if (is_time)
		text_time(out, value);
	else
		buf_printf(out, "%lld", (long long)value);
}

static int64_t minus(int64_t x, int64_t y)
{
	return (int64_t)((uint64_t)x - (uint64_t)y);
}

static void put_time_delta(struct buf *out, int64_t old, int64_t new, bool is_time)
{
	if (new > old)
		buf_addc(out, '+');
	put_time(out, minus(new, old), is_time);
}

/* "x3.58"; nothing where there is no old value. */
static void put_ratio(struct buf *out, const struct term *t, double old, double new)
{
	double ratio = old > 0 ? new / old : 0;
	int decimals = ratio < 9.995 ? 2 : ratio < 99.95 ? 1 : 0;

	if (old <= 0 || new < 0)
		return;
	if (ratio >= 1e6)
		buf_printf(out, "%s%.0e", t->signs->times, ratio);
	else
		buf_printf(out, "%s%.*f", t->signs->times, decimals, ratio);
}

/* Four cells: old, new, delta, ratio. `gone` and `new` have no number there. */
static void add_calls(struct grid *g, const struct term *t, const uint64_t *old,
		      const uint64_t *new)
{
	uint64_t was = old ? *old : 0, is = new ? *new : 0;
	enum style style = change_style(was, is);
	struct buf text = BUF_INIT;

	if (old != NULL)
		text_count(&text, was);
	else
		buf_adds(&text, t->signs->none);
	grid_add_buf(g, STYLE_PLAIN, &text);
	if (new != NULL)
		text_count(&text, is);
	else
		buf_adds(&text, t->signs->none);
	grid_add_buf(g, STYLE_PLAIN, &text);
	if (was != is || old == NULL || new == NULL)
		put_delta(&text, was, is);
	grid_add_buf(g, style, &text);
	if (old == NULL)
		buf_adds(&text, "new");
	else if (new == NULL)
		buf_adds(&text, "gone");
	else if (was != is)
		put_ratio(&text, t, (double)was, (double)is);
	grid_add_buf(g, style, &text);
	buf_release(&text);
}

static void add_times(struct grid *g, const struct term *t, const int64_t *old,
		      const int64_t *new, bool is_time)
{
	struct buf text = BUF_INIT;

	if (old != NULL)
		put_time(&text, *old, is_time);
	else
		buf_adds(&text, t->signs->none);
	grid_add_buf(g, STYLE_PLAIN, &text);
	if (new != NULL)
		put_time(&text, *new, is_time);
	else
		buf_adds(&text, t->signs->none);
	grid_add_buf(g, STYLE_PLAIN, &text);
	put_time_delta(&text, old ? *old : 0, new ? *new : 0, is_time);
	grid_add_buf(g, STYLE_PLAIN, &text);
	if (old != NULL && new != NULL)
		put_ratio(&text, t, (double)*old, (double)*new);
	grid_add_buf(g, STYLE_PLAIN, &text);
	buf_release(&text);
}

static const struct column function_columns[] = {
	{ .head = "old", .group = "calls", .right = true },
	{ .head = "new", .group = "calls", .right = true },
	{ .head = "delta", .group = "calls", .right = true },
	{ .head = "ratio", .group = "calls", .right = true, .drop = 1 },
	{ .head = "old", .group = "tottime", .right = true, .drop = 6 },
	{ .head = "new", .group = "tottime", .right = true, .drop = 5 },
	{ .head = "delta", .group = "tottime", .right = true },
	{ .head = "ratio", .group = "tottime", .right = true, .drop = 4 },
	{ .head = "old", .group = "cumtime", .right = true, .drop = 3 },
	{ .head = "new", .group = "cumtime", .right = true, .drop = 3 },
	{ .head = "delta", .group = "cumtime", .right = true },
	{ .head = "ratio", .group = "cumtime", .right = true, .drop = 7 },
	{ .head = "function", .least = 26 },
};

static void add_function(struct grid *g, const struct diff_view *view, const struct diff *d,
			 const struct diff_row *r, bool is_time)
{
	bool had = r->before != PROFILE_NONE, has = r->after != PROFILE_NONE;
	const struct totals *old = r->old_totals, *new = r->new_totals;
	struct buf label = BUF_INIT;

	if (d->before->sampled) {
		for (int i = 0; i < 3; i++)
			grid_add(g, STYLE_PLAIN, "");
		grid_add(g, STYLE_PLAIN, !had ? "new" : !has ? "gone" : "");
	} else {
		add_calls(g, &view->term, had ? &old->ncalls : NULL, has ? &new->ncalls : NULL);
	}
	add_times(g, &view->term, had ? &old->self[d->old_metric] : NULL,
		  has ? &new->self[d->new_metric] : NULL, is_time);
	add_times(g, &view->term, had ? &old->cum[d->old_metric] : NULL,
		  has ? &new->cum[d->new_metric] : NULL, is_time);
	function_label(&label, diff_row_function(d, r));
	grid_add_buf(g, STYLE_PLAIN, &label);
	buf_release(&label);
}

static bool in_ns(const struct diff *d)
{
	return strcmp(d->after->metrics[d->new_metric].unit, "nanoseconds") == 0;
}

int diff_text_functions(struct buf *out, struct diff_view *view, const struct diff *d,
			struct error *err)
{
	struct diff_selection s;
	struct grid g;
	int rc = diff_select(&s, d, view->options->sort, view->options->limit);

	grid_init(&g, function_columns, sizeof function_columns / sizeof function_columns[0]);
	if (rc < 0) {
		error_nomem(err);
		goto done;
	}
	for (size_t i = 0; i < s.nrows; i++)
		add_function(&g, view, d, s.rows[i], in_ns(d));
	if (s.nrows != 0)
		grid_print(&g, &view->term, out, view->options->wide);
	view->dropped |= g.dropped;
	if (s.nall > s.nrows)
		buf_printf(out, "(%zu more: --limit 0)\n", s.nall - s.nrows);
done:
	grid_release(&g);
	diff_selection_release(&s);
	return rc;
}

static void put_hint(struct buf *out, const struct diff_view *view)
{
	if (!view->dropped)
		return;
	buf_addc(out, '\n');
	term_put(&view->term, out, STYLE_DIM,
		 "Some columns do not fit this terminal: --wide shows them.");
	buf_addc(out, '\n');
}

static void put_counted(struct buf *out, size_t *listed, size_t n, const char *what)
{
	if (n == 0)
		return;
	if ((*listed)++ != 0)
		buf_adds(out, ", ");
	buf_printf(out, "%zu %s", n, what);
}

/* "3 functions changed in calls, 1 new, 2 gone" */
static void put_functions_summary(struct buf *out, const struct diff *d)
{
	size_t nnew = 0, ngone = 0, nother = 0, listed = 0;

	for (size_t i = 0; i < d->nrows; i++) {
		const struct diff_row *r = &d->rows[i];

		if (r->before == PROFILE_NONE)
			nnew++;
		else if (r->after == PROFILE_NONE)
			ngone++;
		else
			nother += diff_row_calls_differ(d, r);
	}
	if (d->before->sampled)
		buf_adds(out, "sampled profiles: there are no calls to compare");
	else if (nother + nnew + ngone == 0)
		buf_adds(out, "The same calls in every function.");
	put_counted(out, &listed, d->before->sampled ? 0 : nother,
		    nother == 1 ? "function changed in calls" : "functions changed in calls");
	put_counted(out, &listed, d->before->sampled ? 0 : nnew,
		    listed ? "new" : nnew == 1 ? "new function" : "new functions");
	put_counted(out, &listed, d->before->sampled ? 0 : ngone,
		    listed ? "gone" : ngone == 1 ? "function gone" : "functions gone");
	buf_addc(out, '\n');
}

static void put_side(struct buf *out, const struct diff_view *view, const char *which,
		     const struct diff_side *side)
{
	const struct snapshot *s = side->snapshot;

	term_put(&view->term, out, STYLE_DIM, which);
	if (!s->has_manifest) {
		text_printable(out, side->path);
	} else {
		request_title(out, s);
		buf_adds(out, "  ");
		local_time(out, s->manifest.start_ns);
		if (s->manifest.git.commit != NULL) {
			buf_adds(out, "  ");
			commit_title(out, &s->manifest.git);
		}
	}
	buf_addc(out, '\n');
}

static int64_t side_wall(const struct diff_side *side, const struct diff *d, bool old)
{
	const struct table *t = old ? &d->old_table : &d->new_table;
	uint32_t metric = old ? d->old_metric : d->new_metric;

	if (side->snapshot->has_manifest)
		return side->snapshot->manifest.wall_ns;
	if (profile_has_tree(side->profile))
		return profile_node_cum(side->profile, 0)[metric];
	return table_total(t, metric) - diff_strands(d, old);
}

static const struct column total_columns[] = {
	{ .head = "" },
	{ .head = "old", .right = true },
	{ .head = "new", .right = true },
	{ .head = "delta", .right = true },
	{ .head = "ratio", .right = true },
};

static void put_totals(struct buf *out, struct diff_view *view, const struct diff_side *before,
		       const struct diff_side *after, const struct diff *d)
{
	int64_t was = side_wall(before, d, true);
	int64_t is = side_wall(after, d, false);
	uint64_t old = profile_calls(before->profile), new = profile_calls(after->profile);
	struct grid g;

	grid_init(&g, total_columns, sizeof total_columns / sizeof total_columns[0]);
	if (!d->before->sampled) {
		grid_add(&g, STYLE_PLAIN, "calls");
		add_calls(&g, &view->term, &old, &new);
	}
	grid_add(&g, STYLE_PLAIN, in_ns(d) ? "wall" : "total");
	add_times(&g, &view->term, &was, &is, in_ns(d));
	grid_print(&g, &view->term, out, false);
	grid_release(&g);
}

int diff_text_profiles(struct buf *out, struct diff_view *view, const struct diff_side *before,
		       const struct diff_side *after, const struct diff *d, struct error *err)
{
	struct buf line = BUF_INIT;
	bool differ = diff_differs(d);

	put_side(out, view, "old  ", before);
	put_side(out, view, "new  ", after);
	buf_addc(out, '\n');
	put_totals(out, view, before, after, d);
	buf_addc(out, '\n');
	put_functions_summary(&line, d);
	term_put(&view->term, out, STYLE_BOLD, buf_str(&line));
	buf_release(&line);
	if (!differ)
		buf_adds(out, "What differs is time alone, most first:\n");
	if (diff_text_functions(out, view, d, err) < 0)
		return -1;
	put_hint(out, view);
	return out->failed ? error_nomem(err) : 0;
}

static const struct column route_columns[] = {
	{ .head = "", },
	{ .head = "route", .least = 16 },
	{ .head = "old", .group = "requests", .right = true, .drop = 5 },
	{ .head = "new", .group = "requests", .right = true, .drop = 5 },
	{ .head = "old", .group = "calls, median", .right = true },
	{ .head = "new", .group = "calls, median", .right = true },
	{ .head = "delta", .group = "calls, median", .right = true },
	{ .head = "ratio", .group = "calls, median", .right = true, .drop = 3 },
	{ .head = "old", .group = "wall, median", .right = true },
	{ .head = "new", .group = "wall, median", .right = true },
	{ .head = "delta", .group = "wall, median", .right = true, .drop = 2 },
	{ .head = "ratio", .group = "wall, median", .right = true, .drop = 4 },
};

static enum style verdict_style(const struct route_change *r)
{
	switch (r->verdict) {
	case ROUTE_CHANGED:
		return r->after.ncalls > r->before.ncalls ? STYLE_RED : STYLE_GREEN;
	case ROUTE_OTHER:
	case ROUTE_NEW:
	case ROUTE_GONE:
		return STYLE_YELLOW;
	default:
		return STYLE_DIM;
	}
}

static void add_route(struct grid *g, const struct diff_view *view, const struct route_change *r,
		      bool sampled)
{
	const struct route_side *old = r->before.nrequests ? &r->before : NULL;
	const struct route_side *new = r->after.nrequests ? &r->after : NULL;

	grid_add(g, verdict_style(r), sampled && r->verdict == ROUTE_SAME
				      ? "" : verdict_names[r->verdict]);
	grid_addf(g, r->verdict < ROUTE_VARIES ? STYLE_BOLD : STYLE_PLAIN, "%s %s", r->method,
		  r->route);
	grid_addf(g, STYLE_DIM, "%zu", r->before.nrequests);
	grid_addf(g, STYLE_DIM, "%zu", r->after.nrequests);
	if (sampled)
		for (int i = 0; i < 4; i++)
			grid_add(g, STYLE_PLAIN, "");
	else
		add_calls(g, &view->term, old ? &old->ncalls : NULL, new ? &new->ncalls : NULL);
	add_times(g, &view->term, old ? &old->wall_ns : NULL, new ? &new->wall_ns : NULL, true);
}

static void put_routes(struct buf *out, struct diff_view *view, const struct comparison *c)
{
	struct grid g;

	grid_init(&g, route_columns, sizeof route_columns / sizeof route_columns[0]);
	for (size_t i = 0; i < c->nroutes; i++)
		add_route(&g, view, &c->routes[i], c->sampled);
	grid_print(&g, &view->term, out, view->options->wide);
	view->dropped |= g.dropped;
	grid_release(&g);
}

static void put_run(struct buf *out, const struct diff_view *view, const char *which,
		    const struct run_info *run)
{
	const struct manifest_git *git = run_commit(run);
	struct buf line = BUF_INIT;

	term_put(&view->term, out, STYLE_DIM, which);
	text_printable(&line, run->name);
	buf_adds(&line, "  ");
	plural(&line, run->nsnapshots, "request");
	if (git != NULL) {
		buf_adds(&line, "  ");
		commit_title(&line, git);
		if (git->subject != NULL) {
			buf_adds(&line, "  ");
			text_printable(&line, git->subject);
		}
	}
	if (view->term.width != 0)
		term_fit(&view->term, out, buf_str(&line), view->term.width - strlen(which),
			 false);
	else
		buf_adds(out, buf_str(&line));
	buf_addc(out, '\n');
	buf_release(&line);
}

/* "GET /user/{id} (+60: 649 -> 709), GET /posts (-2: 80 -> 78) and 3 more" */
static void put_named(struct buf *out, const struct diff_view *view, const struct comparison *c,
		      enum route_verdict verdict, size_t n)
{
	size_t named = 0;

	for (size_t i = 0; i < c->nroutes && named < NAMED_ROUTES; i++) {
		const struct route_change *r = &c->routes[i];

		if (r->verdict != verdict)
			continue;
		if (named++ != 0)
			buf_adds(out, ", ");
		text_printable(out, r->method);
		buf_addc(out, ' ');
		text_printable(out, r->route);
		if (verdict == ROUTE_CHANGED) {
			buf_adds(out, " (");
			put_delta(out, r->before.ncalls, r->after.ncalls);
			buf_adds(out, ": ");
			text_count(out, r->before.ncalls);
			buf_printf(out, " %s ", view->term.signs->arrow);
			text_count(out, r->after.ncalls);
			buf_addc(out, ')');
		}
	}
	if (n > named)
		buf_printf(out, " and %zu more", n - named);
}

static void put_verdict(struct buf *out, const struct diff_view *view,
			const struct comparison *c, enum route_verdict verdict, size_t n,
			enum style style, const char *says)
{
	struct buf line = BUF_INIT;

	if (n == 0)
		return;
	plural(&line, n, "route");
	buf_printf(&line, " %s", says);
	if (verdict < ROUTE_VARIES) {
		buf_adds(&line, ": ");
		put_named(&line, view, c, verdict, n);
	}
	term_put(&view->term, out, style, buf_str(&line));
	buf_addc(out, '\n');
	buf_release(&line);
}

static void put_verdicts(struct buf *out, const struct diff_view *view,
			 const struct comparison *c)
{
	size_t n[ROUTE_SAME + 1] = { 0 };

	for (size_t i = 0; i < c->nroutes; i++)
		n[c->routes[i].verdict]++;
	put_verdict(out, view, c, ROUTE_CHANGED, n[ROUTE_CHANGED], STYLE_BOLD,
		    "changed in calls");
	put_verdict(out, view, c, ROUTE_OTHER, n[ROUTE_OTHER], STYLE_BOLD,
		    n[ROUTE_OTHER] == 1 ? "makes as many calls, but other ones"
					: "make as many calls, but other ones");
	put_verdict(out, view, c, ROUTE_NEW, n[ROUTE_NEW], STYLE_BOLD, "new");
	put_verdict(out, view, c, ROUTE_GONE, n[ROUTE_GONE], STYLE_BOLD, "gone");
	put_verdict(out, view, c, ROUTE_VARIES, n[ROUTE_VARIES], STYLE_PLAIN,
		    n[ROUTE_VARIES] == 1 ? "varies in calls as it does within a run"
					 : "vary in calls as they do within a run");
	put_verdict(out, view, c, ROUTE_SAME, n[ROUTE_SAME], STYLE_PLAIN,
		    c->sampled ? "in both; sampled profiles have no calls to compare"
			       : "the same in calls");
}

/* What changed in one route: its functions, in its typical requests. */
static int put_route(struct buf *out, struct diff_view *view, const struct route_change *r,
		     struct error *err)
{
	const struct snapshot *old = r->before.typical, *new = r->after.typical;
	struct buf line = BUF_INIT;
	struct profile *p, *q;
	struct diff d;
	int rc;

	if (diff_snapshots(&d, old->path, new->path, &p, &q, err) < 0)
		return -1;
	buf_addc(out, '\n');
	text_printable(&line, r->method);
	buf_addc(&line, ' ');
	text_printable(&line, r->route);
	term_put(&view->term, out, STYLE_BOLD, buf_str(&line));
	buf_adds(out, ": ");
	put_functions_summary(out, &d);
	buf_clear(&line);
	buf_adds(&line, "old  ");
	text_printable(&line, old->path);
	buf_adds(&line, "\nnew  ");
	text_printable(&line, new->path);
	buf_addc(&line, '\n');
	term_put(&view->term, out, STYLE_DIM, buf_str(&line));
	rc = diff_text_functions(out, view, &d, err);
	buf_release(&line);
	diff_release(&d);
	profile_free(p);
	profile_free(q);
	return rc;
}

int diff_text_runs(struct buf *out, struct diff_view *view, const struct run_info *before,
		   const struct run_info *after, const struct comparison *c,
		   struct error *err)
{
	put_run(out, view, "old  ", before);
	put_run(out, view, "new  ", after);
	buf_addc(out, '\n');
	put_verdicts(out, view, c);
	buf_addc(out, '\n');
	put_routes(out, view, c);
	for (size_t i = 0; i < c->nroutes; i++)
		if (c->routes[i].verdict <= ROUTE_OTHER &&
		    put_route(out, view, &c->routes[i], err) < 0)
			return -1;
	put_hint(out, view);
	return out->failed ? error_nomem(err) : 0;
}
