#include "gate.h"

#include "base/text.h"

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

static void put_finding(struct buf *out, const struct gate_view *v, const struct finding *f)
{
	buf_adds(out, "  ");
	gate_put_finding(out, f, v->term.signs);
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

static void put_request(struct buf *out, const struct gate_view *v,
			const struct request_change *r)
{
	const struct finding *f;
	struct buf name = BUF_INIT;
	size_t at = 0;

	while ((f = gate_next_failed(v->gate, r, &at)) != NULL) {
		if (name.len == 0) {
			request_name(&name, r);
			buf_addc(out, '\n');
			term_put(&v->term, out, STYLE_BOLD, buf_str(&name));
			buf_addc(out, '\n');
		}
		put_finding(out, v, f);
	}
	if (name.len != 0)
		put_see(out, v, r);
	buf_release(&name);
}

int gate_text(struct buf *out, const struct gate_view *v, struct error *err)
{
	bool failed = v->gate != NULL && v->gate->nfailed != 0;
	struct buf notes = BUF_INIT;

	term_put(&v->term, out, failed ? STYLE_RED : STYLE_GREEN, failed ? "failed" : "passed");
	buf_adds(out, ": ");
	gate_put_summary(out, v);
	buf_addc(out, '\n');
	for (size_t i = 0; failed && i < v->change->nrequests; i++)
		put_request(out, v, &v->change->requests[i]);
	gate_put_notes(&notes, v);
	if (notes.len != 0) {
		buf_adds(out, failed ? "\n" : "");
		term_put(&v->term, out, STYLE_DIM, buf_str(&notes));
	}
	buf_release(&notes);
	return out->failed ? error_nomem(err) : 0;
}
