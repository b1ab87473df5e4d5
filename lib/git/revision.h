/* revision.h -- commits by the names people give them. Errors name the way out: what
 * does not exist, a shallow clone that does not reach far enough ("git fetch --unshallow"). */
#ifndef CPROF_GIT_REVISION_H
#define CPROF_GIT_REVISION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "git/repository.h"

/* The commit of "main", "HEAD~3", "v1.2", "1a2b3c4", a tag: 40 or 64 hex digits in
 * `arena`; NULL with err. A branch that only the remote "origin" has counts too, for a
 * fresh clone, as CI makes it, has no other of its own than the one checked out. */
const char *revision_commit(struct repository *r, const char *name, struct arena *arena,
			    struct error *err);

/* "A..B", "A...B" (from their merge base), as two commits; either may be empty for HEAD.
 * *is_range says whether `text` has that form at all: ".." and "../x" have not, but a
 * path like "a..b" has, so look for paths first. */
int revision_range(struct repository *r, const char *text, bool *is_range, const char **from,
		   const char **to, struct arena *arena, struct error *err);

/* The merge base of two commits; the newest where there are several. NULL with err
 * (none: ERR_NOT_FOUND). */
const char *revision_merge_base(struct repository *r, const char *a, const char *b,
				struct arena *arena, struct error *err);

/* Calls visit() for `commit` and its ancestors, newest first as in `git log`, until it
 * returns false, at most `limit` times (0: no limit). The texts are valid during the call.
 * *shallow (may be NULL): the walk came to a shallow clone's border, beyond which there
 * may be more. */
int revision_walk(struct repository *r, const char *commit, size_t limit,
		  bool (*visit)(void *arg, const char *commit, const char *subject,
				int64_t time_s), void *arg, bool *shallow, struct error *err);

#endif
