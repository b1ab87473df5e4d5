/* callstack.h -- callstack.txt: byte for byte what pstats prints for the snapshot's
 * profile.prof sorted by ("time", "name"); the rules are in callstack.c. */
#ifndef CPROF_FORMAT_CALLSTACK_H
#define CPROF_FORMAT_CALLSTACK_H

#include "format/format.h"

int callstack_write(struct buf *out, const struct profile *p, const struct format_info *info,
	                struct error *err);

/* "Sat Nov 21 18:20:37 2026", as Python's time.ctime. Appends. */
void callstack_add_date(struct buf *out, time_t when);

#endif
