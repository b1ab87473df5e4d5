/* show_table.c -- functions as pstats lists them. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "format/callstack.h"
#include "format/number.h"
#include "show_list.h"

static void put_metric(struct buf *out, const struct show *show, uint32_t metric, int width,
		       double value)
{
	if (strcmp(show->profile->metrics[metric].unit, "nanoseconds") == 0)
		number_add_fixed(out, width, 3, value / 1e9);
	else
		number_add_fixed(out, width, 0, value);
}

/* A value in eight columns, as pstats has it. */
static void put_value(struct buf *out, const struct show *show, double value)
{
	number_add_fixed(out, 8, show->is_time ? 3 : 0, value);
	buf_addc(out, ' ');
}

/* What was measured beside the time that is shown: a column each, inclusive. */
static int extra_width(const struct metric *metric)
{
	size_t len = strlen(metric->name);

	return len < 8 ? 8 : len > 40 ? 40 : (int)len;
}

static void put_extra_heads(struct buf *out, const struct show *show)
{
	const struct profile *p = show->profile;

	for (uint32_t m = 0; p != NULL && m < p->nmetrics; m++) {
		struct buf name = BUF_INIT;
		size_t width = (size_t)extra_width(&p->metrics[m]), used;

		if (m == show->metric)
			continue;
		text_printable(&name, p->metrics[m].name);
		used = text_width(buf_str(&name));
		buf_pad(out, ' ', used < width ? width - used : 0);
		buf_printf(out, "%s ", buf_str(&name));
		buf_release(&name);
	}
}

static size_t put_extra(struct buf *out, const struct show *show, const struct show_row *r)
{
	const struct profile *p = show->profile;
	size_t before = out->len;

	for (uint32_t m = 0; r->totals != NULL && m < p->nmetrics; m++) {
		if (m == show->metric)
			continue;
		put_metric(out, show, m, extra_width(&p->metrics[m]),
			   (double)r->totals->costs[m].cum);
		buf_addc(out, ' ');
	}
	return out->len - before;
}

static void put_head(struct buf *out, const struct show *show, struct show_list *l)
{
	const char *indent = "         ";

	show_title(out, show);
	buf_adds(out, "\n\n");
	if (show->sampled) {
		buf_printf(out, "%ssampled: there are no call counts\n", indent);
	} else {
		buf_printf(out, "%s%llu function calls", indent, (unsigned long long)l->ncalls);
		if (l->ncalls != l->nprimitive)
			buf_printf(out, " (%llu primitive calls)",
				   (unsigned long long)l->nprimitive);
		if (show->is_time) {
			buf_adds(out, " in ");
			number_add_fixed(out, 0, 3, l->total);
			buf_adds(out, " seconds");
		}
		buf_addc(out, '\n');
	}
	show_unit(out, show, indent);
	if (l->beside != 0)
		buf_printf(out, "%sand %.3f seconds beside the request, in threads and jobs\n",
			   indent, l->beside);
	show_focus(out, show, indent);
	show_losses(out, show, indent);
	buf_addc(out, '\n');
}

static void put_columns(struct buf *out, const struct show *show)
{
	struct buf head = BUF_INIT;

	buf_adds(&head, show->sampled ?
			" tottime  cumtime " :
			"   ncalls  tottime  percall  cumtime  percall ");
	put_extra_heads(&head, show);
	buf_adds(&head, "filename:lineno(function)\n");
	term_put(&show->term, out, STYLE_HEAD, buf_str(&head));
	buf_release(&head);
}

/* Of a path the end matters, of "{built-in method ...}" the beginning. */
static void put_name(struct buf *out, const struct show *show, const struct function *f,
		     size_t used)
{
	size_t width = show->term.width;
	struct buf text = BUF_INIT;

	if (width == 0) {
		callstack_add_name(out, f);
		return;
	}
	callstack_add_name(&text, f);
	term_fit(&show->term, out, buf_str(&text), width > used + 20 ? width - used : 20,
		 *buf_str(&text) != '{');
	buf_release(&text);
}

