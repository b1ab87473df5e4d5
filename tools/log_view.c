/* A log as lines of text and as JSON. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "format/json.h"
#include "grid.h"
#include "log.h"

static const char *const evidence_names[] = {
	[EVIDENCE_PROVEN] = "proven",
	[EVIDENCE_NOT] = "not proven",
	[EVIDENCE_BEYOND_NOISE] = "beyond noise",
	[EVIDENCE_WITHIN_NOISE] = "within noise",
	[EVIDENCE_UNKNOWN] = "noise unknown",
};

static const struct column columns[] = {
	{ .head = "COMMIT" },
	{ .head = "DATE", .drop = 3 },
	{ .head = "RUNS", .right = true, .drop = 2 },
	{ .head = "MEDIAN", .right = true },
	{ .head = "P95", .right = true, .drop = 1 },
	{ .head = "CALLS", .right = true },
	{ .head = "SELF", .group = "FUNCTION", .right = true },
	{ .head = "CALLS", .group = "FUNCTION", .right = true },
	{ .head = "CHANGED" },
	{ .head = "SUBJECT", .least = 10, .drop = 4 },
};
enum { NCOLUMNS = sizeof columns / sizeof columns[0] };

static void put_date(struct buf *out, int64_t time_s)
{
	time_t t = (time_t)time_s;
	struct tm tm;
	char text[16] = "";

	if (gmtime_r(&t, &tm) != NULL)
		strftime(text, sizeof text, "%Y-%m-%d", &tm);
	buf_adds(out, text);
}

/* "2,101", "2,099..2,105", or nothing. */
static void put_calls(struct buf *out, const struct log_value *v)
{
	if (!v->counted)
		return;
	text_count(out, v->calls.min);
	if (v->calls.max == v->calls.min)
		return;
	buf_adds(out, "..");
	text_count(out, v->calls.max);
}

/* "+60 %", "-9 %", "x12"; of less than one per cent tenths. */
static void put_ratio(struct buf *out, double old, double new)
{
	double percent = old > 0 ? 100 * (new / old - 1) : (double)NAN;
	double size = fabs(percent);

	if (isnan(percent)) {
		buf_adds(out, "from 0");
	} else if (percent >= 1000) {
		buf_printf(out, "x%.0f", new / old);
	} else if (size >= 0.995) {
		buf_printf(out, "%c%.0f %%", percent < 0 ? '-' : '+', size);
	} else {
		unsigned tenths = (unsigned)(size * 10 + 0.5);

		buf_printf(out, "%c%u.%u %%", percent < 0 ? '-' : '+', tenths / 10, tenths % 10);
	}
}

static void put_time_change(struct buf *out, const char *what, const struct log_value *new,
			    const struct log_value *old)
{
	if (new->time_verdict == VERDICT_SAME)
		return;
	buf_printf(out, "%s%s ", out->len > 0 ? ", " : "", what);
	put_ratio(out, old->time_ns, new->time_ns);
}

static void put_calls_change(struct buf *out, const char *what, const struct log_value *new,
			     const struct log_value *old)
{
	if (new->calls_verdict == VERDICT_SAME)
		return;
	buf_printf(out, "%s%s ", out->len > 0 ? ", " : "", what);
	put_ratio(out, (double)old->calls.median, (double)new->calls.median);
}

enum { SUM_NONE = -100 };

/* Whether it is for the worse on the whole; SUM_NONE: nothing changed. */
static int sum_of(const struct log_point *p)
{
	const enum verdict all[] = { p->request.time_verdict, p->request.calls_verdict,
				     p->function.time_verdict, p->function.calls_verdict };
	int sum = 0, changed = 0;

	for (int i = 0; i < 4; i++) {
		sum += (int)all[i];
		changed += all[i] != VERDICT_SAME;
	}
	return changed == 0 ? SUM_NONE : sum;
}

