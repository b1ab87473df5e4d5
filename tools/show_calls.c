/* show_calls.c -- who called whom, as pstats prints it:
 *
 *     Function         was called by...
 *                          ncalls  tottime  cumtime
 *     app.py:1(fib)    <-     2/1    0.010    0.012  app.py:1(fib)
 *                               1    0.001    0.012  app.py:9(main)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "format/number.h"
#include "show_list.h"

struct sortable {
	const struct function *f;
	uint32_t arc;
};

static int by_key(const void *a, const void *b)
{
	const struct sortable *x = a, *y = b;
	int order = strcmp(x->f->file, y->f->file);

	if (order == 0)
		order = x->f->line < y->f->line ? -1 : x->f->line > y->f->line;
	if (order == 0)
		order = strcmp(x->f->name, y->f->name);
	return order ? order : x->arc < y->arc ? -1 : x->arc > y->arc;
}

/* The arcs of each row side by side, in no order within it yet. */
static void gather(struct show_index *x, const struct show_list *l)
{
	memset(x->from, 0, ((size_t)l->nrows + 1) * sizeof *x->from);
	for (uint32_t i = 0; i < l->narcs; i++)
		x->from[x->callees ? l->arcs[i].caller : l->arcs[i].callee]++;
	for (uint32_t i = 0; i < l->nrows; i++)
		x->from[i + 1] += x->from[i];
	/* Each row's end moves back to its beginning. */
	for (uint32_t i = l->narcs; i-- > 0;)
		x->arcs[--x->from[x->callees ? l->arcs[i].caller : l->arcs[i].callee]] = i;
}

static void sort_row(struct show_index *x, const struct show_list *l, struct sortable *room,
		     uint32_t row)
{
	uint32_t first = x->from[row], n = x->from[row + 1] - first;

	for (uint32_t i = 0; i < n; i++) {
		const struct show_arc *arc = &l->arcs[x->arcs[first + i]];

		room[i].f = &l->rows[x->callees ? arc->callee : arc->caller].f;
		room[i].arc = x->arcs[first + i];
	}
	if (n > 1)
		qsort(room, n, sizeof *room, by_key);
	for (uint32_t i = 0; i < n; i++)
		x->arcs[first + i] = room[i].arc;
}

int show_index_fill(struct show_index *x, const struct show_list *l, bool callees,
		    struct error *err)
{
	struct sortable *room = mem_array(NULL, l->narcs, sizeof *room);

	x->callees = callees;
	x->arcs = mem_array(NULL, l->narcs, sizeof *x->arcs);
	x->from = mem_array(NULL, (size_t)l->nrows + 1, sizeof *x->from);
	if (room == NULL || x->arcs == NULL || x->from == NULL) {
		mem_free(room);
		return error_nomem(err);
	}
	gather(x, l);
	for (uint32_t i = 0; i < l->nrows; i++)
		sort_row(x, l, room, i);
	mem_free(room);
	return 0;
}

void show_index_release(struct show_index *x)
{
	mem_free(x->arcs);
	mem_free(x->from);
}

struct calls {
	struct buf *out;
	const struct show *show;
	struct show_list *l;
	const struct show_index *x;
	size_t width; /* of the left column */
};

static size_t name_width(struct show_list *l, uint32_t row)
{
	struct buf text = BUF_INIT;
	size_t width;

	text_printable(&text, show_list_name(l, row));
	width = text_width(buf_str(&text));
	buf_release(&text);
	return width;
}

static size_t widest(struct show_list *l)
{
	size_t width = 0, each;

	for (uint32_t i = 0; i < l->norder; i++) {
		each = name_width(l, l->order[i]);
		width = each > width ? each : width;
	}
	return width;
}

static void put_heading(const struct calls *c)
{
	struct buf head = BUF_INIT;

	buf_adds(&head, "Function ");
	buf_pad(&head, ' ', c->width > 9 ? c->width - 9 : 0);
	buf_adds(&head, c->x->callees ? "called...\n" : "was called by...\n");
	if (c->l->narcs != 0 && !c->l->counts_only) {
		buf_pad(&head, ' ', c->width);
		buf_adds(&head, c->show->sampled ? "    tottime  cumtime\n"
							  : "    ncalls  tottime  cumtime\n");
	}
	term_put(&c->show->term, c->out, STYLE_HEAD, buf_str(&head));
	buf_release(&head);
}

/* "name(3)    0.012": of the pure Python profiler's callers no more is known, and
 * the time is the other function's own. */
static void put_count(const struct calls *c, const struct show_arc *arc, uint32_t other)
{
	text_printable(c->out, show_list_name(c->l, other));
	buf_printf(c->out, "(%lld) ", (long long)arc->n.ncalls);
	if (other < c->l->nlisted)
		number_add_fixed(c->out, 8, 3, c->l->rows[other].n.cum);
}

static void put_numbers(const struct calls *c, const struct show_arc *arc, uint32_t other,
			int calls_width)
{
	bool time = c->show->is_time;
	char calls[48];

	if (!c->show->sampled) {
		if (arc->n.ncalls != arc->n.nprimitive)
			snprintf(calls, sizeof calls, "%lld/%lld", (long long)arc->n.ncalls,
				 (long long)arc->n.nprimitive);
		else
			snprintf(calls, sizeof calls, "%lld", (long long)arc->n.ncalls);
		buf_printf(c->out, "%*s ", calls_width, calls);
	} else {
		buf_pad(c->out, ' ', calls_width == 7 ? 0 : 2);
	}
	number_add_fixed(c->out, 8, time ? 3 : 0, arc->n.self);
	buf_addc(c->out, ' ');
	number_add_fixed(c->out, 8, time ? 3 : 0, arc->n.cum);
	buf_adds(c->out, "  ");
	text_printable(c->out, show_list_name(c->l, other));
}

static void put_function(const struct calls *c, uint32_t row)
{
	uint32_t first = c->x->from[row], end = c->x->from[row + 1];
	size_t used = name_width(c->l, row);

	text_printable(c->out, show_list_name(c->l, row));
	buf_pad(c->out, ' ', used < c->width ? c->width - used : 0);
	buf_adds(c->out, c->x->callees ? "-> " : "<- ");
	if (first == end)
		buf_addc(c->out, '\n');
	for (uint32_t i = first; i < end; i++) {
		const struct show_arc *arc = &c->l->arcs[c->x->arcs[i]];
		uint32_t other = c->x->callees ? arc->callee : arc->caller;

		if (i != first)
			buf_pad(c->out, ' ', c->width + (c->l->counts_only ? 3 : 1));
		if (c->l->counts_only)
			put_count(c, arc, other);
		else
			put_numbers(c, arc, other, i == first ? 7 : 9);
		buf_addc(c->out, '\n');
		buf_pass(c->out);
	}
}

void calls_text(struct buf *out, const struct show *show, struct show_list *l,
		const struct show_index *x)
{
	struct calls c = { out, show, l, x, widest(l) + 2 };

	show_unit(out, show, "");
	show_focus(out, show, "");
	show_losses(out, show, "");
	buf_adds(out, buf_str(&l->message));
	buf_addc(out, '\n');
	put_heading(&c);
	for (uint32_t i = 0; i < l->norder; i++)
		put_function(&c, l->order[i]);
	buf_adds(out, "\n\n");
}
