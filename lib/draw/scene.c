#include "draw/scene.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "draw/line.h"

enum {
	MARGIN = 16,
	TITLE_GAP = 18,      /* between title and graph */
	TITLE_STEP = 16,     /* between places that are tried for it */
	LEAST_WIDTH = 560,   /* of a title that is worth reading ... */
	TITLE_WIDTH = 740,   /* ... and at most, so that it fits into a corner */
	EMPTY_HEIGHT = 40,
	MOST_TITLE = 300,    /* height that title and margins may take */
	LINE_REACH = 12      /* of a thick line and its head beyond its points */
};

static void node_size(void *arg, uint32_t node, double *w, double *h)
{
	struct scene *s = arg;

	*w = s->cards[node].w;
	*h = s->cards[node].h;
}

static void label_size(void *arg, uint32_t edge, double *w, double *h)
{
	struct scene *s = arg;

	line_label_size(&s->fonts, s->labels[edge], w, h);
}

static int make_texts(struct scene *s, struct error *err)
{
	const struct graph *g = s->graph;

	s->cards = arena_alloc(&s->arena, g->nnodes * sizeof *s->cards);
	s->labels = arena_alloc(&s->arena, g->nedges * sizeof *s->labels);
	if (s->cards == NULL || s->labels == NULL)
		return error_nomem(err);
	for (uint32_t i = 0; i < g->nnodes; i++)
		if (card_make(&s->cards[i], g, i, s->theme, &s->fonts, &s->arena) < 0)
			return error_nomem(err);
	for (uint32_t i = 0; i < g->nedges; i++) {
		s->labels[i] = line_text(g, i, s->theme, &s->arena);
		if (s->labels[i] == NULL)
			return error_nomem(err);
	}
	return 0;
}

static const char *printable(struct arena *arena, const char *s)
{
	struct buf b = BUF_INIT;
	const char *copy = NULL;

	text_printable(&b, s);
	if (!b.failed)
		copy = arena_strdup(arena, buf_str(&b));
	buf_release(&b);
	return copy;
}

static int make_notes(struct scene *s, const struct caption *c, struct error *err)
{
	if (c->request != NULL && (s->request = printable(&s->arena, c->request)) == NULL)
		return error_nomem(err);
	if (c->commit != NULL && (s->commit = printable(&s->arena, c->commit)) == NULL)
		return error_nomem(err);
	return 0;
}

/* A picture no viewer opens is none: past the limit all of it is drawn smaller. */
static double scale_to_fit(const struct scene *s, double most_side)
{
	double side = fmax(s->layout.width + 2 * MARGIN, s->layout.height + MOST_TITLE);

	return most_side <= 0 || side <= most_side ? 1 : (most_side - 1) / side;
}

/* The box of a Bezier piece's four points: the curve lies within. */
static struct box piece_bounds(const struct point *p)
{
	double left = p->x, right = p->x, top = p->y, bottom = p->y;

	for (int i = 1; i < 4; i++) {
		left = fmin(left, p[i].x);
		right = fmax(right, p[i].x);
		top = fmin(top, p[i].y);
		bottom = fmax(bottom, p[i].y);
	}
	return (struct box){ left, top, right - left, bottom - top };
}

static double lower(double free, const struct box *b, double left, double right)
{
	return b->x < right && b->x + b->w > left ? fmin(free, b->y) : free;
}

/* How far down nothing of the graph lies between left and right. */
static double free_height(const struct scene *s, double left, double right)
{
	const struct layout *l = &s->layout;
	double free = l->height;

	for (uint32_t i = 0; i < s->graph->nnodes; i++)
		free = lower(free, &l->nodes[i], left, right);
	for (uint32_t i = 0; i < s->graph->nedges; i++) {
		const struct layout_edge *e = &l->edges[i];

		if (e->npoints == 0)
			continue;
		free = lower(free, &e->label, left, right);
		for (size_t k = 0; k + 3 < e->npoints; k += 3) {
			struct box b = piece_bounds(&e->points[k]);

			free = lower(free, &b, left, right);
		}
	}
	return free;
}

/* Graphs begin with one box in a wide empty row: it moves up beside the title,
 * which stands as far to the left as there is room, or where there is most. */
static void nestle(struct scene *s)
{
	double shift = s->graph_x - MARGIN, last = s->w - 2 * MARGIN - s->title.w;
	double needed = s->title.h + TITLE_GAP, best = 0;

	for (double x = 0; x <= last && best < needed; x += TITLE_STEP) {
		double free = free_height(s, x - shift - TITLE_GAP,
					  x - shift + s->title.w + TITLE_GAP);

		if (free > best) {
			best = free;
			s->title_x = MARGIN + x;
		}
	}
	s->graph_y -= floor(fmin(best, needed));
}

int scene_make(struct scene *s, struct title_input *in, double most_side, font_finder *find,
	       struct error *err)
{
	struct layout_sizes sizes = { node_size, label_size, s, in->theme->foreign };
	double inner;

