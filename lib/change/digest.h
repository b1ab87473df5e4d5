/* digest.h -- what a summary needs of each profile of a run, so that no two profiles
 * are in memory at once: rows of numbers. Whom they are of, and from whom to whom calls
 * went, stands in a book that the digests of one thread share.
 *
 *     book       functions  0 app/views.py show 12    1 ~ <built-in method builtins.len>
 *                arcs       0 request -> 0            1 0 -> 1
 *     digest     functions  0: 1 call, self 40, cum 100      1: 3 calls, self 60, cum 60
 *                arcs       0: 1 call                        1: 3 calls
 */
#ifndef CPROF_CHANGE_DIGEST_H
#define CPROF_CHANGE_DIGEST_H

#include "change/book.h"

struct digest {
	struct book_metric metrics[PROFILE_MAX_METRICS]; /* [0] is its time */
	uint32_t nmetrics;
	bool sampled;
	uint64_t calls, nlost;
	int64_t *totals;     /* nmetrics: the request's own */
	uint32_t nfunctions, narcs;
	uint32_t *functions; /* of the book */
	uint64_t *ncalls;
	int64_t *costs;      /* nfunctions rows: nmetrics self, nmetrics cum */
	uint32_t *arcs;      /* of the book */
	uint64_t *arc_calls;
};

int digest_profile(struct digest *out, struct book *book, const struct profile *p,
		   struct error *err);

#endif
