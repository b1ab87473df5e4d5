/* pair.h -- two call trees as one, with two metrics: what a stack took before, and
 * what it takes after. For formats that hold such a pair. */
#ifndef CPROF_PROFILE_PAIR_H
#define CPROF_PROFILE_PAIR_H

#include "profile/profile.h"

#define PAIR_BEFORE "before"
#define PAIR_AFTER "after"

/* Both must have a tree, and `metric` of the one and of the other the same unit. The
 * result has no calls: sampled. NULL with err. */
struct profile *profile_pair(const struct profile *before, uint32_t before_metric,
			     const struct profile *after, uint32_t after_metric,
			     struct error *err);

/* Whether a profile's metrics are those two. */
bool profile_is_pair(const struct profile *p);

#endif
