/* handle.h -- what an open repository is inside lib/git, where alone libgit2 is known. */
#ifndef CPROF_GIT_HANDLE_H
#define CPROF_GIT_HANDLE_H

#include <git2.h>

#include "base/error.h"
#include "git/repository.h"

struct repository {
	git_repository *git;
	char *dir;      /* as the user gave it, with a slash, for messages */
	char *worktree; /* absolute, without a slash at its end; NULL: bare */
};

/* libgit2's own words for what it refused, in the form of ours; returns -1. */
int git_failed(struct error *err, enum error_code code, const char *what);

#endif
