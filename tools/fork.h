/* fork.h -- a CI job of a pull request from a fork: its token may not write, and what it
 * ran is a stranger's. */
#ifndef CPROF_TOOLS_FORK_H
#define CPROF_TOOLS_FORK_H

#include <stdbool.h>

/* By what the services tell their jobs:
 *     GitHub  GITHUB_REPOSITORY, and the head's repository in the file GITHUB_EVENT_PATH
 *     GitLab  CI_MERGE_REQUEST_PROJECT_ID and CI_MERGE_REQUEST_SOURCE_PROJECT_ID */
bool ci_is_fork(void);

#endif
