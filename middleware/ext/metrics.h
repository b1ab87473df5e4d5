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
 * the function that waited, and the sum is exact. Other events of a trace that asks
 * the kernel alone cost what they cost without.
 */
#ifndef CPROF_EXT_METRICS_H
#define CPROF_EXT_METRICS_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

#include "profile/recorder.h"

enum metric_kind { METRIC_CPU, METRIC_VCSW, METRIC_ALLOCS, METRIC_ALLOC_BYTES, METRIC_CALLABLE };

/* Ticks: no gap is longer, but for that of a clock which went back. */
#define METRICS_NEVER (UINT64_MAX / 2)

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
/* Whether any has to be read at each event. */
bool metrics_have_readings(const struct metrics *m);
int metrics_traverse(struct metrics *m, visitproc visit, void *arg);
void metrics_release(struct metrics *m);
void metrics_copy(struct metrics *out, const struct metrics *m);

/* As the recorder's profile wants them. */
void metrics_describe(const struct metrics *m, bool has_timer, struct recorder_metric *out);

/* The readings of one trace. Needs the GIL; leaves no exception. Ticks are the bare
 * clock's; a gap is the time since the event before, by the recorder's clock unless
 * the trace has a timer of its own. */
struct metrics_state {
	bool asks_kernel, has_timer;
	bool away;          /* no time is its own: nothing is read until that is over */
	bool has_readings;  /* for metrics_read at each event */
	uint64_t ask_after; /* ticks of a gap, or METRICS_NEVER */
	uint64_t ticks;     /* at the last event, with a timer; when its greenlet was left */
	uint64_t asked;     /* when the kernel was asked last */
	int64_t cpu_ns;     /* what it said */
	uint64_t owed;      /* not on a processor, but not booked yet: waits too short */
	int64_t vcsw;
	int64_t allocs_base, alloc_bytes_base;
	double ticks_per_ns;
};

void metrics_begin(struct metrics_state *s, const struct metrics *m, uint64_t ticks,
		   bool has_timer);
void metrics_end(struct metrics_state *s, const struct metrics *m);

/* Before an event after a gap longer than ask_after: books what the kernel says. */
void metrics_ask(struct metrics_state *s, const struct metrics *m, struct recorder *rec,
		 uint64_t ticks, uint64_t gap);

/* Readings for an event, into out[0..n). */
void metrics_read(struct metrics_state *s, const struct metrics *m, struct recorder *rec,
		  uint64_t ticks, int64_t *out);

/* What the thread does from here is not the trace's (another greenlet has it, or our
 * own helpers), until it comes back. `waited`: that the time went by is its own, as a
 * wait. */
void metrics_leave(struct metrics_state *s, const struct metrics *m, struct recorder *rec,
		   uint64_t ticks);
void metrics_return(struct metrics_state *s, const struct metrics *m, struct recorder *rec,
		    uint64_t ticks, bool waited);

/* The end of it, from another thread. Only CPU time can be read there (cpu_ns, of its
 * thread; negative: it is not running): the rest stays as it was at the event before. */
void metrics_cut(struct metrics_state *s, const struct metrics *m, struct recorder *rec,
		 uint64_t ticks, uint64_t gap, int64_t cpu_ns);

#endif
