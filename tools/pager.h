/* pager.h -- a program to read long texts with: $CPROF_PAGER, else $PAGER, else less.
 * One that is empty or "cat" means none. */
#ifndef CPROF_TOOLS_PAGER_H
#define CPROF_TOOLS_PAGER_H

#include <stdbool.h>

#include "base/bytes.h"

/* Shows the text and returns when its reader is done; false, and nothing was shown,
 * where there is no pager. */
bool pager_show(struct bytes text);

#endif
