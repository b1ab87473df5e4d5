#include "draw/card.h"

#include <math.h>

#include "draw/write.h"
#include "graph/gprof2dot.h"

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
	BAR_GAP = 2,
	CUT = 9,        /* of a corner that says how a difference goes */
	SIGN = 9,       /* width of the triangle that does */
	STEP = 16
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

static int measure(struct card *card, struct fonts *fonts)
{
	double width = card->centred ? 0 : LEAST_WIDTH;
	double height = 2 * PAD_Y + (card->centred ? 0 : BAR_GAP + BAR);

	for (int i = 0; i < card->nrows; i++) {
		const struct card_row *r = &card->rows[i];
		double w;

		if (r->left == NULL || r->right == NULL)
			return -1;
		w = fonts_width(fonts, r->style, r->left);
		if (r->right[0] != '\0')
			w += COLUMN_GAP + fonts_width(fonts, r->right_style, r->right);
		width = fmax(width, w + 2 * PAD + (card->centred ? 0 : MARK));
		height += fonts->height[r->style];
	}
	/* In steps, for the same reason as in layout.c: another number is no other place. */
	card->w = STEP * ceil(width / STEP);
	card->h = height;
	return 0;
}

/* As gprof2dot writes them. */
static int make_foreign(struct card *card, const struct graph *g, uint32_t node,
			struct fonts *fonts, struct arena *arena, struct buf *b)
{
	const struct graph_node *n = &g->nodes[node];

	card->centred = true;
	for (int i = 0; i < CARD_ROWS; i++)
		card->rows[i] = (struct card_row){ .right = "", .style = STYLE_FOREIGN };
	card->rows[0].left = n->name;
	gprof2dot_percent(b, n->share);
	card->rows[1].left = keep(arena, b);
	buf_addc(b, '(');
	gprof2dot_percent(b, n->self_share);
	buf_addc(b, ')');
	card->rows[2].left = keep(arena, b);
	card->nrows = 3;
	if (!g->sampled) {
		buf_printf(b, "%llu" TIMES, (unsigned long long)n->cost.ncalls);
		card->rows[card->nrows++].left = keep(arena, b);
	}
	for (uint32_t i = 0; i < g->nedges; i++) {
		const struct graph_edge *e = &g->edges[i];

		if (e->caller != node || e->callee != node)
			continue;
		/* Its loop. */
		buf_adds(b, "\xe2\x86\xbb ");
		gprof2dot_percent(b, e->share);
		buf_printf(b, " %llu" TIMES, (unsigned long long)e->cost.nprimitive);
		card->rows[card->nrows++].left = keep(arena, b);
		break;
	}
	return measure(card, fonts);
}

static void make_own(struct card *card, const struct graph *g, uint32_t node,
		     struct fonts *fonts, struct arena *arena, struct buf *b)
{
	const struct graph_node *n = &g->nodes[node];

	card->centred = false;
	card->rows[0] = (struct card_row){ .style = STYLE_NAME };
	card->rows[1] = (struct card_row){ .style = STYLE_SMALL, .right_style = STYLE_NUMBER,
					   .dim = true };
	card->rows[2] = (struct card_row){ .style = STYLE_STRONG, .right_style = STYLE_NUMBER };
	card->rows[3] = (struct card_row){ .style = STYLE_SMALL, .right_style = STYLE_SMALL,
					   .dim = true };
	card->rows[0].left = fonts_elide(fonts, STYLE_NAME, n->name, NAME_WIDTH,
					 ELIDE_MIDDLE, arena);
	/* Room for the sign of a difference. */
	card->rows[0].right = g->is_diff ? "  " : "";
	card->rows[1].left = fonts_elide(fonts, STYLE_SMALL, n->place, PLACE_WIDTH,
					 ELIDE_MIDDLE, arena);
	if (g->is_diff)
		diff_rows(card, g, n, b, arena);
	else
		plain_rows(card, g, n, b, arena);
	card->nrows = 4;
	recursion_row(card, g, node, b, arena);
}

int card_make(struct card *card, const struct graph *g, uint32_t node, const struct theme *theme,
	      struct fonts *fonts, struct arena *arena)
{
	struct buf b = BUF_INIT;
	int rc;

