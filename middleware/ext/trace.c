#include "trace.h"

#include <math.h>
#include <pthread.h>

#include "base/mem.h"
#include "forks.h"
#include "greenlets.h"
#include "naming.h"

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))

__thread struct trace *trace_top;
unsigned trace_hook_was_out;

THREAD_LOCAL unsigned narmed; /* on this thread, in all its greenlets */
THREAD_LOCAL unsigned seen_generation;

enum { PAUSED_FOR_GOOD = 1 << 30 };

static void in_child(void)
{
	trace_top = NULL;
}

int trace_init(void)
{
	return pthread_atfork(NULL, NULL, in_child);
}

bool trace_forget_after_fork(void)
{
	if (seen_generation == fork_generation())
		return false;
	seen_generation = fork_generation();
	if (narmed == 0)
		return false;
	narmed = 0;
	greenlets_forget();
	return true;
}

struct trace *trace_new(enum mode mode, PyObject *timer, const struct metrics *metrics)
{
	struct trace *t = mem_zalloc(sizeof *t);

	if (t == NULL)
		return NULL;
	t->recording = (struct recording)RECORDING_INIT;
	t->recording.rec = recorder_new(0, metrics ? metrics->n : 0);
	if (t->recording.rec == NULL) {
		mem_free(t);
		return NULL;
	}
	t->mode = mode;
	t->timer = Py_XNewRef(timer);
	if (metrics != NULL)
		metrics_copy(&t->metrics, metrics);
	t->generation = fork_generation();
	return t;
}

static void forget_functions(struct trace *t)
{
	for (size_t i = 0; i < t->nkept; i++)
		Py_DECREF(t->kept[i]);
	mem_free(t->kept);
	t->kept = NULL;
	t->nkept = t->kept_cap = 0;
}

void trace_free(struct trace *t)
{
	if (t == NULL)
		return;
	trace_disarm(t);
	forget_functions(t);
	recording_release(&t->recording);
	Py_CLEAR(t->timer);
	metrics_release(&t->metrics);
	if (t->adrift)
		t->orphan = true;
	else
		mem_free(t);
}

/* The user's clock, itself not recorded. One that fails stands still. */
uint64_t trace_timer(struct trace *t)
{
	PyObject *type, *value, *traceback, *now;
	struct trace *top = trace_top;

	PyErr_Fetch(&type, &value, &traceback);
	trace_top = NULL;
	now = PyObject_CallNoArgs(t->timer);
	trace_top = top;
	if (now != NULL) {
		double ns = PyLong_Check(now) ? PyLong_AsDouble(now) : PyFloat_AsDouble(now) * 1e9;

		if (!PyErr_Occurred() && isfinite(ns) && ns > (double)t->timer_last && ns < 1.8e19)
			t->timer_last = (uint64_t)llround(ns);
	}
	Py_XDECREF(now);
	PyErr_Clear();
	PyErr_Restore(type, value, traceback);
	return t->timer_last;
}

/* Readings before an event; the callables are not recorded themselves. */
void trace_measure(struct trace *t, uint64_t now)
{
	struct trace *top = trace_top;

	trace_top = NULL;
	metrics_read(&t->readings, &t->metrics, clock_ticks(), now, t->recording.rec->extra_now);
	trace_top = top;
}

void trace_take(struct trace *t, struct recording *out)
{
	double ns_per_tick;

	if (t->armed)
		trace_disarm(t);
	ns_per_tick = t->recording.ns_per_tick;
	t->wall_ns = (int64_t)((double)(t->armed_ticks - t->helpers) * ns_per_tick);
	t->tracer_ns = (int64_t)((double)(t->away - t->helpers) * ns_per_tick);
	*out = t->recording;
	t->recording = (struct recording)RECORDING_INIT;
	forget_functions(t);
}

static void leave_engine(const struct trace *t)
{
	t->engine->disarm(t->mode);
	if (narmed != 0 && --narmed == 0)
		greenlets_unwatch();
}

