#include "git/merge.h"

/* As it is now: one that was stored anew since is another. */
static bool was_seen(const struct shard *seen, const struct shard_run *run)
{
	const struct shard_run *found = shard_find(seen, run->is.commit, run->is.run);

	return found != NULL && git_oid_equal(&found->tree, &run->tree);
}

/* Out of theirs goes what we have dropped. */
static void drop_ours(struct shard *theirs, const struct shard *ours, const struct shard *seen,
		      struct merge *how)
{
	for (size_t i = theirs->n; i-- > 0;) {
		const struct shard_run *run = &theirs->runs[i];

		if (shard_find(ours, run->is.commit, run->is.run) == NULL && was_seen(seen, run)) {
			shard_remove(theirs, i);
			how->dropped = true;
			how->as_theirs = false;
		}
	}
}

/* Into theirs goes what we have added, or stored anew. */
static int add_ours(struct shard *theirs, const struct shard *ours, const struct shard *seen,
		    struct merge *how, struct error *err)
{
	for (size_t i = 0; i < ours->n; i++) {
		const struct shard_run *run = &ours->runs[i];
		const struct shard_run *other = shard_find(theirs, run->is.commit, run->is.run);

		if (other != NULL && git_oid_equal(&run->tree, &other->tree))
			continue;
		if (was_seen(seen, run) || (other != NULL && !was_seen(seen, other))) {
			how->as_ours = false;
			continue;
		}
		if (shard_put(theirs, run, err) < 0)
			return -1;
		how->as_theirs = false;
	}
	return 0;
}

int shard_merge(struct shard *theirs, const struct shard *ours, const struct shard *seen,
		struct merge *how, struct error *err)
{
	*how = (struct merge){ .as_ours = true, .as_theirs = true };
	drop_ours(theirs, ours, seen, how);
	if (add_ours(theirs, ours, seen, how, err) < 0)
		return -1;
	if (theirs->n != ours->n)
		how->as_ours = false;
	return 0;
}
