/* Which rank each node stands in, so that all links are short: the network simplex of
 * Gansner, Koutsofios, North and Vo ("A technique for drawing directed graphs", 1993).
 *
 * A tree of links that are as short as they may be holds all nodes in their ranks. What
 * the whole of the links would gain if one of the tree's were longer is the sum of what
 * the nodes on one of its sides have more coming in than going out: the links among
 * themselves cancel out. As long as there is a gain, the link leaves the tree, the side
 * moves until another is as short as it may be, and that one joins. */
#include <string.h>

#include "base/arena.h"
#include "graph/layout.h"

enum { NONE = UINT32_MAX, TURNS_PER_NODE = 4 };

struct simplex {
	const struct link *links;
	uint32_t nlinks, nnodes;
	int32_t *rank;
	int64_t *net, *gain;      /* weight in less weight out: a node's, its subtree's */
	uint32_t *parent, *joint; /* in the tree: up to the root, and by which link */
	uint32_t *part;           /* which of the graph's parts; NONE: not in the tree */
	uint32_t *child, *next;   /* the tree downwards */
	uint32_t *order, *place, *size; /* parents first; where in it; with all below */
};

static int32_t slack(const struct simplex *s, uint32_t link)
{
	const struct link *l = &s->links[link];

	return s->rank[l->lower] - s->rank[l->upper] - (int32_t)l->least;
}

static int simplex_init(struct simplex *s, struct arena *arena)
{
	uint32_t n = s->nnodes;
	uint32_t **fields[] = { &s->parent, &s->joint, &s->part, &s->child, &s->next,
				&s->order, &s->place, &s->size };

	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		*fields[i] = arena_alloc(arena, n * sizeof **fields[i]);
		if (*fields[i] == NULL)
			return -1;
		memset(*fields[i], 0xff, n * sizeof **fields[i]);
	}
	s->net = arena_zalloc(arena, n * sizeof *s->net);
	s->gain = arena_zalloc(arena, n * sizeof *s->gain);
	if (s->net == NULL || s->gain == NULL)
		return -1;
	for (uint32_t i = 0; i < s->nlinks; i++) {
		s->net[s->links[i].lower] += s->links[i].weight;
		s->net[s->links[i].upper] -= s->links[i].weight;
	}
	return 0;
}

/* Each as high as those above it let it: a pass for each rank, as links come in no order. */
static void start_high(struct simplex *s)
{
	bool moved = true;

	memset(s->rank, 0, s->nnodes * sizeof *s->rank);
	for (uint32_t turn = 0; moved && turn <= s->nnodes; turn++) {
		moved = false;
		for (uint32_t i = 0; i < s->nlinks; i++)
			if (slack(s, i) < 0) {
				s->rank[s->links[i].lower] -= slack(s, i);
				moved = true;
			}
	}
}

/* Adds all that hangs on the tree by tight links; the loosest of the others that would
 * bring in one more, or NONE. */
static uint32_t grow(struct simplex *s, uint32_t part)
{
	uint32_t best = NONE;
	bool grown = true;

	while (grown) {
		grown = false;
		best = NONE;
		for (uint32_t i = 0; i < s->nlinks; i++) {
			const struct link *l = &s->links[i];
			bool upper = s->part[l->upper] == part, lower = s->part[l->lower] == part;

			if (upper == lower)
				continue;
			if (slack(s, i) != 0) {
				if (best == NONE || slack(s, i) < slack(s, best))
					best = i;
				continue;
			}
			s->part[upper ? l->lower : l->upper] = part;
			s->parent[upper ? l->lower : l->upper] = upper ? l->upper : l->lower;
			s->joint[upper ? l->lower : l->upper] = i;
			grown = true;
		}
	}
	return best;
}

static void move_part(struct simplex *s, uint32_t part, int32_t by)
{
	for (uint32_t i = 0; i < s->nnodes; i++)
		if (s->part[i] == part)
			s->rank[i] += by;
}

/* A tree for each part of the graph that hangs together. */
static void make_trees(struct simplex *s)
{
	for (uint32_t root = 0; root < s->nnodes; root++) {
		uint32_t link;

		if (s->part[root] != NONE)
			continue;
		s->part[root] = root;
		while ((link = grow(s, root)) != NONE) {
			bool upper = s->part[s->links[link].upper] == root;

			move_part(s, root, upper ? slack(s, link) : -slack(s, link));
		}
	}
}

