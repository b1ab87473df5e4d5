/* show_table.c -- functions as pstats lists them. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "profile/derive.h"
#include "show.h"

enum { TABLE_LIMIT = 30 };

/* The keys of pstats' sort_stats, and what it calls them. */
const char *const show_sort_keys[] = {
	"tottime", "time", "cumtime", "cumulative", "calls", "ncalls", "pcalls", "name", "nfl",
	"file", "filename", "module", "line", "stdname", NULL
};
static const char *const sort_titles[] = {
	"internal time", "internal time", "cumulative time", "cumulative time", "call count",
	"call count", "primitive call count", "function name", "name/file/line",
	"file name", "file name", "file name", "line number", "standard name"
};

struct row {
	const struct function *f;
	const struct totals *t;
	int64_t self, cum;
	const char *name; /* printed, not escaped */
	uint32_t index;   /* the last word, so that order is stable */
};

static int tie(const struct row *x, const struct row *y)
{
	return x->index < y->index ? -1 : x->index > y->index;
}

static int falling(const struct row *x, const struct row *y, int64_t a, int64_t b)
{
	return a != b ? (a > b ? -1 : 1) : tie(x, y);
}

static int rising(const struct row *x, const struct row *y, int order)
{
	return order != 0 ? order : tie(x, y);
}

static int by_self(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return falling(x, y, x->self, y->self);
}

static int by_cum(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return falling(x, y, x->cum, y->cum);
}

static int by_calls(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return falling(x, y, (int64_t)x->t->ncalls, (int64_t)y->t->ncalls);
}

static int by_primitive(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return falling(x, y, (int64_t)x->t->nprimitive, (int64_t)y->t->nprimitive);
}

static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return rising(x, y, strcmp(x->f->qualname, y->f->qualname));
}

static int by_file(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return rising(x, y, strcmp(x->f->file, y->f->file));
}

static int by_line(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return rising(x, y, x->f->line < y->f->line ? -1 : x->f->line > y->f->line);
}

static int by_name_file_line(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strcmp(x->f->qualname, y->f->qualname);

	if (order == 0)
		order = strcmp(x->f->file, y->f->file);
	return order != 0 ? order : by_line(a, b);
}

static int by_standard_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return rising(x, y, strcmp(x->name, y->name));
}

/* As show_sort_keys. */
static int (*const orders[])(const void *, const void *) = {
	by_self, by_self, by_cum, by_cum, by_calls, by_calls, by_primitive, by_name,
	by_name_file_line, by_file, by_file, by_file, by_line, by_standard_name
};

struct listing {
	struct table table;
	struct arena arena;
	struct row *rows;
	size_t nrows, nmatched, nall;
	uint64_t ncalls, nprimitive;
	int64_t total;
	int64_t beside; /* what ran beside the request */
};

static void listing_release(struct listing *l)
{
	table_release(&l->table);
	arena_release(&l->arena);
	mem_free(l->rows);
}

static int listing_add(struct listing *l, const struct show *show, uint32_t function)
{
	const struct function *f = &show->profile->functions[function];
	const struct totals *t = &l->table.functions[function];
	struct row *row = &l->rows[l->nrows];
	struct buf name = BUF_INIT;

	l->ncalls += t->ncalls;
	l->nprimitive += t->nprimitive;
	if (!show_matches(show, f))
		return 0;
	function_name(&name, f);
	*row = (struct row){ f, t, t->self[show->metric], t->cum[show->metric],
			     arena_strdup(&l->arena, buf_str(&name)), function };
	l->nrows++;
	buf_release(&name);
	return row->name == NULL ? -1 : 0;
}

