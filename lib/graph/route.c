/* The way of each edge past the boxes. dot says between which neighbours in each rank a
 * line passes; pulled tight between them it goes as straight as it can. dot's own search
 * for a way does so through boxes of its making, in twenty times the time.
 *
 * A way is the points at the upper and the lower end of each rank that it crosses, and
 * never turns back in y:
 *
 *        +--caller--+
 *        +----+-----+
 *              \
 *     [box] |<--+-->| [box]     a gate, from one neighbour to the other,
 *     [box] |<--+-->| [box]     as high as its rank
 *                \
 *           +--callee--+
 */
#include <math.h>

#include "graph/layout.h"

enum {
	BOX_ROOM = 7,   /* px that a line keeps from boxes that it passes */
	LINE_ROOM = 9,  /* and from lines that it does not cross, where there is room */
	CORNER = 6,     /* and from the corners of the boxes it joins */
	ASIDE = 5,      /* what two opposite edges go to the side */
	LOOK_AHEAD = 2, /* ranks in which crossing lines change sides */
	LEAST_STEP = 1  /* px between two points of a way */
};

/* What a way has to pass at y. */
struct gate {
	double y, left, right;
};

struct band {
	double top, bottom; /* of a rank's boxes; top > bottom: it has none */
};

struct router {
	struct layout *layout;
	struct tracks *tracks;
	struct band *bands;
	struct gate *gates;
	double *x; /* per gate, where the way goes through */
	uint32_t ngates, most; /* `most` there can be of this edge */
};

static void find_bands(struct router *r)
{
	const struct tracks *t = r->tracks;

	for (uint32_t rank = 0; rank < t->nranks; rank++) {
		struct band *b = &r->bands[rank];

		*b = (struct band){ INFINITY, -INFINITY };
		for (uint32_t i = t->ranks[rank]; i < t->ranks[rank + 1]; i++) {
			const struct box *box;

			if (t->spots[i].node == TRACKS_NONE)
				continue;
			box = &r->layout->nodes[t->spots[i].node];
			b->top = fmin(b->top, box->y);
			b->bottom = fmax(b->bottom, box->y + box->h);
		}
	}
}

/* Whether the one going on that way comes to lie on the other side of the other. */
static bool cross_along(const struct tracks *t, uint32_t a, uint32_t b, bool down)
{
	bool before = a < b;

	for (int i = 0; i < LOOK_AHEAD; i++) {
		a = down ? t->spots[a].down : t->spots[a].up;
		b = down ? t->spots[b].down : t->spots[b].up;
		if (a == b)
			return false;
		if ((a < b) != before)
			return true;
		if (t->spots[a].node != TRACKS_NONE || t->spots[b].node != TRACKS_NONE)
			return false;
	}
	return false;
}

/* How far a line may go to that side in the rank of its spot: to the next box, or to
 * what passes there and does not cross it. */
static double bound_of(const struct router *r, uint32_t rank, uint32_t spot, int step)
{
	const struct tracks *t = r->tracks;
	const struct spot *own = &t->spots[spot];
	uint32_t i = spot;

	while (step < 0 ? i-- > t->ranks[rank] : ++i < t->ranks[rank + 1]) {
		const struct spot *other = &t->spots[i];
		double x;

		if (other->node != TRACKS_NONE) {
			const struct box *box = &r->layout->nodes[other->node];

			return step < 0 ? box->x + box->w + BOX_ROOM : box->x - BOX_ROOM;
		}
		if (other->down == TRACKS_NONE || cross_along(t, spot, i, true) ||
		    cross_along(t, spot, i, false))
			continue;
		x = other->x - step * LINE_ROOM;
		return step < 0 ? fmin(x, own->x) : fmax(x, own->x);
	}
	return step * INFINITY;
}

static void add_gate(struct router *r, double y, double left, double right)
{
	if (left > right)
		left = right = (left + right) / 2;
	if (r->ngates > 0 && y < r->gates[r->ngates - 1].y + LEAST_STEP)
		return;
	r->gates[r->ngates++] = (struct gate){ y, left, right };
}

static void add_rank(struct router *r, uint32_t rank, double left, double right)
{
	const struct band *b = &r->bands[rank];

	if (b->top > b->bottom)
		return;
	add_gate(r, b->top, left, right);
	add_gate(r, b->bottom, left, right);
}

/* Between the boxes beside the one it starts from, or comes to, where those are higher. */
static void add_beside(struct router *r, uint32_t rank, uint32_t spot, double y)
{
	const struct tracks *t = r->tracks;
	double left = -INFINITY, right = INFINITY;

	for (uint32_t i = spot; i-- > t->ranks[rank] && left == -INFINITY;)
		if (t->spots[i].node != TRACKS_NONE)
			left = r->layout->nodes[t->spots[i].node].x +
			       r->layout->nodes[t->spots[i].node].w + 1;
	for (uint32_t i = spot + 1; i < t->ranks[rank + 1] && right == INFINITY; i++)
		if (t->spots[i].node != TRACKS_NONE)
			right = r->layout->nodes[t->spots[i].node].x - 1;
	add_gate(r, y, left, right);
}