	if (theme->foreign) {
		rc = make_foreign(card, g, node, fonts, arena, &b);
	} else {
		make_own(card, g, node, fonts, arena, &b);
		rc = measure(card, fonts);
	}
	buf_release(&b);
	return rc;
}

struct colour card_fill(const struct theme *t, const struct graph *g, uint32_t node)
{
	const struct graph_node *n = &g->nodes[node];
	int64_t whole = g->total > g->total_before ? g->total : g->total_before;

	if (!g->is_diff)
		return theme_heat(t, n->share);
	return theme_change(t, whole > 0 ? (double)(n->cost.cum - n->before.cum) / (double)whole
					 : 0);
}

/* What the bar has behind it, and its part that is not the function's own. */
static struct colour bar_on(const struct theme *t, struct colour fill, bool behind)
{
	return colour_mix(fill, theme_text_on(t, fill), behind ? 0.12 : 0.4);
}

void card_colours(struct colour to[CARD_COLOURS], const struct theme *t, const struct graph *g,
		  uint32_t node)
{
	struct colour fill = card_fill(t, g, node);

	to[0] = fill;
	to[1] = theme_text_on(t, fill);
	to[2] = theme_dim_on(t, fill);
	to[3] = bar_on(t, fill, true);
	to[4] = bar_on(t, fill, false);
}

static void draw_bar(struct canvas *c, const struct graph_node *n, const struct box *box,
		     struct colour fill)
{
	struct box bar = { box->x + MARK + PAD, box->y + box->h - PAD_Y - BAR - 1,
			   box->w - MARK - 2 * PAD, BAR };
	double whole = bar.w;

	c->ops->rect(c, &bar, bar_on(c->theme, fill, true), 1);
	bar.w = whole * fmin(n->share, 1);
	c->ops->rect(c, &bar, bar_on(c->theme, fill, false), 1);
	bar.w = whole * fmin(n->self_share, 1);
	c->ops->rect(c, &bar, theme_text_on(c->theme, fill), 1);
}

static void draw_rows(struct canvas *c, const struct card *card, const struct box *box,
		      struct colour fill)
{
	struct colour text = theme_text_on(c->theme, fill), dim = theme_dim_on(c->theme, fill);
	struct fonts *fonts = c->fonts;
	double y = box->y + PAD_Y;

	for (int i = 0; i < card->nrows; i++) {
		const struct card_row *r = &card->rows[i];
		double left = box->x + MARK + PAD;

		if (card->centred)
			left = box->x + (box->w - fonts_width(fonts, r->style, r->left)) / 2;
		c->ops->text(c, r->style, left, y, r->dim ? dim : text, r->left);
		if (r->right[0] != '\0') {
			double w = fonts_width(fonts, r->right_style, r->right);
			double down = fonts->ascent[r->style] - fonts->ascent[r->right_style];

			c->ops->text(c, r->right_style, box->x + box->w - PAD - w, y + down,
				     r->right_style == STYLE_SMALL ? dim : text, r->right);
		}
		y += fonts->height[r->style];
	}
}

enum card_shape card_shape(const struct graph *g, uint32_t node)
{
	const struct graph_node *n = &g->nodes[node];
	double whole = (double)(g->total > g->total_before ? g->total : g->total_before);
	double delta = (double)n->cost.cum - (double)n->before.cum;

	if (!g->is_diff)
		return SHAPE_SAME;
	if (n->change != CHANGE_NONE)
		return n->change == CHANGE_NEW ? SHAPE_NEW : SHAPE_GONE;
	if (fabs(delta) < 0.01 * whole)
		return SHAPE_SAME;
	return delta > 0 ? SHAPE_SLOWER : SHAPE_FASTER;
}

void card_draw_shape(struct canvas *c, enum card_shape shape, const struct box *box, double cut,
		     struct colour fill, struct pen *edge)
{
	double in = edge->width / 2;
	double above = shape == SHAPE_SLOWER || shape == SHAPE_NEW ? cut : 0;
	double below = shape == SHAPE_FASTER || shape == SHAPE_NEW ? cut : 0;
	double left = box->x + in, right = box->x + box->w - in;
	double top = box->y + in, bottom = box->y + box->h - in;
	struct point corners[] = {
		{ left, top + above }, { left + above, top }, { right - above, top },
		{ right, top + above }, { right, bottom - below }, { right - below, bottom },
		{ left + below, bottom }, { left, bottom - below },
	};

