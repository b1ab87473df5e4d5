/* report_text.c -- a change for people at a terminal.
 *
 * Calls are blamed, times only where they are proven: a count that differs has a reason,
 * a time that differs may have had a bad day. Hence colour for these alone.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "cmd.h"
#include "grid.h"
#include "report.h"

enum { STEPS = 4 };

struct texting {
	const struct report *r;
	const struct change *c;
	const struct term *term;
	struct buf *out;
	bool dropped; /* the terminal was too narrow for all columns */
	struct alikes groups; /* of the requests */
};

static enum style style_of(double delta)
{
	return delta > 0 ? STYLE_RED : delta < 0 ? STYLE_GREEN : STYLE_PLAIN;
}

/* Four cells: old, new, delta, relative; NULL: it is not there. */
static void add_calls(struct grid *g, const struct signs *signs, const struct count_range *old,
		      const struct count_range *new, bool apart)
{
	uint64_t was = old ? old->median : 0, is = new ? new->median : 0;
	enum style style = apart ? style_of((double)is - (double)was) : STYLE_PLAIN;
	struct buf text = BUF_INIT;

	if (old != NULL)
		put_range(&text, old);
	else
		buf_adds(&text, signs->none);
	grid_add_buf(g, STYLE_PLAIN, &text);
	if (new != NULL)
		put_range(&text, new);
	else
		buf_adds(&text, signs->none);
	grid_add_buf(g, STYLE_PLAIN, &text);
	if (was != is || old == NULL || new == NULL)
		put_count_delta(&text, was, is);
	grid_add_buf(g, style, &text);
	if (old == NULL)
		buf_adds(&text, "new");
	else if (new == NULL)
		buf_adds(&text, "gone");
	else if (was != is)
		put_relative(&text, signs, (double)was, (double)is);
	grid_add_buf(g, style, &text);
	buf_release(&text);
}

static void put_value(struct buf *out, const struct metric *m, double value)
{
	uint64_t size = (uint64_t)(fabs(value) < 1e18 ? fabs(value) : 1e18);
	bool bytes = strcmp(m->unit, "bytes") == 0;

	if (strcmp(m->unit, "nanoseconds") == 0) {
		text_time(out, fabs(value) < 9e18 ? (int64_t)value : INT64_MAX);
		return;
	}
	if (value < 0)
		buf_addc(out, '-');
	if (bytes)
		text_size(out, size);
	else
		text_count(out, size);
}

/* The same of a quantity. */
static void add_quantity(struct grid *g, const struct texting *t, const struct metric *m,
			 const struct quantity *q, bool had, bool has, enum style style)
{
	const struct signs *signs = t->term->signs;
	struct buf text = BUF_INIT;

	if (had)
		put_value(&text, m, q->old_value);
	else
		buf_adds(&text, signs->none);
	grid_add_buf(g, STYLE_PLAIN, &text);
	if (has)
		put_value(&text, m, q->new_value);
	else
		buf_adds(&text, signs->none);
	grid_add_buf(g, STYLE_PLAIN, &text);
	if (q->delta > 0)
		buf_addc(&text, '+');
	put_value(&text, m, q->delta);
	grid_add_buf(g, style, &text);
	if (had && has)
		put_relative(&text, signs, q->old_value, q->new_value);
	grid_add_buf(g, style, &text);
	buf_release(&text);
}

/* --- the table of requests */

static const struct column request_columns[] = {
	{ .head = "", },
	{ .head = "request", .least = 24, .cut_left = true },
	{ .head = "old", .group = "requests", .right = true, .drop = 7 },
	{ .head = "new", .group = "requests", .right = true, .drop = 7 },
	{ .head = "old", .group = "calls, median", .right = true, .drop = 1 },
	{ .head = "new", .group = "calls, median", .right = true },
	{ .head = "delta", .group = "calls, median", .right = true },
	{ .head = "", .group = "calls, median", .right = true, .drop = 5 },
	{ .head = "old", .group = "wall, median", .right = true, .drop = 3 },
	{ .head = "new", .group = "wall, median", .right = true, .drop = 2 },
	{ .head = "delta", .group = "wall, median", .right = true },
	{ .head = "", .group = "wall, median", .right = true, .drop = 4 },
	{ .head = "time is", .drop = 6 },
};

static enum style standing_style(enum standing s)
{
	switch (s) {
	case STANDING_SLOWER:
	case STANDING_MORE_CALLS:
		return STYLE_RED;
	case STANDING_FASTER:
	case STANDING_FEWER_CALLS:
		return STYLE_GREEN;
	case STANDING_SAME:
		return STYLE_DIM;
	default:
		return STYLE_YELLOW;
	}
}

