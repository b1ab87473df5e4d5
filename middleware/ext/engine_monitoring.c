/* engine_monitoring.c -- sys.monitoring for everything, from 3.12; without C functions
 * for traces in fast mode.
 *
 * A tool of our own, so that cProfile, coverage and debuggers go on beside it.
 * Events are the whole interpreter's: they are on while any trace of the process
 * is armed, and a thread without traces returns from them at once. Switching costs
 * 15 to 30 us, and all code is instrumented anew when it next runs: half of what it
 * costs to profile a request. So where one after the other is profiled they stay on
 * between them, until callbacks that nobody wanted have cost about as much.
 *
 * Trap: with any tool's CALL events on, a function that sys.setprofile() installs hears
 * of that call's own return first. The profile module (not cProfile) takes offence.
 */
#include "compat.h"

#include "engine.h"
#include "forks.h"
#include "monitoring.h"
#include "trace.h"

#if PY_VERSION_HEX < 0x030C0000

const struct engine *engine_monitoring(void)
{
	return NULL;
}

void engine_monitoring_run_closed_generators(bool wanted)
{
	(void)wanted;
}

void engine_monitoring_rest(void)
{
}

#else

#include <opcode.h>

static struct monitoring tool;
static unsigned was_out;
static unsigned nexact, nfast; /* traces that are armed in the process */
static unsigned nframe;        /* those of engine_frame.c that want closed generators run */
static unsigned generation;    /* of fork, that these belong to */
static long on;

static const struct engine engine;

static long wanted_events(void)
{
	long events = nexact ? tool.events : nfast ? tool.python_events : 0;

	return nframe ? events | tool.unwind_event : events;
}

/* Without memory they stay as they are, until they are wanted otherwise again. */
static void switch_to(long events)
{
	if (events == on)
		return;
	if (monitoring_switch(&tool, events))
		on = events;
	else if ((events & ~on) != 0)
		was_out++;
}

/* A child after fork inherits its parent's events, and none of its traces. */
static void forget_after_fork(void)
{
	if (generation == fork_generation())
		return;
	generation = fork_generation();
	nexact = nfast = nframe = 0;
}

static __attribute__((noinline)) PyObject *nobody_hears(void)
{
	if (generation != fork_generation()) {
		trace_forget_after_fork();
		forget_after_fork();
		switch_to(0);
	} else if (nexact + nfast + nframe == 0 && monitoring_idle(&tool)) {
		switch_to(0);
	}
	Py_RETURN_NONE;
}

/* Each callback ends in the call of its slow way, if it comes to that: so the quick
 * one saves no registers. */
#define HOOK static TRACE_HOOK PyObject *
#define SLOW static __attribute__((noinline)) PyObject *

SLOW start_slowly(PyObject *code)
{
	if (trace_top == NULL || nexact + nfast == 0)
		return nobody_hears();
	trace_call_code_slowly(&engine, (PyCodeObject *)code);
	Py_RETURN_NONE;
}

/* (code, offset) of PY_START and PY_RESUME; PY_THROW has an exception besides. */
HOOK on_start(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	struct trace *t = trace_top;

	(void)self, (void)nargs, (void)names;
	if (t != NULL && trace_quick_call(t, t->quick == &engine, (uintptr_t)args[0], 0))
		Py_RETURN_NONE;
	return start_slowly(args[0]);
}

SLOW return_slowly(void)
{
	if (trace_top == NULL || nexact + nfast == 0)
		return nobody_hears();
	trace_return_code_slowly(&engine);
	Py_RETURN_NONE;
}

/* PY_RETURN, PY_YIELD, PY_UNWIND. */
HOOK on_return(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	struct trace *t = trace_top;

	(void)self, (void)args, (void)nargs, (void)names;
	if (t != NULL && trace_quick_return(t, t->quick == &engine, &t->costs.python, 0))
		Py_RETURN_NONE;
	return return_slowly();
}

/* What cProfile counts: builtin functions, and methods of builtin types called
 * through the type's descriptor with a fitting self. Types, slots and operators
 * are not seen. */
static inline PyMethodDef *c_definition(PyObject *callable, PyObject *self_arg)
{
	PyMethodDescrObject *descr = (PyMethodDescrObject *)callable;

	if (PyCFunction_CheckExact(callable))
		return ((PyCFunctionObject *)callable)->m_ml;
	if (Py_TYPE(callable) == &PyMethodDescr_Type) {
		if (self_arg == tool.missing ||
		    !PyObject_TypeCheck(self_arg, PyDescr_TYPE(descr)))
			return NULL;
		return descr->d_method;
	}
	/* Looks through the type's bases. */
	return PyCFunction_Check(callable) ? ((PyCFunctionObject *)callable)->m_ml : NULL;
}

/* Up to 3.13 CALL has a bound method as it is, while C_RETURN and C_RAISE have what it
 * is bound of, with its self; but of f(*args), which calls it whole, all have it as it
 * is: that is no call of a C function. False for one of those, and for all that is no
 * bound method. */
