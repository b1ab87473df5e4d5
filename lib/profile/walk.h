/* walk.h -- the call tree depth first: each node is entered before its children and left
 * behind them, siblings in the order in which they came. By links, so that depth costs no
 * C stack.
 *
 *     root                   enter a, enter b, leave b, enter c, leave c, leave a,
 *      |- a                  enter d, leave d
 *      |  |- b
 *      |  `- c
 *      `- d
 */
#ifndef CPROF_PROFILE_WALK_H
#define CPROF_PROFILE_WALK_H

#include "profile/profile.h"

/* Of a node; PROFILE_NONE: there is none. */
struct tree_link {
	uint32_t first_child, next_sibling;
};

/* A row of p->nnodes, which must have a tree. */
void tree_link(struct tree_link *links, const struct profile *p);

/* The root is neither entered nor left. -1 from enter() ends the walk. */
typedef int tree_enter(void *arg, uint32_t node);
typedef void tree_leave(void *arg, uint32_t node);

/* Here, so that the compiler puts both functions into it: they are called for each node. */
static inline int tree_walk(const struct profile *p, const struct tree_link *links,
			    tree_enter *enter, tree_leave *leave, void *arg)
{
	uint32_t node = links[0].first_child;

	while (node != PROFILE_NONE) {
		if (enter(arg, node) < 0)
			return -1;
		if (links[node].first_child != PROFILE_NONE) {
			node = links[node].first_child;
			continue;
		}
		leave(arg, node);
		while (links[node].next_sibling == PROFILE_NONE) {
			node = p->nodes[node].parent;
			if (node == 0)
				return 0;
			leave(arg, node);
		}
		node = links[node].next_sibling;
	}
	return 0;
}

#endif