	s->graph = in->graph;
	s->theme = in->theme;
	s->arena = (struct arena)ARENA_INIT;
	if (fonts_init(&s->fonts, find, err) < 0)
		return -1;
	if (make_texts(s, err) < 0 || make_notes(s, in->caption, err) < 0 ||
	    graph_layout(&s->layout, s->graph, &sizes, err) < 0)
		return -1;
	s->scale = in->scale = scale_to_fit(s, most_side);
	inner = fmax(ceil(s->layout.width), LEAST_WIDTH);
	if (title_make(&s->title, in, fmin(inner, TITLE_WIDTH), &s->fonts, &s->arena) < 0 ||
	    fonts_failed(&s->fonts))
		return error_nomem(err);
	s->w = inner + 2 * MARGIN;
	s->graph_x = MARGIN + floor((inner - s->layout.width) / 2);
	s->graph_y = MARGIN + s->title.h + TITLE_GAP;
	s->title_x = MARGIN;
	if (s->graph->nnodes != 0)
		nestle(s);
	s->h = s->graph_y + MARGIN +
	       (s->graph->nnodes ? ceil(s->layout.height) : EMPTY_HEIGHT);
	return 0;
}

void scene_release(struct scene *s)
{
	layout_release(&s->layout);
	arena_release(&s->arena);
	fonts_release(&s->fonts);
}

/* Whether any of lines top to bottom of the graph can show the box. */
static bool in_sight(const struct box *b, double top, double bottom)
{
	return b->y <= bottom && b->y + b->h >= top;
}

/* Where an edge may leave marks: about its points, which enclose the curve. */
static struct box edge_bounds(const struct layout_edge *e)
{
	double top = fmin(e->tip.y, e->label.y);
	double bottom = fmax(e->tip.y, e->label.y + e->label.h);

	for (size_t i = 0; i < e->npoints; i++) {
		top = fmin(top, e->points[i].y);
		bottom = fmax(bottom, e->points[i].y);
	}
	return (struct box){ 0, top - LINE_REACH, 0, bottom - top + 2 * LINE_REACH };
}

static bool edge_in_sight(const struct layout_edge *e, double top, double bottom)
{
	struct box b = edge_bounds(e);

	return e->npoints != 0 && in_sight(&b, top, bottom);
}

static void draw_lines(struct canvas *c, const struct scene *s, double top, double bottom)
{
	const struct layout_edge *e = s->layout.edges;

	for (int hot = 0; hot < 2; hot++)
		for (uint32_t i = s->graph->nedges; i-- > 0;)
			if (s->graph->edges[i].hot == hot && edge_in_sight(&e[i], top, bottom)) {
				c->ops->open(c, PART_EDGE, i);
				line_draw(c, s->graph, i, &e[i], top - LINE_REACH,
					  bottom + LINE_REACH);
				c->ops->close(c);
			}
	for (uint32_t i = 0; i < s->graph->nedges; i++)
		if (e[i].npoints != 0 && in_sight(&e[i].label, top, bottom))
			line_clear_label(c, &e[i]);
}

/* Light edges first, the hot path on top of them, then boxes, then all labels:
 * nothing that must be read lies under a line. */
static void draw_graph(struct canvas *c, const struct scene *s, double top, double bottom)
{
	const struct graph *g = s->graph;
	const struct layout_edge *e = s->layout.edges;

	draw_lines(c, s, top, bottom);
	for (uint32_t i = g->nedges; i-- > 0;)
		if (edge_in_sight(&e[i], top, bottom)) {
			c->ops->open(c, PART_EDGE, i);
			line_draw_head(c, g, i, &e[i]);
			c->ops->close(c);
		}
	for (uint32_t i = 0; i < g->nnodes; i++)
		if (in_sight(&s->layout.nodes[i], top, bottom))
			card_draw(c, &s->cards[i], g, i, &s->layout.nodes[i]);
	for (uint32_t i = 0; i < g->nedges; i++)
		if (e[i].npoints != 0 && in_sight(&e[i].label, top, bottom)) {
			c->ops->open(c, PART_EDGE, i);
			line_draw_label(c, g, i, s->labels[i], &e[i]);
			c->ops->close(c);
		}
}

static void draw_empty(struct canvas *c, const struct scene *s)
{
	const char *text = s->graph->nfunctions == 0
		? "No function calls were recorded."
		: "None of the functions took enough time to be shown.";

	c->ops->text(c, STYLE_TEXT, MARGIN, s->graph_y, s->theme->ink, text);
}

void scene_draw(struct canvas *c, const struct scene *s, double top, double bottom)
{
	if (MARGIN + s->title.h >= top)
		title_draw(c, &s->title, s->title_x, MARGIN);
	if (s->graph->nnodes == 0)
		draw_empty(c, s);
	c->ops->move(c, s->graph_x, s->graph_y);
	draw_graph(c, s, top - s->graph_y, bottom - s->graph_y);
}