static int add_request(struct grid *g, const struct texting *t, const struct alike *a,
		       struct error *err)
{
	enum standing standing = request_standing(a->v[0]);
	struct buf text = BUF_INIT;
	struct request_change r;
	struct quantity wall;

	if (alike_sum(&r, &wall, a, err) < 0)
		return -1;
	grid_add(g, standing_style(standing), standing_names[standing]);
	alike_short_name(&text, a);
	grid_add_buf(g, standing == STANDING_SAME ? STYLE_PLAIN : STYLE_BOLD, &text);
	grid_addf(g, STYLE_DIM, "%zu", r.old_requests);
	grid_addf(g, STYLE_DIM, "%zu", r.new_requests);
	if (r.counts_known)
		add_calls(g, t->term->signs, r.before ? &r.old_calls : NULL,
			  r.after ? &r.new_calls : NULL, r.calls_worse || r.calls_better);
	else
		for (int i = 0; i < 4; i++)
			grid_add(g, STYLE_PLAIN, "");
	add_quantity(g, t, &t->c->metrics[0], &r.metrics[0], r.before != NULL, r.after != NULL,
		     standing == STANDING_SLOWER || standing == STANDING_FASTER
			     ? style_of(r.metrics[0].delta) : STYLE_PLAIN);
	put_evidence_word(&text, a);
	grid_add_buf(g, STYLE_DIM, &text);
	buf_release(&text);
	return 0;
}

/* Rows of what is unchanged are left out where they are many, and of all others those past
 * the limit. */
static int put_requests(struct texting *t, struct error *err)
{
	struct report_rows rows;
	struct grid g;
	int rc = -1;

	report_rows_begin(&rows, t->r, &t->groups, t->r->limit);
	grid_init(&g, request_columns, sizeof request_columns / sizeof *request_columns);
	for (const struct alike *a; (a = report_rows_next(&rows)) != NULL;)
		if (add_request(&g, t, a, err) < 0)
			goto done;
	if (rows.nshown != 0)
		grid_print(&g, t->term, t->out, false);
	t->dropped |= g.dropped;
	if (rows.nleft != 0) {
		buf_printf(t->out, "(%zu more changed: --limit 0)\n", rows.nleft);
	}
	if (rows.nquiet != 0) {
		buf_printf(t->out, "(%zu make the same calls: --limit 0)\n", rows.nquiet);
	}
	rc = 0;
done:
	grid_release(&g);
	return rc;
}

static void put_side(struct texting *t, const char *which, const struct report_side *side)
{
	struct buf line = BUF_INIT;

	term_put(t->term, t->out, STYLE_DIM, which);
	buf_adds(&line, side->title);
	if (side->subject != NULL) {
		buf_adds(&line, "  ");
		text_printable(&line, side->subject);
	}
	if (t->term->width != 0)
		term_fit(t->term, t->out, buf_str(&line), t->term->width - strlen(which), false);
	else
		buf_adds(t->out, buf_str(&line));
	buf_addc(t->out, '\n');
	buf_release(&line);
}

/* --- one request */

static const struct column total_columns[] = {
	{ .head = "" },
	{ .head = "old", .right = true },
	{ .head = "new", .right = true },
	{ .head = "delta", .right = true },
	{ .head = "", .right = true },
};

static void put_totals(struct texting *t, const struct request_change *r)
{
	struct grid g;

	grid_init(&g, total_columns, sizeof total_columns / sizeof *total_columns);
	g.indent = "  ";
	for (size_t m = 0; m < t->c->nmetrics; m++) {
		const struct quantity *q = &r->metrics[m];

		if (m != 0 && q->old_value == 0 && q->new_value == 0)
			continue;
		grid_add(&g, STYLE_PLAIN, m == 0 && strcmp(t->c->metrics[0].unit, "nanoseconds") == 0
						  ? "wall" : t->c->metrics[m].name);
		add_quantity(&g, t, &t->c->metrics[m], q, true, true,
			     m == 0 && r->evidence == EVIDENCE_PROVEN ? style_of(q->delta)
								      : STYLE_PLAIN);
	}
	if (r->counts_known) {
		grid_add(&g, STYLE_PLAIN, "calls");
		add_calls(&g, t->term->signs, &r->old_calls, &r->new_calls,
			  r->calls_worse || r->calls_better);
	}
	grid_print(&g, t->term, t->out, true);
	grid_release(&g);
}

