#include "draw/line.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "draw/write.h"
#include "graph/gprof2dot.h"

#define DOT " \xc2\xb7 "

enum { PAD_X = 2 }; /* room about a label's text */

static void write_foreign(struct buf *b, const struct graph *g, const struct graph_edge *e)
{
	gprof2dot_percent(b, e->share);
	if (!g->sampled)
		buf_printf(b, "\n%llu\xc3\x97", (unsigned long long)e->cost.nprimitive);
}

static void write_own(struct buf *b, const struct graph *g, const struct graph_edge *e)
{
	if (g->is_diff)
		write_delta(b, g, e->cost.cum - e->before.cum);
	else
		write_share(b, e->share);
	if (g->sampled)
		return;
	buf_adds(b, DOT);
	if (g->is_diff && e->change == CHANGE_NONE && e->before.ncalls != e->cost.ncalls) {
		text_count(b, e->before.ncalls);
		buf_adds(b, "\xe2\x86\x92");
	}
	write_calls(b, e->change == CHANGE_GONE ? &e->before : &e->cost);
}

const char *line_text(const struct graph *g, uint32_t edge, const struct theme *theme,
		      struct arena *arena)
{
	struct buf b = BUF_INIT;
	const char *text = NULL;

	if (theme->foreign)
		write_foreign(&b, g, &g->edges[edge]);
	else
		write_own(&b, g, &g->edges[edge]);
	if (!b.failed)
		text = arena_strdup(arena, buf_str(&b));
	buf_release(&b);
	return text;
}

/* The first line of a label, copied; returns what follows or NULL. */
static const char *first_line(const char *text, char *line, size_t size)
{
	size_t len = strcspn(text, "\n");
	size_t n = len < size - 1 ? len : size - 1;

	memcpy(line, text, n);
	line[n] = '\0';
	return text[len] == '\n' ? text + len + 1 : NULL;
}

void line_label_size(struct fonts *fonts, const char *text, double *w, double *h)
{
	char line[128];

	*w = *h = 0;
	do {
		text = first_line(text, line, sizeof line);
		*w = fmax(*w, fonts_width(fonts, STYLE_SMALL, line) + 2 * PAD_X);
		*h += fonts->height[STYLE_SMALL];
	} while (text != NULL);
}

/* The part of the whole that the line stands for. */
static double weight(const struct graph *g, const struct graph_edge *e)
{
	int64_t whole = g->total > g->total_before ? g->total : g->total_before;

	if (!g->is_diff)
		return fmin(e->share, 1);
	return fmin(fabs(graph_share(e->cost.cum - e->before.cum, whole)), 1);
}

static struct pen line_pen(const struct theme *t, const struct graph *g,
			   const struct graph_edge *e)
{
	double part = weight(g, e), w = sqrt(part);
	struct pen pen = { t->hot, 1 + 4.5 * part + (e->hot ? 0.5 : 0), { 0, 0 }, 0 };

	if (t->foreign) {
		pen.width = fmax(4 * part, 0.5) * 4 / 3; /* points at 96 to the inch */
		pen.colour = theme_heat(t, part);
		return pen;
	}
	if (!e->hot && !g->is_diff)
		pen.colour = colour_mix(t->line, t->heavy, 0.8 * theme_step(w));
	else if (!e->hot)
		pen.colour = colour_mix(t->line, e->cost.cum < e->before.cum ? t->faster
									     : t->slower,
					theme_step(fmin(2 * w, 1)));
	if (e->skips)
		pen.dash[0] = 0.5 + pen.width, pen.dash[1] = 2 + pen.width;
	else if (e->change == CHANGE_GONE)
		pen.dash[0] = 4 + pen.width, pen.dash[1] = 3 + pen.width;
	return pen;
}

struct colour line_colour(const struct theme *t, const struct graph *g, uint32_t edge)
{
	return line_pen(t, g, &g->edges[edge]).colour;
}

void line_draw_head(struct canvas *c, const struct graph *g, uint32_t edge,
		    const struct layout_edge *at)
{
	struct point base, tip = at->tip;
	double dx, dy;

	if (at->npoints == 0)
		return;
	base = at->points[at->npoints - 1];
	dx = tip.x - base.x;
	dy = tip.y - base.y;
	c->ops->triangle(c, (struct point[]){ tip, { base.x - 0.4 * dy, base.y + 0.4 * dx },
					      { base.x + 0.4 * dy, base.y - 0.4 * dx } },
			 line_colour(c->theme, g, edge));
}

/* A piece lies within its four points. */
static bool piece_in_sight(const struct point *p, double top, double bottom)
{
	return fmax(fmax(p[0].y, p[1].y), fmax(p[2].y, p[3].y)) >= top &&
	       fmin(fmin(p[0].y, p[1].y), fmin(p[2].y, p[3].y)) <= bottom;
}

static double length_of(const struct point *p)
{
	enum { STEPS = 16 };
	struct point last = p[0];
	double sum = 0;

	for (int i = 1; i <= STEPS; i++) {
		struct point next = bezier_at(p, (double)i / STEPS);

		sum += hypot(next.x - last.x, next.y - last.y);
		last = next;
	}
	return sum;
}

void line_draw(struct canvas *c, const struct graph *g, uint32_t edge,
	       const struct layout_edge *at, double top, double bottom)
{
	struct pen pen = line_pen(c->theme, g, &g->edges[edge]);
	size_t first = 0, end = at->npoints;

	if (end == 0)
		return;
	/* Where it is cut, the cut is out of sight, so that ends need no care. */
	while (first + 4 < end && !piece_in_sight(&at->points[first], top, bottom)) {
		if (pen.dash[0] > 0)
			pen.dash_from += length_of(&at->points[first]);
		first += 3;
	}
	while (end - first > 4 && !piece_in_sight(&at->points[end - 4], top, bottom))
		end -= 3;
	c->ops->curve(c, &at->points[first], end - first, &pen);
}

/* Paper behind the label, so that the line is interrupted and the text read. */
void line_clear_label(struct canvas *c, const struct layout_edge *at)
{
	if (at->npoints != 0)
		c->ops->rect(c, &at->label, c->theme->paper, 0.85);
}

void line_draw_label(struct canvas *c, const struct graph *g, uint32_t edge, const char *text,
		     const struct layout_edge *at)
{
	const struct graph_edge *e = &g->edges[edge];
	struct colour colour = e->hot ? c->theme->hot_text : c->theme->dim;
	double y = at->label.y;
	char line[128];

	if (at->npoints == 0)
		return;
	if (c->theme->foreign)
		colour = theme_heat(c->theme, e->share);
	do {
		text = first_line(text, line, sizeof line);
		c->ops->text(c, STYLE_SMALL, at->label.x + PAD_X, y, colour, line);
		y += c->fonts->height[STYLE_SMALL];
	} while (text != NULL);
}
