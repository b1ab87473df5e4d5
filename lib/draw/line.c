#include "draw/line.h"

#include <math.h>

#include "base/text.h"
#include "draw/write.h"

#define DOT " \xc2\xb7 "

const char *line_text(const struct graph *g, uint32_t edge, struct arena *arena)
{
	const struct graph_edge *e = &g->edges[edge];
	struct buf b = BUF_INIT;
	const char *text = NULL;

	if (g->is_diff)
		write_delta(&b, g, e->cost.cum - e->before.cum);
	else
		write_share(&b, e->share);
	if (!g->sampled) {
		buf_adds(&b, DOT);
		if (g->is_diff && e->change == CHANGE_NONE && e->before.ncalls != e->cost.ncalls) {
			text_count(&b, e->before.ncalls);
			buf_adds(&b, "\xe2\x86\x92");
		}
		write_calls(&b, e->change == CHANGE_GONE ? &e->before : &e->cost);
	}
	if (!b.failed)
		text = arena_strdup(arena, buf_str(&b));
	buf_release(&b);
	return text;
}

/* The part of the whole that the line stands for. */
static double weight(const struct graph *g, const struct graph_edge *e)
{
	int64_t whole = g->total > g->total_before ? g->total : g->total_before;

	if (!g->is_diff)
		return fmin(e->share, 1);
	return fmin(fabs(graph_share(e->cost.cum - e->before.cum, whole)), 1);
}

static double line_width(const struct graph *g, const struct graph_edge *e)
{
	return 1 + 4.5 * weight(g, e) + (e->hot ? 0.5 : 0);
}

static struct colour line_colour(const struct graph *g, const struct graph_edge *e)
{
	static const struct colour hot = COLOUR(0xb3201e), slower = COLOUR(0xc23b2b);
	static const struct colour faster = COLOUR(0x1c7f4b);
	double w = sqrt(weight(g, e));

	if (e->hot)
		return hot;
	if (!g->is_diff)
		return colour_mix(colour_line, slower, 0.8 * w);
	return colour_mix(colour_line, e->cost.cum < e->before.cum ? faster : slower,
			  fmin(2 * w, 1));
}

void line_draw_head(cairo_t *cr, const struct graph *g, uint32_t edge,
		    const struct layout_edge *at)
{
	struct point base, tip = at->tip;
	double dx, dy;

	if (at->npoints == 0)
		return;
	base = at->points[at->npoints - 1];
	dx = tip.x - base.x;
	dy = tip.y - base.y;
	canvas_colour(cr, line_colour(g, &g->edges[edge]));
	cairo_move_to(cr, tip.x, tip.y);
	cairo_line_to(cr, base.x - 0.4 * dy, base.y + 0.4 * dx);
	cairo_line_to(cr, base.x + 0.4 * dy, base.y - 0.4 * dx);
	cairo_close_path(cr);
	cairo_fill(cr);
}

void line_draw(cairo_t *cr, const struct graph *g, uint32_t edge, const struct layout_edge *at)
{
	const struct graph_edge *e = &g->edges[edge];
	double width = line_width(g, e);
	double dots[] = { 0.5 + width, 2 + width }, dashes[] = { 4 + width, 3 + width };

	if (at->npoints == 0)
		return;
	canvas_colour(cr, line_colour(g, e));
	cairo_set_line_width(cr, width);
	if (e->skips)
		cairo_set_dash(cr, dots, 2, 0);
	else if (e->change == CHANGE_GONE)
		cairo_set_dash(cr, dashes, 2, 0);
	cairo_move_to(cr, at->points[0].x, at->points[0].y);
	for (size_t i = 1; i + 2 < at->npoints; i += 3)
		cairo_curve_to(cr, at->points[i].x, at->points[i].y, at->points[i + 1].x,
			       at->points[i + 1].y, at->points[i + 2].x, at->points[i + 2].y);
	cairo_stroke(cr);
	cairo_set_dash(cr, NULL, 0, 0);
}

/* Paper behind the label, so that the line is interrupted and the text read. */
void line_clear_label(cairo_t *cr, const struct layout_edge *at)
{
	if (at->npoints == 0)
		return;
	cairo_set_source_rgba(cr, colour_paper.r, colour_paper.g, colour_paper.b, 0.85);
	cairo_rectangle(cr, at->label.x, at->label.y, at->label.w, at->label.h);
	cairo_fill(cr);
}

void line_draw_label(cairo_t *cr, const struct graph *g, uint32_t edge, const char *text,
		     const struct layout_edge *at, const struct fonts *fonts)
{
	const struct graph_edge *e = &g->edges[edge];

	if (at->npoints == 0)
		return;
	canvas_colour(cr, e->hot ? colour_heat(1) : colour_dim);
	canvas_text(cr, fonts, STYLE_SMALL, at->label.x + LABEL_PAD_X, at->label.y, text);
}