/* From the middle of the upper box to that of the lower one. */
static void find_gates(struct router *r, const struct track *track)
{
	const struct tracks *t = r->tracks;
	uint32_t rank = track->rank, spot = track->first, last = track->top;
	const struct box *top = &r->layout->nodes[t->spots[track->top].node];
	const struct box *bottom = &r->layout->nodes[t->spots[track->bottom].node];
	double side = top->w / 2 - CORNER, middle = top->x + top->w / 2;

	r->ngates = 0;
	add_gate(r, top->y + top->h / 2, middle, middle);
	add_gate(r, top->y + top->h, middle - side, middle + side);
	add_beside(r, rank, last, r->bands[rank].bottom);
	for (rank++; spot != track->bottom; rank++) {
		add_rank(r, rank, bound_of(r, rank, spot, -1), bound_of(r, rank, spot, 1));
		spot = t->spots[spot].down;
	}
	if (r->bands[rank].top < bottom->y - LEAST_STEP)
		add_beside(r, rank, spot, r->bands[rank].top);
	side = bottom->w / 2 - CORNER;
	middle = bottom->x + bottom->w / 2;
	add_gate(r, bottom->y, middle - side, middle + side);
	add_gate(r, bottom->y + bottom->h / 2, middle, middle);
	r->most = 2 * (rank - track->rank) + 6;
}

static void draw_straight(struct router *r, uint32_t from, uint32_t to, double x)
{
	const struct gate *g = r->gates;
	double slope = (x - r->x[from]) / (g[to].y - g[from].y);

	for (uint32_t i = from + 1; i < to; i++)
		r->x[i] = r->x[from] + slope * (g[i].y - g[from].y);
	r->x[to] = x;
}

/* The shortest way: straight on as long as there is a line through all gates, then to
 * the post at which the last of them ended. */
static void pull_tight(struct router *r)
{
	const struct gate *g = r->gates;
	uint32_t from = 0;

	r->x[0] = g[0].left;
	while (from + 1 < r->ngates) {
		double least = -INFINITY, most = INFINITY;
		uint32_t left = from, right = from, to = from, i;
		double x = 0;

		for (i = from + 1; i < r->ngates; i++) {
			double low = (g[i].left - r->x[from]) / (g[i].y - g[from].y);
			double high = (g[i].right - r->x[from]) / (g[i].y - g[from].y);

			if (low > most) {
				to = right, x = g[right].right;
				break;
			}
			if (high < least) {
				to = left, x = g[left].left;
				break;
			}
			if (low >= least)
				least = low, left = i;
			if (high <= most)
				most = high, right = i;
		}
		if (i == r->ngates)
			to = i - 1, x = g[to].left;
		draw_straight(r, from, to, x);
		from = to;
	}
}

/* What passes later keeps off where it really goes. */
static void settle(struct router *r, const struct track *track)
{
	struct tracks *t = r->tracks;
	uint32_t rank = track->rank + 1, i = 0;

	for (uint32_t spot = track->first; spot != track->bottom; spot = t->spots[spot].down) {
		const struct band *b = &r->bands[rank++];

		if (b->top > b->bottom)
			continue;
		while (i + 2 < r->ngates && r->gates[i].y < b->top)
			i++;
		t->spots[spot].x = (r->x[i] + r->x[i + 1]) / 2;
	}
}

/* The last `length` of the way is the arrow's head. */
static void cut_head(struct layout_edge *e, double length)
{
	struct point *p = e->points;
	size_t n = e->npoints;

	e->tip = p[n - 1];
	while (n > 2 && hypot(e->tip.x - p[n - 2].x, e->tip.y - p[n - 2].y) <= length)
		n--;
	/* p[n - 2] is too far away, p[n - 1] may be too near. */
	{
		struct point a = p[n - 2], b = p[n - 1];
		double far = hypot(e->tip.x - a.x, e->tip.y - a.y);
		double near = hypot(e->tip.x - b.x, e->tip.y - b.y);
		double part = far > near ? fmin(fmax((far - length) / (far - near), 0), 1) : 1;

		p[n - 1] = (struct point){ a.x + part * (b.x - a.x), a.y + part * (b.y - a.y) };
	}
	e->npoints = n;
}

/* Without the two points inside the boxes. */
static void write_way(const struct router *r, const struct track *track, struct layout_edge *e)
{
	uint32_t n = r->ngates - 2;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t from = track->upwards ? n - i : i + 1;
		const struct gate *g = &r->gates[from];

		e->points[i] = (struct point){
			fmin(fmax(r->x[from] + track->aside * ASIDE, g->left), g->right), g->y
		};
	}
	e->npoints = n;
	cut_head(e, track->head);
}

static int router_init(struct router *r, struct arena *arena)
{
	size_t most = 2 * (size_t)r->tracks->nranks + 6;

	r->bands = arena_alloc(arena, r->tracks->nranks * sizeof *r->bands);
	r->gates = arena_alloc(arena, most * sizeof *r->gates);
	r->x = arena_alloc(arena, most * sizeof *r->x);
	return r->bands && r->gates && r->x ? 0 : -1;
}

int layout_route(struct layout *l, struct tracks *t, uint32_t nedges, struct error *err)
{
	struct router r = { .layout = l, .tracks = t };
	struct arena arena = ARENA_INIT;
	int rc = -1;

	if (router_init(&r, &arena) < 0)
		goto done;
	find_bands(&r);
	for (uint32_t i = 0; i < nedges; i++) {
		const struct track *track = &t->edges[i];
		struct layout_edge *e = &l->edges[i];

		if (track->top == TRACKS_NONE)
			continue;
		find_gates(&r, track);
		if (e->points == NULL)
			e->points = arena_alloc(&t->arena, r.most * sizeof *e->points);
		if (e->points == NULL)
			goto done;
		pull_tight(&r);
		settle(&r, track);
		write_way(&r, track, e);
	}
	rc = 0;
done:
	arena_release(&arena);
	return rc < 0 ? error_nomem(err) : 0;
}
