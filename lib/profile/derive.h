/* derive.h -- from the call tree to functions and arcs, in one walk.
 *
 *   function  ncalls      calls of its nodes
 *             nprimitive  calls of its nodes with no ancestor of the same function
 *             self        self of its nodes
 *             cum         cum of its nodes with no ancestor of the same function
 *   arc       the same over nodes of callee whose parent is caller, outermost
 *             when that pair is not on the stack already (so _lsprof.c counts)
 *             below: see profile.h
 */
#ifndef CPROF_PROFILE_DERIVE_H
#define CPROF_PROFILE_DERIVE_H

#include "profile/profile.h"

/* Fills *out, which the caller releases, from p's tree. `group` maps each of
 * p's functions to the index under which it counts, below `ngroups`: functions
 * that a format cannot tell apart become one before recursion is looked at.
 * NULL: each for itself. A profile without a tree is grouped from its table,
 * where recursion between two of a group can no longer be seen. The order of
 * arcs is that of their first appearance in the tree. */
int derive_table(struct table *out, const struct profile *p, const uint32_t *group,
		 uint32_t ngroups, struct error *err);

/* The same to look at: *out is p's own table where that says it already, else *own,
 * which is to be released in any case. */
int derive_view(const struct table **out, struct table *own, const struct profile *p,
		const uint32_t *group, uint32_t ngroups, struct error *err);

/* Self values of a node: its cum less its children's, the root's less its strands.
 * Fills nnodes rows of
 * nmetrics values in a new array, which the caller frees with mem_free; NULL
 * without memory. */
int64_t *derive_node_self(const struct profile *p);

/* Sum of self over all functions: what pstats calls total_tt. */
int64_t table_total(const struct table *t, uint32_t metric);

/* The same without what ran in strands: the request's own. t is of p's functions
 * one by one (no groups). */
int64_t profile_total(const struct profile *p, const struct table *t, uint32_t metric);

#endif
