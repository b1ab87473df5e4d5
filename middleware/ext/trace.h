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

#include "calibration.h"
#include "clock.h"
#include "engine.h"
#include "metrics.h"
#include "recording.h"

struct strands;

/* What a timer's answer means. */
enum timer_rule {
	TIMER_BY_TYPE, /* the middleware's: float seconds, int nanoseconds */
	TIMER_SECONDS, /* cProfile's: seconds, int or float */
	TIMER_TICKS    /* cProfile's with a timeunit: ints; recording.ns_per_tick is it */
};

struct trace {
	struct recording recording;
	const struct engine *hears; /* whose events it takes: NULL while it is paused */
	/* The same when an event is a quick clock and the recorder alone: no timer,
	 * no metrics that are read each time, no trace further out. */
	const struct engine *quick;
	const struct engine *quick_c; /* that, where C functions are recorded too */
	struct trace *outer;    /* armed before this one on the same thread */
	unsigned paused;
	enum mode mode;
	const struct engine *engine;
	uint64_t away;          /* ticks that are taken out: our helpers', the tracer's */
	uint64_t last;          /* the last reading given to the recorder */
	struct costs costs;     /* of the tracer, per call; zero with a timer */
	int64_t costs_at_ns;    /* when a Profiler asked for them last */
	PyObject *timer;        /* callable in place of the clock, or NULL */
	struct metrics metrics; /* beside the wall time */
	struct metrics_state readings;
	enum timer_rule timer_rule;
	int64_t timer_last;     /* ns, or ticks; never goes back */
	bool timer_began;       /* it has answered */
	/* Python code runs on behalf of an event, in that thread; the event will go on
	 * with the recorder it has. */
	unsigned busy;
	unsigned long busy_thread;
	PyObject *owner;        /* the Profiler it is one of, borrowed, or NULL */
	bool enabled;           /* by the owner's enable() */
	uint64_t away_since;
	uint64_t helpers;       /* the part of `away` that is our helpers' */
	uint64_t armed_ticks, armed_since;
	int64_t wall_ns;        /* once it is taken: as served, the helpers' time left out */
	int64_t tracer_ns;      /* the part of it that was taken out as the tracer's own */
	PyObject **kept;        /* what the addresses in the recording belong to, so
	                           that none is reused */
	size_t nkept, kept_cap;
	int64_t cpu_ns;         /* of the threads while it was armed there */
	int64_t cpu_since;
	struct thread_clock cpu_clock; /* of the thread it is armed on */
	bool parked;            /* its greenlet is not running */
	struct strands *strands; /* strand.h: of the request it belongs to, or NULL */
	unsigned generation;    /* forks.h: not ours in a child */
	unsigned was_out;       /* its engine, when it was armed */
	bool armed;
	bool one_of_many;       /* others will follow: the engine may prepare for them */
	bool interrupted;       /* the hook was taken away while it was armed */
	/* Disarmed from another thread or greenlet than it was armed on: paused
	 * for good, and still in that one's list until it arms or disarms again. */
	bool adrift;
	bool orphan;            /* adrift, and freed */
	unsigned thread;        /* that armed it */
	bool left_engine, left_thread; /* is not counted there any more */
};

/* NULL without memory (no exception is set). `timer` may be NULL; what it returns
 * is told by timer_rule. `metrics`, copied, may be NULL. */
struct trace *trace_new(enum mode mode, PyObject *timer, const struct metrics *metrics);
void trace_free(struct trace *t);
/* What it refers to, for the garbage collector. */
int trace_traverse(struct trace *t, visitproc visit, void *arg);

/* Takes what was recorded out, closed, and drops what the trace kept alive; the
 * trace can only be freed after that. Sets wall_ns and tracer_ns. While it is busy
 * the event on its way goes to a recorder put in place, which is asked for last in
 * all below; without memory for that there is no recorder in *out. */
void trace_take(struct trace *t, struct recording *out);

/* Forgets what was recorded; goes on if it is armed. -1 without memory. Not while
 * it is busy. */
