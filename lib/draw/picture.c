#include "draw/picture.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/version.h"
#include "draw/card.h"
#include "draw/line.h"
#include "draw/png.h"
#include "draw/title.h"

enum {
	MARGIN = 16,
	TITLE_GAP = 18,      /* between title and graph */
	TITLE_STEP = 16,     /* between places that are tried for it */
	LEAST_WIDTH = 560,   /* of a title that is worth reading ... */
	TITLE_WIDTH = 700,   /* ... and at most, so that it fits into a corner */
	EMPTY_HEIGHT = 40,
	MOST_TITLE = 300,    /* height that title and margins may take */
	LINE_REACH = 12,     /* of a thick line and its head beyond its points */
	BAND = 256           /* rows that are drawn at a time: memory stays small */
};

/* All of a picture, measured and placed; drawing only reads it. */
struct picture {
	const struct graph *graph;
	struct fonts fonts;
	struct arena arena;
	struct card *cards;
	const char **labels;
	struct layout layout;
	struct title title;
	double title_x;
	double graph_x, graph_y; /* where the layout's corner lies */
	double w, h;             /* at 100 % */
	double scale;
	const char *request, *commit; /* for the text chunks */
};

/* One band of the picture as pixels. */
struct band {
	const struct picture *picture;
	cairo_surface_t *surface;
	uint32_t width, height;
	uint32_t first, rows; /* which lines it holds; 0 rows: none yet */
};

static void node_size(void *arg, uint32_t node, double *w, double *h)
{
	const struct picture *p = arg;

	*w = p->cards[node].w;
	*h = p->cards[node].h;
}

static void label_size(void *arg, uint32_t edge, double *w, double *h)
{
	const struct picture *p = arg;

	*w = fonts_width(&p->fonts, STYLE_SMALL, p->labels[edge]) + 2 * LABEL_PAD_X;
	*h = p->fonts.height[STYLE_SMALL];
}

