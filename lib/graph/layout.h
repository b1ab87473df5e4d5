/* layout.h -- the steps of graph_layout. Inside graph/ alone. */
#ifndef CPROF_GRAPH_LAYOUT_H
#define CPROF_GRAPH_LAYOUT_H

#include "graph/graph.h"

/* Gives every edge's label, whose size is set, a place on or beside its edge:
 * off the boxes, off other labels, off other edges where that can be had. */
int layout_place_labels(struct layout *l, const struct graph *g, struct error *err);

enum { TRACKS_NONE = UINT32_MAX };

/* What dot put at one place of a rank: a node, or an edge on its way through. */
struct spot {
	double x;          /* the middle of what passes, as boxes' x */
	uint32_t node;     /* TRACKS_NONE: an edge passes */
	uint32_t up, down; /* of an edge: where it comes from and goes to, in the ranks above
			    * and below; TRACKS_NONE where it is one that nobody sees */
};

/* An edge's way from the upper of its nodes to the lower one. */
struct track {
	uint32_t rank;        /* of the upper one */
	uint32_t top, bottom; /* their spots; TRACKS_NONE: the edge is not laid out */
	uint32_t first;       /* the spot below top's */
	int aside;            /* -1 or 1: another edge goes the same way, the other way round */
	double head;          /* px of the arrow's head */
	bool upwards;
};

/* Ranks are numbered from the top, their spots from the left. */
struct tracks {
	struct arena arena;
	struct spot *spots;
	uint32_t *ranks; /* each one's first spot, and one more at the end */
	uint32_t nranks;
	struct track *edges; /* as many as the graph's */
};

/* Finds each edge's way between the boxes as they lie: its points are corners of a line
 * that goes straight from one to the next, until layout_bend. Heavy edges choose first;
 * moves the spots of edges to where they go. Points are the tracks'. */
int layout_route(struct layout *l, struct tracks *t, uint32_t nedges, struct error *err);

/* Makes curves of such lines, which bend at their corners and end in the same places; at
 * no y do they go further to the side. */
int layout_bend(struct layout *l, uint32_t nedges, struct error *err);

/* Moves the ranks apart or together, each gap as wide as the edges in it need:
 * long way to the side, more height. The edges' points are corners. */
int layout_spread(struct layout *l, const struct graph *g, struct error *err);

/* The order in which dot is told of nodes and edges, on which its choices hang: from what
 * nothing calls downwards, by names. So the next profile of a route has its boxes in the
 * same places, unless other functions are shown. -1 without memory. */
int layout_order(const struct graph *g, uint32_t *nodes, uint32_t *edges);

/* Which edges lead upwards, so that all others can lead down: turned[] is per edge. nodes
 * and edges are in layout_order's order. -1 without memory. */
int layout_turn(bool *turned, const struct graph *g, const uint32_t *nodes,
		const uint32_t *edges);

/* A node and one that stands at least so many ranks below it. */
struct link {
	uint32_t upper, lower, least;
	uint32_t weight; /* how much shortness matters */
};

/* Finds each node's rank, so that links are short; each part of the graph that hangs
 * together begins in rank 0. Links must not go round in circles. -1 without memory. */
int layout_rank(int32_t *rank, uint32_t nnodes, const struct link *links, uint32_t nlinks);

/* A node's rank, and where about it will stand in it, from the left. */
struct rank_place { int32_t rank; uint32_t order; };

/* What is wanted of a node beyond its edges. */
struct stagger {
	uint32_t down;  /* so many ranks lower */
	uint32_t below; /* a node that it should be below of, or PROFILE_NONE */
};

/* Adds to wanted[] (per node) what makes several of ranks that are much wider than the
 * picture is high; whether there is any. */
int layout_stagger(const struct layout *l, const struct graph *g, const struct rank_place *at,
		   struct stagger *wanted, bool *any, struct error *err);

#endif
