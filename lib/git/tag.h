/* tag.h -- which commit a snapshot was taken at. */
#ifndef CPROF_GIT_TAG_H
#define CPROF_GIT_TAG_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "git/repository.h"
#include "snapshot/manifest.h"

/* The commit HEAD was at when the clock showed unix_ns, by HEAD's reflog.
 * ERR_REFUSED where that cannot be known: no reflog, none that far back, one that
 * does not lead to where HEAD is, or HEAD moved in that very second and more than
 * one commit is possible; with `force` HEAD's commit of now is taken instead.
 *
 * The reflog has whole seconds. When its last entry was its last change, the
 * file's time of modification tells that one better, so that a request right
 * after a commit is the new commit's.
 *
 * The branch is the one HEAD was on then, as far as the reflog tells: NULL when
 * it was detached. The dirty flag is of the work tree now: -1 when HEAD has moved
 * since, or there is none (a bare repository). As with `git describe --dirty`
 * untracked files do not count. Texts go into `arena`. */
int repository_commit_at(struct repository *r, int64_t unix_ns, bool force,
			 struct manifest_git *out, struct arena *arena, struct error *err);

#endif