int trace_clear(struct trace *t);

/* In a child after fork: the parent's trace, with what it recorded so far, becomes
 * ours, disarmed. Does nothing elsewhere. */
void trace_adopt(struct trace *t);

/* False when it is armed already, on this thread or another: then the caller runs
 * the application without it. */
bool trace_arm(struct trace *t);
/* The same, taking out for each call what t->costs says: nothing at first. */
bool trace_arm_bare(struct trace *t);
/* From any thread; the one that armed it must follow (a second time does no harm),
 * or goes on being told of its events. */
void trace_disarm(struct trace *t);

/* Around our own work on behalf of the application (finding a route): its calls
 * are not recorded and its time is taken out. They nest. */
void trace_pause(void);
void trace_resume(void);

/* Takes those out of this thread's list that were disarmed from elsewhere: trace_arm
 * and trace_disarm do, and an engine whose hook is the thread's own. */
void trace_sweep(void);

/* The traces of this thread: swapped as a whole when a greenlet is left for
 * another. */
struct trace *trace_swap(struct trace *other);

/* Marks all traces of this thread: someone else took the hook. */
void trace_interrupted(void);

/* Once, before the first trace. 0, or an errno. */
int trace_init(void);

/* In a child after fork this thread's traces were the parent's: they go, once. */
void trace_forget_after_fork(void);

/* initial-exec: read at every event, where a call to find thread-local storage
 * would cost as much as the rest. */
extern __thread struct trace *trace_top __attribute__((tls_model("initial-exec")));

/* Slow ways of the events below (trace_events.c). */
void trace_meet_code(struct trace *t, PyCodeObject *code, PyObject *first);
void trace_meet_c_function(struct trace *t, PyMethodDef *def, PyObject *callable,
			   PyObject *self_arg);
uint64_t trace_timer(struct trace *t);
void trace_measure(struct trace *t);
uint64_t trace_clock_slowly(struct trace *t, uint64_t ticks, uint64_t now);
void trace_enter_late(struct trace *t, struct recorder_node *node, uint64_t ticks, uint32_t state);
void trace_leave_late(struct trace *t, uint64_t ticks, struct cost cost);
void trace_call_code_slowly(const struct engine *engine, PyCodeObject *code);
void trace_call_c_function_slowly(const struct engine *engine, PyMethodDef *def,
				  PyObject *callable, PyObject *self_arg);
void trace_return_code_slowly(const struct engine *engine);
void trace_return_c_function_slowly(const struct engine *engine, bool method);

#define TRACE_SELDOM(condition) __builtin_expect(condition, 0)
/* For hooks: at the beginning of a cache line, whatever the build. Elsewhere one may be
 * slower by half of what an event costs. */
#define TRACE_HOOK __attribute__((aligned(64)))

/* What is taken out is an average, and may be more than has gone by since the event
 * before: the clock then stands still, and the rest is taken out at the events after,
 * else the mean would be too little. So many ticks at most: a cost that is always too
 * high is not for those to bear who come after. */
#define TRACE_DEBT 2000u

/* Whether nothing need be looked at: neither a long gap nor a debt that is too high. */
static inline bool trace_is_ordinary(const struct trace *t, uint64_t now)
{
	return now - t->last + TRACE_DEBT <= t->readings.ask_after;
}

/* Without a branch, for which it will be nobody can foretell. */
static inline uint64_t trace_forward(const struct trace *t, uint64_t now)
{
	return (int64_t)(now - t->last) < 0 ? t->last : now;
}

/* The clock, less what was taken out, now `cost` ticks more. */
static inline uint64_t trace_clock(struct trace *t, uint64_t ticks, uint64_t cost)
{
	uint64_t now = ticks - (t->away += cost);

	if (trace_is_ordinary(t, now))
		now = trace_forward(t, now);
	else
		now = trace_clock_slowly(t, ticks, now);
	t->last = now;
	return (int64_t)(now - t->last) < 0 ? t->last : now;
}

