/* revision.h -- commits by the names people give them. Errors name the way out: what
 * does not exist, a shallow clone that does not reach far enough ("git fetch --unshallow"). */
#ifndef CPROF_GIT_REVISION_H
#define CPROF_GIT_REVISION_H

#include "base/arena.h"
#include "base/error.h"

struct repository;

/* The commit of "main", "HEAD~3", "v1.2", "1a2b3c4", a tag: 40 or 64 hex digits in
 * `arena`; NULL with err. */
const char *revision_commit(struct repository *r, const char *name, struct arena *arena,
			    struct error *err);

/* "A..B", "A...B" (from their merge base), as two commits; either may be empty for HEAD.
 * *is_range says whether `text` has that form at all. */
int revision_range(struct repository *r, const char *text, bool *is_range, const char **from,
		   const char **to, struct arena *arena, struct error *err);

/* The merge base of two commits; NULL with err (none: ERR_NOT_FOUND). */
const char *revision_merge_base(struct repository *r, const char *a, const char *b,
				struct arena *arena, struct error *err);

/* Calls visit() for `commit` and its ancestors, nearest first (by date where they branch),
 * until it returns false, at most `limit` (0: all). *shallow: the history ends at a
 * shallow clone's border rather than at a root. */
int revision_walk(struct repository *r, const char *commit, size_t limit,
		  bool (*visit)(void *arg, const char *commit, const char *subject,
				int64_t time_s), void *arg, bool *shallow, struct error *err);

/* The work tree's absolute path without a slash at its end, or NULL (bare). Borrowed. */
const char *repository_worktree(const struct repository *r);

#endif
