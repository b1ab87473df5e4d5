/* graph.h -- which functions and arcs a picture shows, and where. Numbers only:
 * nothing here draws.
 *
 *     profile --graph_build--> struct graph --graph_layout--> struct layout
 *
 * A graph is what gprof2dot would show at its defaults: functions with at least
 * 0.5 % of the total, arcs with at least 0.1 % between two of them, the total
 * being the greater of the sum of self and the largest cum. Of these the
 * heaviest `max_nodes` stay. What is left out is counted.
 *
 * Where an arc leads through functions that are left out, and no arc that is
 * shown says so, a `skips` edge stands for it, known from the call tree alone:
 *
 *     A -> (hidden) -> B        A ··> B
 *
 * What ran beside the request (a strand, see profile.h) stands apart, below a box
 * that nobody calls: a function that ran here and there is in two boxes. The total
 * is the request's own, of which they may be more than 100 %.
 *
 * The graph of a difference, in which a function is one box wherever it ran, holds the functions and arcs of both profiles;
 * `before` is then the older one's cost, shares are the greater of the two, and
 * the metric is that of the newer profile, the older's being of the same name.
 *
 * Not thread-safe: see graph_layout.
 */
#ifndef CPROF_GRAPH_GRAPH_H
#define CPROF_GRAPH_GRAPH_H

#include "base/arena.h"
#include "profile/origin.h"
#include "profile/profile.h"

struct graph_options {
	double min_node;    /* per cent of the total below which a function is left out */
	double min_edge;    /* the same for an arc */
	unsigned max_nodes; /* at most so many of the heaviest; 0: no limit */
	unsigned metric;
	/* Patterns (fnmatch) of a name: only what is called from such a function,
	 * directly or not; only what calls one; NULL: all. */
	const char *root, *leaf;
	bool collapse;   /* each library is one function, see graph/collapse.c */
	bool weightless; /* thresholds of 0 keep what has no cost at all */
	/* What a layout may cost, in milliseconds of a usual machine: functions and
	 * arcs past that are left out, the lightest first, and arcs where they are
	 * too many to be told apart. 0: no bound. */
	unsigned budget_ms;
};

/* What gprof2dot shows by default, and no more than a page holds. */
#define GRAPH_OPTIONS_INIT { .min_node = 0.5, .min_edge = 0.1, .max_nodes = 80 }

/* The name of the functions that stand for a whole library. */
#define GRAPH_PACKAGE "<package>"

bool function_is_package(const struct function *f);

enum graph_change { CHANGE_NONE, CHANGE_NEW, CHANGE_GONE };

struct graph_cost {
	int64_t self, cum;
	uint64_t ncalls, nprimitive; /* 0 in a sampled profile */
};

struct graph_node {
	const char *name;  /* "Flask.full_dispatch_request"; UTF-8, printable, never long */
	const char *place; /* "flask.app:904" */
	enum origin origin;
	enum graph_change change;
	struct graph_cost cost, before;
	double share, self_share; /* cum and self, of the total */
	bool hot;
	const struct function *function; /* the profile's; the older one's when gone */
	uint32_t id; /* gprof2dot's number of it, in a graph of gprof2dot.h */
};

struct graph_edge {
	uint32_t caller, callee; /* indices into nodes; equal for direct recursion */
	enum graph_change change;
	struct graph_cost cost, before;
	double share;
	bool hot;
	bool skips; /* functions between the two were left out */
};

struct graph {
	struct arena arena;
	struct graph_node *nodes; /* heaviest first */
	uint32_t nnodes;
	struct graph_edge *edges;
	uint32_t nedges;
	int64_t total, total_before; /* what is 100 % */
	uint32_t nfunctions, narcs;  /* measured, of which nnodes, nedges are shown */
	uint32_t nlight; /* functions below min_node */
	uint32_t ncut;   /* functions past max_nodes */
	uint32_t nslow;  /* functions past what the budget is enough for ... */
	uint32_t ndense; /* ... and arcs, or past what can be told apart */
	bool is_diff;
	bool sampled;    /* no counts of calls */
	const char *metric, *unit; /* "wall", "nanoseconds" */
	struct profile *made; /* what the nodes' functions are of, where not of the caller's */
};

/* Fills *out, which keeps pointers into the profiles; graph_release. A profile
 * without functions, or without any cost, makes a graph without nodes. */
int graph_build(struct graph *out, const struct profile *p, const struct graph_options *options,
		struct error *err);
int graph_build_diff(struct graph *out, const struct profile *before,
		     const struct profile *after, const struct graph_options *options,
		     struct error *err);
void graph_release(struct graph *g);

/* Part of a total, 0 of none. */
static inline double graph_share(int64_t part, int64_t total)
{
	return total > 0 ? (double)part / (double)total : 0.0;
}

struct point { double x, y; };

/* The point at t (0 to 1) of a cubic Bezier piece. */
struct point bezier_at(const struct point p[4], double t);

/* x, y: the left upper corner; y grows downwards. */
struct box { double x, y, w, h; };

/* Sizes in pixels, asked for before the layout. */
struct layout_sizes {
	void (*node)(void *arg, uint32_t node, double *w, double *h);
	void (*label)(void *arg, uint32_t edge, double *w, double *h);
	void *arg;
	bool wide; /* a rank of a hundred boxes stays one, as dot has it */
};

struct layout_edge {
	/* Cubic Bezier pieces from caller to callee: 1 + 3 * pieces points. The
	 * last one is where the arrow head begins. None for direct recursion,
	 * which is a matter of its box. */
	struct point *points;
	size_t npoints;
	struct point tip; /* of the arrow head */
	struct box label;
};

struct layout {
	struct arena arena;
	struct box *nodes;         /* nnodes of the graph */
	struct layout_edge *edges; /* nedges */
	double width, height;      /* everything lies within */
};

/* Places boxes by libgraphviz' dot, in process, the edges between them and their labels
 * beside them. The same graph gives the same numbers. libgvc keeps global
 * state: one call at a time in a process. It is silent, but without memory
 * libgraphviz itself aborts. */
int graph_layout(struct layout *out, const struct graph *g, const struct layout_sizes *sizes,
		 struct error *err);
void layout_release(struct layout *l);

#endif