/* "wall +60 %, calls +35 %"; the style says whether it is for the worse. */
static enum style put_changes(struct buf *out, const struct log_point *new,
			      const struct log_point *old)
{
	int sum = sum_of(new);

	if (new->not_compared != NULL)
		buf_adds(out, "not compared");
	put_time_change(out, "wall", &new->request, &old->request);
	put_calls_change(out, "calls", &new->request, &old->request);
	put_time_change(out, "its self", &new->function, &old->function);
	put_calls_change(out, "its calls", &new->function, &old->function);
	if (sum == SUM_NONE || sum == 0)
		return STYLE_PLAIN;
	return sum > 0 ? STYLE_RED : STYLE_GREEN;
}

static void add_time(struct grid *g, struct buf *scratch, double ns)
{
	text_time(scratch, (int64_t)(ns + 0.5));
	grid_add_buf(g, STYLE_PLAIN, scratch);
}

static void add_function(struct grid *g, struct buf *scratch, const struct log_point *p,
			 const struct term *t)
{
	if (!p->has_function) {
		grid_add(g, STYLE_DIM, t->signs->none);
		grid_add(g, STYLE_DIM, t->signs->none);
		return;
	}
	add_time(g, scratch, p->function.time_ns);
	put_calls(scratch, &p->function);
	grid_add_buf(g, STYLE_PLAIN, scratch);
}

static void add_row(struct grid *g, const struct log *log, size_t i, const struct term *t)
{
	const struct log_point *p = &log->points[i];
	struct buf scratch = BUF_INIT;
	enum style style = STYLE_PLAIN;

	grid_addf(g, STYLE_YELLOW, "%.7s", p->commit);
	put_date(&scratch, p->time_s);
	grid_add_buf(g, STYLE_DIM, &scratch);
	grid_addf(g, p->failed ? STYLE_RED : STYLE_PLAIN, "%zu%s", p->nruns,
		  p->failed ? " failed" : "");
	add_time(g, &scratch, p->request.time_ns);
	add_time(g, &scratch, p->p95_ns);
	put_calls(&scratch, &p->request);
	grid_add_buf(g, STYLE_PLAIN, &scratch);
	if (log->pattern != NULL) {
		add_function(g, &scratch, p, t);
	} else {
		grid_add(g, STYLE_PLAIN, "");
		grid_add(g, STYLE_PLAIN, "");
	}
	if (log_before(log, i) != NULL)
		style = put_changes(&scratch, p, log_before(log, i));
	grid_add_buf(g, style, &scratch);
	grid_add(g, STYLE_PLAIN, p->subject);
	buf_release(&scratch);
}

void log_text(struct buf *out, const struct log *log, const struct term *t)
{
	struct buf title = BUF_INIT;
	struct grid g;

	text_printable(&title, log->title);
	if (log->pattern != NULL) {
		buf_adds(&title, "   function: ");
		text_printable(&title, log->pattern);
	}
	term_put(t, out, STYLE_BOLD, buf_str(&title));
	buf_adds(out, "\n\n");
	grid_init(&g, columns, NCOLUMNS);
	for (size_t i = 0; i < log->npoints; i++)
		add_row(&g, log, i, t);
	grid_print(&g, t, out, false);
	grid_release(&g);
	buf_release(&title);
}

static void json_value(struct json_writer *w, const char *key, const struct log_value *v,
		       const char *time)
{
	json_open_object(w, key);
	json_add_number(w, time, v->time_ns);
	if (v->counted) {
		json_open_object(w, "calls");
		json_add_int(w, "min", (int64_t)v->calls.min);
		json_add_int(w, "median", (int64_t)v->calls.median);
		json_add_int(w, "max", (int64_t)v->calls.max);
		json_close_object(w);
	} else {
		json_add_null(w, "calls");
	}
	json_add_int(w, "time_changed", (int64_t)v->time_verdict);
	json_add_int(w, "calls_changed", (int64_t)v->calls_verdict);
	json_close_object(w);
}

