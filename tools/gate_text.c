#include "gate.h"

#include "base/text.h"

enum { ENTRIES = 20 };

static void put_see(struct buf *out, const struct gate_view *v, const struct request_change *r)
{
	struct buf line = BUF_INIT;

	if (r->after->typical == NULL)
		return;
	buf_adds(&line, "  see: cprof show '");
	text_printable(&line, r->after->typical);
	buf_adds(&line, "'\n");
	term_put(&v->term, out, STYLE_DIM, buf_str(&line));
	buf_release(&line);
}

static void put_finding(struct buf *out, const struct gate_view *v, const struct alike *a,
			const struct finding *f)
{
	buf_adds(out, "  ");
	gate_put_finding(out, f, v->term.signs);
	gate_put_least(out, v, a, f);
	if (f->rule->name != NULL) {
		buf_adds(out, "  [");
		text_printable(out, f->rule->name);
		buf_addc(out, ']');
	}
	buf_addc(out, '\n');
	for (size_t i = 0; i < f->nblamed; i++) {
		buf_adds(out, "    ");
		gate_put_blame(out, f, &f->blamed[i], v->term.signs);
		buf_addc(out, '\n');
	}
	if (f->nguilty > f->nblamed)
		buf_printf(out, "    and %zu more\n", f->nguilty - f->nblamed);
}

static void put_group(struct buf *out, const struct gate_view *v, const struct alike *a)
{
	const struct request_change *r = gate_worst(v, a);
	const struct finding *f;
	struct buf name = BUF_INIT;
	size_t rule = 0;

	alike_name(&name, a);
	buf_addc(out, '\n');
	term_put(&v->term, out, STYLE_BOLD, buf_str(&name));
	buf_addc(out, '\n');
	while ((f = gate_next_failed(v, r, &rule)) != NULL)
		put_finding(out, v, a, f);
	put_see(out, v, r);
	buf_release(&name);
}

static int put_groups(struct buf *out, const struct gate_view *v, struct error *err)
{
	struct alikes groups;
	size_t left = 0;
	int rc = gate_groups(&groups, v, err);

	for (size_t i = 0; i < groups.n; i++) {
		if (i < ENTRIES)
			put_group(out, v, &groups.v[i]);
		else
			left += groups.v[i].n;
	}
	if (left != 0) {
		buf_adds(out, "\nand ");
		plural(out, left, "request");
		buf_adds(out, " more: --json has all\n");
	}
	alikes_release(&groups);
	return rc;
}

int gate_text(struct buf *out, const struct gate_view *v, struct error *err)
{
	bool failed = v->gate != NULL && v->gate->nfailed != 0;
	struct buf notes = BUF_INIT;

	term_put(&v->term, out, failed ? STYLE_RED : STYLE_GREEN, failed ? "failed" : "passed");
	buf_adds(out, ": ");
	gate_put_summary(out, v);
	buf_addc(out, '\n');
	if (failed && put_groups(out, v, err) < 0)
		return -1;
	gate_put_notes(&notes, v);
	if (notes.len != 0) {
		buf_adds(out, failed ? "\n" : "");
		term_put(&v->term, out, STYLE_DIM, buf_str(&notes));
	}
	buf_release(&notes);
	return out->failed ? error_nomem(err) : 0;
}
