/* Where the label of an edge goes, once the edges lie. Heavy edges choose first.
 * A label may sit on its own line, which is then interrupted behind it: that
 * says without doubt whose it is. The candidates lie along the line; the one
 * that covers least of anything else wins. */
#include <math.h>

#include "base/mem.h"
#include "graph/layout.h"

enum {
	STEPS = 8,       /* points per Bezier piece of an edge's outline */
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
/* Cutting through the thickest line costs more than standing beside it. */
#define COST_THICK 40.0
#define BEST_AT 0.5

/* An edge as a chain of points, with the lengths up to each. */
struct outline {
	struct point *points;
	double *lengths;
	size_t n;
	struct box bounds;
};

struct point bezier_at(const struct point *p, double t)
{
	double s = 1 - t;
	double a = s * s * s, b = 3 * s * s * t, c = 3 * s * t * t, d = t * t * t;

	return (struct point){ a * p[0].x + b * p[1].x + c * p[2].x + d * p[3].x,
			       a * p[0].y + b * p[1].y + c * p[2].y + d * p[3].y };
}

static void measure(struct outline *o)
{
	double left = INFINITY, top = INFINITY, right = -INFINITY, bottom = -INFINITY;

	for (size_t i = 0; i < o->n; i++) {
		const struct point *p = &o->points[i];

		o->lengths[i] = i == 0 ? 0 : o->lengths[i - 1] +
			hypot(p->x - p[-1].x, p->y - p[-1].y);
		left = fmin(left, p->x);
		right = fmax(right, p->x);
		top = fmin(top, p->y);
		bottom = fmax(bottom, p->y);
	}
	o->bounds = (struct box){ left, top, right - left, bottom - top };
}

static int trace(struct outline *o, const struct layout_edge *e, struct arena *arena)
{
	size_t pieces = e->npoints / 3;

	o->n = 0;
	if (e->npoints == 0)
		return 0;
	o->points = arena_alloc(arena, (pieces * STEPS + 2) * sizeof *o->points);
	o->lengths = arena_alloc(arena, (pieces * STEPS + 2) * sizeof *o->lengths);
	if (o->points == NULL || o->lengths == NULL)
		return -1;
	for (size_t i = 0; i < pieces; i++)
		for (int k = 0; k < STEPS; k++)
			o->points[o->n++] = bezier_at(&e->points[3 * i], (double)k / STEPS);
	o->points[o->n++] = e->points[3 * pieces];
	o->points[o->n++] = e->tip;
	measure(o);
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

static double overlap(const struct box *a, const struct box *b)
{
	double w = fmin(a->x + a->w, b->x + b->w) - fmax(a->x, b->x) + GAP;
	double h = fmin(a->y + a->h, b->y + b->h) - fmax(a->y, b->y) + GAP;

	return w > 0 && h > 0 ? w * h : 0;
}

/* The length of the part of a line that lies in the box, by its points. */
static double covered(const struct outline *o, const struct box *b)
{
	double sum = 0;

	if (o->n == 0 || overlap(&o->bounds, b) == 0)
		return 0;
	for (size_t i = 1; i < o->n; i++) {
		double x = (o->points[i].x + o->points[i - 1].x) / 2;
		double y = (o->points[i].y + o->points[i - 1].y) / 2;
		double step = o->lengths[i] - o->lengths[i - 1];

		/* A long step may pass through with its middle outside. */
		if (x > b->x - step / 2 && x < b->x + b->w + step / 2 &&
		    y > b->y - step / 2 && y < b->y + b->h + step / 2)
			sum += fmin(step, b->h);
	}
	return sum;
}

/* Whether the arrow head, own or foreign, would be hidden. */
static bool covers_head(const struct layout_edge *e, const struct box *b)
{
	struct point base, middle;

	if (e->npoints == 0)
		return false;
	base = e->points[e->npoints - 1];
	middle = (struct point){ (base.x + e->tip.x) / 2, (base.y + e->tip.y) / 2 };
	return middle.x > b->x - HEAD && middle.x < b->x + b->w + HEAD &&
	       middle.y > b->y - HEAD && middle.y < b->y + b->h + HEAD;
}

struct scene {
	const struct layout *layout;
	const struct graph *graph;
	const struct outline *outlines;
	uint32_t edge; /* whose label is being placed; those before it have theirs */
};

static double cost(const struct scene *s, const struct box *at, double best)
{
	const struct layout *l = s->layout;
	double sum = 0;

	for (uint32_t i = 0; i < s->graph->nnodes && sum < best; i++)
		sum += COST_BOX * overlap(at, &l->nodes[i]);
	for (uint32_t i = 0; i < s->edge && sum < best; i++)
		if (l->edges[i].npoints != 0)
			sum += COST_LABEL * overlap(at, &l->edges[i].label);
	for (uint32_t i = 0; i < s->graph->nedges && sum < best; i++) {
		if (i != s->edge)
			sum += COST_LINE * covered(&s->outlines[i], at);
		if (covers_head(&l->edges[i], at))
			sum += COST_HEAD;
	}
	return sum;
}

static void place(struct scene *s)
{
	struct box *label = &s->layout->edges[s->edge].label;
	const struct outline *o = &s->outlines[s->edge];
	struct box best = *label;
	double least = INFINITY;
	double share = fmin(s->graph->edges[s->edge].share, 1);

	for (int i = 0; i < CANDIDATES; i++) {
		/* From the middle outwards: 8, 9, 7, 10, ... of 16. */
		int k = CANDIDATES / 2 + (i % 2 ? (i + 1) / 2 : -(i / 2));
		double part = (k + 1.0) / (CANDIDATES + 1);
		struct point p = outline_at(o, part);
		double away = COST_AWAY * fabs(part - BEST_AT);
		double beside = label->w / 2 + GAP + THICK * sqrt(share);

		for (int side = 0; side < SIDES; side++) {
			double shift = side == 0 ? 0 : side == 1 ? beside : -beside;
			struct box at = { p.x + shift - label->w / 2, p.y - label->h / 2,
					  label->w, label->h };
			double c = away + (side ? COST_BESIDE : COST_THICK * share);

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

int layout_place_labels(struct layout *l, const struct graph *g, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct outline *outlines = arena_zalloc(&arena, g->nedges * sizeof *outlines);
	struct scene s = { l, g, outlines, 0 };
	int rc = -1;

	if (outlines == NULL) {
		error_nomem(err);
		goto done;
	}
	for (uint32_t i = 0; i < g->nedges; i++)
		if (trace(&outlines[i], &l->edges[i], &arena) < 0) {
			error_nomem(err);
			goto done;
		}
	for (s.edge = 0; s.edge < g->nedges; s.edge++)
		if (l->edges[s.edge].npoints != 0)
			place(&s);
	rc = 0;
done:
	arena_release(&arena);
	return rc;
}
