#include <math.h>

#include "draw/title.h"

enum {
	ROW = 16,       /* height of a legend's row */
	ITEM_GAP = 20,
	SWATCH = 12,
	SCALE = 200,    /* length of a colour scale */
	STROKE = 26,    /* length of a sample line */
	TEXT_GAP = 5
};

static double sample_width(const struct legend_item *item)
{
	switch (item->kind) {
	case LEGEND_HEAT:
	case LEGEND_CHANGE:
		return SCALE;
	case LEGEND_ORIGIN:
		return SWATCH;
	case LEGEND_BAR:
		return 2 * STROKE;
	default:
		return STROKE;
	}
}

static void add(struct title *t, enum legend_kind kind, enum graph_origin origin,
		const char *text)
{
	t->items[t->nitems++] = (struct legend_item){ .kind = kind, .origin = origin,
						      .text = text };
}

static void add_marks(struct title *t, const struct graph *g)
{
	static const char *const texts[] = {
		[ORIGIN_OWN] = "own code", [ORIGIN_LIBRARY] = "library",
		[ORIGIN_STDLIB] = "standard library", [ORIGIN_BUILTIN] = "built-in",
	};
	bool origins[4] = { false }, hot = false, skips = false, gone = false;

	for (uint32_t i = 0; i < g->nnodes; i++) {
		origins[g->nodes[i].origin] = true;
		gone = gone || g->nodes[i].change == CHANGE_GONE;
	}
	for (uint32_t i = 0; i < g->nedges; i++) {
		hot = hot || g->edges[i].hot;
		skips = skips || g->edges[i].skips;
		gone = gone || g->edges[i].change == CHANGE_GONE;
	}
	add(t, g->is_diff ? LEGEND_CHANGE : LEGEND_HEAT, ORIGIN_OWN,
	    g->is_diff ? "of the total, faster or slower" : "of the total");
	if (!g->is_diff)
		add(t, LEGEND_BAR, ORIGIN_OWN, "self, total");
	for (int i = 0; i < 4; i++)
		if (origins[i])
			add(t, LEGEND_ORIGIN, (enum graph_origin)i, texts[i]);
	if (hot)
		add(t, LEGEND_HOT, ORIGIN_OWN, "hot path");
	if (skips)
		add(t, LEGEND_SKIPS, ORIGIN_OWN, "through hidden functions");
	if (gone)
		add(t, LEGEND_GONE, ORIGIN_OWN, "gone");
}

double legend_make(struct title *t, const struct graph *g, double y, double width,
		   const struct fonts *fonts)
{
	double x = 0;

	add_marks(t, g);
	for (int i = 0; i < t->nitems; i++) {
		struct legend_item *item = &t->items[i];
		double w = sample_width(item) + TEXT_GAP +
			   fonts_width(fonts, STYLE_SMALL, item->text);

		if (x > 0 && x + w > width) {
			x = 0;
			y += ROW + 4;
		}
		item->box = (struct box){ x, y, w, ROW };
		x += w + ITEM_GAP;
	}
	return y + ROW;
}

static void draw_scale(cairo_t *cr, const struct legend_item *item, double x, double y,
		       const struct fonts *fonts)
{
	static const char *const shares[] = { "1%", "10%", "25%", "50%", "100%" };
	static const double at[] = { 0.01, 0.10, 0.25, 0.50, 1.00 };
	static const char *const changes[] = { "-50%", "-5%", "0", "+5%", "+50%" };
	static const double change_at[] = { -0.5, -0.05, 0, 0.05, 0.5 };
	bool heat = item->kind == LEGEND_HEAT;
	double step = SCALE / 5.0;

	/* Five fields rather than a gradient: a number stands on its colour. */
	for (int i = 0; i < 5; i++) {
		struct colour c = heat ? colour_heat(at[i]) : colour_change(change_at[i]);
		const char *text = heat ? shares[i] : changes[i];
		double w = fonts_width(fonts, STYLE_SMALL, text);

		canvas_colour(cr, c);
		cairo_rectangle(cr, x + i * step, y, step, ROW);
		cairo_fill(cr);
		canvas_colour(cr, colour_text_on(c));
		canvas_text(cr, fonts, STYLE_SMALL, x + i * step + (step - w) / 2, y + 2, text);
	}
	canvas_colour(cr, colour_line);
	cairo_set_line_width(cr, 1);
	cairo_rectangle(cr, x + 0.5, y + 0.5, SCALE - 1, ROW - 1);
	cairo_stroke(cr);
}

static void draw_origin(cairo_t *cr, const struct legend_item *item, double x, double y)
{
	struct box box = { x + 0.5, y + 2.5, SWATCH - 1, SWATCH - 1 };

	if (item->origin == ORIGIN_BUILTIN) {
		canvas_rounded(cr, &box, (SWATCH - 1) / 2.0);
		canvas_colour(cr, colour_line);
		cairo_set_line_width(cr, 1);
		cairo_stroke(cr);
		return;
	}
	canvas_colour(cr, colour_origin(item->origin));
	cairo_rectangle(cr, x, y + 2, SWATCH / 2.0, SWATCH);
	cairo_fill(cr);
}

static void draw_stroke(cairo_t *cr, const struct legend_item *item, double x, double y)
{
	static const double dots[] = { 1.5, 3 }, dashes[] = { 5, 4 };
	bool hot = item->kind == LEGEND_HOT;

	if (item->kind == LEGEND_SKIPS)
		cairo_set_dash(cr, dots, 2, 0);
	else if (item->kind == LEGEND_GONE)
		cairo_set_dash(cr, dashes, 2, 0);
	canvas_colour(cr, hot ? colour_heat(1) : colour_line);
	cairo_set_line_width(cr, hot ? 4 : 1.5);
	cairo_move_to(cr, x, y + ROW / 2.0);
	cairo_line_to(cr, x + STROKE, y + ROW / 2.0);
	cairo_stroke(cr);
	cairo_set_dash(cr, NULL, 0, 0);
}

static void draw_bar(cairo_t *cr, double x, double y)
{
	static const double ends[] = { 1, 0.7, 0.3 };
	static const double depth[] = { 0.12, 0.4, 1 };

	for (int i = 0; i < 3; i++) {
		canvas_colour(cr, colour_mix(colour_paper, colour_ink, depth[i]));
		cairo_rectangle(cr, x, y + 6, 2 * STROKE * ends[i], 4);
		cairo_fill(cr);
	}
}

void legend_draw(cairo_t *cr, const struct title *t, double x, double y,
		 const struct fonts *fonts)
{
	for (int i = 0; i < t->nitems; i++) {
		const struct legend_item *item = &t->items[i];
		double left = x + item->box.x, top = y + item->box.y;

		switch (item->kind) {
		case LEGEND_HEAT:
		case LEGEND_CHANGE:
			draw_scale(cr, item, left, top, fonts);
			break;
		case LEGEND_ORIGIN:
			draw_origin(cr, item, left, top);
			break;
		case LEGEND_BAR:
			draw_bar(cr, left, top);
			break;
		default:
			draw_stroke(cr, item, left, top);
		}
		canvas_colour(cr, colour_dim);
		canvas_text(cr, fonts, STYLE_SMALL, left + sample_width(item) + TEXT_GAP, top + 2,
			    item->text);
	}
}