/* Takes those out of this thread's list that were disarmed from elsewhere. */
static void sweep(void)
{
	struct trace **at = &trace_top;

	while (*at != NULL) {
		struct trace *t = *at;

		if (!t->adrift) {
			at = &t->outer;
			continue;
		}
		*at = t->outer;
		leave_engine(t);
		t->adrift = false;
		t->paused = 0;
		if (t->orphan)
			mem_free(t);
	}
}

/* The clock as it is. */
static uint64_t bare_ticks(struct trace *t)
{
	return t->timer == NULL ? clock_ticks() : trace_timer(t);
}

/* Those further out stay while it is armed. */
static void hear(struct trace *t, const struct engine *engine)
{
	t->hears = engine;
	t->quick = NULL;
	if (clock_is_quick() && t->timer == NULL && t->metrics.n == 0 && t->outer == NULL)
		t->quick = engine;
}

bool trace_arm(struct trace *t)
{
	/* Once for a request, not for each block of its body. */
	if (t->armed_ticks == 0 && t->timer == NULL)
		t->costs = calibration_costs(t->mode);
	return trace_arm_bare(t);
}

bool trace_arm_bare(struct trace *t)
{
	trace_forget_after_fork();
	sweep();
	if (t->armed || t->adrift || t->recording.rec == NULL || t->generation != fork_generation())
		return false;
	t->armed = true;
	t->engine = engine_choose(t->mode);
	t->outer = trace_top;
	trace_top = t;
	hear(t, t->engine);
	if (narmed++ == 0)
		greenlets_watch();
	t->engine->arm(t->mode);
	t->hook_was_out = trace_hook_was_out;
	t->cpu_since = clock_cpu_ns();
	t->armed_since = bare_ticks(t);
	t->last = t->armed_since - t->away;
	if (t->metrics.n != 0) {
		metrics_begin(&t->readings, &t->metrics, clock_ticks());
		trace_measure(t, t->last);
	}
	recorder_start(t->recording.rec, t->last);
	return true;
}

/* Where this thread's list refers to t; NULL if it does not. */
static struct trace **link_to(const struct trace *t)
{
	for (struct trace **at = &trace_top; *at != NULL; at = &(*at)->outer)
		if (*at == t)
			return at;
	return NULL;
}

static void stop_recording(struct trace *t)
{
	uint64_t now = trace_now(t, 0);

	if (t->metrics.n != 0) {
		trace_measure(t, now);
		metrics_end(&t->readings, &t->metrics);
	}
	t->armed_ticks += now + t->away - t->armed_since;
	recorder_finish(t->recording.rec, now);
	recorder_stop(t->recording.rec, now);
	t->recording.rec->nlost += trace_hook_was_out - t->hook_was_out;
	if (t->timer == NULL)
		t->recording.ns_per_tick = clock_ns_per_tick();
	metrics_describe(&t->metrics, t->recording.ns_per_tick, t->recording.extra);
}

/* Its CPU time up to now; the clock of it is slow to read. */
static void count_cpu(struct trace *t)
{
	int64_t now = clock_cpu_ns();

	t->cpu_ns += now - t->cpu_since;
	t->cpu_since = now;
}

void trace_disarm(struct trace *t)
{
	struct trace **link;

	if (t->adrift)
		sweep();
	if (!t->armed)
		return;
	t->armed = false;
	if (t->generation != fork_generation())
		return; /* the parent's; the hook takes itself out */
	stop_recording(t);
	link = link_to(t);
	if (link == NULL) {
		t->adrift = true;
		t->paused += PAUSED_FOR_GOOD;
		hear(t, NULL);
		return;
	}
	count_cpu(t);
	leave_engine(t);
	*link = t->outer;
	t->outer = NULL;
}

void trace_pause(void)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		if (t->paused++ == 0) {
			hear(t, NULL);
			t->away_since = trace_now(t, 0);
			count_cpu(t);
		}
}

