/* strand.h -- work that a request hands on to other threads: each thread it starts,
 * each job it gives to an executor, each task it gives to another thread's event loop
 * is a strand, recorded by a trace of its own on the thread that runs it. What a
 * strand hands on in turn is the same request's.
 *
 *     request ── strands ──> strand  waiting: handed on, not begun
 *                       ├──> strand  running: its trace is armed on a thread
 *                       ├──> strand  suspended: a task between two steps
 *                       └──> done: what the ended ones recorded
 *
 * A strand is an object that is called in place of the job or of Thread.run, and
 * does nothing else that can be noticed. When the request is over the running ones
 * are cut: what they recorded is taken, and their traces hear no more. Strands keep
 * nothing of the request alive but the struct below.
 *
 * What fails here fails alone: no function leaves an exception set.
 */
#ifndef CPROF_EXT_STRAND_H
#define CPROF_EXT_STRAND_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

#include "engine.h"
#include "metrics.h"
#include "recording.h"

struct strand;

/* All of one request. Reference counted: strands may outlive the request. */
struct strands {
	size_t nrefs;
	unsigned generation; /* forks.h: those of a parent are none of ours */
	bool open;           /* the request is not over */
	enum mode mode;
	PyObject *timer;     /* or NULL */
	struct metrics metrics;
	struct strand *first; /* waiting, running and suspended */
	struct followed *done;
	size_t ndone, done_cap;
	size_t ntaken;       /* handed on and not lost */
	uint64_t nlost;      /* not begun in time, or past the bound */
};

/* NULL without memory. As in trace_new. */
struct strands *strands_new(enum mode mode, PyObject *timer, const struct metrics *metrics);

/* The request is over: cuts what is running, drops what has not begun and moves
 * what was recorded into *out, an array for mem_free. The caller's reference is
 * gone after it. Nothing in a child after fork. */
void strands_close(struct strands *all, struct followed **out, size_t *nout, uint64_t *nlost);

/* What to call in place of `work`, for all requests whose traces listen on this
 * thread; NULL when there is none. Of a thread, `work` is its run(), in place of which
 * the strand is put on `thread` until it begins, or is dropped. Of a task it is the
 * coroutine, and not called but stepped (strand_step). */
PyObject *strand_new(enum followed_kind kind, PyObject *work, PyObject *thread);

/* The coroutine's own method ("send", "throw", "close"), heard; the result of that.
 * What is raised, and close, end the strand. */
PyObject *strand_step(PyObject *strand, const char *method, PyObject *args);

/* No request hears of it any more. */
bool strand_is_over(PyObject *strand);

/* What was handed on will not be run. Nothing if it has begun. */
void strand_drop(PyObject *strand);

/* 0, or -1 with an exception. */
int strand_init(void);

#endif
