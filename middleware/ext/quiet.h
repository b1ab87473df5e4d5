/* quiet.h -- exceptions of our own helpers do not reach the application. */
#ifndef CPROF_EXT_QUIET_H
#define CPROF_EXT_QUIET_H

#include "compat.h"

/* Clears the exception that is set, if any. One that a signal handler raised while
 * our helper ran (Ctrl-C, a server's time-out) is the application's: it is raised
 * again as soon as its code goes on. */
void quiet_clear(void);

#endif
