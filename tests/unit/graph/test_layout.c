/* Layout as numbers: what lies where, whatever it may look like. */
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing.h"
#include "graph/layout.h"
#include "leaks.h"
#include "sample.h"
#include "unit.h"

static bool same_sizes;
static double label_height = 13;

/* Boxes of several widths, one of them higher; labels as long as real ones. */
static void node_size(void *arg, uint32_t node, double *w, double *h)
{
	(void)arg;
	*w = same_sizes ? 128 : 110 + node * 37 % 110;
	*h = same_sizes ? 71 : node % 9 == 4 ? 84 : 71;
}

static void label_size(void *arg, uint32_t edge, double *w, double *h)
{
	(void)arg;
	*w = 52 + edge * 13 % 40;
	*h = label_height;
}

static const struct layout_sizes sizes = { node_size, label_size, NULL, false };

struct laid {
	struct profile *p;
	struct graph g;
	struct layout l;
};

static struct laid lay(struct profile *p)
{
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct error err = ERROR_INIT;
	struct laid t = { .p = p };

	ck_assert_msg(graph_build(&t.g, p, &options, &err) == 0, "%s", err.text);
	ck_assert_msg(graph_layout(&t.l, &t.g, &sizes, &err) == 0, "%s", err.text);
	return t;
}

static void laid_release(struct laid *t)
{
	layout_release(&t->l);
	graph_release(&t->g);
	profile_free(t->p);
}

static uint32_t own(struct profile *p, unsigned i)
{
	char name[16];

	snprintf(name, sizeof name, "f%u", i);
	return sample_function(p, "/srv/app.py", i, name, NULL);
}

/* One function that calls n others. */
static struct profile *star(unsigned n)
{
	struct profile *p = sample_new();
	uint32_t top = sample_calls(p, 0, own(p, 0), 1, 100);

	for (unsigned i = 1; i <= n; i++)
		sample_calls(p, top, own(p, i), 1, 100 + i);
	return p;
}

static struct profile *chain(unsigned n)
{
	struct profile *p = sample_new();
	uint32_t at = 0;

	for (unsigned i = 0; i < n; i++)
		at = sample_calls(p, at, own(p, i), 1, 10);
	return p;
}

/* Each calls itself, the next, and the first again: loops of every length. */
static struct profile *knot(unsigned n)
{
	struct profile *p = sample_new();
	uint32_t at = 0;

	for (unsigned turn = 0; turn < 3; turn++)
		for (unsigned i = 0; i < n; i++) {
			at = sample_calls(p, at, own(p, i), 1, 10);
			at = sample_calls(p, at, own(p, i), 1, 5);
		}
	return p;
}

static double overlap(const struct box *a, const struct box *b)
{
	double w = fmin(a->x + a->w, b->x + b->w) - fmax(a->x, b->x);
	double h = fmin(a->y + a->h, b->y + b->h) - fmax(a->y, b->y);

	return w > 0 && h > 0 ? w * h : 0;
}

static void check_boxes(const struct laid *t)
{
	for (uint32_t i = 0; i < t->g.nnodes; i++) {
		const struct box *b = &t->l.nodes[i];
		double w, h;

		node_size(NULL, i, &w, &h);
		ck_assert_double_eq(b->w, w);
		ck_assert_double_eq(b->h, h);
		ck_assert(b->x >= -0.01 && b->x + b->w <= t->l.width + 0.01);
		ck_assert(b->y >= -0.01 && b->y + b->h <= t->l.height + 0.01);
		for (uint32_t k = 0; k < i; k++)
			ck_assert_msg(overlap(b, &t->l.nodes[k]) == 0, "boxes %u and %u overlap",
				      k, i);
	}
}

static double distance(struct point p, const struct box *b)
{
	double x = fmax(fmax(b->x - p.x, p.x - b->x - b->w), 0);
	double y = fmax(fmax(b->y - p.y, p.y - b->y - b->h), 0);

	return hypot(x, y);
}

/* Every edge leaves its caller's box and its head touches its callee's. */
static void check_ends(const struct laid *t)
{
	for (uint32_t i = 0; i < t->g.nedges; i++) {
		const struct graph_edge *e = &t->g.edges[i];
		const struct layout_edge *at = &t->l.edges[i];
		struct point end;

		if (e->caller == e->callee) {
			ck_assert_uint_eq(at->npoints, 0);
			continue;
		}
		ck_assert_uint_ge(at->npoints, 4);
		ck_assert_uint_eq(at->npoints % 3, 1);
		end = at->points[at->npoints - 1];
		ck_assert_double_le(distance(at->points[0], &t->l.nodes[e->caller]), 2);
		ck_assert_double_le(distance(at->tip, &t->l.nodes[e->callee]), 2);
		/* 6 to 12 px long, and the ranks' moves leave it so. */
		ck_assert_double_ge(hypot(at->tip.x - end.x, at->tip.y - end.y), 4);
		ck_assert_double_le(hypot(at->tip.x - end.x, at->tip.y - end.y), 16);
	}
}