/* Puts the trees into an order, parents first, and adds up from the leaves. */
static void add_up(struct simplex *s)
{
	uint32_t n = s->nnodes, depth = 0, k = 0;
	uint32_t *stack = s->place; /* not filled yet where it is used */

	memset(s->child, 0xff, n * sizeof *s->child);
	for (uint32_t i = n; i-- > 0;)
		if (s->parent[i] != NONE) {
			s->next[i] = s->child[s->parent[i]];
			s->child[s->parent[i]] = i;
		}
	for (uint32_t root = 0; root < n; root++) {
		if (s->parent[root] != NONE)
			continue;
		stack[depth++] = root;
		while (depth != 0) {
			uint32_t at = stack[--depth];

			s->order[k++] = at;
			for (uint32_t c = s->child[at]; c != NONE; c = s->next[c])
				stack[depth++] = c;
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		s->place[s->order[i]] = i;
		s->size[i] = 1;
		s->gain[i] = s->net[i];
	}
	for (uint32_t i = n; i-- > 0;) {
		uint32_t at = s->order[i], parent = s->parent[at];

		if (parent == NONE)
			continue;
		s->size[parent] += s->size[at];
		s->gain[parent] += s->gain[at];
	}
}

/* Whether the node hangs below its link, or stands on it. */
static bool hangs(const struct simplex *s, uint32_t node)
{
	return s->links[s->joint[node]].lower == node;
}

/* The node whose link up the tree would gain most by being longer, or NONE. */
static uint32_t find_leaving(const struct simplex *s)
{
	uint32_t best = NONE;
	int64_t least = 0;

	for (uint32_t i = 0; i < s->nnodes; i++) {
		int64_t cut;

		if (s->parent[i] == NONE)
			continue;
		cut = hangs(s, i) ? s->gain[i] : -s->gain[i];
		if (cut < least) {
			least = cut;
			best = i;
		}
	}
	return best;
}

static bool is_below(const struct simplex *s, uint32_t node, uint32_t top)
{
	return s->place[node] - s->place[top] < s->size[top];
}

/* The first link that stops the node's side when it moves away. */
static uint32_t find_entering(const struct simplex *s, uint32_t top)
{
	bool down = hangs(s, top);
	uint32_t best = NONE;

	for (uint32_t i = 0; i < s->nlinks; i++) {
		bool upper = is_below(s, s->links[i].upper, top);
		bool lower = is_below(s, s->links[i].lower, top);

		if (upper == down && lower != down &&
		    (best == NONE || slack(s, i) < slack(s, best)))
			best = i;
	}
	return best;
}

/* Moves the side, and hangs it up by the link that stopped it: the way from there to its
 * old top is turned round. */
static void exchange(struct simplex *s, uint32_t top, uint32_t link)
{
	const struct link *l = &s->links[link];
	bool upper = is_below(s, l->upper, top);
	uint32_t at = upper ? l->upper : l->lower, above = upper ? l->lower : l->upper;
	uint32_t joint = link;
	int32_t by = hangs(s, top) ? slack(s, link) : -slack(s, link);

	for (uint32_t i = s->place[top]; i < s->place[top] + s->size[top]; i++)
		s->rank[s->order[i]] += by;
	for (;;) {
		uint32_t old = s->parent[at], by_link = s->joint[at];

		s->parent[at] = above;
		s->joint[at] = joint;
		if (at == top)
			return;
		above = at;
		joint = by_link;
		at = old;
	}
}

/* From 0 in each part. */
static void begin_at_top(struct simplex *s)
{
	int32_t *least = (int32_t *)(void *)s->size;

	for (uint32_t i = 0; i < s->nnodes; i++)
		least[i] = INT32_MAX;
	for (uint32_t i = 0; i < s->nnodes; i++)
		if (s->rank[i] < least[s->part[i]])
			least[s->part[i]] = s->rank[i];
	for (uint32_t i = 0; i < s->nnodes; i++)
		s->rank[i] -= least[s->part[i]];
}

int layout_rank(int32_t *rank, uint32_t nnodes, const struct link *links, uint32_t nlinks)
{
	struct simplex s = { .links = links, .nlinks = nlinks, .nnodes = nnodes, .rank = rank };
	struct arena arena = ARENA_INIT;
	int rc = simplex_init(&s, &arena);

	if (rc == 0) {
		start_high(&s);
		make_trees(&s);
		for (uint64_t turn = 0; turn < (uint64_t)TURNS_PER_NODE * nnodes; turn++) {
			uint32_t leaving, entering;

			add_up(&s);
			leaving = find_leaving(&s);
			if (leaving == NONE)
				break;
			entering = find_entering(&s, leaving);
			if (entering == NONE)
				break;
			exchange(&s, leaving, entering);
		}
		begin_at_top(&s);
	}
	arena_release(&arena);
	return rc;
}
