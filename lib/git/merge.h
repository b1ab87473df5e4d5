/* merge.h -- a store's shard and the remote's, made one.
 *
 *     seen    what the remote had when last looked at
 *     theirs  what it has now
 *     ours    what is here
 *
 * A run that only one side has is new there, unless it was seen: then the other side has
 * dropped it. One that both have otherwise is the one that was not seen; where that is
 * both, theirs. */
#ifndef CPROF_GIT_MERGE_H
#define CPROF_GIT_MERGE_H

#include "git/shard.h"

struct merge {
	bool as_ours, as_theirs; /* the result is no other than that side */
	bool dropped;            /* something of theirs is not in it */
};

/* Changes `theirs` to the result. */
int shard_merge(struct shard *theirs, const struct shard *ours, const struct shard *seen,
		struct merge *how, struct error *err);

#endif
