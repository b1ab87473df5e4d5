/* The events of trace.h, where they are not nearly all events: functions met for the
 * first time, the user's own clock, readings, traces within traces. */
#include "trace.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "naming.h"
#include "quiet.h"

/* Python code of someone's runs in the middle of an event: unheard. */
static struct trace *begin_python(struct trace *t)
{
	struct trace *top = trace_top;

	trace_top = NULL;
	t->busy++;
	t->busy_thread = PyThread_get_thread_ident();
	return top;
}

static void end_python(struct trace *t, struct trace *top)
{
	t->busy--;
	trace_top = top;
}

/* What the timer said, in ns or ticks; -1 with an exception. */
static int timer_value(const struct trace *t, PyObject *o, int64_t *value)
{
	double ns;

	if (t->timer_rule == TIMER_TICKS) {
		*value = PyLong_AsLongLong(o);
		return PyErr_Occurred() ? -1 : 0;
	}
	if (t->timer_rule == TIMER_BY_TYPE && PyLong_Check(o))
		ns = PyLong_AsDouble(o);
	else
		ns = PyFloat_AsDouble(o) * 1e9;
	if (PyErr_Occurred())
		return -1;
	if (!(fabs(ns) < 9e18)) {
		PyErr_SetString(PyExc_OverflowError, "the timer's time is out of range");
		return -1;
	}
	*value = llround(ns);
	return 0;
}

/* The user's clock, itself not recorded. One that fails, or goes back, stands
 * still; a Profile says so as cProfile does, a request does not. */
uint64_t trace_timer(struct trace *t)
{
	PyObject *type, *value, *traceback, *now;
	struct trace *top;
	int64_t ns = 0;

	PyErr_Fetch(&type, &value, &traceback);
	top = begin_python(t);
	now = PyObject_CallNoArgs(t->timer);
	if (now != NULL && timer_value(t, now, &ns) == 0) {
		if (!t->timer_began || ns > t->timer_last)
			t->timer_last = ns;
		t->timer_began = true;
	} else if (t->owner != NULL && PyErr_ExceptionMatches(PyExc_Exception)) {
		PyErr_WriteUnraisable(t->timer);
	}
	Py_XDECREF(now);
	end_python(t, top);
	quiet_clear();
	PyErr_Restore(type, value, traceback);
	return (uint64_t)t->timer_last;
}

/* A debt that is too high is let go, all of it: one event in many comes here. A long gap
 * may have been a wait. */
uint64_t trace_clock_slowly(struct trace *t, uint64_t ticks, uint64_t now)
{
	uint64_t gap = now - t->last;

	if ((int64_t)gap < 0) {
		if (gap + TRACE_DEBT > METRICS_NEVER)
			t->away = ticks - t->last;
		return t->last;
	}
	if (gap > t->readings.ask_after)
		metrics_ask(&t->readings, &t->metrics, t->recording.rec, clock_ticks(), gap);
	return now;
}

/* A call of a known node, and a return, at a time that is to be looked at. */
void trace_enter_late(struct trace *t, struct recorder_node *node, uint64_t ticks, uint32_t state)
{
	uint64_t now = trace_clock(t, ticks, 0);

	recorder_enter(t->recording.rec, node, now, state);
}

void trace_leave_late(struct trace *t, uint64_t ticks, struct cost cost)
{
	recorder_leave(t->recording.rec, trace_clock(t, ticks, cost.inside));
	t->away += cost.outside;
}

/* Readings before an event; the callables are not recorded themselves. */
void trace_measure(struct trace *t)
{
	struct trace *top = begin_python(t);
	size_t size = t->metrics.n * sizeof(int64_t);
	int64_t values[RECORDER_MAX_EXTRA];

	memcpy(values, t->recording.rec->extra_now, size);
	metrics_read(&t->readings, &t->metrics, t->recording.rec, clock_ticks(), values);
	end_python(t, top);
	memcpy(t->recording.rec->extra_now, values, size);
}

/* What is at this address, and a reference that keeps it there. Without memory
 * the function appears among the others; and if it goes, what comes to lie there
 * next is taken for it. */
static void keep(struct trace *t, const void *address, PyObject *owner, uint32_t symbol)
{
	PyObject **grown = mem_grow(t->kept, &t->kept_cap, t->nkept + 1, sizeof *grown);

	if (grown != NULL)
		t->kept = grown;
	if (grown == NULL ||
	    map_add(&t->recording.functions, (uintptr_t)address, symbol) < 0) {
		t->recording.rec->nlost++;
		return;
	}
	t->kept[t->nkept++] = Py_NewRef(owner);
}

/* It is not known yet, and there is room for its first call: else that is lost. */
static bool may_meet(const struct trace *t, uintptr_t address)
{
	const struct recorder *rec = t->recording.rec;

	return map_get(&t->recording.functions, address) == MAP_NONE &&
	       rec->nnodes < rec->max_nodes;
}

/* While a name is looked for nothing is recorded: repr() may be Python code. */
void trace_meet_code(struct trace *t, PyCodeObject *code, PyObject *first)
{
	struct trace *top;

	if (!may_meet(t, (uintptr_t)code))
		return;
	top = begin_python(t);
	keep(t, code, (PyObject *)code, name_code(code, first));
	end_python(t, top);
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
	struct trace *top;

	if (!may_meet(t, (uintptr_t)def))
		return;
	top = begin_python(t);
	keep(t, def, owner_of_definition(callable), name_c_function(callable, self_arg));
	end_python(t, top);
}

/* A call that was made before, and is not the first at its place. */
static bool call_recalled(struct trace *t, uintptr_t function, uint32_t state)
{
	struct recorder *rec = t->recording.rec;
	struct recorder_node *node = recorder_has_room(rec) ? recorder_recalls(rec, function) : NULL;

	if (node == NULL)
		return false;
	trace_enter_late(t, node, clock_quick_ticks(), state);
	return true;
}

void trace_call_code_slowly(const struct engine *engine, PyCodeObject *code)
{
	struct trace *top = trace_top;

	if (top != NULL && top->quick == engine && call_recalled(top, (uintptr_t)code, 0))
		return;
	for (struct trace *t = trace_top; t != NULL; t = t->outer) {
		if (t->hears != engine)
			continue;
		if (!recorder_knows(t->recording.rec, (uintptr_t)code))
			trace_meet_code(t, code, NULL);
		trace_call_to(t, (uintptr_t)code, 0);
	}
}

void trace_call_c_function_slowly(const struct engine *engine, PyMethodDef *def,
				  PyObject *callable, PyObject *self_arg)
{
	struct trace *top = trace_top;

	if (top != NULL && top->quick_c == engine && call_recalled(top, (uintptr_t)def, RECORDER_C))
		return;
	for (struct trace *t = trace_top; t != NULL; t = t->outer) {
		if (t->hears != engine || t->mode != MODE_EXACT)
			continue;
		if (!recorder_knows(t->recording.rec, (uintptr_t)def))
			trace_meet_c_function(t, def, callable, self_arg);
		trace_call_to(t, (uintptr_t)def, RECORDER_C);
	}
}

void trace_return_code_slowly(const struct engine *engine)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		if (t->hears == engine)
			trace_return_to(t, t->costs.python);
}

void trace_return_c_function_slowly(const struct engine *engine, bool method)
{
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		if (t->hears == engine && t->mode == MODE_EXACT)
			trace_return_to(t, *trace_c_cost(t, method));
}
