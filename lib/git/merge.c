#include "git/merge.h"

static bool was_seen(const struct shard *seen, const struct store_run *run)
{
	const struct shard_run *found = shard_find(seen, run->commit, run->run);

	return found != NULL && found->is.stored_s == run->stored_s;
}

/* Out of theirs goes what we have dropped. */
static void drop_ours(struct shard *theirs, const struct shard *ours, const struct shard *seen,
		      struct merge *how)
{
	for (size_t i = theirs->n; i-- > 0;) {
		const struct store_run *run = &theirs->runs[i].is;

		if (shard_find(ours, run->commit, run->run) == NULL && was_seen(seen, run)) {
			shard_remove(theirs, i);
			how->dropped = true;
			how->as_theirs = false;
		}
	}
}

/* Into theirs goes what we have added. */
static int add_ours(struct shard *theirs, const struct shard *ours, const struct shard *seen,
		    struct merge *how, struct error *err)
{
	for (size_t i = 0; i < ours->n; i++) {
		const struct shard_run *run = &ours->runs[i];
		const struct shard_run *other = shard_find(theirs, run->is.commit, run->is.run);
		bool take = other != NULL ? run->is.stored_s > other->is.stored_s :
					    !was_seen(seen, &run->is);

		if (take) {
			if (shard_put(theirs, run, err) < 0)
				return -1;
			how->as_theirs = false;
		} else if (other == NULL || !git_oid_equal(&run->tree, &other->tree)) {
			how->as_ours = false;
		}
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
