#include "draw/card.h"

#include <math.h>

#include "draw/write.h"

#define TIMES "\xc3\x97"

enum {
	PAD = 8,
	PAD_Y = 4,
	MARK = 6,       /* width of the stripe that says whose code it is */
	COLUMN_GAP = 12,
	NAME_WIDTH = 210,
	PLACE_WIDTH = 170,
	LEAST_WIDTH = 104,
	BAR = 4,
	BAR_GAP = 2
};

/* Takes over what is in the buffer, then clears it; NULL without memory. */
static const char *keep(struct arena *arena, struct buf *b)
{
	const char *s = b->failed ? NULL : arena_strdup(arena, buf_str(b));

	buf_clear(b);
	return s;
}

static void plain_rows(struct card *card, const struct graph *g, const struct graph_node *n,
		       struct buf *b, struct arena *arena)
{
	struct card_row *r = card->rows;

	if (!g->sampled)
		write_calls(b, &n->cost);
	r[1].right = keep(arena, b);
	write_share(b, n->share);
	r[2].left = keep(arena, b);
	write_value(b, g, n->cost.cum);
	r[2].right = keep(arena, b);
	buf_adds(b, "self ");
	write_share(b, n->self_share);
	r[3].left = keep(arena, b);
	write_value(b, g, n->cost.self);
	r[3].right = keep(arena, b);
}

static void write_ratio(struct buf *b, int64_t now, int64_t before)
{
	double percent = before > 0 ? 100.0 * ((double)now / (double)before - 1) : 0;

	if (before > 0 && fabs(percent) < 1000)
		buf_printf(b, "%+.0f%%", percent);
	else if (before > 0)
		buf_printf(b, "%.0f" TIMES, (double)now / (double)before);
}

static void diff_rows(struct card *card, const struct graph *g, const struct graph_node *n,
		      struct buf *b, struct arena *arena)
{
	struct card_row *r = card->rows;

	if (!g->sampled && n->change == CHANGE_NONE && n->before.ncalls != n->cost.ncalls) {
		write_calls(b, &n->before);
		buf_adds(b, " \xe2\x86\x92 ");
	}
	if (!g->sampled)
		write_calls(b, n->change == CHANGE_GONE ? &n->before : &n->cost);
	r[1].right = keep(arena, b);
	if (n->change == CHANGE_NEW)
		buf_adds(b, "new");
	else if (n->change == CHANGE_GONE)
		buf_adds(b, "gone");
	else
		write_ratio(b, n->cost.cum, n->before.cum);
	r[2].right = keep(arena, b);
	write_delta(b, g, n->cost.cum - n->before.cum);
	r[2].left = keep(arena, b);
	if (n->change != CHANGE_NEW)
		write_value(b, g, n->before.cum);
	if (n->change == CHANGE_NONE)
		buf_adds(b, " \xe2\x86\x92 ");
	if (n->change != CHANGE_GONE)
		write_value(b, g, n->cost.cum);
	r[3].left = keep(arena, b);
	buf_adds(b, "self ");
	write_delta(b, g, n->cost.self - n->before.self);
	r[3].right = keep(arena, b);
}

/* A loop at the box would want more room than the box's own line. */
static void recursion_row(struct card *card, const struct graph *g, uint32_t node, struct buf *b,
			  struct arena *arena)
{
	const struct graph_edge *e = NULL;
	struct card_row *r = &card->rows[card->nrows];

	for (uint32_t i = 0; i < g->nedges && e == NULL; i++)
		if (g->edges[i].caller == node && g->edges[i].callee == node)
			e = &g->edges[i];
	if (e == NULL)
		return;
	*r = (struct card_row){ .style = STYLE_SMALL, .right_style = STYLE_SMALL, .dim = true };
	buf_adds(b, "itself ");
	if (g->is_diff)
		write_delta(b, g, e->cost.cum - e->before.cum);
	else
		write_share(b, e->share);
	r->left = keep(arena, b);
	if (!g->sampled)
		write_calls(b, e->change == CHANGE_GONE ? &e->before : &e->cost);
	r->right = keep(arena, b);
	card->nrows++;
}

static int measure(struct card *card, const struct fonts *fonts)
{
	double width = LEAST_WIDTH, height = 2 * PAD_Y + BAR_GAP + BAR;

	for (int i = 0; i < card->nrows; i++) {
		const struct card_row *r = &card->rows[i];
		double w;

		if (r->left == NULL || r->right == NULL)
			return -1;
		w = fonts_width(fonts, r->style, r->left);
		if (r->right[0] != '\0')
			w += COLUMN_GAP + fonts_width(fonts, r->right_style, r->right);
		width = fmax(width, w + 2 * PAD + MARK);
		height += fonts->height[r->style];
	}
	card->w = ceil(width);
	card->h = height;
	return 0;
}

int card_make(struct card *card, const struct graph *g, uint32_t node, const struct fonts *fonts,
	      struct arena *arena)
{
	const struct graph_node *n = &g->nodes[node];
	struct buf b = BUF_INIT;
	int rc;