static void json_point(struct json_writer *w, const struct log *log, size_t i)
{
	const struct log_point *p = &log->points[i];
	struct buf when = BUF_INIT;

	time_format(&when, p->time_s * 1000000000);
	json_open_object(w, NULL);
	json_add_string(w, "commit", p->commit);
	json_add_string(w, "date", buf_str(&when));
	json_add_string(w, "subject", p->subject);
	json_add_int(w, "runs", (int64_t)p->nruns);
	json_add_int(w, "requests", (int64_t)p->nrequests);
	json_add_bool(w, "failed", p->failed);
	json_value(w, "request", &p->request, "wall_ns");
	json_add_number(w, "p95_ns", p->p95_ns);
	if (p->has_function)
		json_value(w, "function", &p->function, "self_ns");
	else
		json_add_null(w, "function");
	if (log_before(log, i) != NULL && p->not_compared == NULL)
		json_add_string(w, "evidence", evidence_names[p->evidence]);
	else
		json_add_null(w, "evidence");
	json_add_number(w, "p", p->p);
	json_add_string(w, "not_compared", p->not_compared);
	json_close_object(w);
	buf_release(&when);
}

void log_json(struct buf *out, const struct log *log)
{
	struct json_writer w;

	json_begin(&w, out);
	json_add_int(&w, "schema", 1);
	json_add_string(&w, "request", log->title);
	json_add_string(&w, "function", log->pattern);
	json_add_bool(&w, "shallow", log->shallow);
	json_open_array(&w, "commits");
	for (size_t i = 0; i < log->npoints; i++)
		json_point(&w, log, i);
	json_close_array(&w);
	json_end(&w);
}

/* --- the chart. Its points go from the oldest to the newest. */

struct chart {
	const struct log *log;
	struct arena *arena;
	bool failed;
};

static struct series_mark mark_of(struct chart *c, double old, double new,
				  enum verdict verdict)
{
	struct series_mark m = { NULL, (int)verdict };
	struct buf text = BUF_INIT;

	if (verdict == VERDICT_SAME)
		return m;
	put_ratio(&text, old, new);
	m.text = arena_strdup(c->arena, buf_str(&text));
	c->failed |= m.text == NULL;
	buf_release(&text);
	return m;
}

struct columns {
	double *value, *low, *high;
	struct series_mark *marks;
};

static bool open_panel(struct chart *c, struct series *s, const char *name,
		       enum series_unit unit, struct columns *to)
{
	struct series_panel *p = (struct series_panel *)(uintptr_t)&s->panels[s->npanels];
	size_t n = s->npoints;
	double *all = arena_alloc(c->arena, 3 * n * sizeof *all);

	to->marks = arena_zalloc(c->arena, n * sizeof *to->marks);
	if (all == NULL || to->marks == NULL) {
		c->failed = true;
		return false;
	}
	to->value = all;
	to->low = all + n;
	to->high = all + 2 * n;
	*p = (struct series_panel){ name, unit, to->value, to->low, to->high, to->marks };
	s->npanels++;
	return true;
}

static void fill_times(struct chart *c, struct series *s, const char *name, bool function)
{
	struct columns to;

	if (!open_panel(c, s, name, SERIES_TIME, &to))
		return;
	for (size_t i = 0; i < s->npoints; i++) {
		size_t at = s->npoints - 1 - i;
		const struct log_point *p = &c->log->points[at], *before = log_before(c->log, at);
		const struct log_value *v = function ? &p->function : &p->request;
		bool known = !function || p->has_function;

		to.value[i] = known ? v->time_ns : (double)NAN;
		to.low[i] = to.value[i];
		to.high[i] = function ? (double)NAN : p->p95_ns;
		if (before != NULL)
			to.marks[i] = mark_of(c, (function ? &before->function
							   : &before->request)->time_ns,
					      v->time_ns, v->time_verdict);
	}
}

