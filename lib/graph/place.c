/* Where the label of an edge goes, once the edges lie. Heavy edges choose first.
 * A label may sit on its own line, which is then interrupted behind it: that
 * says without doubt whose it is. The candidates lie along the line; the one
 * that covers least of anything else wins. Where the last had no good choice left,
 * the first may have had two. */
#include <math.h>

#include "base/mem.h"
#include "graph/layout.h"

enum {
	STEP = 16,       /* px between the points that a line is followed by */
	MOST_STEPS = 64, /* in one Bezier piece */
	CELL = 32,       /* px: lines are looked up by squares, at least of this size ... */
	MOST_CELLS = 1 << 20, /* ... and at most about so many */
	CANDIDATES = 17, /* along a line */
	SIDES = 3,       /* on the line, right of it, left of it */
	GAP = 2,         /* px that labels keep from what is about them */
	HEAD = 4,        /* about the middle of an arrow head */
	THICK = 3        /* and from the middle of the thickest line */
};

/* What covering something costs: per square pixel of a box or of a label, per
 * pixel of a foreign line, per arrow head, and per part of the line's length
 * away from where the label would best be. */
#define COST_BOX 20.0
#define COST_LABEL 8.0
#define COST_LINE 5.0
#define COST_HEAD 120.0
#define COST_AWAY 60.0
#define COST_BESIDE 12.0
/* Cutting through the thickest line costs more than standing beside it, and so does
 * hiding nearly half of a short one. */
#define COST_THICK 40.0
#define COST_HIDDEN 30.0
#define BEST_AT 0.5

/* An edge as a chain of points, with the lengths up to each. */
struct outline {
	struct point *points;
	double *lengths;
	size_t n;
	struct box bounds;
};

/* The middle of a step of some line. Single numbers, since all of them are looked at
 * again and again. */
struct mark {
	float x, y, step;
	uint32_t edge;
};

struct grid {
	uint32_t *cells; /* each one's first mark, and one more at the end */
	uint32_t columns, rows;
	double x, y, cell;
	struct mark *marks; /* by cell */
};

/* All that a label is placed among, and of it what comes near the edge whose label is
 * being placed. */
struct scene {
	const struct layout *layout;
	const struct graph *graph;
	struct outline *outlines;
	struct grid grid;
	uint32_t edge;
	uint32_t nplaced; /* those before it have their labels */
	struct box *nodes, *labels;
	struct point *heads, *all_heads; /* their middles */
	uint32_t nnodes, nlabels, nheads;
};

struct point bezier_at(const struct point p[4], double t)
{
	double s = 1 - t;
	double a = s * s * s, b = 3 * s * s * t, c = 3 * s * t * t, d = t * t * t;

	return (struct point){ a * p[0].x + b * p[1].x + c * p[2].x + d * p[3].x,
			       a * p[0].y + b * p[1].y + c * p[2].y + d * p[3].y };
}

static struct box bounds_of(const struct outline *o)
{
	double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;

	for (size_t i = 0; i < o->n; i++) {
		left = fmin(left, o->points[i].x);
		right = fmax(right, o->points[i].x);
		top = fmin(top, o->points[i].y);
		bottom = fmax(bottom, o->points[i].y);
	}
	return (struct box){ left, top, right - left, bottom - top };
}

/* By the way along its control points, which is no shorter than the curve. */
static size_t steps_of(const struct point *p)
{
	double length = 0;

	for (int i = 0; i < 3; i++)
		length += hypot(p[i + 1].x - p[i].x, p[i + 1].y - p[i].y);
	return (size_t)fmin(fmax(ceil(length / STEP), 1), MOST_STEPS);
}

