/* digest.h -- what a summary needs of each profile of a run, so that no two profiles
 * are in memory at once: rows of numbers. Whom they are of, and from whom to whom calls
 * went, stands in a book that the digests of one thread share.
 *
 *     book       functions  0 app/views.py show 12    1 ~ <built-in method builtins.len>
 *                arcs       0 request -> 0            1 0 -> 1
 *     digest     functions  0: 1 call, self 40, cum 100      1: 3 calls, self 60, cum 60
 *                arcs       0: 1 call                        1: 3 calls
 *
 * Functions that differ in addresses or in where their files lie are one.
 */
#ifndef CPROF_CHANGE_DIGEST_H
#define CPROF_CHANGE_DIGEST_H

#include "base/arena.h"
#include "base/map.h"
#include "base/strtab.h"
#include "change/identity.h"
#include "profile/profile.h"

/* The caller of what the request calls first. */
#define BOOK_REQUEST UINT32_MAX

struct book_function {
	const char *file, *name; /* of its identity, in book.texts: equal ones are one pointer */
	enum origin origin;
	uint32_t line;
};

struct book_arc {
	uint32_t caller, callee; /* functions of the book */
};

struct book_metric {
	const char *name, *unit; /* in book.texts */
};

struct book {
	const char *root; /* the work tree, or NULL */
	struct arena arena; /* of the digests, too */
	struct strtab texts;
	struct book_function *functions;
	struct book_arc *arcs;
	size_t nfunctions, functions_cap, narcs, arcs_cap;
	struct map function_index, arc_index;
	/* Functions as profiles name them: most are met again in the next profile. */
	struct book_raw *raws;
	size_t nraws, raws_cap;
	struct map raw_index;
};

#define BOOK_INIT { .arena = ARENA_INIT, .texts = STRTAB_INIT, .function_index = MAP_INIT, \
		    .arc_index = MAP_INIT, .raw_index = MAP_INIT }

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
void book_release(struct book *book);

#endif
