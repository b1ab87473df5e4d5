/* metrics.h -- what is measured beside the wall time, all in the same pass: any
 * quantity of the running thread that only goes up.
 *
 *     cpu          ns      time on a processor
 *     vcsw         count   voluntary context switches: waits
 *     allocs       count   blocks allocated by Python's memory managers
 *     alloc_bytes  bytes
 *     a callable   count   its number, rounded; named by __name__
 *
 * The kernel's clocks cost ten times as much as the rest of an event, so they are
 * read only when more than 10 us went by since the last one: a wait is booked to
 * the function that waited, and the sum is exact.
 */
#ifndef CPROF_EXT_METRICS_H
#define CPROF_EXT_METRICS_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

#include "profile/recorder.h"

enum metric_kind { METRIC_CPU, METRIC_VCSW, METRIC_ALLOCS, METRIC_ALLOC_BYTES, METRIC_CALLABLE };

struct metrics {
	uint32_t n;
	struct {
		enum metric_kind kind;
		const char *name;   /* lives as long as the process */
		PyObject *callable; /* or NULL */
	} of[RECORDER_MAX_EXTRA];
};

/* From a sequence of names and callables; "wall" may be among them, and is always
 * measured. NULL or None: none. -1 with an exception. */
int metrics_parse(struct metrics *out, PyObject *given);
int metrics_traverse(struct metrics *m, visitproc visit, void *arg);
void metrics_release(struct metrics *m);
void metrics_copy(struct metrics *out, const struct metrics *m);

/* As the recorder's profile wants them. */
void metrics_describe(const struct metrics *m, double ns_per_tick, struct recorder_metric *out);

/* The readings of one trace. Needs the GIL; leaves no exception. */
struct metrics_state {
	bool asks_kernel;
	uint64_t ticks;     /* at the last event */
	uint64_t asked;     /* when the kernel was asked last */
	int64_t cpu_ns;     /* what it said */
	uint64_t off_ticks; /* not on a processor, so far */
	uint64_t owed;      /* the same, but not booked yet: waits that were too short */
	int64_t vcsw, vcsw_base;
	int64_t allocs_base, alloc_bytes_base;
	double ticks_per_ns;
};

void metrics_begin(struct metrics_state *s, const struct metrics *m, uint64_t ticks);
void metrics_end(struct metrics_state *s, const struct metrics *m);

/* The thread's time goes to another greenlet, and comes back. */
void metrics_leave(struct metrics_state *s, uint64_t ticks);
void metrics_return(struct metrics_state *s, uint64_t ticks);

/* Fills out[0..n) for an event at `ticks` of the bare clock, `now` of the recorder's. */
void metrics_read(struct metrics_state *s, const struct metrics *m, uint64_t ticks, uint64_t now,
		  int64_t *out);

/* The same for the end of it, from another thread. Only CPU time can be read there
 * (cpu_ns, of its thread; negative: it is not running): the rest stays as it was at
 * the event before. */
void metrics_cut(struct metrics_state *s, const struct metrics *m, uint64_t ticks, uint64_t now,
		 int64_t cpu_ns, int64_t *out);

#endif