static int trace(struct outline *o, const struct layout_edge *e, struct arena *arena)
{
	size_t pieces = e->npoints / 3, steps = 0;

	o->n = 0;
	if (e->npoints == 0)
		return 0;
	for (size_t i = 0; i < pieces; i++)
		steps += steps_of(&e->points[3 * i]);
	o->points = arena_alloc(arena, (steps + 2) * sizeof *o->points);
	o->lengths = arena_alloc(arena, (steps + 2) * sizeof *o->lengths);
	if (o->points == NULL || o->lengths == NULL)
		return -1;
	for (size_t i = 0; i < pieces; i++) {
		size_t n = steps_of(&e->points[3 * i]);

		for (size_t k = 0; k < n; k++)
			o->points[o->n++] = bezier_at(&e->points[3 * i], (double)k / (double)n);
	}
	o->points[o->n++] = e->points[3 * pieces];
	o->points[o->n++] = e->tip;
	o->lengths[0] = 0;
	for (size_t i = 1; i < o->n; i++)
		o->lengths[i] = o->lengths[i - 1] + hypot(o->points[i].x - o->points[i - 1].x,
							  o->points[i].y - o->points[i - 1].y);
	o->bounds = bounds_of(o);
	return 0;
}

static uint32_t cell_number(double at, uint32_t n)
{
	return at <= 0 ? 0 : at >= n - 1 ? n - 1 : (uint32_t)at;
}

static uint32_t cell_of(const struct grid *g, double x, double y)
{
	return cell_number((y - g->y) / g->cell, g->rows) * g->columns +
	       cell_number((x - g->x) / g->cell, g->columns);
}

static uint32_t cell_before(const struct grid *g, const struct outline *o, size_t i)
{
	return cell_of(g, (o->points[i].x + o->points[i - 1].x) / 2,
		       (o->points[i].y + o->points[i - 1].y) / 2);
}

static void count_marks(struct grid *g, const struct outline *o)
{
	for (size_t i = 1; i < o->n; i++)
		g->cells[cell_before(g, o, i)]++;
}

/* Fills cells from their ends, which are known by now. */
static void mark_line(struct grid *g, const struct outline *o, uint32_t edge)
{
	for (size_t i = 1; i < o->n; i++)
		g->marks[--g->cells[cell_before(g, o, i)]] = (struct mark){
			(float)((o->points[i].x + o->points[i - 1].x) / 2),
			(float)((o->points[i].y + o->points[i - 1].y) / 2),
			(float)(o->lengths[i] - o->lengths[i - 1]), edge
		};
}

static int grid_init(struct grid *g, const struct outline *outlines, uint32_t n,
		     struct arena *arena)
{
	double right = 0, bottom = 0;
	size_t nmarks = 0, ncells;

	g->x = g->y = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct box *b = &outlines[i].bounds;

		if (outlines[i].n == 0)
			continue;
		g->x = fmin(g->x, b->x);
		g->y = fmin(g->y, b->y);
		right = fmax(right, b->x + b->w);
		bottom = fmax(bottom, b->y + b->h);
		nmarks += outlines[i].n;
	}
	g->cell = fmax(CELL, sqrt((right - g->x) * (bottom - g->y) / MOST_CELLS));
	g->columns = (uint32_t)((right - g->x) / g->cell) + 1;
	g->rows = (uint32_t)((bottom - g->y) / g->cell) + 1;
	ncells = (size_t)g->columns * g->rows;
	g->cells = arena_zalloc(arena, (ncells + 1) * sizeof *g->cells);
	g->marks = arena_alloc(arena, nmarks * sizeof *g->marks);
	if (g->cells == NULL || g->marks == NULL)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		count_marks(g, &outlines[i]);
	for (size_t i = 1; i <= ncells; i++)
		g->cells[i] += g->cells[i - 1];
	for (uint32_t i = 0; i < n; i++)
		mark_line(g, &outlines[i], i);
	return 0;
}

/* The point at a part (0 to 1) of the length. */
static struct point outline_at(const struct outline *o, double part)
{
	double want = part * o->lengths[o->n - 1];
	size_t i = 1;

	while (i < o->n - 1 && o->lengths[i] < want)
		i++;
	double step = o->lengths[i] - o->lengths[i - 1];
	double t = step > 0 ? (want - o->lengths[i - 1]) / step : 0;

