/* tag.h -- which commit a snapshot was taken at. The only user of libgit2. */
#ifndef CPROF_SNAPSHOT_TAG_H
#define CPROF_SNAPSHOT_TAG_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "snapshot/manifest.h"

struct repository;

/* The repository that `dir` lies in; NULL with err ("DIR: not in a git
 * repository; name one with --repo"). */
struct repository *repository_open(const char *dir, struct error *err);
void repository_close(struct repository *r);

/* The commit HEAD was at when the clock showed unix_ns, by HEAD's reflog.
 * ERR_REFUSED where that cannot be known: no reflog that far back, or HEAD moved
 * in that very second; with `force` HEAD's commit of now is taken instead. The
 * dirty flag is of the work tree now, and -1 when HEAD has moved since. Texts go
 * into `arena`. */
int repository_commit_at(struct repository *r, int64_t unix_ns, bool force,
			 struct manifest_git *out, struct arena *arena, struct error *err);

#endif