/* The last steps of the way: the first are the framework's. */
static void put_where(struct texting *t, const struct request_change *r)
{
	size_t from = r->nwhere > STEPS ? r->nwhere - STEPS : 0;
	struct buf line = BUF_INIT;

	if (r->nwhere == 0)
		return;
	buf_adds(&line, "enters at ");
	if (from != 0)
		buf_printf(&line, "%s %s ", t->term->signs->ellipsis, t->term->signs->arrow);
	for (size_t i = from; i < r->nwhere; i++) {
		if (i != from)
			buf_printf(&line, " %s ", t->term->signs->arrow);
		identity_label(&line, &r->where[i].id);
	}
	buf_adds(&line, ": ");
	put_place_delta(&line, t->r, r);
	term_put_folded(t->term, t->out, STYLE_PLAIN, 2, buf_str(&line));
	buf_release(&line);
}

static const struct column function_columns[] = {
	{ .head = "old", .group = "calls", .right = true },
	{ .head = "new", .group = "calls", .right = true },
	{ .head = "delta", .group = "calls", .right = true },
	{ .head = "", .group = "calls", .right = true, .drop = 3 },
	{ .head = "old", .group = "tottime", .right = true, .drop = 6 },
	{ .head = "new", .group = "tottime", .right = true, .drop = 6 },
	{ .head = "delta", .group = "tottime", .right = true },
	{ .head = "", .group = "tottime", .right = true, .drop = 5 },
	{ .head = "more calls", .group = "of that by", .right = true, .drop = 1 },
	{ .head = "dearer", .group = "of that by", .right = true, .drop = 1 },
	{ .head = "99 % interval", .right = true, .drop = 2 },
	{ .head = "old", .group = "cumtime", .right = true, .drop = 8 },
	{ .head = "new", .group = "cumtime", .right = true, .drop = 8 },
	{ .head = "delta", .group = "cumtime", .right = true, .drop = 4 },
	{ .head = "", .group = "cumtime", .right = true, .drop = 7 },
	{ .head = "function", .least = 26 },
};

static void add_split(struct grid *g, const struct texting *t, const struct function_change *f)
{
	bool both = f->match < MATCH_NEW && f->old_calls.median != f->new_calls.median;
	struct buf text = BUF_INIT;

	if (both)
		put_cost_delta(&text, t->c, f->more_calls_ns);
	grid_add_buf(g, STYLE_PLAIN, &text);
	if (both)
		put_cost_delta(&text, t->c, f->dearer_calls_ns);
	grid_add_buf(g, STYLE_PLAIN, &text);
	if (f->interval.reached >= 0.9) {
		put_cost_delta(&text, t->c, f->interval.low);
		buf_adds(&text, " to ");
		put_cost_delta(&text, t->c, f->interval.high);
	}
	grid_add_buf(g, STYLE_DIM, &text);
	buf_release(&text);
}

static void add_function(struct grid *g, const struct texting *t, const struct request_change *r,
			 const struct function_change *f)
{
	bool had = f->before != NULL, has = f->after != NULL;
	const struct metric *wall = &t->c->metrics[0];
	struct buf label = BUF_INIT;

	if (r->counts_known) {
		add_calls(g, t->term->signs, had ? &f->old_calls : NULL,
			  has ? &f->new_calls : NULL, function_recounted(f));
	} else {
		for (int i = 0; i < 3; i++)
			grid_add(g, STYLE_PLAIN, "");
		grid_add(g, STYLE_PLAIN, !had ? "new" : !has ? "gone" : "");
	}
	add_quantity(g, t, wall, &f->self[0], had, has, STYLE_PLAIN);
	add_split(g, t, f);
	add_quantity(g, t, wall, &f->cum[0], had, has, STYLE_PLAIN);
	change_label(&label, f);
	grid_add_buf(g, STYLE_PLAIN, &label);
	buf_release(&label);
}

static int put_functions(struct texting *t, const struct request_change *r, struct error *err)
{
	struct report_functions s;
	struct grid g;

	if (report_select(&s, t->r, r) < 0)
		return error_nomem(err);
	grid_init(&g, function_columns, sizeof function_columns / sizeof *function_columns);
	for (size_t i = 0; i < s.n; i++)
		add_function(&g, t, r, s.v[i]);
	if (s.n != 0)
		grid_print(&g, t->term, t->out, false);
	else
		buf_adds(t->out, "No function differs by much.\n");
	t->dropped |= g.dropped;
	if (s.nall > s.n)
		buf_printf(t->out, "(%zu more: --limit 0)\n", s.nall - s.n);
	grid_release(&g);
	report_functions_release(&s);
	return 0;
}