	return (struct point){ o->points[i - 1].x + t * (o->points[i].x - o->points[i - 1].x),
			       o->points[i - 1].y + t * (o->points[i].y - o->points[i - 1].y) };
}

/* Not by fmin and fmax, which are calls, for the sake of NaNs. */
static double shared(double a, double a_end, double b, double b_end)
{
	return (a_end < b_end ? a_end : b_end) - (a > b ? a : b) + GAP;
}

static double overlap(const struct box *a, const struct box *b)
{
	double w, h = shared(a->y, a->y + a->h, b->y, b->y + b->h);

	if (h <= 0)
		return 0;
	w = shared(a->x, a->x + a->w, b->x, b->x + b->w);
	return w > 0 ? w * h : 0;
}

/* The length of what lies in the box of other lines, by the middles of their steps:
 * one may pass through with its middle outside. */
static double covered(const struct scene *s, const struct box *b)
{
	const struct grid *g = &s->grid;
	float left = (float)b->x, right = (float)(b->x + b->w), height = (float)b->h, sum = 0;
	float top = (float)b->y, bottom = (float)(b->y + b->h);
	double reach = STEP / 2.0;
	uint32_t first = cell_of(g, b->x - reach, b->y - reach);
	uint32_t last = cell_of(g, b->x + b->w + reach, b->y + b->h + reach);

	for (uint32_t row = first / g->columns; row <= last / g->columns; row++) {
		/* The cells of a row lie side by side. */
		uint32_t i = g->cells[row * g->columns + first % g->columns];
		uint32_t end = g->cells[row * g->columns + last % g->columns + 1];

		for (; i < end; i++) {
			const struct mark *m = &g->marks[i];
			float half = m->step / 2;

			if (m->edge != s->edge && m->x > left - half && m->x < right + half &&
			    m->y > top - half && m->y < bottom + half)
				sum += m->step < height ? m->step : height;
		}
	}
	return sum;
}

static struct point head_of(const struct layout_edge *e)
{
	struct point base = e->npoints ? e->points[e->npoints - 1] : e->tip;

	return (struct point){ (base.x + e->tip.x) / 2, (base.y + e->tip.y) / 2 };
}

/* Whether the arrow head, own or foreign, would be hidden. */
static bool covers_head(struct point middle, const struct box *b)
{
	return middle.x > b->x - HEAD && middle.x < b->x + b->w + HEAD &&
	       middle.y > b->y - HEAD && middle.y < b->y + b->h + HEAD;
}

/* What a label of this edge could come to lie on. */
static void look_around(struct scene *s)
{
	const struct layout *l = s->layout;
	const struct box *label = &l->edges[s->edge].label;
	struct box b = s->outlines[s->edge].bounds;

	b.x -= label->w + THICK + 2 * GAP + HEAD;
	b.w += 2 * (label->w + THICK + 2 * GAP + HEAD);
	b.y -= label->h + HEAD;
	b.h += 2 * (label->h + HEAD);
	s->nnodes = s->nlabels = s->nheads = 0;
	for (uint32_t i = 0; i < s->graph->nnodes; i++)
		if (overlap(&b, &l->nodes[i]) > 0)
			s->nodes[s->nnodes++] = l->nodes[i];
	for (uint32_t i = 0; i < s->graph->nedges; i++) {
		if (l->edges[i].npoints == 0)
			continue;
		if (i < s->nplaced && i != s->edge && overlap(&b, &l->edges[i].label) > 0)
			s->labels[s->nlabels++] = l->edges[i].label;
		if (covers_head(s->all_heads[i], &b))
			s->heads[s->nheads++] = s->all_heads[i];
	}
}

static double cost(const struct scene *s, const struct box *at, double best)
{
	double sum = 0;

	for (uint32_t i = 0; i < s->nnodes && sum < best; i++)
		sum += COST_BOX * overlap(at, &s->nodes[i]);
	for (uint32_t i = 0; i < s->nlabels && sum < best; i++)
		sum += COST_LABEL * overlap(at, &s->labels[i]);
	for (uint32_t i = 0; i < s->nheads && sum < best; i++)
		if (covers_head(s->heads[i], at))
			sum += COST_HEAD;
	return sum < best ? sum + COST_LINE * covered(s, at) : sum;
}

