/* What must be known beside a gate's verdicts. */
#include "base/text.h"
#include "cmd.h"
#include "gate.h"

static void put_skipped(struct buf *out, const struct gate_view *v)
{
	for (const struct rule *r = v->rules->rules; r < v->rules->rules + v->rules->n; r++)
		/* That a request is new is said once. */
		for (int skip = SKIP_NEW + 1; skip <= SKIP_TURNS; skip++) {
			size_t n = 0;

			for (size_t i = 0; i < v->gate->n; i++)
				n += v->gate->findings[i].rule == r &&
				     v->gate->findings[i].skip == (enum skip)skip;
			if (n == 0)
				continue;
			gate_put_what(out, r);
			buf_adds(out, " not judged of ");
			plural(out, n, "request");
			buf_printf(out, ": %s.\n", skip_texts[skip]);
		}
}

static bool is_about_any(const struct rule *r, const struct change *c)
{
	for (size_t i = 0; i < c->nrequests; i++)
		if (rule_is_about(r, request_group(&c->requests[i])))
			return true;
	return false;
}

/* What was misspelled would pass for ever. Once for each [[rule]]. */
static void put_unused(struct buf *out, const struct gate_view *v)
{
	const struct rule *last = NULL;

	for (const struct rule *r = v->rules->rules; r < v->rules->rules + v->rules->n; r++) {
		if (r->line == 0 || (last != NULL && last->line == r->line) ||
		    is_about_any(r, v->change))
			continue;
		last = r;
		buf_adds(out, "No request is one that the rule of ");
		text_printable(out, v->rules->file);
		buf_printf(out, ":%u is about.\n", r->line);
	}
}

/* The functions of all runs, as far as a change has them. */
static bool is_any(const struct change *c, const char *pattern)
{
	for (size_t i = 0; i < c->nrequests; i++) {
		const struct request_change *r = &c->requests[i];
		const struct summary_group *g = request_group(r);

		for (size_t k = 0; k < r->nfunctions; k++) {
			const struct function_change *f = &r->functions[k];

			if ((f->after != NULL && identity_matches(&f->after->id, pattern)) ||
			    (f->before != NULL && identity_matches(&f->before->id, pattern)))
				return true;
		}
		for (size_t k = 0; r->state != REQUEST_BOTH && k < g->nfunctions; k++)
			if (identity_matches(&g->functions[k].id, pattern))
				return true;
	}
	return false;
}

/* Nor would a misspelled function ever be called too often; one that must not be called at
 * all is rightly missing. */
static void put_unmatched(struct buf *out, const struct gate_view *v)
{
	for (const struct rule *r = v->rules->rules; r < v->rules->rules + v->rules->n; r++) {
		const struct patterns *p = r->kind == RULE_CALLS ? &r->functions : &r->from;
		bool never = r->kind == RULE_CALLS && r->limit.kind == LIMIT_MOST &&
			     r->limit.value == 0;

		if (never || p->n == 0 || !is_about_any(r, v->change))
			continue;
		for (size_t i = 0; i < p->n; i++) {
			if (is_any(v->change, p->v[i]))
				continue;
			text_printable(out, v->rules->file);
			buf_printf(out, ":%u: no function matches '", r->line);
			text_printable(out, p->v[i]);
			buf_adds(out, "'.\n");
		}
	}
}

void gate_put_notes(struct buf *out, const struct gate_view *v)
{
	size_t nnew = 0, ngone = 0;

	if (v->change == NULL)
		return;
	put_doubts(out, &v->report);
	if (v->sides->new.runs.runs[0]->dirty)
		buf_adds(out, "What was judged are runs of uncommitted changes.\n");
	for (size_t i = 0; i < v->change->nrequests; i++) {
		nnew += v->change->requests[i].state == REQUEST_NEW;
		ngone += v->change->requests[i].state == REQUEST_GONE;
	}
	if (nnew != 0) {
		plural(out, nnew, "request");
		buf_adds(out, nnew == 1 ? " is new.\n" : " are new.\n");
	}
	if (ngone != 0) {
		plural(out, ngone, "request");
		buf_adds(out, " of the baseline's");
		buf_adds(out, ngone == 1 ? " is gone.\n" : " are gone.\n");
	}
	put_unused(out, v);
	put_unmatched(out, v);
	put_skipped(out, v);
}