static inline uint64_t trace_now(struct trace *t, uint64_t cost)
{
	return trace_clock(t, t->timer == NULL ? clock_ticks() : trace_timer(t), cost);
}

static inline void trace_call_to(struct trace *t, uintptr_t function, uint32_t state)
{
	uint64_t now = trace_now(t, 0);

	if (t->readings.has_readings)
		trace_measure(t);
	recorder_call_as(t->recording.rec, function, now, state);
}

/* A return, and what its call cost. */
static inline void trace_return_to(struct trace *t, struct cost cost)
{
	uint64_t now = trace_now(t, cost.inside);

	if (t->readings.has_readings)
		trace_measure(t);
	recorder_return(t->recording.rec, now);
	t->away += cost.outside;
}

/* The way of nearly all events, for an engine that is the trace's `quick` or quick_c:
 * false when it cannot be gone. Nothing here outlives a call, so that a hook which
 * ends with this saves no registers. `state`: RECORDER_C or 0. */
static inline bool trace_quick_call(struct trace *t, bool quick, uintptr_t function,
				    uint32_t state)
{
	struct recorder *rec = t->recording.rec;
	struct recorder_node *node;
	uint64_t ticks, now;

	if (!quick)
		return false;
	node = recorder_expects(rec, function);
	if (node == NULL || !recorder_has_room(rec))
		return false;
	ticks = clock_quick_ticks();
	now = ticks - t->away;
	if (TRACE_SELDOM(!trace_is_ordinary(t, now))) {
		trace_enter_late(t, node, ticks, state);
		return true;
	}
	t->last = now = trace_forward(t, now);
	recorder_enter(rec, node, now, state);
	return true;
}

/* Who is entered as a C function returns as one: which it is need not be asked again. */
static inline bool trace_quick_return(struct trace *t, bool quick, const struct cost *cost,
				      uint32_t state)
{
	struct recorder *rec = t->recording.rec;
	uint64_t ticks, away, now;

	if (!quick || !recorder_leaves(rec, state))
		return false;
	ticks = clock_quick_ticks();
	away = t->away + cost->inside;
	now = ticks - away;
	if (TRACE_SELDOM(!trace_is_ordinary(t, now))) {
		trace_leave_late(t, ticks, *cost);
		return true;
	}
	t->last = now = trace_forward(t, now);
	t->away = away + cost->outside;
	recorder_leave(rec, now);
	return true;
}

/* What the thread's traces are told; engines call these, and a trace hears its own
 * engine alone. The clock is read last at a call and first at a return: our own
 * work is the caller's. */
static inline void trace_call_code(const struct engine *engine, PyCodeObject *code)
{
	struct trace *t = trace_top;

	if (t != NULL && !trace_quick_call(t, t->quick == engine, (uintptr_t)code, 0))
		trace_call_code_slowly(engine, code);
}

/* A C function is known by its definition: bound methods come and go. `callable`
 * is it or a method's descriptor, called on `self_arg`. */
static inline void trace_call_c_function(const struct engine *engine, PyMethodDef *def,
					 PyObject *callable, PyObject *self_arg)
{
	struct trace *t = trace_top;

	if (t != NULL && !trace_quick_call(t, t->quick_c == engine, (uintptr_t)def, RECORDER_C))
		trace_call_c_function_slowly(engine, def, callable, self_arg);
}

static inline void trace_return_code(const struct engine *engine)
{
	struct trace *t = trace_top;

	if (t != NULL && !trace_quick_return(t, t->quick == engine, &t->costs.python, 0))
		trace_return_code_slowly(engine);
}

/* `method`: of a type, called on an instance of it. */
static inline const struct cost *trace_c_cost(const struct trace *t, bool method)
{
	return method ? &t->costs.method : &t->costs.c;
}

static inline void trace_return_c_function(const struct engine *engine, bool method)
{
	struct trace *t = trace_top;

	if (t != NULL &&
	    !trace_quick_return(t, t->quick_c == engine, trace_c_cost(t, method), RECORDER_C))
		trace_return_c_function_slowly(engine, method);
}

#endif
