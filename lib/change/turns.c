/* Whether two sides were measured in turn. */
#include "change/change.h"

/* The n-th of the runs of both sides, old ones first. */
static const struct summary *run_at(const struct change_side *before,
				    const struct change_side *after, size_t n)
{
	return n < before->nruns ? before->runs[n] : after->runs[n - before->nruns];
}

/* Which run was made right before the n-th; n for the first of all. */
static size_t run_before(const struct change_side *before, const struct change_side *after,
			 size_t n)
{
	const struct summary *at = run_at(before, after, n), *best = NULL;
	size_t found = n;

	for (size_t i = 0; i < before->nruns + after->nruns; i++) {
		const struct summary *s = run_at(before, after, i);

		if (s->created_ns > at->created_ns || (s->created_ns == at->created_ns && i >= n))
			continue;
		if (best == NULL || s->created_ns >= best->created_ns) {
			best = s;
			found = i;
		}
	}
	return found;
}

bool sides_took_turns(const struct change_side *before, const struct change_side *after)
{
	size_t less = before->nruns < after->nruns ? before->nruns : after->nruns, changes = 0;

	for (size_t i = 0; i < before->nruns + after->nruns; i++) {
		if (run_at(before, after, i)->created_ns == 0)
			return less <= 1;
		changes += (i < before->nruns) != (run_before(before, after, i) < before->nruns);
	}
	/* A, B, B, A, A, B, ... is as good as A, B, A, B. */
	return changes + 1 >= less;
}
