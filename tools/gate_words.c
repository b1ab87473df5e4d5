/* What a gate found, in the words that all its outputs share. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "format/number.h"
#include "gate.h"

enum amount { AMOUNT_COUNT, AMOUNT_BYTES, AMOUNT_TIME };

static enum amount amount_of(const struct rule *r)
{
	if (r->kind == RULE_TIME)
		return AMOUNT_TIME;
	if (r->kind == RULE_METRIC && strcmp(r->metric, "alloc_bytes") == 0)
		return AMOUNT_BYTES;
	return AMOUNT_COUNT;
}

static void put_amount(struct buf *out, enum amount amount, double value)
{
	uint64_t n = value > 0 ? (uint64_t)value : 0;

	if (amount == AMOUNT_TIME)
		text_time(out, (int64_t)value);
	else if (amount == AMOUNT_BYTES)
		text_size(out, n);
	else
		text_count(out, n);
}

/* "3 -> 43 (+40)", "12.1 ms -> 19.4 ms (+60 %)" */
static void put_change(struct buf *out, enum amount amount, double old, double new,
		       const struct signs *signs)
{
	put_amount(out, amount, old);
	buf_printf(out, " %s ", signs->arrow);
	put_amount(out, amount, new);
	if (amount == AMOUNT_COUNT && new >= old && new < old * 2) {
		buf_adds(out, " (+");
		text_count(out, (uint64_t)(new - old));
		buf_adds(out, ", +");
		number_add_fixed(out, 0, 1, (new / old - 1) * 100);
		buf_adds(out, " %)");
	} else if (amount == AMOUNT_COUNT && new >= old) {
		buf_adds(out, " (+");
		text_count(out, (uint64_t)(new - old));
		buf_addc(out, ')');
	} else if (old > 0) {
		buf_adds(out, new < old ? " (-" : " (+");
		number_add_fixed(out, 0, 1, fabs(new / old - 1) * 100);
		buf_adds(out, " %)");
	}
}

static void put_function(struct buf *out, const struct identity *id)
{
	struct buf name = BUF_INIT;

	identity_dotted(&name, id);
	text_printable(out, buf_str(&name));
	buf_release(&name);
}

static const struct identity *identity_of(const struct blame *b)
{
	return b->function->after ? &b->function->after->id : &b->function->before->id;
}

static void put_new_callees(struct buf *out, const struct finding *f)
{
	buf_adds(out, f->nguilty == 1 ? "new callee: " : "new callees: ");
	for (size_t i = 0; i < f->nblamed; i++) {
		buf_adds(out, i == 0 ? "" : ", ");
		put_function(out, identity_of(&f->blamed[i]));
	}
	if (f->nguilty > f->nblamed)
		buf_printf(out, " and %zu more", f->nguilty - f->nblamed);
}

void gate_put_what(struct buf *out, const struct rule *r)
{
	struct buf text = BUF_INIT;
	const char *all, *end;

	rule_text(&text, r);
	all = buf_str(&text);
	end = strstr(all, ": ");
	/* A pattern may hold a colon, but none before a space. */
	buf_add(out, all, end ? (size_t)(end - all) : text.len);
	buf_release(&text);
}

void gate_put_values(struct buf *out, const struct finding *f, const struct signs *signs)
{
	enum amount amount = amount_of(f->rule);

	if (f->rule->limit.kind == LIMIT_MOST)
		put_amount(out, amount, f->new_value);
	else
		put_change(out, amount, f->old_value, f->new_value, signs);
}

void gate_put_finding(struct buf *out, const struct finding *f, const struct signs *signs)
{
	const struct rule *r = f->rule;
	enum amount amount = amount_of(r);

	if (r->kind == RULE_NEW_CALLEES) {
		put_new_callees(out, f);
		return;
	}
	gate_put_what(out, r);
	buf_adds(out, ": ");
	gate_put_values(out, f, signs);
	if (!isnan(f->p)) {
		buf_adds(out, ", p ");
		number_add_fixed(out, 0, 3, f->p);
	}
	buf_adds(out, "; allowed: ");
	limit_text(out, &r->limit, amount == AMOUNT_BYTES);
}

static void put_time_of(struct buf *out, const struct function_change *c,
			const struct signs *signs)
{
	double more = c->more_calls_ns, dearer = c->dearer_calls_ns;

	put_change(out, AMOUNT_TIME, c->self[0].old_value, c->self[0].new_value, signs);
	if (more > 0) {
		buf_adds(out, ", +");
		text_time(out, (int64_t)more);
		buf_adds(out, " by more calls");
	}
	if (dearer > 0) {
		buf_adds(out, ", +");
		text_time(out, (int64_t)dearer);
		buf_adds(out, " by dearer calls");
	}
}

/* What a function has of what the rule is about. */
static void put_share(struct buf *out, const struct finding *f, const struct function_change *c,
		      const struct signs *signs)
{
	enum amount amount = amount_of(f->rule);
	size_t m = f->metric;

	if (f->rule->kind == RULE_TIME && strcmp(f->rule->metric, "wall") == 0) {
		put_time_of(out, c, signs);
	} else if (f->rule->kind == RULE_TIME || f->rule->kind == RULE_METRIC) {
		put_change(out, amount, c->self[m].old_value, c->self[m].new_value, signs);
	} else {
		put_change(out, AMOUNT_COUNT, (double)c->old_calls.median,
			   (double)c->new_calls.median, signs);
		buf_adds(out, " calls");
	}
}

void gate_put_blame(struct buf *out, const struct finding *f, const struct blame *b,
		    const struct signs *signs)
{
	put_function(out, identity_of(b));
	buf_adds(out, ": ");
	put_share(out, f, b->function, signs);
	if (b->from == NULL)
		return;
	buf_adds(out, ", from ");
	put_function(out, &b->from->id);
	buf_adds(out, " (");
	text_printable(out, b->from->id.file);
	buf_addc(out, ':');
	buf_addu(out, b->from->line);
	buf_addc(out, ')');
}

const struct finding *gate_next_failed(const struct gate_view *v, const struct request_change *r,
				       size_t *rule)
{
	while (*rule < v->rules->n) {
		const struct finding *f = gate_find(v->gate, &v->rules->rules[(*rule)++], r);

		if (f != NULL && f->verdict == VERDICT_FAILED)
			return f;
	}
	return NULL;
}

void gate_put_summary(struct buf *out, const struct gate_view *v)
{
	size_t worse;

	if (v->gate == NULL) {
		buf_adds(out, "nothing to compare yet: ");
		buf_add(out, v->sides->nothing.data, v->sides->nothing.len);
		return;
	}
	worse = v->gate->nworse;
	if (v->gate->njudged == 0) {
		buf_adds(out, "no request could be judged against ");
		buf_add(out, v->sides->old.title.data, v->sides->old.title.len);
		return;
	}
	if (worse == 0)
		buf_adds(out, "no request");
	else
		plural(out, worse, "request");
	buf_adds(out, " of ");
	text_count(out, v->gate->njudged);
	buf_adds(out, worse > 1 ? " are worse than at " : " is worse than at ");
	buf_add(out, v->sides->old.title.data, v->sides->old.title.len);
}