/* The part of a line, as if it were straight, that lies behind a label on it. */
static double hidden(const struct outline *o, const struct box *label)
{
	double wide = fabs(o->points[o->n - 1].x - o->points[0].x);
	double high = fabs(o->points[o->n - 1].y - o->points[0].y);

	return fmin(1, fmin(label->w / wide, label->h / high));
}

static void place(struct scene *s)
{
	struct box *label = &s->layout->edges[s->edge].label;
	const struct outline *o = &s->outlines[s->edge];
	struct box best = *label;
	double least = INFINITY;
	double share = fmin(s->graph->edges[s->edge].share, 1);
	double cut = COST_THICK * share + COST_HIDDEN * hidden(o, label);

	for (int i = 0; i < CANDIDATES; i++) {
		/* From the middle outwards: 8, 9, 7, 10, ... of 16. */
		int k = CANDIDATES / 2 + (i % 2 ? (i + 1) / 2 : -(i / 2));
		double part = (k + 1.0) / (CANDIDATES + 1);
		struct point p = outline_at(o, part);
		double away = COST_AWAY * fabs(part - BEST_AT);
		double beside = label->w / 2 + fmax(GAP + THICK * sqrt(share), HEAD);

		for (int side = 0; side < SIDES; side++) {
			double shift = side == 0 ? 0 : side == 1 ? beside : -beside;
			struct box at = { p.x + shift - label->w / 2, p.y - label->h / 2,
					  label->w, label->h };
			double c = away + (side ? COST_BESIDE : cut);

			if (c < least)
				c += cost(s, &at, least - c);
			if (c < least) {
				least = c;
				best = at;
			}
		}
	}
	*label = best;
}

static bool collides(const struct scene *s)
{
	for (uint32_t i = 0; i < s->nlabels; i++)
		if (overlap(&s->layout->edges[s->edge].label, &s->labels[i]) > 0)
			return true;
	return false;
}

/* Those that still lie on one another choose again, knowing of all. */
static void place_all(struct scene *s)
{
	const uint32_t n = s->graph->nedges;

	for (unsigned round = 0; round < 2; round++)
		for (s->edge = 0; s->edge < n; s->edge++) {
			if (s->layout->edges[s->edge].npoints == 0)
				continue;
			s->nplaced = round == 0 ? s->edge : n;
			look_around(s);
			if (round == 0 || collides(s))
				place(s);
		}
}

int layout_place_labels(struct layout *l, const struct graph *g, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct scene s = { .layout = l, .graph = g };
	int rc = -1;

	s.outlines = arena_zalloc(&arena, g->nedges * sizeof *s.outlines);
	s.nodes = arena_alloc(&arena, g->nnodes * sizeof *s.nodes);
	s.labels = arena_alloc(&arena, g->nedges * sizeof *s.labels);
	s.heads = arena_alloc(&arena, g->nedges * sizeof *s.heads);
	s.all_heads = arena_alloc(&arena, g->nedges * sizeof *s.all_heads);
	if (s.outlines == NULL || s.nodes == NULL || s.labels == NULL || s.heads == NULL ||
	    s.all_heads == NULL) {
		error_nomem(err);
		goto done;
	}
	for (uint32_t i = 0; i < g->nedges; i++)
		s.all_heads[i] = head_of(&l->edges[i]);
	for (uint32_t i = 0; i < g->nedges; i++)
		if (trace(&s.outlines[i], &l->edges[i], &arena) < 0) {
			error_nomem(err);
			goto done;
		}
	if (grid_init(&s.grid, s.outlines, g->nedges, &arena) < 0) {
		error_nomem(err);
		goto done;
	}
	place_all(&s);
	rc = 0;
done:
	arena_release(&arena);
	return rc;
}
