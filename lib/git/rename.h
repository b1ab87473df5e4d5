/* rename.h -- what two commits' own difference shows as renamed or moved: whole files
 * by libgit2's similarity detection, and functions whose `def` line or body moved between
 * or within files. */
#ifndef CPROF_GIT_RENAME_H
#define CPROF_GIT_RENAME_H

#include "base/arena.h"
#include "base/error.h"
#include "change/change.h"
#include "git/repository.h"

/* Fills *out in `arena`. Files of Python alone (.py, .pyi, .pyx). */
int rename_find(struct repository *r, const char *old_commit, const char *new_commit,
		struct rename_map *out, struct arena *arena, struct error *err);

#endif