static int listing_fill(struct listing *l, const struct show *show, struct error *err)
{
	const struct profile *p = show->profile;
	unsigned sort = show->options->sort == SHOW_UNSET ? 0 : show->options->sort;
	unsigned limit = show->options->limit == SHOW_UNSET ? TABLE_LIMIT : show->options->limit;

	*l = (struct listing){ .table = TABLE_INIT, .arena = ARENA_INIT };
	if (derive_table(&l->table, p, NULL, 0, err) < 0)
		return -1;
	l->rows = mem_array(NULL, p->nfunctions, sizeof *l->rows);
	if (l->rows == NULL)
		return error_nomem(err);
	for (uint32_t i = 0; i < p->nfunctions; i++)
		if (listing_add(l, show, i) < 0)
			return error_nomem(err);
	l->total = profile_total(p, &l->table, show->metric);
	l->beside = table_total(&l->table, show->metric) - l->total;
	l->nall = p->nfunctions;
	l->nmatched = l->nrows;
	if (l->nrows != 0)
		qsort(l->rows, l->nrows, sizeof *l->rows, orders[sort]);
	if (limit != 0 && l->nrows > limit)
		l->nrows = limit;
	return 0;
}

static void put_metric(struct buf *out, const struct show *show, uint32_t metric, int width,
		       double value)
{
	if (strcmp(show->profile->metrics[metric].unit, "nanoseconds") == 0)
		buf_printf(out, "%*.3f", width, value / 1e9);
	else
		buf_printf(out, "%*.0f", width, value);
}

