/* check.h -- whether the numbers of a profile can all be true: what holds of
 * everything that was counted and timed call by call, and is broken by writers that
 * mix up columns, count one function for another or round apart.
 */
#ifndef CPROF_PROFILE_CHECK_H
#define CPROF_PROFILE_CHECK_H

#include "base/buf.h"
#include "profile/profile.h"

/* Appends a line for each kind of thing that cannot be, with the first function of
 * which it is so and how many more there are; nothing where all is well. -1 with err
 * without memory.
 *
 *     primitive calls are no more than calls
 *     self is no more than cum, and neither is less than none
 *     calls by all callers together are no more than those of the callee
 */
int profile_check(struct buf *out, const struct profile *p, struct error *err);

#endif