/* "3 functions changed in calls, 1 new, 2 gone" */
static void put_counted(struct buf *out, const struct request_change *r)
{
	size_t nnew = 0, ngone = 0, nother = 0;

	for (size_t i = 0; i < r->nfunctions; i++) {
		const struct function_change *f = &r->functions[i];

		nnew += f->match == MATCH_NEW;
		ngone += f->match == MATCH_GONE;
		nother += f->match < MATCH_NEW && function_recounted(f);
	}
	if (!r->counts_known) {
		buf_adds(out, "There are no counts of calls to compare.");
	} else if (nnew + ngone + nother == 0) {
		buf_adds(out, "The same calls in every function.");
	} else {
		plural(out, nother, "function");
		buf_printf(out, " changed in calls, %zu new, %zu gone.", nnew, ngone);
	}
}

/* The line above a request's numbers, and whose they are. */
static void put_head(struct texting *t, const struct alike *a)
{
	const struct request_change *r = a->typical;
	struct buf line = BUF_INIT;

	buf_addc(t->out, '\n');
	alike_name(&line, a);
	buf_adds(&line, ": ");
	if (!put_culprit(&line, t->r, r))
		put_cost_delta(&line, t->c, r->metrics[0].delta);
	term_put_folded(t->term, t->out, STYLE_BOLD, 0, buf_str(&line));
	buf_clear(&line);
	alike_put_whose(&line, a);
	if (line.len != 0)
		term_put_folded(t->term, t->out, STYLE_DIM, 2, buf_str(&line));
	buf_release(&line);
}

static int put_request(struct texting *t, const struct alike *a, struct error *err)
{
	const struct request_change *r = a->typical;
	struct buf line = BUF_INIT;

	if (!t->r->single)
		put_head(t, a);
	put_totals(t, r);
	if (t->r->single || r->evidence != EVIDENCE_UNKNOWN) {
		buf_adds(&line, "wall: ");
		put_evidence(&line, t->c, r);
		term_put_folded(t->term, t->out, STYLE_PLAIN, 2, buf_str(&line));
		buf_clear(&line);
	}
	if (request_is_uniform(r)) {
		put_uniform(&line, r);
		term_put_folded(t->term, t->out, STYLE_PLAIN, 2, buf_str(&line));
		buf_clear(&line);
	}
	put_where(t, alike_located(a));
	put_counted(&line, r);
	term_put_folded(t->term, t->out, STYLE_PLAIN, 2, buf_str(&line));
	buf_release(&line);
	return put_functions(t, r, err);
}

/* Line by line, as each is a sentence. */
static void put_warned(struct texting *t)
{
	struct buf lines = BUF_INIT;

	put_warnings(&lines, t->r);
	for (const char *line = buf_str(&lines), *end; *line != '\0'; line = end + 1) {
		struct buf one = BUF_INIT;

		end = line + strcspn(line, "\n");
		buf_add(&one, line, (size_t)(end - line));
		term_put_folded(t->term, t->out, STYLE_YELLOW, 0, buf_str(&one));
		buf_release(&one);
	}
	buf_release(&lines);
}

/* What changed, one entry for all that did so alike. */
static int put_told(struct texting *t, struct error *err)
{
	size_t n = 0, left = 0;

	for (size_t i = 0; i < t->groups.n; i++) {
		const struct alike *a = &t->groups.v[i];

		if (!request_is_told(t->r, a->v[0]))
			continue;
		if (t->r->limit != 0 && n == t->r->limit)
			left += a->n;
		else if (n++, put_request(t, a, err) < 0)
			return -1;
	}
	if (left != 0) {
		buf_addc(t->out, '\n');
		plural(t->out, left, "changed request");
		buf_adds(t->out, left == 1 ? " more is" : " more are");
		buf_adds(t->out, " not shown: --limit 0 shows all.\n");
	}
	return 0;
}

int report_text(struct buf *out, const struct report *r, struct error *err)
{
	struct texting t = { .r = r, .c = r->change, .term = &r->term, .out = out };
	int rc = -1;

	if (report_groups(&t.groups, r, err) < 0)
		goto done;
	put_side(&t, "old  ", &r->before);
	put_side(&t, "new  ", &r->after);
	put_warned(&t);
	buf_addc(out, '\n');
	if (!r->single) {
		report_put_standings(out, r, &t.groups, err);
		buf_addc(out, '\n');
		if (put_requests(&t, err) < 0)
			goto done;
	}
	if (put_told(&t, err) < 0)
		goto done;
	if (t.dropped) {
		buf_addc(out, '\n');
		term_put(t.term, out, STYLE_DIM,
			 "Some columns do not fit this terminal: --wide shows them.");
		buf_addc(out, '\n');
	}
	rc = out->failed ? error_nomem(err) : 0;
done:
	alikes_release(&t.groups);
	return rc;
}
