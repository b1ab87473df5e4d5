/* repository.h -- opening the git repository that a folder lies in. */
#ifndef CPROF_GIT_REPOSITORY_H
#define CPROF_GIT_REPOSITORY_H

#include "base/error.h"

struct repository;

/* The repository that `dir` lies in; NULL with err ("DIR: not in a git
 * repository; name one with --repo"). For one thread at a time. */
struct repository *repository_open(const char *dir, struct error *err);
void repository_close(struct repository *r);

/* The work tree's absolute path without a slash at its end, or NULL (bare). Borrowed. */
const char *repository_worktree(const struct repository *r);

#endif
