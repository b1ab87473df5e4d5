/* ancestry.h -- commits from the newest to the oldest, as lib/git's own walk: libgit2's
 * stops with an error at the border of a shallow clone, before 1.7 always.
 *
 *     ancestry_add(a, main)          4 --- 3 --- 2 -+- 1
 *     ancestry_add(a, topic)              6 --- 5 -'
 *     ancestry_next                  the newest of those that were added and not had yet
 *     ancestry_add_parents           adds what comes before it
 */
#ifndef CPROF_GIT_ANCESTRY_H
#define CPROF_GIT_ANCESTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "git/handle.h"

struct ancestor {
	git_oid id;
	git_time_t time;
	unsigned marks; /* the walker's own */
	bool waiting;   /* in the heap */
};

struct ancestry {
	struct repository *repo;
	struct ancestor *all; /* moves when one is added: keep numbers */
	size_t n, cap;
	struct map places;    /* of `all`, by the head of the id */
	uint32_t *heap;       /* waiting ones, newest on top */
	size_t nheap, heap_cap;
	git_oid *borders;     /* commits whose parents a shallow clone has left out */
	size_t nborders, border_cap;
	bool met_border;      /* the walk has come to one */
};

enum { ANCESTRY_END = -1 };

int ancestry_init(struct ancestry *a, struct repository *r, struct error *err);
void ancestry_release(struct ancestry *a);

/* Adds marks to a commit; one that is new or gets marks it had not waits (again). */
int ancestry_add(struct ancestry *a, const git_oid *id, unsigned marks, struct error *err);
/* With the parents of `commit`, none at a border. */
int ancestry_add_parents(struct ancestry *a, git_commit *commit, unsigned marks,
			 struct error *err);

/* The newest that waits, as its number in `all`, or ANCESTRY_END. */
int64_t ancestry_next(struct ancestry *a);

/* "; the clone is shallow: git fetch --unshallow" where it is, else "". */
const char *shallow_hint(const struct repository *r);

#endif
