/* program.h -- running the program `git` itself, for what needs the user's credentials. */
#ifndef CPROF_GIT_PROGRAM_H
#define CPROF_GIT_PROGRAM_H

#include "base/buf.h"
#include "git/repository.h"

/* Runs `git ARGS...` in the repository and waits. args ends with NULL, without "git".
 * *status is its exit status; `said` gets what it wrote to standard error. -1 when it
 * could not be run. */
int git_program(struct repository *r, const char *const *args, int *status, struct buf *said,
		struct error *err);

#endif
