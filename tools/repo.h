/* repo.h -- which repository a command means. */
#ifndef CPROF_TOOLS_REPO_H
#define CPROF_TOOLS_REPO_H

#include "plugin.h"

#define OPT_ROW_REPO(type)                                                               \
	{ 0, "repo", OPT_TEXT, offsetof(struct type, repo), "DIR", NULL,                 \
	  "the repository; else the one that holds the archive, else the current folder's" }

/* `option` (NULL: not given), else the repository around the archive's folder, not one
 * that the archive itself may be, else the current folder's. `up` leads from `path` to the
 * folder that holds the archive: ".." from the archive. */
struct repository *repo_open(const struct git_plugin *git, const char *option,
			     const char *path, const char *up, struct error *err);

#endif