static int make_texts(struct picture *p, struct error *err)
{
	const struct graph *g = p->graph;

	p->cards = arena_alloc(&p->arena, g->nnodes * sizeof *p->cards);
	p->labels = arena_alloc(&p->arena, g->nedges * sizeof *p->labels);
	if (p->cards == NULL || p->labels == NULL)
		return error_nomem(err);
	for (uint32_t i = 0; i < g->nnodes; i++)
		if (card_make(&p->cards[i], g, i, &p->fonts, &p->arena) < 0)
			return error_nomem(err);
	for (uint32_t i = 0; i < g->nedges; i++) {
		p->labels[i] = line_text(g, i, &p->arena);
		if (p->labels[i] == NULL)
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

static int make_notes(struct picture *p, const struct caption *c, struct error *err)
{
	if (c->request != NULL && (p->request = printable(&p->arena, c->request)) == NULL)
		return error_nomem(err);
	if (c->commit != NULL && (p->commit = printable(&p->arena, c->commit)) == NULL)
		return error_nomem(err);
	return 0;
}

/* A picture no viewer opens is none: past the limit all of it is drawn smaller. */
static double scale_to_fit(const struct picture *p)
{
	double side = fmax(p->layout.width + 2 * MARGIN, p->layout.height + MOST_TITLE);

	return side <= IMAGE_MAX_SIDE ? 1 : (IMAGE_MAX_SIDE - 1) / side;
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
static double free_height(const struct picture *p, double left, double right)
{
	const struct layout *l = &p->layout;
	double free = l->height;

	for (uint32_t i = 0; i < p->graph->nnodes; i++)
		free = lower(free, &l->nodes[i], left, right);
	for (uint32_t i = 0; i < p->graph->nedges; i++) {
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
static void nestle(struct picture *p)
{
	double shift = p->graph_x - MARGIN, last = p->w - 2 * MARGIN - p->title.w;
	double needed = p->title.h + TITLE_GAP, best = 0;

	for (double x = 0; x <= last && best < needed; x += TITLE_STEP) {
		double free = free_height(p, x - shift - TITLE_GAP,
					  x - shift + p->title.w + TITLE_GAP);

		if (free > best) {
			best = free;
			p->title_x = MARGIN + x;
		}
	}
	p->graph_y -= floor(fmin(best, needed));
}

static int picture_make(struct picture *p, struct title_input *in, struct error *err)
{
	struct layout_sizes sizes = { node_size, label_size, p };
	double inner;

	if (make_texts(p, err) < 0 || make_notes(p, in->caption, err) < 0 ||
	    graph_layout(&p->layout, p->graph, &sizes, err) < 0)
		return -1;
	p->scale = in->scale = scale_to_fit(p);
	inner = fmax(ceil(p->layout.width), LEAST_WIDTH);
	if (title_make(&p->title, in, fmin(inner, TITLE_WIDTH), &p->fonts, &p->arena) < 0)
		return error_nomem(err);
	p->w = inner + 2 * MARGIN;
	p->graph_x = MARGIN + floor((inner - p->layout.width) / 2);
	p->graph_y = MARGIN + p->title.h + TITLE_GAP;
	p->title_x = MARGIN;
	if (p->graph->nnodes != 0)
		nestle(p);
	p->h = p->graph_y + MARGIN +
	       (p->graph->nnodes ? ceil(p->layout.height) : EMPTY_HEIGHT);
	return 0;
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

	return in_sight(&b, top, bottom);
}

/* Light edges first, the hot path on top of them, then boxes, then all labels:
 * nothing that must be read lies under a line. */
static void draw_graph(cairo_t *cr, const struct picture *p, double top, double bottom)
{
	const struct graph *g = p->graph;
	const struct layout_edge *e = p->layout.edges;

	for (int hot = 0; hot < 2; hot++)
		for (uint32_t i = g->nedges; i-- > 0;)
			if (g->edges[i].hot == hot && edge_in_sight(&e[i], top, bottom))
				line_draw(cr, g, i, &e[i]);
	for (uint32_t i = 0; i < g->nedges; i++)
		if (in_sight(&e[i].label, top, bottom))
			line_clear_label(cr, &e[i]);
	for (uint32_t i = g->nedges; i-- > 0;)
		if (edge_in_sight(&e[i], top, bottom))
			line_draw_head(cr, g, i, &e[i]);
	for (uint32_t i = 0; i < g->nnodes; i++)
		if (in_sight(&p->layout.nodes[i], top, bottom))
			card_draw(cr, &p->cards[i], g, i, &p->layout.nodes[i], &p->fonts);
	for (uint32_t i = 0; i < g->nedges; i++)
		if (in_sight(&e[i].label, top, bottom))
			line_draw_label(cr, g, i, p->labels[i], &e[i], &p->fonts);
}

static void draw_empty(cairo_t *cr, const struct picture *p)
{
	const char *text = p->graph->nfunctions == 0
		? "No function calls were recorded."
		: "None of the functions took enough time to be shown.";

	canvas_colour(cr, colour_ink);
	canvas_text(cr, &p->fonts, STYLE_TEXT, MARGIN, p->graph_y, text);
}

static void draw(cairo_t *cr, const struct picture *p, double top, double bottom)
{
	canvas_colour(cr, colour_paper);
	cairo_paint(cr);
	if (MARGIN + p->title.h >= top)
		title_draw(cr, &p->title, p->title_x, MARGIN, &p->fonts);
	if (p->graph->nnodes == 0)
		draw_empty(cr, p);
	cairo_translate(cr, p->graph_x, p->graph_y);
	draw_graph(cr, p, top - p->graph_y, bottom - p->graph_y);
}

static int draw_band(struct band *b, struct error *err)
{
	const struct picture *p = b->picture;
	cairo_t *cr = cairo_create(b->surface);
	cairo_status_t status;

	cairo_translate(cr, 0, -(double)b->first);
	cairo_scale(cr, p->scale, p->scale);
	draw(cr, p, b->first / p->scale, (b->first + b->rows) / p->scale);
	cairo_surface_flush(b->surface);
	status = cairo_status(cr);
	cairo_destroy(cr);
	if (status == CAIRO_STATUS_SUCCESS)
		return 0;
	return error_set(err, status == CAIRO_STATUS_NO_MEMORY ? ERR_NOMEM : ERR_REFUSED,
			 "drawing: %s", cairo_status_to_string(status));
}

static int next_row(void *arg, uint32_t y, const uint32_t **row, struct error *err)
{
	struct band *b = arg;

	if (b->rows == 0 || y >= b->first + b->rows) {
		b->first = y;
		b->rows = BAND;
		if (draw_band(b, err) < 0)
			return -1;
	}
	*row = (const uint32_t *)(const void *)
		(cairo_image_surface_get_data(b->surface) +
		 (size_t)(y - b->first) * (size_t)cairo_image_surface_get_stride(b->surface));
	return 0;
}

static int encode(struct buf *out, const struct picture *p, struct error *err)
{
	const struct image_note notes[] = {
		{ "Software", "cprof " CPROF_VERSION },
		{ "Request", p->request },
		{ "Commit", p->commit },
	};
	struct band b = { .picture = p };
	int rc = -1;

	b.width = (uint32_t)ceil(p->w * p->scale);
	b.height = (uint32_t)ceil(p->h * p->scale);
	b.surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)b.width, BAND);
	if (cairo_surface_status(b.surface) != CAIRO_STATUS_SUCCESS)
		error_nomem(err);
	else
		rc = image_write(out, b.width, b.height, notes, sizeof notes / sizeof notes[0],
				 next_row, &b, err);
	cairo_surface_destroy(b.surface);
	return rc;
}

static int picture_write(struct buf *out, struct title_input *in, struct error *err)
{
	struct picture p = { .graph = in->graph, .arena = ARENA_INIT };
	int rc = -1;

	if (fonts_init(&p.fonts, err) < 0)
		return -1;
	if (picture_make(&p, in, err) < 0)
		goto done;
	rc = encode(out, &p, err);
done:
	layout_release(&p.layout);
	arena_release(&p.arena);
	fonts_release(&p.fonts);
	return rc;
}

static const struct caption no_caption;

int picture_png(struct buf *out, const struct profile *p, const struct caption *caption,
		const struct graph_options *options, struct error *err)
{
	struct graph g;
	struct title_input in = { .graph = &g, .profile = p, .options = options };
	int rc;

	in.caption = caption ? caption : &no_caption;
	if (graph_build(&g, p, options, err) < 0)
		return -1;
	rc = picture_write(out, &in, err);
	graph_release(&g);
	return rc;
}

int picture_diff_png(struct buf *out, const struct profile *before, const struct profile *after,
		     const struct caption *old_caption, const struct caption *new_caption,
		     const struct graph_options *options, struct error *err)
{
	struct graph g;
	struct title_input in = { .graph = &g, .profile = after, .options = options };
	int rc;

	in.caption = new_caption ? new_caption : &no_caption;
	in.old_caption = old_caption ? old_caption : &no_caption;
	if (graph_build_diff(&g, before, after, options, err) < 0)
		return -1;
	rc = picture_write(out, &in, err);
	graph_release(&g);
	return rc;
}