/* No edge leads through a box, not even those it joins, or turns back on its way. */
static void check_ways(const struct laid *t)
{
	enum { STEPS = 20 };

	for (uint32_t i = 0; i < t->g.nedges; i++) {
		const struct layout_edge *e = &t->l.edges[i];
		bool up = e->npoints != 0 && e->tip.y < e->points[0].y;
		double last = up ? INFINITY : -INFINITY;

		for (size_t k = 0; k + 3 < e->npoints; k += 3)
			for (int s = 0; s <= STEPS; s++) {
				struct point p = bezier_at(&e->points[k], (double)s / STEPS);

				ck_assert_msg(up ? p.y <= last : p.y >= last, "edge %u turns", i);
				last = p.y;
				for (uint32_t n = 0; n < t->g.nnodes; n++) {
					const struct box *b = &t->l.nodes[n];

					ck_assert_msg(p.x < b->x || p.x > b->x + b->w ||
						      p.y < b->y + 0.01 ||
						      p.y > b->y + b->h - 0.01,
						      "edge %u leads through box %u", i, n);
				}
			}
	}
}

/* Labels may touch; few may hide a good part of each other, or of a box. */
static void check_labels(const struct laid *t, double bad_part)
{
	unsigned bad = 0, n = 0;

	for (uint32_t i = 0; i < t->g.nedges; i++) {
		const struct box *b = &t->l.edges[i].label;
		double hidden = 0, area = b->w * b->h;

		if (t->l.edges[i].npoints == 0)
			continue;
		n++;
		ck_assert(b->x >= -0.01 && b->x + b->w <= t->l.width + 0.01);
		for (uint32_t k = 0; k < t->g.nnodes; k++)
			hidden += overlap(b, &t->l.nodes[k]);
		for (uint32_t k = 0; k < t->g.nedges; k++)
			if (k != i && t->l.edges[k].npoints != 0)
				hidden += overlap(b, &t->l.edges[k].label);
		bad += hidden > area / 4;
	}
	ck_assert_msg(bad <= bad_part * n, "%u of %u labels collide", bad, n);
}

static void check_all(struct profile *p, double bad_part)
{
	struct laid t = lay(p);

	check_boxes(&t);
	check_ends(&t);
	check_ways(&t);
	check_labels(&t, bad_part);
	laid_release(&t);
}

START_TEST(test_layout__nothing_overlaps)
{
	check_all(chain(1), 0);
	check_all(chain(40), 0);
	check_all(star(6), 0);
	check_all(knot(5), 0);
	check_all(sample_random(1, 30, 60), 0);
	check_all(sample_random(2, 60, 150), 0.02);
	check_all(sample_random(3, 200, 900), 0.05);
}
END_TEST

/* Eighty boxes of 165 px in one rank would be 14,000 px. */
START_TEST(test_layout__a_wide_rank_becomes_several)
{
	struct laid t = lay(star(120));

	check_boxes(&t);
	check_ends(&t);
	check_ways(&t);
	ck_assert_uint_eq(t.g.nnodes, 80);
	ck_assert_double_le(t.l.width, 4500);
	ck_assert_double_le(t.l.width, 6 * t.l.height);
	laid_release(&t);
}
END_TEST

/* The gap between two boxes that lie 36 px apart, the lower one `away` px to the
 * side, once it fits the edge between them. */
static double gap_for(double away)
{
	struct box boxes[] = { { 0, 0, 100, 70 }, { away, 106, 100, 70 } };
	struct point points[] = { { 50, 70 }, { 50 + away / 3, 80 }, { 50 + away * 2 / 3, 90 },
				  { 50 + away, 96 } };
	struct layout_edge edge = { .points = points, .npoints = 4, .tip = { 50 + away, 106 } };
	struct graph g = { .nnodes = 2, .nedges = 1 };
	struct layout l = { .nodes = boxes, .edges = &edge };
	struct error err = ERROR_INIT;

	ck_assert_int_eq(layout_spread(&l, &g, &err), 0);
	/* The head moves with the box it points at. */
	ck_assert_double_eq_tol(edge.tip.y, boxes[1].y, 1e-9);
	ck_assert_double_eq_tol(edge.tip.y - points[3].y, 10, 1e-9);
	ck_assert_double_eq_tol(points[0].y, 70, 1e-9);
	ck_assert_double_eq_tol(boxes[0].y, 0, 1e-9);
	return boxes[1].y - 70;
}

/* Straight down needs height for a label and an arrow head, 27; far to the side
 * more, 0.07 per px, up to 100. */
START_TEST(test_layout__gaps_fit_their_edges)
{
	ck_assert_double_eq_tol(gap_for(0), 27, 1e-6);
	ck_assert_double_eq_tol(gap_for(500), 27 + 35, 1);
	ck_assert_double_eq_tol(gap_for(5000), 100, 1e-6);
}
END_TEST

/* Of one or two lines, a label stands beside a line that is hardly longer than it is high:
 * behind it there would be nothing left of line and head. */
