#include <math.h>

#include "draw/card.h"
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

static void add(struct title *t, enum legend_kind kind, enum origin origin,
		const char *text)
{
	t->items[t->nitems++] = (struct legend_item){ .kind = kind, .origin = origin,
						      .text = text };
}

static void add_marks(struct title *t, const struct graph *g)
{
	static const char *const texts[] = {
		[ORIGIN_APP] = "own code", [ORIGIN_PACKAGE] = "library",
		[ORIGIN_STDLIB] = "standard library", [ORIGIN_BUILTIN] = "built-in",
	};
	bool origins[4] = { false }, shapes[SHAPE_GONE + 1] = { false };
	bool hot = false, skips = false;

	for (uint32_t i = 0; i < g->nnodes; i++) {
		origins[g->nodes[i].origin] = true;
		shapes[card_shape(g, i)] = true;
	}
	for (uint32_t i = 0; i < g->nedges; i++) {
		hot = hot || g->edges[i].hot;
		skips = skips || g->edges[i].skips;
		shapes[SHAPE_GONE] = shapes[SHAPE_GONE] || g->edges[i].change == CHANGE_GONE;
	}
	add(t, g->is_diff ? LEGEND_CHANGE : LEGEND_HEAT, ORIGIN_APP,
	    g->is_diff ? "of the total, faster or slower" : "of the total");
	if (!g->is_diff)
		add(t, LEGEND_BAR, ORIGIN_APP, "self, total");
	if (shapes[SHAPE_SLOWER])
		add(t, LEGEND_SLOWER, ORIGIN_APP, "slower");
	if (shapes[SHAPE_FASTER])
		add(t, LEGEND_FASTER, ORIGIN_APP, "faster");
	if (shapes[SHAPE_NEW])
		add(t, LEGEND_NEW, ORIGIN_APP, "new");
	if (shapes[SHAPE_GONE])
		add(t, LEGEND_GONE, ORIGIN_APP, "gone");
	for (int i = 0; i < (g->is_diff ? ORIGIN_BUILTIN : 4); i++)
		if (origins[i])
			add(t, LEGEND_ORIGIN, (enum origin)i, texts[i]);
	if (hot)
		add(t, LEGEND_HOT, ORIGIN_APP, "hot path");
	if (skips)
		add(t, LEGEND_SKIPS, ORIGIN_APP, "through hidden functions");
}

double legend_make(struct title *t, const struct graph *g, double y, double width,
		   struct fonts *fonts)
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

static void draw_scale(struct canvas *c, const struct legend_item *item, double x, double y)
{
	static const char *const shares[] = { "1%", "10%", "25%", "50%", "100%" };
	static const double at[] = { 0.01, 0.10, 0.25, 0.50, 1.00 };
	static const char *const changes[] = { "-50%", "-5%", "0", "+5%", "+50%" };
	static const double change_at[] = { -0.5, -0.05, 0, 0.05, 0.5 };
	bool heat = item->kind == LEGEND_HEAT;
	double step = SCALE / 5.0;

	c->ops->rect(c, &(struct box){ x - 1, y - 1, SCALE + 2, ROW + 2 }, c->theme->line, 1);
	/* Five fields rather than a gradient: a number stands on its colour. */
	for (int i = 0; i < 5; i++) {
		struct colour fill = heat ? theme_heat(c->theme, at[i])
					  : theme_change(c->theme, change_at[i]);
		const char *text = heat ? shares[i] : changes[i];
		double w = fonts_width(c->fonts, STYLE_SMALL, text);

		c->ops->rect(c, &(struct box){ x + i * step, y, step, ROW }, fill, 1);
		c->ops->text(c, STYLE_SMALL, x + i * step + (step - w) / 2, y + 2,
			     theme_text_on(c->theme, fill), text);
	}
}

static void draw_origin(struct canvas *c, const struct legend_item *item, double x, double y)
{
	struct pen pen = { c->theme->line, 1, { 0, 0 }, 0 };

	if (item->origin == ORIGIN_BUILTIN)
		c->ops->rounded(c, &(struct box){ x, y + 2, SWATCH, SWATCH }, SWATCH / 2.0 - 0.5,
				c->theme->paper, &pen);
	else
		c->ops->rect(c, &(struct box){ x, y + 2, SWATCH / 2.0, SWATCH },
			     c->theme->origins[item->origin], 1);
}

static void draw_stroke(struct canvas *c, const struct legend_item *item, double x, double y)
{
	bool hot = item->kind == LEGEND_HOT;
	struct pen pen = { hot ? c->theme->hot : c->theme->line, hot ? 4 : 1.5, { 0, 0 }, 0 };
	struct point line[4];

	if (item->kind == LEGEND_SKIPS)
		pen.dash[0] = 1.5, pen.dash[1] = 3;
	for (int i = 0; i < 4; i++)
		line[i] = (struct point){ x + STROKE * i / 3.0, y + ROW / 2.0 };
	c->ops->curve(c, line, 4, &pen);
}

/* A small box of that shape, in the colour of a tenth. */
static void draw_box(struct canvas *c, const struct legend_item *item, double x, double y)
{
	const struct theme *t = c->theme;
	struct box box = { x, y + 1, STROKE, ROW - 2 };
	struct pen edge = { colour_mix(t->paper, t->ink, 0.5), 1, { 0, 0 }, 0 };
	enum card_shape shape = item->kind == LEGEND_SLOWER ? SHAPE_SLOWER
				: item->kind == LEGEND_FASTER ? SHAPE_FASTER
				: item->kind == LEGEND_NEW ? SHAPE_NEW : SHAPE_GONE;
	bool more = shape == SHAPE_SLOWER || shape == SHAPE_NEW;

	if (shape == SHAPE_NEW || shape == SHAPE_GONE) {
		edge.colour = more ? t->slower : t->faster;
		edge.width = 2;
	}
	card_draw_shape(c, shape, &box, 5, theme_change(t, more ? 0.1 : -0.1), &edge);
}

static void draw_bar(struct canvas *c, double x, double y)
{
	static const double ends[] = { 1, 0.7, 0.3 };
	static const double depth[] = { 0.12, 0.4, 1 };

	for (int i = 0; i < 3; i++)
		c->ops->rect(c, &(struct box){ x, y + 6, 2 * STROKE * ends[i], 4 },
			     colour_mix(c->theme->paper, c->theme->ink, depth[i]), 1);
}

void legend_draw(struct canvas *c, const struct title *t, double x, double y)
{
	for (int i = 0; i < t->nitems; i++) {
		const struct legend_item *item = &t->items[i];
		double left = x + item->box.x, top = y + item->box.y;

		switch (item->kind) {
		case LEGEND_HEAT:
		case LEGEND_CHANGE:
			draw_scale(c, item, left, top);
			break;
		case LEGEND_ORIGIN:
			draw_origin(c, item, left, top);
			break;
		case LEGEND_BAR:
			draw_bar(c, left, top);
			break;
		case LEGEND_SLOWER:
		case LEGEND_FASTER:
		case LEGEND_NEW:
		case LEGEND_GONE:
			draw_box(c, item, left, top);
			break;
		default:
			draw_stroke(c, item, left, top);
		}
		c->ops->text(c, STYLE_SMALL, left + sample_width(item) + TEXT_GAP, top + 2,
			     c->theme->dim, item->text);
	}
}
