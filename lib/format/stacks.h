/* stacks.h -- a call tree as stacks, one by one, and back. */
#ifndef CPROF_FORMAT_STACKS_H
#define CPROF_FORMAT_STACKS_H

#include "base/error.h"
#include "profile/profile.h"

struct stack {
	const uint32_t *functions; /* root first */
	uint32_t depth;
	const int64_t *self; /* nmetrics values */
};

/* Calls `each` with the stack of every node but the root, in the order of nodes;
 * what is too deep is folded as in pprof's files (fold.h). What it returns other
 * than 0 ends that; only memory may run out. */
int stacks_each(const struct profile *p, int (*each)(void *arg, const struct stack *s),
		void *arg, struct error *err);

/* For a reader that put self values into cum: refuses those that are too large for
 * others to add up, and adds a node's to those above. */
int stacks_sum_up(struct profile *p, struct error *err);

#endif