START_TEST(test_layout__short_lines_are_seen)
{
	for (label_height = 13; label_height <= 26; label_height += 13) {
		struct laid t = lay(chain(20));

		for (uint32_t i = 0; i < t.g.nedges; i++) {
			const struct layout_edge *e = &t.l.edges[i];
			const struct box line = { e->tip.x - 3, e->points[0].y, 6,
						  e->tip.y - e->points[0].y };

			ck_assert_double_eq_tol(e->points[0].x, e->tip.x, 1);
			ck_assert_double_eq(overlap(&line, &e->label), 0);
		}
		laid_release(&t);
	}
	label_height = 13;
}
END_TEST

START_TEST(test_layout__same_numbers_each_time)
{
	struct laid t = lay(sample_random(2, 60, 150)), s = lay(sample_random(2, 60, 150));

	ck_assert_uint_eq(t.g.nedges, s.g.nedges);
	ck_assert_mem_eq(t.l.nodes, s.l.nodes, t.g.nnodes * sizeof *t.l.nodes);
	for (uint32_t i = 0; i < t.g.nedges; i++) {
		ck_assert_uint_eq(t.l.edges[i].npoints, s.l.edges[i].npoints);
		for (size_t k = 0; k < t.l.edges[i].npoints; k++)
			ck_assert_mem_eq(&t.l.edges[i].points[k], &s.l.edges[i].points[k],
					 sizeof(struct point));
		ck_assert_mem_eq(&t.l.edges[i].label, &s.l.edges[i].label, sizeof(struct box));
	}
	laid_release(&t);
	laid_release(&s);
}
END_TEST

/* The next request of the route: each cost a little more or less, so that the nodes come
 * in another order. */
START_TEST(test_layout__the_same_route_has_the_same_places)
{
	struct profile *p = star(30), *q = star(30);
	uint64_t state = 5;
	struct laid a, b;
	unsigned moved = 0;

	for (uint32_t i = 1; i < q->nnodes; i++)
		sample_calls(q, q->nodes[i].parent, q->nodes[i].function, 0,
			     sample_next(&state) % 20);
	same_sizes = true;
	a = lay(p);
	b = lay(q);
	same_sizes = false;
	ck_assert_uint_eq(a.g.nnodes, b.g.nnodes);
	for (uint32_t i = 0; i < a.g.nnodes; i++) {
		uint32_t k = 0;

		moved += strcmp(a.g.nodes[i].name, b.g.nodes[i].name) != 0;
		while (strcmp(a.g.nodes[i].name, b.g.nodes[k].name) != 0)
			k++;
		ck_assert_double_eq_tol(a.l.nodes[i].x, b.l.nodes[k].x, 1);
		ck_assert_double_eq_tol(a.l.nodes[i].y, b.l.nodes[k].y, 1);
	}
	ck_assert_uint_gt(moved, 0);
	laid_release(&a);
	laid_release(&b);
}
END_TEST

/* Nothing calls any of them: no edge could be longer, and they stand in rows all the
 * same. */
START_TEST(test_layout__what_nothing_calls_stands_in_rows)
{
	struct profile *p = sample_new();
	struct laid t;

	for (unsigned i = 0; i < 70; i++)
		sample_calls(p, 0, own(p, i), 1, 100 + i);
	t = lay(p);
	ck_assert_double_lt(t.l.width, 4 * t.l.height);
	check_boxes(&t);
	laid_release(&t);
}
END_TEST

START_TEST(test_layout__empty_graph)
{
	struct laid t = lay(profile_new());

	ck_assert_double_eq(t.l.width, 0);
	ck_assert_double_eq(t.l.height, 0);
	laid_release(&t);
}
END_TEST

/* A library that writes to a terminal behind one's back is none. */
START_TEST(test_layout__prints_nothing)
{
	char path[] = "/tmp/cprof-layout-XXXXXX";
	int file = mkstemp(path), out = dup(1), err = dup(2);
	struct stat st;

	ck_assert_int_ge(file, 0);
	dup2(file, 1);
	dup2(file, 2);
	check_all(knot(5), 1);
	check_all(sample_random(3, 200, 900), 1);
	dup2(out, 1);
	dup2(err, 2);
	ck_assert_int_eq(fstat(file, &st), 0);
	ck_assert_int_eq(st.st_size, 0);
	unlink(path);
	close(file);
	close(out);
	close(err);
}
END_TEST

static int run(void *arg, struct error *err)
{
	const struct graph *g = arg;
	struct layout l;

	if (graph_layout(&l, g, &sizes, err) < 0)
		return -1;
	layout_release(&l);
	return 0;
}

START_TEST(test_layout__out_of_memory)
{
	struct laid t = lay(sample_random(1, 12, 20));

	ck_assert_uint_gt(fail_each_allocation(run, &t.g), 5);
	laid_release(&t);
}
END_TEST

UNIT_MAIN("graph/layout", test_layout__nothing_overlaps,
	  test_layout__a_wide_rank_becomes_several, test_layout__gaps_fit_their_edges,
	  test_layout__short_lines_are_seen, test_layout__same_numbers_each_time,
	  test_layout__the_same_route_has_the_same_places,
	  test_layout__what_nothing_calls_stands_in_rows, test_layout__empty_graph,
	  test_layout__prints_nothing, test_layout__out_of_memory)