	if (shape == SHAPE_GONE)
		edge->dash[0] = 5, edge->dash[1] = 4;
	c->ops->polygon(c, corners, sizeof corners / sizeof *corners, fill, edge);
}

static void draw_mark(struct canvas *c, const struct graph_node *n, const struct box *box,
		      enum card_shape shape, double edge)
{
	double above = shape == SHAPE_SLOWER || shape == SHAPE_NEW ? CUT : edge;
	double below = shape == SHAPE_FASTER || shape == SHAPE_NEW ? CUT : edge;
	struct box mark = { box->x + edge, box->y + above, MARK - 1, box->h - above - below };

	c->ops->rect(c, &mark, c->theme->origins[n->origin], 1);
	/* A seam of paper parts the mark from any fill. */
	mark.x += MARK - 1;
	mark.w = 2;
	c->ops->rect(c, &mark, c->theme->paper, 1);
}

/* A triangle behind the name, up or down: the colours alone are not for every eye. */
static void draw_sign(struct canvas *c, enum card_shape shape, const struct box *box,
		      struct colour fill)
{
	double right = box->x + box->w - PAD, left = right - SIGN, y = box->y + PAD_Y + 4;
	double top = shape == SHAPE_SLOWER ? y : y + SIGN - 1;
	double bottom = shape == SHAPE_SLOWER ? y + SIGN - 1 : y;
	struct point corners[3] = { { left, bottom }, { right, bottom },
				    { (left + right) / 2, top } };
	struct colour colour = shape == SHAPE_SLOWER ? c->theme->slower : c->theme->faster;

	/* On a strong fill of its own colour it is ink. */
	if (colour_contrast(colour, fill) < 2)
		colour = theme_text_on(c->theme, fill);
	c->ops->triangle(c, corners, colour);
}

/* Built-in functions are pills without a mark; all else is square, with the mark of its
 * origin on the left edge. In a difference shapes mean something else. */
static void draw_shape(struct canvas *c, const struct graph *g, uint32_t node,
		       const struct box *box, struct colour fill)
{
	const struct graph_node *n = &g->nodes[node];
	const struct theme *t = c->theme;
	bool pill = n->origin == ORIGIN_BUILTIN;
	enum card_shape shape = card_shape(g, node);
	struct pen edge = { colour_mix(fill, t->ink, 0.35), n->hot ? 2 : 1, { 0, 0 }, 0 };

	if (n->origin == ORIGIN_APP)
		edge.colour = t->origins[ORIGIN_APP];
	if (n->hot && !g->is_diff)
		edge.colour = colour_mix(theme_heat(t, 1), t->ink, 0.3);
	if (shape == SHAPE_NEW || shape == SHAPE_GONE) {
		edge.colour = shape == SHAPE_NEW ? t->slower : t->faster;
		edge.width = 2;
	}
	if (g->is_diff)
		card_draw_shape(c, shape, box, CUT, fill, &edge);
	else
		c->ops->rounded(c, box, pill ? 12 : 2, fill, &edge);
	if (!pill)
		draw_mark(c, n, box, shape, edge.width);
	if (shape == SHAPE_SLOWER || shape == SHAPE_FASTER)
		draw_sign(c, shape, box, fill);
}

void card_draw(struct canvas *c, const struct card *card, const struct graph *g, uint32_t node,
	       const struct box *box)
{
	struct colour fill = card_fill(c->theme, g, node);
	const struct graph_node *n = &g->nodes[node];

	c->ops->open(c, PART_NODE, node);
	if (card->centred)
		c->ops->rect(c, box, fill, 1);
	else
		draw_shape(c, g, node, box, fill);
	draw_rows(c, card, box, fill);
	if (!g->is_diff && !card->centred)
		draw_bar(c, n, box, fill);
	c->ops->close(c);
}
