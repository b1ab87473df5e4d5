/* localtime.h -- localtime_r() beside fork().
 *
 * The C library's holds a lock of its own while it works. A thread that forks
 * meanwhile leaves that lock taken in the child for good, which then hangs at its
 * first time of day, in a log line perhaps. Python's own calls are safe, for fork
 * and localtime() both need its lock; a writer thread has none. This one holds
 * forks off while it works.
 */
#ifndef CPROF_BASE_LOCALTIME_H
#define CPROF_BASE_LOCALTIME_H

#include <stdbool.h>
#include <time.h>

/* Once, before there is a second thread. 0, or an errno. */
int localtime_watch_forks(void);

/* As localtime_r(); false where that returns NULL. */
bool localtime_get(time_t t, struct tm *out);

#endif
