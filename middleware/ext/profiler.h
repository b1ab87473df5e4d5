/* profiler.h -- the C half of cprof.Profile: the tracer without a request around
 * it. The other half, cprof/_profile.py, is what cProfile has in Python too.
 *
 * A profiler has as many traces as threads (or greenlets) it was ever on at once:
 * each has its own stack, and what is asked of the profiler is the sum of them.
 *
 *     enable() ───────> a trace, until disable()
 *     _call(f, ...) ──> a trace, while f runs; none if one of this profiler's is
 *                       armed here already: f called itself
 *
 * All of it needs the GIL.
 */
#ifndef CPROF_EXT_PROFILER_H
#define CPROF_EXT_PROFILER_H

#include "compat.h"

#include <stdbool.h>

#include "trace.h"

struct profiler {
	PyObject_HEAD
	struct trace **traces;
	size_t ntraces, traces_cap;
	PyObject *timer;
	double timeunit; /* seconds that one of the timer's ints is; 0: it returns seconds */
	enum mode mode;
	bool subcalls;
	struct metrics metrics; /* beside the wall time: archives have them */
	int64_t start_ns;       /* Unix time when it was begun; 0: it was not, or is cleared */
};

extern PyTypeObject Profiler_Type;

/* False with an exception when what the profiler has recorded cannot be taken away
 * now: a trace is in the middle of an event, on any thread. */
bool profiler_may_change(const struct profiler *p, const char *verb);

/* profiler_stats.c: what was recorded, as cProfile gives it. */
PyObject *profiler_getstats(PyObject *self, PyObject *unused);
PyObject *profiler_table(PyObject *self, PyObject *unused);
int profiler_stats_init(void);

/* profiler_archive.c: what was recorded, as a snapshot in the archive. */
PyObject *profiler_archive(PyObject *self, PyObject *args);
PyObject *open_archive(PyObject *self, PyObject *args);

#endif
