/* focus.h -- only the paths that lead through some functions.
 *
 *     main            100          main       50
 *      |- load         40    F      `- show   50
 *      `- show         60   --->        `- F  50
 *          |- F        50                   `- query 30
 *          |   `- query 30
 *          `- paint    10
 *
 * What lies below F stays as it is; what lies above keeps its calls, and of its
 * cost what it took through F: nothing of it is self.
 */
#ifndef CPROF_PROFILE_FOCUS_H
#define CPROF_PROFILE_FOCUS_H

#include "profile/profile.h"

/* A new profile; `wanted` says of each function of p whether it is one of F. NULL
 * with err: p has no tree (ERR_REFUSED), no path is left (ERR_NOT_FOUND), memory. */
struct profile *profile_focus(const struct profile *p, const bool *wanted, struct error *err);

#endif
