#include "trace.h"

#include <math.h>

#include "base/mem.h"
#include "clock.h"
#include "engine.h"
#include "forks.h"
#include "greenlets.h"
#include "naming.h"

/* initial-exec: the hook reads it at every event, and a function call to find
 * thread-local storage would cost as much as the rest of the event. */
#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))

THREAD_LOCAL struct trace *top;
THREAD_LOCAL unsigned narmed; /* on this thread, in all its greenlets */
THREAD_LOCAL unsigned paused;
THREAD_LOCAL unsigned seen_generation;

bool trace_forget_after_fork(void)
{
	if (seen_generation == fork_generation())
		return false;
	seen_generation = fork_generation();
	paused = 0;
	if (narmed == 0)
		return false;
	top = NULL;
	narmed = 0;
	greenlets_forget();
	return true;
}

struct trace *trace_new(PyObject *timer)
{
	struct trace *t = mem_zalloc(sizeof *t);

	if (t == NULL)
		return NULL;
	t->rec = recorder_new(0);
	if (t->rec == NULL) {
		mem_free(t);
		return NULL;
	}
	t->timer = Py_XNewRef(timer);
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
	map_release(&t->functions);
}

void trace_free(struct trace *t)
{
	if (t == NULL)
		return;
	if (t->armed)
		trace_disarm(t);
	forget_functions(t);
	recorder_free(t->rec);
	Py_XDECREF(t->timer);
	mem_free(t);
}

/* The user's clock. It is called inside the hook, where nothing is traced; a
 * failing one stands still. */
static uint64_t timer_ns(struct trace *t)
{
	PyObject *type, *value, *traceback, *now;

	PyErr_Fetch(&type, &value, &traceback);
	now = PyObject_CallNoArgs(t->timer);
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

static uint64_t now_ns(struct trace *t)
{
	return (t->timer == NULL ? clock_wall_ns() : timer_ns(t)) - t->away_ns;
}

struct recorder *trace_take(struct trace *t)
{
	struct recorder *rec = t->rec;

	if (t->armed)
		trace_disarm(t);
	t->rec = NULL;
	forget_functions(t);
	return rec;
}

bool trace_arm(struct trace *t)
{
	trace_forget_after_fork();
	if (t->armed || t->rec == NULL || t->generation != fork_generation())
		return false;
	t->armed = true;
	t->outer = top;
	t->cpu_since = clock_cpu_ns();
	top = t;
	if (narmed++ == 0)
		greenlets_watch();
	engine_arm();
	recorder_start(t->rec, now_ns(t));
	return true;
}

static void unlink_trace(struct trace *t)
{
	for (struct trace **at = &top; *at != NULL; at = &(*at)->outer) {
		if (*at == t) {
			*at = t->outer;
			break;
		}
	}
	t->outer = NULL;
}

void trace_disarm(struct trace *t)
{
	uint64_t now;

	if (!t->armed)
		return;
	t->armed = false;
	if (t->generation != fork_generation())
		return; /* the parent's; the hook takes itself out */
	now = now_ns(t);
	recorder_finish(t->rec, now);
	recorder_stop(t->rec, now);
	engine_disarm();
	t->cpu_ns += clock_cpu_ns() - t->cpu_since;
	unlink_trace(t);
	if (narmed != 0 && --narmed == 0)
		greenlets_unwatch();
}

void trace_pause(void)
{
	if (paused++ != 0)
		return;
	for (struct trace *t = top; t != NULL; t = t->outer)
		t->away_since = now_ns(t);
}

void trace_resume(void)
{
	if (paused == 0 || --paused != 0)
		return;
	for (struct trace *t = top; t != NULL; t = t->outer)
		t->away_ns += now_ns(t) - t->away_since;
}

/* The symbol of the function at this address, which `owner` keeps alive. Without memory the function is looked up again at its
 * next call. */
static uint32_t remember(struct trace *t, const void *address, PyObject *owner, uint32_t symbol)
{
	PyObject **grown = mem_grow(t->kept, &t->kept_cap, t->nkept + 1, sizeof *grown);

	if (grown == NULL)
		return symbol;
	t->kept = grown;
	if (map_add(&t->functions, (uintptr_t)address, symbol) == 0)
		t->kept[t->nkept++] = Py_NewRef(owner);
	return symbol;
}

static uint32_t python_function(struct trace *t, PyFrameObject *frame)
{
	PyCodeObject *code = frame_code(frame);
	uint32_t symbol = map_get(&t->functions, (uintptr_t)code);

	if (symbol != MAP_NONE)
		return symbol;
	return remember(t, code, (PyObject *)code, name_code(code, frame));
}

static uint32_t c_function(struct trace *t, PyObject *function)
{
	const void *def = ((PyCFunctionObject *)function)->m_ml;
	uint32_t symbol = map_get(&t->functions, (uintptr_t)def);

	if (symbol != MAP_NONE)
		return symbol;
	return remember(t, def, function, name_cfunction(function));
}

void trace_event_call(PyFrameObject *frame)
{
	if (paused)
		return;
	for (struct trace *t = top; t != NULL; t = t->outer) {
		uint32_t symbol = python_function(t, frame);

		recorder_call(t->rec, symbol, now_ns(t));
	}
}

void trace_event_c_call(PyObject *function)
{
	if (paused)
		return;
	for (struct trace *t = top; t != NULL; t = t->outer) {
		uint32_t symbol = c_function(t, function);

		recorder_call(t->rec, symbol, now_ns(t));
	}
}

void trace_event_return(void)
{
	if (paused)
		return;
	for (struct trace *t = top; t != NULL; t = t->outer)
		recorder_return(t->rec, now_ns(t));
}

struct trace *trace_top(void)
{
	return top;
}

struct trace *trace_swap(struct trace *other)
{
	struct trace *old = top;
	int64_t cpu;

	if (old == other)
		return old;
	cpu = clock_cpu_ns();
	for (struct trace *t = old; t != NULL; t = t->outer)
		t->cpu_ns += cpu - t->cpu_since;
	for (struct trace *t = other; t != NULL; t = t->outer)
		t->cpu_since = cpu;
	top = other;
	return old;
}

void trace_interrupted(void)
{
	for (struct trace *t = top; t != NULL; t = t->outer)
		t->interrupted = true;
}
