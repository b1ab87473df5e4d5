/* Depth first. Where functions call each other in a circle, dot turns round the edge by
 * which it comes back to where it has been: so it must begin where the program did. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "graph/layout.h"

struct named {
	const char *name, *place;
	uint32_t node;
};

static int by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	if (c == 0)
		c = strcmp(x->place, y->place);
	return c != 0 ? c : x->node < y->node ? -1 : 1;
}

static int by_key(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

struct walk {
	const struct graph *g;
	uint32_t *byname, *rank; /* the k-th node by name, and the other way round */
	uint64_t *pairs;         /* edges: callers' and callees' ranks, sorted */
	uint32_t *first;         /* per rank, of its pairs; one more at the end */
	uint32_t *stack, *next;  /* of ranks on the way down; per rank the pair that is next */
	bool *seen, *called;     /* per rank */
	uint32_t *out, nout;
};

static void follow(struct walk *w, uint32_t rank)
{
	uint32_t depth = 0;

	if (w->seen[rank])
		return;
	w->seen[rank] = true;
	w->out[w->nout++] = w->byname[rank];
	w->stack[depth++] = rank;
	while (depth != 0) {
		uint32_t at = w->stack[depth - 1], callee;

		if (w->next[at] == w->first[at + 1]) {
			depth--;
			continue;
		}
		callee = (uint32_t)w->pairs[w->next[at]++];
		if (w->seen[callee])
			continue;
		w->seen[callee] = true;
		w->out[w->nout++] = w->byname[callee];
		w->stack[depth++] = callee;
	}
}

/* How often a share must be doubled to be all: a little more or less is the same. */
static int step_of(double share)
{
	int exponent;

	frexp(share * 0.8408964152537145, &exponent); /* a quarter of a step less */
	return share > 0 ? -exponent : 100;
}

/* What nothing calls, heaviest first; then what is only called in circles. */
static void walk_all(struct walk *w)
{
	uint32_t n = w->g->nnodes;

	for (int step = -1; step <= 100; step++)
		for (uint32_t k = 0; k < n; k++)
			if (!w->called[k] && !w->seen[k] &&
			    step_of(w->g->nodes[w->byname[k]].share) <= step)
				follow(w, k);
	for (uint32_t i = 0; i < n; i++)
		follow(w, w->rank[i]);
}

static int walk_init(struct walk *w, const struct graph *g, struct arena *arena)
{
	w->g = g;
	w->byname = arena_alloc(arena, g->nnodes * sizeof *w->byname);
	w->rank = arena_alloc(arena, g->nnodes * sizeof *w->rank);
	w->pairs = arena_alloc(arena, g->nedges * sizeof *w->pairs);
	w->first = arena_zalloc(arena, ((size_t)g->nnodes + 1) * sizeof *w->first);
	w->stack = arena_alloc(arena, g->nnodes * sizeof *w->stack);
	w->next = arena_alloc(arena, g->nnodes * sizeof *w->next);
	w->seen = arena_zalloc(arena, g->nnodes * sizeof *w->seen);
	w->called = arena_zalloc(arena, g->nnodes * sizeof *w->called);
	return w->byname && w->rank && w->pairs && w->first && w->stack && w->next && w->seen &&
	       w->called ? 0 : -1;
}

static int sort_names(struct walk *w, struct arena *arena)
{
	uint32_t n = w->g->nnodes;
	struct named *nodes = arena_alloc(arena, n * sizeof *nodes);

	if (nodes == NULL)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		nodes[i] = (struct named){ w->g->nodes[i].name, w->g->nodes[i].place, i };
	if (n != 0)
		qsort(nodes, n, sizeof *nodes, by_name);
	for (uint32_t k = 0; k < n; k++) {
		w->byname[k] = nodes[k].node;
		w->rank[nodes[k].node] = k;
	}
	return 0;
}

static int sort_edges(struct walk *w, uint32_t *edges)
{
	const struct graph *g = w->g;
	struct map index = MAP_INIT;
	int rc = -1;

	for (uint32_t i = 0; i < g->nedges; i++) {
		const struct graph_edge *e = &g->edges[i];
		uint32_t caller = w->rank[e->caller], callee = w->rank[e->callee];

		w->pairs[i] = map_pair(caller, callee);
		if (map_add(&index, w->pairs[i], i) < 0)
			goto done;
		w->first[caller + 1]++;
		if (caller != callee)
			w->called[callee] = true;
	}
	if (g->nedges != 0)
		qsort(w->pairs, g->nedges, sizeof *w->pairs, by_key);
	for (uint32_t k = 0; k < g->nedges; k++)
		edges[k] = map_get(&index, w->pairs[k]);
	for (uint32_t k = 0; k < g->nnodes; k++) {
		w->first[k + 1] += w->first[k];
		w->next[k] = w->first[k];
	}
	rc = 0;
done:
	map_release(&index);
	return rc;
}

int layout_order(const struct graph *g, uint32_t *nodes, uint32_t *edges)
{
	struct arena arena = ARENA_INIT;
	struct walk w = { .out = nodes };
	int rc = -1;

	if (walk_init(&w, g, &arena) == 0 && sort_names(&w, &arena) == 0 &&
	    sort_edges(&w, edges) == 0) {
		walk_all(&w);
		rc = 0;
	}
	arena_release(&arena);
	return rc;
}