void trace_resume(void)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		if (t->paused != 0 && --t->paused == 0) {
			uint64_t helpers;

			t->cpu_since = clock_cpu_ns();
			helpers = trace_now(t, 0) - t->away_since;
			t->away += helpers;
			t->helpers += helpers;
			t->last -= helpers;
			hear(t, t->engine);
		}
}

/* What is at this address, and a reference that keeps it there. Without memory
 * the function appears among the others. */
static void keep(struct trace *t, const void *address, PyObject *owner, uint32_t symbol)
{
	PyObject **grown = mem_grow(t->kept, &t->kept_cap, t->nkept + 1, sizeof *grown);

	if (grown == NULL)
		return;
	t->kept = grown;
	if (map_add(&t->recording.functions, (uintptr_t)address, symbol) == 0)
		t->kept[t->nkept++] = Py_NewRef(owner);
}

/* While a name is looked for nothing is recorded: repr() may be Python code. */
void trace_meet_code(struct trace *t, PyCodeObject *code, PyObject *first)
{
	struct trace *top = trace_top;

	if (map_get(&t->recording.functions, (uintptr_t)code) != MAP_NONE)
		return;
	trace_top = NULL;
	keep(t, code, (PyObject *)code, name_code(code, first));
	trace_top = top;
}

/* What a definition lives as long as. Not the object a method is bound to: that
 * may be a file its owner is done with. A capsule is what wrapper generators keep
 * definitions in. */
static PyObject *owner_of_definition(PyObject *callable)
{
	PyObject *self = PyCFunction_Check(callable) ? PyCFunction_GET_SELF(callable) : NULL;

	if (self == NULL || PyModule_Check(self) || PyType_Check(self) ||
	    PyCapsule_CheckExact(self))
		return callable;
	return (PyObject *)Py_TYPE(self);
}

void trace_meet_c_function(struct trace *t, PyMethodDef *def, PyObject *callable,
			   PyObject *self_arg)
{
	struct trace *top = trace_top;

	if (map_get(&t->recording.functions, (uintptr_t)def) != MAP_NONE)
		return;
	trace_top = NULL;
	keep(t, def, owner_of_definition(callable), name_c_function(callable, self_arg));
	trace_top = top;
}

void trace_call_code_slowly(const struct engine *engine, PyCodeObject *code)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer) {
		if (t->hears != engine)
			continue;
		if (!recorder_expects(t->recording.rec, (uintptr_t)code))
			trace_meet_code(t, code, NULL);
		trace_call_to(t, (uintptr_t)code);
	}
}

void trace_call_c_function_slowly(const struct engine *engine, PyMethodDef *def,
				  PyObject *callable, PyObject *self_arg)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer) {
		if (t->hears != engine || t->mode != MODE_EXACT)
			continue;
		if (!recorder_expects(t->recording.rec, (uintptr_t)def))
			trace_meet_c_function(t, def, callable, self_arg);
		trace_call_to(t, (uintptr_t)def);
	}
}

void trace_return_code_slowly(const struct engine *engine)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		if (t->hears == engine)
			trace_return_to(t, t->costs.python);
}

void trace_return_c_function_slowly(const struct engine *engine)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		if (t->hears == engine && t->mode == MODE_EXACT)
			trace_return_to(t, t->costs.c);
}

struct trace *trace_swap(struct trace *other)
{
	struct trace *old = trace_top;
	int64_t cpu;

	if (old == other)
		return old;
	cpu = clock_cpu_ns();
	for (struct trace *t = old; t != NULL; t = t->outer) {
		t->cpu_ns += cpu - t->cpu_since;
		if (t->metrics.n != 0)
			metrics_leave(&t->readings, clock_ticks());
	}
	for (struct trace *t = other; t != NULL; t = t->outer) {
		t->cpu_since = cpu;
		if (t->metrics.n != 0)
			metrics_return(&t->readings, clock_ticks());
	}
	trace_top = other;
	return old;
}

void trace_interrupted(void)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		t->interrupted = true;
}