static void fill_calls(struct chart *c, struct series *s, const char *name, bool function)
{
	struct columns to;

	if (!open_panel(c, s, name, SERIES_COUNT, &to))
		return;
	for (size_t i = 0; i < s->npoints; i++) {
		size_t at = s->npoints - 1 - i;
		const struct log_point *p = &c->log->points[at], *before = log_before(c->log, at);
		const struct log_value *v = function ? &p->function : &p->request;

		to.value[i] = v->counted ? (double)v->calls.median : (double)NAN;
		to.low[i] = v->counted ? (double)v->calls.min : (double)NAN;
		to.high[i] = v->counted ? (double)v->calls.max : (double)NAN;
		if (before != NULL)
			to.marks[i] = mark_of(c, (double)(function ? &before->function
								   : &before->request)->calls.median,
					      (double)v->calls.median, v->calls_verdict);
	}
}

static void fill_labels(struct chart *c, struct series *s)
{
	struct series_label *labels = arena_alloc(c->arena, s->npoints * sizeof *labels);
	struct buf date = BUF_INIT;

	for (size_t i = 0; labels != NULL && i < s->npoints; i++) {
		const struct log_point *p = &c->log->points[s->npoints - 1 - i];

		buf_clear(&date);
		put_date(&date, p->time_s);
		labels[i].name = arena_strndup(c->arena, p->commit, 7);
		labels[i].note = arena_strdup(c->arena, buf_str(&date));
		c->failed |= labels[i].name == NULL || labels[i].note == NULL;
	}
	c->failed |= labels == NULL;
	s->labels = labels;
	buf_release(&date);
}

static const char *printable(struct chart *c, const char *format, const char *s)
{
	struct buf text = BUF_INIT, line = BUF_INIT;
	const char *copy;

	text_printable(&text, s);
	buf_printf(&line, "%s%s", format, buf_str(&text));
	copy = line.failed || text.failed ? NULL : arena_strdup(c->arena, buf_str(&line));
	c->failed |= copy == NULL;
	buf_release(&text);
	buf_release(&line);
	return copy;
}

/* The newest changes, oldest first. */
static void fill_notes(struct chart *c, struct series *s)
{
	enum { MOST = 12 };
	struct series_note *notes = arena_alloc(c->arena, MOST * sizeof *notes);
	struct buf change = BUF_INIT;
	size_t from = s->npoints, n = 0;

	c->failed |= notes == NULL;
	for (size_t i = 0; i < s->npoints && n < MOST; i++) {
		const struct log_point *p = &c->log->points[i];

		if (log_before(c->log, i) != NULL && sum_of(p) != SUM_NONE) {
			n++;
			from = i + 1;
		}
	}
	for (size_t i = from; notes != NULL && i-- > 0;) {
		const struct log_point *p = &c->log->points[i];
		struct series_note *note = &notes[s->nnotes];

		if (log_before(c->log, i) == NULL || sum_of(p) == SUM_NONE)
			continue;
		buf_clear(&change);
		put_changes(&change, p, log_before(c->log, i));
		note->name = arena_strndup(c->arena, p->commit, 7);
		note->change = arena_strdup(c->arena, buf_str(&change));
		note->text = printable(c, "", p->subject);
		note->worse = sum_of(p);
		c->failed |= note->name == NULL || note->change == NULL;
		s->nnotes++;
	}
	s->notes = notes;
	buf_release(&change);
}

int log_series(struct series *out, const struct log *log, struct arena *arena)
{
	enum { PANELS = 4 };
	struct chart c = { log, arena, false };
	struct series_panel *panels = arena_alloc(arena, PANELS * sizeof *panels);

	if (panels == NULL)
		return -1;
	*out = (struct series){ .npoints = log->npoints, .panels = panels };
	out->title = printable(&c, "", log->title);
	out->subtitle = log->pattern != NULL
		? printable(&c, "and in it: ", log->pattern)
		: "by commit; marked where counts changed, or time by more than noise";
	fill_labels(&c, out);
	fill_times(&c, out, "wall time: median of the runs, bar up to the 95th percentile", false);
	fill_calls(&c, out, "calls: median, bar from least to most", false);
	if (log->pattern != NULL) {
		fill_times(&c, out, "self time of the function", true);
		fill_calls(&c, out, "calls of the function", true);
	}
	fill_notes(&c, out);
	return c.failed ? -1 : 0;
}
