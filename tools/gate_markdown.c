/* gate_markdown.c -- for the summary of a CI job, or a comment. */
#include <string.h>

#include "base/text.h"
#include "gate.h"

/* The rest is for the report of the change. */
enum { MARKDOWN_MAX = REPORT_MARKDOWN_MAX / 2 };

/* What is code cannot be turned into markup, but by its own quotes. */
static void put_code(struct buf *out, const struct buf *text)
{
	const char *quotes = text->len != 0 && memchr(text->data, '`', text->len) ? "``" : "`";

	buf_printf(out, "%s%s", quotes, quotes[1] ? " " : "");
	for (size_t i = 0; i < text->len; i++)
		buf_addc(out, text->data[i] == '`' && i != 0 && text->data[i - 1] == '`'
				      ? '\'' : text->data[i]);
	buf_printf(out, "%s%s", quotes[1] ? " " : "", quotes);
}

static void put_group(struct buf *out, const struct gate_view *v, const struct alike *a)
{
	const struct request_change *r = gate_worst(v, a);
	struct buf text = BUF_INIT;
	const struct finding *f;
	size_t rule = 0;

	buf_adds(out, "\n### ");
	alike_name(&text, a);
	put_code(out, &text);
	buf_adds(out, "\n\n");
	while ((f = gate_next_failed(v, r, &rule)) != NULL) {
		buf_adds(out, "- ");
		buf_clear(&text);
		gate_put_finding(&text, f, v->term.signs);
		gate_put_least(&text, v, a, f);
		put_code(out, &text);
		buf_addc(out, '\n');
		for (size_t i = 0; i < f->nblamed; i++) {
			buf_clear(&text);
			gate_put_blame(&text, f, &f->blamed[i], v->term.signs);
			buf_adds(out, "  - ");
			put_code(out, &text);
			buf_addc(out, '\n');
		}
	}
	buf_release(&text);
}

static int put_groups(struct buf *out, const struct gate_view *v, struct error *err)
{
	struct alikes groups;
	size_t left = 0;
	int rc = gate_groups(&groups, v, err);

	for (size_t i = 0; i < groups.n; i++) {
		size_t len = out->len;

		if (left == 0)
			put_group(out, v, &groups.v[i]);
		if (left != 0 || out->len > MARKDOWN_MAX) {
			out->len = len;
			left += groups.v[i].n;
		}
	}
	if (left != 0) {
		buf_adds(out, "\nand ");
		plural(out, left, "request");
		buf_adds(out, " more\n");
	}
	alikes_release(&groups);
	return rc;
}

int gate_markdown(struct buf *out, const struct gate_view *v, struct error *err)
{
	bool failed = v->gate != NULL && v->gate->nfailed != 0;
	struct buf text = BUF_INIT;

	buf_adds(out, failed ? "## cprof gate: failed\n\n" : "## cprof gate: passed\n\n");
	gate_put_summary(&text, v);
	put_code(out, &text);
	buf_addc(out, '\n');
	if (failed && put_groups(out, v, err) < 0) {
		buf_release(&text);
		return -1;
	}
	buf_clear(&text);
	gate_put_notes(&text, v);
	if (text.len != 0 && text.len < MARKDOWN_MAX / 5) {
		buf_adds(out, "\n```\n");
		buf_add(out, text.data, text.len);
		buf_adds(out, "```\n");
	}
	buf_release(&text);
	buf_addc(out, '\n');
	if (out->failed)
		return error_nomem(err);
	return v->change != NULL ? report_markdown(out, &v->report, err) : 0;
}