static bool unbind(PyObject *const *call, PyObject **callable, PyObject **self_arg)
{
	bool unbound = false;
	PyObject *exc, *code;
	Py_ssize_t offset;

	if (PY_VERSION_HEX >= 0x030E0000 || !PyMethod_Check(*callable) ||
	    PyFunction_Check(PyMethod_GET_FUNCTION(*callable)))
		return false;
	exc = PyErr_GetRaisedException();
	code = PyCode_GetCode((PyCodeObject *)call[0]);
	offset = PyLong_AsSsize_t(call[1]);
	if (code != NULL && offset >= 0 && offset < PyBytes_GET_SIZE(code))
		unbound = (unsigned char)PyBytes_AS_STRING(code)[offset] != CALL_FUNCTION_EX;
	Py_XDECREF(code);
	PyErr_Clear();
	PyErr_SetRaisedException(exc);
	if (unbound) {
		*self_arg = PyMethod_GET_SELF(*callable);
		*callable = PyMethod_GET_FUNCTION(*callable);
	}
	return unbound;
}

/* c_definition of nearly all; false if that has to be looked for. */
static inline bool quick_definition(PyObject *callable, PyObject *self_arg, PyMethodDef **def)
{
	if (Py_TYPE(callable) == &PyCFunction_Type) {
		*def = ((PyCFunctionObject *)callable)->m_ml;
		return true;
	}
	if (Py_TYPE(callable) == &PyMethodDescr_Type &&
	    Py_TYPE(self_arg) == PyDescr_TYPE(callable) && self_arg != tool.missing) {
		*def = ((PyMethodDescrObject *)callable)->d_method;
		return true;
	}
	return false;
}

SLOW call_c_function(PyObject *const *args)
{
	PyObject *callable = args[2], *self_arg = args[3];
	PyMethodDef *def;

	if (trace_top == NULL)
		return nobody_hears();
	def = c_definition(callable, self_arg);
	if (def == NULL && unbind(args, &callable, &self_arg))
		def = c_definition(callable, self_arg);
	if (def != NULL && trace_top != NULL)
		trace_call_c_function_slowly(&engine, def, callable, self_arg);
	Py_RETURN_NONE;
}

/* (code, offset, callable, first argument) of CALL. PY_START comes for a Python function;
 * types are not counted. */
HOOK on_call(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	PyObject *callable = args[2];
	struct trace *t = trace_top;
	PyMethodDef *def;

	(void)self, (void)nargs, (void)names;
	if (PyFunction_Check(callable))
		Py_RETURN_NONE;
	if (t != NULL && t->quick_c == &engine && quick_definition(callable, args[3], &def) &&
	    trace_quick_call(t, true, (uintptr_t)def, RECORDER_C))
		Py_RETURN_NONE;
	if (t != NULL && Py_TYPE(callable) == &PyType_Type)
		Py_RETURN_NONE;
	return call_c_function(args);
}

SLOW c_function_returns(PyObject *const *args)
{
	if (trace_top == NULL)
		return nobody_hears();
	if (c_definition(args[2], args[3]) != NULL)
		trace_return_c_function_slowly(&engine, false);
	Py_RETURN_NONE;
}

/* The same of C_RETURN and C_RAISE, which come for types as well: of one that was called
 * by a Python function, which is the innermost frame then. */
HOOK on_c_return(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	struct trace *t = trace_top;

	(void)self, (void)nargs, (void)names;
	if (t != NULL && trace_quick_return(t, t->quick_c == &engine, &t->costs.c, RECORDER_C))
		Py_RETURN_NONE;
	if (t != NULL && Py_TYPE(args[2]) == &PyType_Type)
		Py_RETURN_NONE;
	return c_function_returns(args);
}

static const struct monitoring_callback callbacks[] = {
	{ "PY_START", on_start },   { "PY_RESUME", on_start },   { "PY_THROW", on_start },
	{ "PY_RETURN", on_return }, { "PY_YIELD", on_return },   { "PY_UNWIND", on_return },
	{ "CALL", on_call },        { "C_RETURN", on_c_return }, { "C_RAISE", on_c_return },
	{ NULL, NULL }
};

/* Others than these may be on still. */
static void arm(enum mode mode)
{
	forget_after_fork();
	++*(mode == MODE_EXACT ? &nexact : &nfast);
	monitoring_wanted(&tool);
	switch_to(wanted_events());
}

static void disarm(enum mode mode)
{
	unsigned *n = mode == MODE_EXACT ? &nexact : &nfast;

	if (*n != 0)
		--*n;
	if (wanted_events() != 0)
		switch_to(wanted_events());
}

void engine_monitoring_rest(void)
{
	if (nexact + nfast + nframe == 0 && on != 0)
		switch_to(0);
}

static void resume(void)
{
}

static const struct engine engine = {
	"monitoring", false, arm, disarm, resume, engine_monitoring_rest, &was_out
};

const struct engine *engine_monitoring(void)
{
	return monitoring_ready(&tool, callbacks) ? &engine : NULL;
}

void engine_monitoring_run_closed_generators(bool wanted)
{
	if (PY_VERSION_HEX < 0x030E0000 || engine_monitoring() == NULL)
		return;
	forget_after_fork();
	if (wanted) {
		nframe++;
		monitoring_wanted(&tool);
		switch_to(wanted_events());
	} else if (nframe != 0) {
		nframe--;
	}
}

#endif
