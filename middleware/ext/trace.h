/* trace.h -- one profile being taken: a recorder, and who its functions are.
 *
 * A trace is armed on a thread for the time its application runs there, and
 * disarmed when it hands back: a request is armed for the call, then for each
 * block of its body and for close(), on whatever thread the server takes them.
 * Traces on one thread nest: each hears every event while it is armed.
 *
 *     thread ──> top ──outer──> next ──outer──> NULL
 *                 │ events      │ the same events
 *              recorder      recorder
 *
 * Everything here needs the GIL. Nothing here raises.
 */
#ifndef CPROF_EXT_TRACE_H
#define CPROF_EXT_TRACE_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "profile/recorder.h"

struct trace {
	struct recorder *rec;
	struct trace *outer;    /* armed before this one on the same thread */
	struct map functions;   /* code object or PyMethodDef -> symbol id */
	PyObject **kept;        /* what those addresses belong to, so that none is reused */
	size_t nkept, kept_cap;
	PyObject *timer;        /* callable in place of the clock, or NULL */
	uint64_t timer_last;    /* never go back */
	uint64_t away_ns;       /* time spent in our own helpers: taken out */
	uint64_t away_since;
	int64_t cpu_ns;         /* of the threads while it was armed there */
	int64_t cpu_since;
	unsigned generation;    /* forks.h: not ours in a child */
	bool armed;
	bool interrupted;       /* the hook was taken away while it was armed */
};

/* NULL without memory (no exception is set). `timer` may be NULL; it returns
 * seconds as float or nanoseconds as int. */
struct trace *trace_new(PyObject *timer);
void trace_free(struct trace *t);

/* Takes the recorder out, closed, and drops what the trace kept alive. The caller
 * frees the recorder; the trace can only be freed after that. */
struct recorder *trace_take(struct trace *t);

/* False when it is armed already, on this thread or another: then the caller runs
 * the application without it. */
bool trace_arm(struct trace *t);
void trace_disarm(struct trace *t);

/* Around our own work on behalf of the application (finding a route): its calls
 * are not recorded and its time is taken out. They nest. */
void trace_pause(void);
void trace_resume(void);

/* What the thread's traces are told. Engines call these. */
void trace_event_call(PyFrameObject *frame);
void trace_event_return(void);
void trace_event_c_call(PyObject *function);

/* The traces of this thread: swapped as a whole when a greenlet is left for
 * another. */
struct trace *trace_swap(struct trace *top);
struct trace *trace_top(void);

/* Marks all traces of this thread: someone else took the hook. */
void trace_interrupted(void);

/* True once in a child after fork: this thread's traces were the parent's and
 * have been forgotten. */
bool trace_forget_after_fork(void);

#endif
