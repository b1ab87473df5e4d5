/* callstack.h -- callstack.txt: byte for byte what pstats prints for the snapshot's
 * profile.prof sorted by ("time", "name"); the rules are in callstack.c. */
#ifndef CPROF_FORMAT_CALLSTACK_H
#define CPROF_FORMAT_CALLSTACK_H

#include "format/format.h"
#include "format/pstats_sum.h"

int callstack_write(struct buf *out, const struct profile *p, const struct format_info *info,
	                struct error *err);

/* The same of what a file of calls says itself: its doubles, not our whole
 * nanoseconds. */
int callstack_write_sum(struct buf *out, const struct pstats_sum *s,
			const struct format_info *info, struct error *err);

/* The five columns before a function's name: "      3/1    0.012    0.004 ...". */
void callstack_add_numbers(struct buf *out, uint64_t ncalls, uint64_t nprimitive,
			   double tottime, double cumtime);

/* "app.py:1(fib)", and what a terminal would obey as \xNN. */
void callstack_add_name(struct buf *out, const struct function *f);

/* "Sat Nov 21 18:20:37 2026", as Python's time.ctime. Appends. */
void callstack_add_date(struct buf *out, time_t when);

#endif
