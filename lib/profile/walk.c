#include "profile/walk.h"

#include <string.h>

void tree_link(struct tree_link *links, const struct profile *p)
{
	memset(links, 0xff, p->nnodes * sizeof *links); /* PROFILE_NONE */
	/* From the last, for each is put before those that are there. */
	for (uint32_t i = p->nnodes; i-- > 1;) {
		struct tree_link *parent = &links[p->nodes[i].parent];

		links[i].next_sibling = parent->first_child;
		parent->first_child = i;
	}
}
