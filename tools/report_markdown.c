/* report_markdown.c -- a change as a job's summary or a comment. What is most important
 * comes first, and what would make it too long for a comment is left out, as a whole
 * section, and said.
 */
#include <string.h>

#include "base/text.h"
#include "cmd.h"
#include "report.h"

enum {
	ROWS = 50, FUNCTIONS = 10,
	RESERVE = 400 /* for the sentence that says what is left out */
};

/* Text of others' as code: nothing in it is markup then, but what ends code or a cell. */
static void put_code(struct buf *out, const char *text)
{
	buf_addc(out, '`');
	for (; *text != '\0'; text++) {
		if (*text == '|')
			buf_addc(out, '\\');
		buf_addc(out, *text == '`' ? '\'' : *text == '\n' ? ' ' : *text);
	}
	buf_addc(out, '`');
}

static void put_code_buf(struct buf *out, struct buf *text)
{
	put_code(out, buf_str(text));
	buf_clear(text);
}

static void put_calls(struct buf *out, const struct count_range *old,
		      const struct count_range *new)
{
	put_range(out, old);
	if (old->min == new->min && old->median == new->median && old->max == new->max)
		return;
	buf_adds(out, " → ");
	put_range(out, new);
}

static void put_times(struct buf *out, const struct report *r, const struct quantity *q)
{
	put_cost(out, r->change, q->old_value);
	buf_adds(out, " → ");
	put_cost(out, r->change, q->new_value);
	buf_adds(out, ", ");
	put_cost_delta(out, r->change, q->delta);
}

static void put_percent(struct buf *out, const struct report *r, double old, double new)
{
	struct buf text = BUF_INIT;

	put_relative(&text, r->term.signs, old, new);
	if (text.len != 0)
		buf_printf(out, " (%s)", buf_str(&text));
	buf_release(&text);
}

/* Of many alike the word alone: p and the interval are one's. */
static void put_evidence_of(struct buf *out, const struct report *r, const struct alike *a)
{
	if (a->n == 1)
		put_evidence(out, r->change, a->v[0]);
	else
		put_evidence_word(out, a);
}

static int put_row(struct buf *out, const struct report *r, const struct alike *a,
		   struct error *err)
{
	struct buf name = BUF_INIT;
	struct request_change c;
	struct quantity wall;

	if (alike_sum(&c, &wall, a, err) < 0)
		return -1;
	buf_printf(out, "| %s | ", standing_names[request_standing(a->v[0])]);
	alike_name(&name, a);
	put_code_buf(out, &name);
	buf_adds(out, " | ");
	if (c.state == REQUEST_BOTH && c.counts_known) {
		put_calls(out, &c.old_calls, &c.new_calls);
		if (c.old_calls.median != c.new_calls.median)
			put_percent(out, r, (double)c.old_calls.median,
				    (double)c.new_calls.median);
	}
	buf_adds(out, " | ");
	if (c.state == REQUEST_BOTH) {
		put_times(out, r, &c.metrics[0]);
		put_percent(out, r, c.metrics[0].old_value, c.metrics[0].new_value);
		buf_adds(out, " | ");
		put_evidence_of(out, r, a);
	} else {
		put_cost(out, r->change, c.after ? c.metrics[0].new_value
						 : c.metrics[0].old_value);
		buf_adds(out, " | ");
	}
	buf_adds(out, " |\n");
	buf_release(&name);
	return 0;
}

static int put_table(struct buf *out, const struct report *r, const struct alikes *groups,
		     struct error *err)
{
	struct report_rows rows;

	report_rows_begin(&rows, r, groups, r->limit != 0 && r->limit < ROWS ? r->limit : ROWS);
	for (const struct alike *a; (a = report_rows_next(&rows)) != NULL;) {
		if (rows.nshown == 1)
			buf_adds(out, "\n| | request | calls | wall, median | time is |\n"
				      "|---|---|---|---|---|\n");
		if (put_row(out, r, a, err) < 0)
			return -1;
	}
	if (rows.nleft != 0)
		buf_printf(out, "\n%zu more requests that changed are left out of the table.\n",
			   rows.nleft);
	if (rows.nquiet != 0)
		buf_printf(out, "\n%zu more requests did not change.\n", rows.nquiet);
	return 0;
}

static void put_where(struct buf *out, const struct report *r, const struct request_change *c)
{
	struct buf name = BUF_INIT;

	if (c->nwhere == 0)
		return;
	buf_adds(out, "\nEnters at ");
	for (size_t i = c->nwhere > 4 ? c->nwhere - 4 : 0; i < c->nwhere; i++) {
		if (i != 0)
			buf_adds(out, i + 4 == c->nwhere ? "… → " : " → ");
		identity_label(&name, &c->where[i].id);
		put_code_buf(out, &name);
	}
	buf_adds(out, ": ");
	put_place_delta(out, r, c);
	buf_adds(out, ".\n");
	buf_release(&name);
}

