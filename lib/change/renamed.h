/* renamed.h -- the older of two profiles under the newer one's names, for what compares
 * them by these alone: a picture.
 */
#ifndef CPROF_CHANGE_RENAMED_H
#define CPROF_CHANGE_RENAMED_H

#include "change/change.h"

/* Gives functions of `before` the path and name that they have in `after`: those that it
 * has, and of the others those that renames speak of. `after` must outlive it. Nothing
 * without renames, which may be NULL. -1 without memory. */
int renamed_profile(struct profile *before, const struct profile *after,
		    const struct roots *roots, const struct rename_map *renames,
		    struct error *err);

#endif
