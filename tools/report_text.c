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

enum { NAMED = 3, STEPS = 4 };

struct texting {
	const struct report *r;
	const struct change *c;
	const struct term *term;
	struct buf *out;
	bool dropped; /* the terminal was too narrow for all columns */
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
	{ .head = "request", .least = 16 },
	{ .head = "old", .group = "requests", .right = true, .drop = 5 },
	{ .head = "new", .group = "requests", .right = true, .drop = 5 },
	{ .head = "old", .group = "calls, median", .right = true },
	{ .head = "new", .group = "calls, median", .right = true },
	{ .head = "delta", .group = "calls, median", .right = true },
	{ .head = "", .group = "calls, median", .right = true, .drop = 3 },
	{ .head = "old", .group = "wall, median", .right = true, .drop = 1 },
	{ .head = "new", .group = "wall, median", .right = true },
	{ .head = "delta", .group = "wall, median", .right = true, .drop = 2 },
	{ .head = "", .group = "wall, median", .right = true },
	{ .head = "time is", .drop = 4 },
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

static const char *evidence_word(const struct request_change *r)
{
	static const char *const words[] = {
		[EVIDENCE_PROVEN] = "proven",
		[EVIDENCE_NOT] = "not proven",
		[EVIDENCE_BEYOND_NOISE] = "beyond noise",
		[EVIDENCE_WITHIN_NOISE] = "within noise",
		[EVIDENCE_UNKNOWN] = "",
	};

	return words[r->evidence];
}

static void add_request(struct grid *g, const struct texting *t, const struct request_change *r)
{
	enum standing standing = request_standing(r);
	struct buf name = BUF_INIT;

	grid_add(g, standing_style(standing), standing_names[standing]);
	request_name(&name, r);
	grid_add_buf(g, standing == STANDING_SAME ? STYLE_PLAIN : STYLE_BOLD, &name);
	grid_addf(g, STYLE_DIM, "%zu", r->old_requests);
	grid_addf(g, STYLE_DIM, "%zu", r->new_requests);
	if (r->counts_known)
		add_calls(g, t->term->signs, r->before ? &r->old_calls : NULL,
			  r->after ? &r->new_calls : NULL, r->calls_worse || r->calls_better);
	else
		for (int i = 0; i < 4; i++)
			grid_add(g, STYLE_PLAIN, "");
	add_quantity(g, t, &t->c->metrics[0], &r->metrics[0], r->before != NULL, r->after != NULL,
		     r->evidence == EVIDENCE_PROVEN ? style_of(r->metrics[0].delta) : STYLE_PLAIN);
	grid_add(g, STYLE_DIM, evidence_word(r));
	buf_release(&name);
}

static void put_requests(struct texting *t)
{
	struct grid g;

	grid_init(&g, request_columns, sizeof request_columns / sizeof *request_columns);
	for (size_t i = 0; i < t->c->nrequests; i++)
		add_request(&g, t, &t->c->requests[i]);
	grid_print(&g, t->term, t->out, false);
	t->dropped |= g.dropped;
	grid_release(&g);
}

/* --- what changed, in a few lines */

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Said first, where most of what both sides have moved the same way. */
static void put_everything(struct texting *t, struct error *err)
{
	double *ratios = mem_array(NULL, t->c->nrequests, sizeof *ratios), middle;
	size_t n = 0, longer = 0, shorter = 0;
	struct buf line = BUF_INIT;

	if (ratios == NULL) {
		error_nomem(err);
		t->out->failed = true;
		return;
	}
	for (size_t i = 0; i < t->c->nrequests; i++) {
		double ratio = t->c->requests[i].metrics[0].ratio;

		if (t->c->requests[i].state != REQUEST_BOTH || isnan(ratio))
			continue;
		ratios[n++] = ratio;
		longer += ratio >= 1.05;
		shorter += ratio <= 0.95;
	}
	if (n >= 3 && (longer >= 0.9 * (double)n || shorter >= 0.9 * (double)n)) {
		qsort(ratios, n, sizeof *ratios, by_number);
		middle = ratios[n / 2];
		buf_printf(&line, "Everything is %s: %zu of %zu requests, the median one by ",
			   longer > shorter ? "slower" : "faster",
			   longer > shorter ? longer : shorter, n);
		put_relative(&line, t->term->signs, 1, middle);
		buf_addc(&line, '.');
		term_put_folded(t->term, t->out, STYLE_BOLD, 0, buf_str(&line));
	}
	buf_release(&line);
	mem_free(ratios);
}

/* "GET /user/{id} (+60 calls, +58 %), GET /posts (-2 calls) and 3 more" */
static void put_named(struct buf *out, const struct texting *t, enum standing standing, size_t n)
{
	size_t named = 0;

	for (size_t i = 0; i < t->c->nrequests && named < NAMED; i++) {
		const struct request_change *r = &t->c->requests[i];
		bool calls = r->state == REQUEST_BOTH && (r->calls_worse || r->calls_better);

		if (request_standing(r) != standing)
			continue;
		if (named++ != 0)
			buf_adds(out, ", ");
		request_name(out, r);
		if (r->state != REQUEST_BOTH)
			continue;
		buf_adds(out, " (");
		if (calls) {
			put_count_delta(out, r->old_calls.median, r->new_calls.median);
			buf_adds(out, " calls, ");
		}
		put_cost_delta(out, t->c, r->metrics[0].delta);
		buf_addc(out, ')');
	}
	if (n > named)
		buf_printf(out, " and %zu more", n - named);
}

static void put_standing(struct texting *t, enum standing standing, size_t n, const char *one,
			 const char *many)
{
	struct buf line = BUF_INIT;

	if (n == 0)
		return;
	plural(&line, n, "request");
	buf_printf(&line, " %s", n == 1 ? one : many);
	if (standing != STANDING_SAME) {
		buf_adds(&line, ": ");
		put_named(&line, t, standing, n);
	}
	term_put_folded(t->term, t->out, standing == STANDING_SAME ? STYLE_PLAIN : STYLE_BOLD, 0,
			buf_str(&line));
	buf_release(&line);
}

static void put_standings(struct texting *t)
{
	static const char *const says[][2] = {
		[STANDING_SLOWER] = { "is slower", "are slower" },
		[STANDING_MORE_CALLS] = { "makes more calls", "make more calls" },
		[STANDING_SLOWER_BEYOND_NOISE] = { "is slower by more than the noise",
						   "are slower by more than the noise" },
		[STANDING_OTHER_CALLS] = { "calls other functions", "call other functions" },
		[STANDING_NEW] = { "is new", "are new" },
		[STANDING_GONE] = { "is gone", "are gone" },
		[STANDING_FASTER] = { "is faster", "are faster" },
		[STANDING_FEWER_CALLS] = { "makes fewer calls", "make fewer calls" },
		[STANDING_FASTER_BEYOND_NOISE] = { "is faster by more than the noise",
						   "are faster by more than the noise" },
		[STANDING_SAME] = { "makes the same calls", "make the same calls" },
	};
	size_t n[STANDING_SAME + 1] = { 0 }, uncounted = 0, unknown = 0;

	for (size_t i = 0; i < t->c->nrequests; i++) {
		const struct request_change *r = &t->c->requests[i];

		n[request_standing(r)]++;
		uncounted += request_standing(r) == STANDING_SAME && !r->counts_known;
		unknown += r->state == REQUEST_BOTH && r->evidence == EVIDENCE_UNKNOWN;
	}
	n[STANDING_SAME] -= uncounted;
	for (int s = 0; s <= STANDING_SAME; s++)
		put_standing(t, (enum standing)s, n[s], says[s][0], says[s][1]);
	put_standing(t, STANDING_SAME, uncounted, "has no counts to compare",
		     "have no counts to compare");
	if (unknown != 0)
		term_put_folded(t->term, t->out, STYLE_PLAIN, 0,
				"Of times the noise is unknown: runs of one commit tell it, and "
				"five runs a side can prove a change.");
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

static int put_request(struct texting *t, const struct request_change *r, struct error *err)
{
	struct buf line = BUF_INIT;

	if (!t->r->single) {
		buf_addc(t->out, '\n');
		request_name(&line, r);
		buf_adds(&line, ": ");
		if (!put_culprit(&line, t->r, r))
			put_cost_delta(&line, t->c, r->metrics[0].delta);
		term_put_folded(t->term, t->out, STYLE_BOLD, 0, buf_str(&line));
		buf_clear(&line);
	}
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
	put_where(t, r);
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

int report_text(struct buf *out, const struct report *r, struct error *err)
{
	struct texting t = { r, r->change, &r->term, out, false };

	put_side(&t, "old  ", &r->before);
	put_side(&t, "new  ", &r->after);
	put_warned(&t);
	buf_addc(out, '\n');
	if (!r->single) {
		put_everything(&t, err);
		put_standings(&t);
		buf_addc(out, '\n');
		put_requests(&t);
	}
	for (size_t i = 0; i < t.c->nrequests; i++)
		if (request_is_told(r, &t.c->requests[i]) &&
		    put_request(&t, &t.c->requests[i], err) < 0)
			return -1;
	if (t.dropped) {
		buf_addc(out, '\n');
		term_put(t.term, out, STYLE_DIM,
			 "Some columns do not fit this terminal: --wide shows them.");
		buf_addc(out, '\n');
	}
	return out->failed ? error_nomem(err) : 0;
}
