/* rename.h -- what two commits' own difference shows as renamed or moved: whole files by
 * libgit2's similarity detection, and functions and classes by their text.
 *
 * Of the files that the commits differ in, what only the old one defines is compared with
 * what only the new one does (by qualified name in the same file, or the one it became):
 *
 *     same text, own name apart      matched, when no other one fits and it is not trivial
 *     half of the lines, same name   matched, when by far the best for both: it was moved
 *     most of the lines              matched, when by far the best for both and long enough
 *
 * What is in doubt stays unmatched: a new and a vanished function tell no lie, a wrong
 * pair does. A class's entry stands for its methods, a function's for its inner ones. */
#ifndef CPROF_GIT_RENAME_H
#define CPROF_GIT_RENAME_H

#include "base/arena.h"
#include "base/error.h"
#include "change/change.h"
#include "git/repository.h"

/* Fills *out in `arena`. Files of Python alone (.py, .pyi, .pyx), none over 2 MB.
 * ERR_NOT_FOUND where a commit is not in the repository, as in a shallow clone. */
int rename_find(struct repository *r, const char *old_commit, const char *new_commit,
		struct rename_map *out, struct arena *arena, struct error *err);

#endif