/* A time in eight columns, as pstats has it. */
static void put_value(struct buf *out, const struct show *show, double value, bool known)
{
	if (known)
		put_metric(out, show, show->metric, 8, value);
	else
		buf_pad(out, ' ', 8);
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

	for (uint32_t m = 0; m < p->nmetrics; m++) {
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

static size_t put_extra(struct buf *out, const struct show *show, const struct row *r)
{
	const struct profile *p = show->profile;
	size_t before = out->len;

	for (uint32_t m = 0; m < p->nmetrics; m++) {
		if (m == show->metric)
			continue;
		put_metric(out, show, m, extra_width(&p->metrics[m]), (double)r->t->cum[m]);
		buf_addc(out, ' ');
	}
	return out->len - before;
}

static void put_head(struct buf *out, const struct show *show, const struct listing *l)
{
	const struct show_options *o = show->options;
	const char *indent = "         ";
	size_t reduced = l->nall;

	show_title(out, show);
	buf_adds(out, "\n\n");
	if (show->profile->sampled)
		buf_printf(out, "%ssampled: there are no call counts\n", indent);
	else
		buf_printf(out, "%s%llu function calls ", indent, (unsigned long long)l->ncalls);
	if (!show->profile->sampled && l->ncalls != l->nprimitive)
		buf_printf(out, "(%llu primitive calls) ", (unsigned long long)l->nprimitive);
	if (!show->profile->sampled)
		buf_printf(out, "in %.3f seconds\n", (double)l->total / 1e9);
	if (l->beside != 0)
		buf_printf(out, "%sand %.3f seconds beside the request, in threads and jobs\n",
			   indent, (double)l->beside / 1e9);
	show_losses(out, show, indent);
	buf_printf(out, "\n   Ordered by: %s\n",
		   sort_titles[o->sort == SHOW_UNSET ? 0 : o->sort]);
	if (show->pattern != NULL) {
		buf_printf(out, "   List reduced from %zu to %zu due to restriction <'", reduced,
			   l->nmatched);
		text_printable(out, show->pattern);
		buf_adds(out, "'>\n");
		reduced = l->nmatched;
	}
	if (l->nrows < reduced)
		buf_printf(out, "   List reduced from %zu to %zu due to restriction <%zu>\n",
			   reduced, l->nrows, l->nrows);
	buf_addc(out, '\n');
}

static void put_row(struct buf *out, const struct show *show, const struct row *r)
{
	bool sampled = show->profile->sampled;
	struct buf name = BUF_INIT, calls = BUF_INIT;
	size_t used = sampled ? 18 : 46, width = show->term.width;

	if (!sampled) {
		buf_printf(&calls, "%llu", (unsigned long long)r->t->ncalls);
		if (r->t->ncalls != r->t->nprimitive)
			buf_printf(&calls, "/%llu", (unsigned long long)r->t->nprimitive);
		buf_pad(out, ' ', calls.len < 9 ? 9 - calls.len : 0);
		buf_add(out, calls.data, calls.len);
		buf_addc(out, ' ');
		used += calls.len > 9 ? calls.len - 9 : 0;
	}
	put_value(out, show, (double)r->self, true);
	buf_addc(out, ' ');
	if (!sampled) {
		put_value(out, show, (double)r->self / (double)r->t->ncalls, r->t->ncalls != 0);
		buf_addc(out, ' ');
	}
	put_value(out, show, (double)r->cum, true);
	buf_addc(out, ' ');
	if (!sampled) {
		put_value(out, show, (double)r->cum / (double)r->t->nprimitive,
			  r->t->nprimitive != 0);
		buf_addc(out, ' ');
	}
	used += put_extra(out, show, r);
	text_printable(&name, r->name);
	if (width != 0)
		/* Of a path the end matters, of "{built-in method ...}" the beginning. */
		term_fit(&show->term, out, buf_str(&name), width > used + 20 ? width - used : 20,
			 r->name[0] != '{');
	else
		buf_adds(out, buf_str(&name));
	buf_addc(out, '\n');
	buf_release(&calls);
	buf_release(&name);
}

static void put_columns(struct buf *out, const struct show *show)
{
	struct buf head = BUF_INIT;

	buf_adds(&head, show->profile->sampled ?
			" tottime  cumtime " :
			"   ncalls  tottime  percall  cumtime  percall ");
	put_extra_heads(&head, show);
	buf_adds(&head, "filename:lineno(function)\n");
	term_put(&show->term, out, STYLE_HEAD, buf_str(&head));
	buf_release(&head);
}

int table_text(struct buf *out, const struct show *show, struct error *err)
{
	struct listing l;
	int rc = listing_fill(&l, show, err);

	if (rc == 0) {
		put_head(out, show, &l);
		put_columns(out, show);
		for (size_t i = 0; i < l.nrows; i++)
			put_row(out, show, &l.rows[i]);
	}
	listing_release(&l);
	return rc;
}

void show_json_calls(struct json_writer *w, const struct show *show, const char *key,
		       uint64_t n)
{
	if (show->profile->sampled)
		json_add_null(w, key);
	else
		json_add_int(w, key, (int64_t)n);
}

/* Only where something was measured beside the time. */
static void add_json_extra(struct json_writer *w, const struct show *show, const struct row *r)
{
	const struct profile *p = show->profile;

	if (p->nmetrics < 2)
		return;
	json_open_object(w, "metrics");
	for (uint32_t m = 0; m < p->nmetrics; m++) {
		if (m == show->metric)
			continue;
		json_open_object(w, p->metrics[m].name);
		json_add_string(w, "unit", p->metrics[m].unit);
		json_add_int(w, "self", r->t->self[m]);
		json_add_int(w, "cum", r->t->cum[m]);
		json_close_object(w);
	}
	json_close_object(w);
}

int table_json(struct json_writer *w, const struct show *show, struct error *err)
{
	struct listing l;
	int rc = listing_fill(&l, show, err);

	if (rc < 0)
		goto done;
	show_json_calls(w, show, "calls", l.ncalls);
	show_json_calls(w, show, "primitive_calls", l.nprimitive);
	json_add_int(w, "total", l.total);
	json_add_int(w, "beside", l.beside);
	json_open_array(w, "functions");
	for (size_t i = 0; i < l.nrows; i++) {
		const struct row *r = &l.rows[i];

		json_open_object(w, NULL);
		json_add_string(w, "file", r->f->file);
		json_add_int(w, "line", r->f->line);
		json_add_string(w, "name", r->f->name);
		json_add_string(w, "qualname", r->f->qualname);
		show_json_calls(w, show, "calls", r->t->ncalls);
		show_json_calls(w, show, "primitive_calls", r->t->nprimitive);
		json_add_int(w, "tottime", r->self);
		json_add_int(w, "cumtime", r->cum);
		add_json_extra(w, show, r);
		json_close_object(w);
	}
	json_close_array(w);
done:
	listing_release(&l);
	return rc;
}
