/* fold.h -- the call tree as a file of stacks can hold it. A stack is written
 * out whole for each node: 50,000 recursions would be a billion frames.
 *
 * Below a depth of 512 (less, where the tree is so large that its stacks would
 * still fill a file) loops are cut out of stacks: a frame whose function already
 * has one down there, and no function but those that are on the stack anyway
 * between the two, is put on that one's place for all that it calls:
 *
 *     main f f f ... f g f g f        becomes, 512 being reached at the dots,
 *     main f f f ... f g f
 *
 * So calls, primitive calls, self and cum of every function stay exact, and so
 * do calls and self of arcs, and none is made up; what is lost is how deep the
 * recursion went, and with it the cum of arcs that are only in such loops.
 */
#ifndef CPROF_FORMAT_FOLD_H
#define CPROF_FORMAT_FOLD_H

#include "profile/profile.h"

/* How deep stacks of this tree are written, or 0 when all of them fit as they
 * are; -1 without memory. */
int fold_limit(const struct profile *p);

/* A profile with nothing but nodes: functions are p's, and the values of a node
 * are self values, summed up from `self` (as of derive_node_self). NULL without
 * memory. */
struct profile *fold_tree(const struct profile *p, const int64_t *self, unsigned limit);

#endif