static void put_row(struct buf *out, const struct show *show, struct show_list *l, uint32_t index)
{
	const struct show_row *r = &l->rows[index];
	size_t start = out->len;

	if (show->sampled) {
		put_value(out, show, r->n.self);
		put_value(out, show, r->n.cum);
	} else {
		callstack_add_numbers(out, (uint64_t)r->n.ncalls, (uint64_t)r->n.nprimitive,
				      r->n.self, r->n.cum);
	}
	put_extra(out, show, r);
	put_name(out, show, &r->f, out->len - start);
	buf_addc(out, '\n');
}

void table_text(struct buf *out, const struct show *show, struct show_list *l)
{
	put_head(out, show, l);
	if (l->norder == 0)
		return;
	buf_adds(out, buf_str(&l->message));
	buf_addc(out, '\n');
	put_columns(out, show);
	for (uint32_t i = 0; i < l->norder; i++) {
		put_row(out, show, l, l->order[i]);
		buf_pass(out);
	}
	buf_adds(out, "\n\n");
}

void show_json_calls(struct json_writer *w, const struct show *show, const char *key,
		       uint64_t n)
{
	if (show->sampled)
		json_add_null(w, key);
	else
		json_add_int(w, key, (int64_t)n);
}

/* Only where something was measured beside the time. */
static void add_json_extra(struct json_writer *w, const struct show *show, const struct show_row *r)
{
	const struct profile *p = show->profile;

	if (r->totals == NULL || p->nmetrics < 2)
		return;
	json_open_object(w, "metrics");
	for (uint32_t m = 0; m < p->nmetrics; m++) {
		if (m == show->metric)
			continue;
		json_open_object(w, p->metrics[m].name);
		json_add_string(w, "unit", p->metrics[m].unit);
		json_add_int(w, "self", r->totals->costs[m].self);
		json_add_int(w, "cum", r->totals->costs[m].cum);
		json_close_object(w);
	}
	json_close_object(w);
}

/* In the unit of the metric: nanoseconds of seconds. */
static void add_json_value(struct json_writer *w, const struct show *show, const char *key,
			   double value)
{
	json_add_int(w, key, (int64_t)llround(show->is_time ? value * 1e9 : value));
}

static void add_json_row(struct json_writer *w, const struct show *show,
			 const struct show_row *r, const struct show_numbers *n)
{
	json_add_string(w, "file", r->f.file);
	json_add_int(w, "line", r->f.line);
	json_add_string(w, "name", r->bare);
	json_add_string(w, "qualname", r->f.qualname);
	show_json_calls(w, show, "calls", (uint64_t)n->ncalls);
	show_json_calls(w, show, "primitive_calls", (uint64_t)n->nprimitive);
	add_json_value(w, show, "tottime", n->self);
	add_json_value(w, show, "cumtime", n->cum);
}

/* Who called the function, or whom it called. */
static void add_json_arcs(struct json_writer *w, const struct show *show, struct show_list *l,
			  const struct show_index *x, uint32_t row)
{
	json_open_array(w, x->callees ? "callees" : "callers");
	for (uint32_t i = x->from[row]; i < x->from[row + 1]; i++) {
		const struct show_arc *arc = &l->arcs[x->arcs[i]];

		json_open_object(w, NULL);
		add_json_row(w, show, &l->rows[x->callees ? arc->callee : arc->caller], &arc->n);
		json_close_object(w);
	}
	json_close_array(w);
}

void table_json(struct json_writer *w, const struct show *show, struct show_list *l,
		const struct show_index *x)
{
	show_json_calls(w, show, "calls", l->ncalls);
	show_json_calls(w, show, "primitive_calls", l->nprimitive);
	json_add_int(w, "total", (int64_t)llround(l->total * 1e9));
	json_add_int(w, "beside", (int64_t)llround(l->beside * 1e9));
	json_open_array(w, "functions");
	for (uint32_t i = 0; i < l->norder; i++) {
		const struct show_row *r = &l->rows[l->order[i]];

		json_open_object(w, NULL);
		add_json_row(w, show, r, &r->n);
		add_json_extra(w, show, r);
		if (x != NULL)
			add_json_arcs(w, show, l, x, l->order[i]);
		json_close_object(w);
		buf_pass(w->out);
	}
	json_close_array(w);
}
