#include "grid.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { COLUMNS_MAX = 32, GAP = 2 };

void grid_init(struct grid *g, const struct column *columns, size_t ncolumns)
{
	*g = (struct grid){ .columns = columns, .ncolumns = ncolumns, .arena = ARENA_INIT,
			    .indent = "" };
	g->failed = ncolumns > COLUMNS_MAX;
}

void grid_release(struct grid *g)
{
	arena_release(&g->arena);
	mem_free(g->cells);
}

static void add_printable(struct grid *g, enum style style, struct buf *printable)
{
	struct cell *grown = mem_grow(g->cells, &g->cap, g->ncells + 1, sizeof *grown);
	const char *text = NULL;

	if (!printable->failed)
		text = arena_strndup(&g->arena, printable->len ? printable->data : "",
				     printable->len);
	if (grown != NULL)
		g->cells = grown;
	if (grown == NULL || text == NULL)
		g->failed = true;
	else
		g->cells[g->ncells++] = (struct cell){ text, style };
}

void grid_add(struct grid *g, enum style style, const char *text)
{
	struct buf b = BUF_INIT;

	text_printable(&b, text);
	add_printable(g, style, &b);
	buf_release(&b);
}

void grid_add_buf(struct grid *g, enum style style, struct buf *b)
{
	if (b->failed)
		g->failed = true;
	grid_add(g, style, buf_str(b));
	buf_clear(b);
}

void grid_addf(struct grid *g, enum style style, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	grid_add_buf(g, style, &b);
	buf_release(&b);
}

struct layout {
	size_t width[COLUMNS_MAX];
	bool shown[COLUMNS_MAX];
};

static void natural_widths(const struct grid *g, struct layout *l)
{
	memset(l, 0, sizeof *l);
	for (size_t i = 0; i < g->ncells; i++) {
		size_t width = text_width(g->cells[i].text), c = i % g->ncolumns;

		if (width > l->width[c])
			l->width[c] = width;
		l->shown[c] |= width != 0;
	}
	for (size_t c = 0; c < g->ncolumns && !g->headless; c++)
		if (text_width(g->columns[c].head) > l->width[c])
			l->width[c] = text_width(g->columns[c].head);
}

static size_t whole_width(const struct grid *g, const struct layout *l)
{
	size_t sum = strlen(g->indent), gap = 0;

	for (size_t c = 0; c < g->ncolumns; c++)
		if (l->shown[c]) {
			sum += gap + l->width[c];
			gap = GAP;
		}
	return sum;
}

static bool drop_columns(const struct grid *g, struct layout *l)
{
	unsigned which = 0;

	for (size_t c = 0; c < g->ncolumns; c++)
		if (l->shown[c] && g->columns[c].drop > which)
			which = g->columns[c].drop;
	for (size_t c = 0; c < g->ncolumns && which != 0; c++)
		if (g->columns[c].drop == which)
			l->shown[c] = false;
	return which != 0;
}

/* As far as that may be: lines are then wrapped by the terminal, but fewer, and less. */
static void shrink(const struct grid *g, struct layout *l, size_t over)
{
	for (size_t c = 0; c < g->ncolumns; c++) {
		size_t least = g->columns[c].least, spare;

		if (least == 0 || !l->shown[c] || l->width[c] <= least)
			continue;
		spare = l->width[c] - least;
		l->width[c] -= spare < over ? spare : over;
		over -= spare < over ? spare : over;
	}
}

static void fit(struct grid *g, struct layout *l, size_t width)
{
	for (;;) {
		size_t whole = whole_width(g, l), over = whole > width ? whole - width : 0;

		if (over == 0)
			return;
		for (size_t c = 0; c < g->ncolumns; c++)
			if (g->columns[c].least != 0 &&
			    l->width[c] >= g->columns[c].least + over) {
				l->width[c] -= over;
				return;
			}
		if (!drop_columns(g, l)) {
			shrink(g, l, over);
			return;
		}
		g->dropped = true;
	}
}

static void put_cell(const struct grid *g, const struct layout *l, const struct term *t,
		     struct buf *out, size_t c, const struct cell *cell, bool last)
{
	const struct column *column = &g->columns[c];
	size_t width = text_width(cell->text);
	size_t pad = width < l->width[c] ? l->width[c] - width : 0;
	struct buf fitted = BUF_INIT;

	if (column->right)
		buf_pad(out, ' ', pad);
	if (width > l->width[c]) {
		term_fit(t, &fitted, cell->text, l->width[c], column->cut_left);
		term_put(t, out, cell->style, buf_str(&fitted));
		buf_release(&fitted);
	} else {
		term_put(t, out, cell->style, cell->text);
	}
	if (!column->right && !last)
		buf_pad(out, ' ', pad);
}

static size_t last_shown(const struct grid *g, const struct layout *l, const struct cell *row)
{
	size_t last = 0;

	for (size_t c = 0; c < g->ncolumns; c++)
		if (l->shown[c] && (row == NULL || row[c].text[0] != '\0'))
			last = c;
	return last;
}

static void put_row(const struct grid *g, const struct layout *l, const struct term *t,
		    struct buf *out, const struct cell *row)
{
	size_t last = last_shown(g, l, row);
	bool first = true;

	buf_adds(out, g->indent);
	for (size_t c = 0; c <= last; c++) {
		if (!l->shown[c])
			continue;
		if (!first)
			buf_pad(out, ' ', GAP);
		first = false;
		put_cell(g, l, t, out, c, &row[c], c == last);
	}
	buf_addc(out, '\n');
}

/* The heading of a group stands centred over its columns, between dashes where
 * there is room. */
static void put_groups(const struct grid *g, const struct layout *l, const struct term *t,
		       struct buf *out)
{
	struct buf line = BUF_INIT;
	bool any = false;

	for (size_t c = 0; c < g->ncolumns;) {
		const char *group = g->columns[c].group;
		size_t span = 0, used = 0, before;

		for (; c < g->ncolumns && g->columns[c].group == group; c++)
			if (l->shown[c])
				span += (span ? GAP : 0) + l->width[c];
		if (span == 0)
			continue;
		if (line.len != 0)
			buf_pad(&line, ' ', GAP);
		if (group != NULL && strlen(group) <= span)
			used = strlen(group);
		before = (span - used) / 2;
		any |= used != 0;
		buf_pad(&line, ' ', before);
		if (used != 0)
			buf_adds(&line, group);
		buf_pad(&line, ' ', span - used - before);
	}
	while (line.len != 0 && line.data[line.len - 1] == ' ')
		line.len--;
	if (any) {
		buf_adds(out, g->indent);
		term_put(t, out, STYLE_HEAD, buf_str(&line));
		buf_addc(out, '\n');
	}
	buf_release(&line);
}

void grid_print(struct grid *g, const struct term *t, struct buf *out, bool all_columns)
{
	struct cell heads[COLUMNS_MAX];
	struct layout l;

	if (g->failed) {
		out->failed = true;
		return;
	}
	natural_widths(g, &l);
	if (t->width != 0 && !all_columns)
		fit(g, &l, t->width);
	if (!g->headless) {
		put_groups(g, &l, t, out);
		for (size_t c = 0; c < g->ncolumns; c++)
			heads[c] = (struct cell){ g->columns[c].head, STYLE_HEAD };
		put_row(g, &l, t, out, heads);
	}
	for (size_t i = 0; i + g->ncolumns <= g->ncells; i += g->ncolumns)
		put_row(g, &l, t, out, &g->cells[i]);
}
