/* moved.h -- of definitions that are gone and such that are new, which are the same. */
#ifndef CPROF_GIT_MOVED_H
#define CPROF_GIT_MOVED_H

#include "git/source.h"

struct moved_file {
	const char *old_path, *new_path; /* NULL: there is none on that side */
	struct source old_source, new_source;
};

struct moved {
	const struct moved_file *old_file, *new_file;
	const struct definition *old_def, *new_def;
};

/* Pairs in `arena`, in the order of the old side. */
int moved_find(const struct moved_file *files, size_t nfiles, struct moved **out, size_t *n,
	       struct arena *arena, struct error *err);

#endif
