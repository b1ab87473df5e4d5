/* Functions that call each other in a circle cannot all stand above those that they call:
 * the call that comes back to where the program has been leads upwards. */
#include "base/arena.h"
#include "base/error.h"
#include "graph/layout.h"

enum state { NEW, ON_THE_WAY, DONE };

struct turner {
	const struct graph *g;
	const uint32_t *edges; /* by caller */
	uint32_t *first, *next; /* per node, of its edges in that order; one more at the end */
	uint32_t *stack;
	uint8_t *state;
	bool *turned;
};

/* edges[] is sorted by a number that callers have, which makes each one's a row of them. */
static void find_rows(struct turner *t)
{
	for (uint32_t i = 0; i < t->g->nnodes; i++)
		t->first[i] = t->next[i] = 0;
	for (uint32_t k = 0; k < t->g->nedges; k++) {
		uint32_t caller = t->g->edges[t->edges[k]].caller;

		if (k == 0 || t->g->edges[t->edges[k - 1]].caller != caller)
			t->first[caller] = t->next[caller] = k;
		t->next[caller]++;
	}
}

static void follow(struct turner *t, uint32_t node)
{
	uint32_t depth = 0;

	t->stack[depth++] = node;
	t->state[node] = ON_THE_WAY;
	while (depth != 0) {
		uint32_t at = t->stack[depth - 1], edge, callee;

		if (t->first[at] == t->next[at]) {
			t->state[at] = DONE;
			depth--;
			continue;
		}
		edge = t->edges[t->first[at]++];
		callee = t->g->edges[edge].callee;
		t->turned[edge] = t->state[callee] == ON_THE_WAY;
		if (t->state[callee] == NEW) {
			t->state[callee] = ON_THE_WAY;
			t->stack[depth++] = callee;
		}
	}
}

int layout_turn(bool *turned, const struct graph *g, const uint32_t *nodes,
		const uint32_t *edges)
{
	struct arena arena = ARENA_INIT;
	struct turner t = { .g = g, .edges = edges, .turned = turned };
	int rc = -1;

	t.first = arena_alloc(&arena, g->nnodes * sizeof *t.first);
	t.next = arena_alloc(&arena, g->nnodes * sizeof *t.next);
	t.stack = arena_alloc(&arena, g->nnodes * sizeof *t.stack);
	t.state = arena_zalloc(&arena, g->nnodes);
	if (t.first && t.next && t.stack && t.state) {
		find_rows(&t);
		for (uint32_t k = 0; k < g->nnodes; k++)
			if (t.state[nodes[k]] == NEW)
				follow(&t, nodes[k]);
		rc = 0;
	}
	arena_release(&arena);
	return rc;
}