	card->rows[0] = (struct card_row){ .style = STYLE_NAME };
	card->rows[1] = (struct card_row){ .style = STYLE_SMALL, .right_style = STYLE_NUMBER,
					   .dim = true };
	card->rows[2] = (struct card_row){ .style = STYLE_STRONG, .right_style = STYLE_NUMBER };
	card->rows[3] = (struct card_row){ .style = STYLE_SMALL, .right_style = STYLE_SMALL,
					   .dim = true };
	card->rows[0].left = fonts_elide(fonts, STYLE_NAME, n->name, NAME_WIDTH,
					 ELIDE_MIDDLE, arena);
	card->rows[0].right = "";
	card->rows[1].left = fonts_elide(fonts, STYLE_SMALL, n->place, PLACE_WIDTH,
					 ELIDE_MIDDLE, arena);
	if (g->is_diff)
		diff_rows(card, g, n, &b, arena);
	else
		plain_rows(card, g, n, &b, arena);
	card->nrows = 4;
	recursion_row(card, g, node, &b, arena);
	rc = measure(card, fonts);
	buf_release(&b);
	return rc;
}

struct colour card_fill(const struct graph *g, uint32_t node)
{
	const struct graph_node *n = &g->nodes[node];
	int64_t whole = g->total > g->total_before ? g->total : g->total_before;

	if (!g->is_diff)
		return colour_heat(n->share);
	return colour_change(whole > 0 ? (double)(n->cost.cum - n->before.cum) / (double)whole
				       : 0);
}

static void draw_bar(cairo_t *cr, const struct graph_node *n, const struct box *box,
		     struct colour fill)
{
	struct colour ink = colour_text_on(fill);
	double x = box->x + MARK + PAD, y = box->y + box->h - PAD_Y - BAR - 1;
	double w = box->w - MARK - 2 * PAD;

	canvas_colour(cr, colour_mix(fill, ink, 0.12));
	cairo_rectangle(cr, x, y, w, BAR);
	cairo_fill(cr);
	canvas_colour(cr, colour_mix(fill, ink, 0.4));
	cairo_rectangle(cr, x, y, w * fmin(n->share, 1), BAR);
	cairo_fill(cr);
	canvas_colour(cr, ink);
	cairo_rectangle(cr, x, y, w * fmin(n->self_share, 1), BAR);
	cairo_fill(cr);
}

static void draw_rows(cairo_t *cr, const struct card *card, const struct box *box,
		      const struct fonts *fonts, struct colour fill)
{
	struct colour text = colour_text_on(fill), dim = colour_dim_on(fill);
	double y = box->y + PAD_Y;

	for (int i = 0; i < card->nrows; i++) {
		const struct card_row *r = &card->rows[i];
		double w = fonts_width(fonts, r->right_style, r->right);
		double down = fonts->ascent[r->style] - fonts->ascent[r->right_style];

		canvas_colour(cr, r->dim ? dim : text);
		canvas_text(cr, fonts, r->style, box->x + MARK + PAD, y, r->left);
		if (r->right[0] != '\0') {
			canvas_colour(cr, r->right_style == STYLE_SMALL ? dim : text);
			canvas_text(cr, fonts, r->right_style, box->x + box->w - PAD - w,
				    y + down, r->right);
		}
		y += fonts->height[r->style];
	}
}

/* Built-in functions are pills without a mark; all else is square, with the
 * mark of its origin on the left edge. */
static void draw_shape(cairo_t *cr, const struct graph *g, const struct graph_node *n,
		       const struct box *box, struct colour fill)
{
	static const double dashes[] = { 5, 4 };
	double radius = n->origin == ORIGIN_BUILTIN ? 12 : 3;
	struct colour edge = colour_mix(fill, colour_ink, 0.35);

	if (n->origin == ORIGIN_OWN)
		edge = colour_origin(ORIGIN_OWN);
	cairo_save(cr);
	canvas_rounded(cr, box, radius);
	cairo_clip(cr);
	canvas_colour(cr, fill);
	cairo_paint(cr);
	if (n->origin != ORIGIN_BUILTIN) {
		/* A seam of paper parts the mark from any fill. */
		canvas_colour(cr, colour_paper);
		cairo_rectangle(cr, box->x, box->y, MARK + 2, box->h);
		cairo_fill(cr);
		canvas_colour(cr, colour_origin(n->origin));
		cairo_rectangle(cr, box->x, box->y, MARK, box->h);
		cairo_fill(cr);
	}
	cairo_restore(cr);
	if (n->hot && !g->is_diff)
		edge = colour_mix(colour_heat(1), colour_ink, 0.3);
	canvas_rounded(cr, &(struct box){ box->x + 0.5, box->y + 0.5, box->w - 1, box->h - 1 },
		       radius);
	if (n->change == CHANGE_GONE)
		cairo_set_dash(cr, dashes, 2, 0);
	canvas_colour(cr, edge);
	cairo_set_line_width(cr, n->hot ? 2 : 1);
	cairo_stroke(cr);
	cairo_set_dash(cr, NULL, 0, 0);
}

void card_draw(cairo_t *cr, const struct card *card, const struct graph *g, uint32_t node,
	       const struct box *box, const struct fonts *fonts)
{
	struct colour fill = card_fill(g, node);
	const struct graph_node *n = &g->nodes[node];

	draw_shape(cr, g, n, box, fill);
	draw_rows(cr, card, box, fonts, fill);
	if (!g->is_diff)
		draw_bar(cr, n, box, fill);
}