static void put_function(struct buf *out, const struct report *r,
			 const struct request_change *c, const struct function_change *f)
{
	struct buf label = BUF_INIT;

	buf_adds(out, "| ");
	change_label(&label, f);
	put_code_buf(out, &label);
	buf_adds(out, f->match == MATCH_NEW ? " new | " : f->match == MATCH_GONE ? " gone | " : " | ");
	if (c->counts_known)
		put_calls(out, &f->old_calls, &f->new_calls);
	buf_adds(out, " | ");
	put_times(out, r, &f->self[0]);
	buf_adds(out, " | ");
	if (c->counts_known) {
		put_cost_delta(out, r->change, f->more_calls_ns);
		buf_adds(out, " | ");
		put_cost_delta(out, r->change, f->dearer_calls_ns);
	} else {
		buf_adds(out, " | ");
	}
	buf_adds(out, " |\n");
	buf_release(&label);
}

static int put_request(struct buf *out, const struct report *r, const struct alike *a,
		       struct error *err)
{
	const struct request_change *c = a->typical;
	struct report short_report = *r;
	struct report_functions s;
	struct buf text = BUF_INIT;

	if (short_report.limit == 0 || short_report.limit > FUNCTIONS)
		short_report.limit = FUNCTIONS;
	if (report_select(&s, &short_report, c) < 0)
		return error_nomem(err);
	buf_adds(out, "\n#### ");
	alike_name(&text, a);
	put_code_buf(out, &text);
	if (put_culprit(&text, r, c)) {
		buf_adds(out, ": ");
		put_code_buf(out, &text);
	}
	buf_adds(out, "\n");
	alike_put_whose(&text, a);
	if (text.len != 0) {
		buf_addc(out, '\n');
		put_code_buf(out, &text);
		buf_addc(out, '\n');
	}
	if (request_is_uniform(c)) {
		buf_addc(out, '\n');
		put_uniform(out, c);
		buf_addc(out, '\n');
	}
	put_where(out, r, alike_located(a));
	if (s.n != 0)
		buf_adds(out, "\n| function | calls | self | more calls | dearer calls |\n"
			      "|---|---|---|---|---|\n");
	for (size_t i = 0; i < s.n; i++)
		put_function(out, r, c, s.v[i]);
	if (s.nall > s.n)
		buf_printf(out, "\n%zu more functions are left out.\n", s.nall - s.n);
	buf_release(&text);
	report_functions_release(&s);
	return 0;
}

static void put_side(struct buf *out, const char *which, const struct report_side *side)
{
	struct buf text = BUF_INIT;

	buf_printf(out, "- %s: ", which);
	text_printable(&text, side->title);
	if (side->subject != NULL) {
		buf_adds(&text, "  ");
		text_printable(&text, side->subject);
	}
	put_code_buf(out, &text);
	buf_addc(out, '\n');
	buf_release(&text);
}

/* "2 of 12 requests changed" */
static void put_heading(struct buf *out, const struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->change->nrequests; i++)
		n += request_standing(&r->change->requests[i]) != STANDING_SAME;
	buf_adds(out, "### ");
	if (n == 0)
		buf_adds(out, "No request changed");
	else
		buf_printf(out, "%zu of %zu requests changed", n, r->change->nrequests);
	buf_adds(out, "\n\n");
}

/* Sections as long as there is room. */
static int put_told(struct buf *out, const struct report *r, const struct alikes *groups,
		    struct error *err)
{
	struct buf section = BUF_INIT;
	size_t left_out = 0;
	int rc = -1;

	for (size_t i = 0; i < groups->n; i++) {
		const struct alike *a = &groups->v[i];

		if (!request_is_told(r, a->v[0]))
			continue;
		buf_clear(&section);
		if (put_request(&section, r, a, err) < 0)
			goto done;
		if (left_out != 0 || out->len + section.len > REPORT_MARKDOWN_MAX - RESERVE)
			left_out += a->n;
		else
			buf_add(out, section.data, section.len);
	}
	if (left_out != 0)
		buf_printf(out, "\n**%zu more requests changed and are left out here:** "
				"`cprof diff` shows all of them.\n", left_out);
	rc = section.failed ? error_nomem(err) : 0;
done:
	buf_release(&section);
	return rc;
}

int report_markdown(struct buf *out, const struct report *r, struct error *err)
{
	struct alikes groups;
	struct buf sql = BUF_INIT;
	int rc = -1;

	if (report_groups(&groups, r, err) < 0)
		goto done;
	put_heading(out, r);
	put_side(out, "old", &r->before);
	put_side(out, "new", &r->after);
	buf_addc(out, '\n');
	put_warnings(out, r);
	report_put_sql(&sql, r, &groups);
	if (sql.len != 0) {
		buf_addc(out, '\n');
		put_code_buf(out, &sql);
		buf_addc(out, '\n');
	}
	if (put_table(out, r, &groups, err) < 0 || put_told(out, r, &groups, err) < 0)
		goto done;
	rc = out->failed ? error_nomem(err) : 0;
done:
	buf_release(&sql);
	alikes_release(&groups);
	return rc;
}
