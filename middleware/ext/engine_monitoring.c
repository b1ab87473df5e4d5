/* engine_monitoring.c -- sys.monitoring (PEP 669), from 3.12.
 *
 * A tool of our own, so that cProfile, coverage and debuggers go on beside it.
 * Events are the whole interpreter's: they are on while any trace of the process
 * is armed, and a thread without traces returns from them at once. Switching costs
 * 15 to 30 us and code is instrumented anew when it next runs, so that is done by
 * request, not by call.
 *
 * Callbacks are objects of a type with a vectorcall slot: a builtin function in
 * their place costs 38 instructions more per event.
 */
#include "compat.h"

#include "engine.h"
#include "forks.h"
#include "trace.h"

#if PY_VERSION_HEX < 0x030C0000

const struct engine *engine_monitoring(void)
{
	return NULL;
}

#else

static PyInterpreterState *interpreter; /* where the tool is registered */
static PyObject *set_events;            /* sys.monitoring.set_events */
static PyObject *missing;               /* sys.monitoring.MISSING */
static long tool, all_events;
static unsigned narmed;                 /* in the process */
static unsigned generation;             /* of fork, that narmed belongs to */

static void switch_events(long events)
{
	PyObject *exc = PyErr_GetRaisedException();
	PyObject *result = PyObject_CallFunction(set_events, "ll", tool, events);

	Py_XDECREF(result);
	PyErr_Clear();
	PyErr_SetRaisedException(exc);
}

/* A child after fork inherits its parent's events: they go at the first one. */
static PyObject *no_trace(void)
{
	if (generation != fork_generation()) {
		trace_forget_after_fork();
		generation = fork_generation();
		narmed = 0;
		switch_events(0);
	}
	Py_RETURN_NONE;
}

/* (code, offset) of PY_START and PY_RESUME; PY_THROW has an exception besides. */
static PyObject *on_start(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	(void)self, (void)nargs, (void)names;
	if (trace_top == NULL)
		return no_trace();
	trace_call_code((PyCodeObject *)args[0]);
	Py_RETURN_NONE;
}

/* PY_RETURN, PY_YIELD, PY_UNWIND. */
static PyObject *on_return(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	(void)self, (void)args, (void)nargs, (void)names;
	if (trace_top == NULL)
		return no_trace();
	trace_return();
	Py_RETURN_NONE;
}

/* What cProfile counts: builtin functions, and methods of builtin types called
 * through the type's descriptor with a fitting self. Types, slots and operators
 * are not seen. */
static PyMethodDef *c_definition(PyObject *callable, PyObject *self_arg)
{
	PyMethodDescrObject *descr = (PyMethodDescrObject *)callable;

	if (PyCFunction_Check(callable))
		return ((PyCFunctionObject *)callable)->m_ml;
	if (Py_TYPE(callable) == &PyMethodDescr_Type && self_arg != missing &&
	    PyObject_TypeCheck(self_arg, PyDescr_TYPE(descr)))
		return descr->d_method;
	return NULL;
}

/* (code, offset, callable, first argument) of CALL. */
static PyObject *on_call(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	PyMethodDef *def;

	(void)self, (void)nargs, (void)names;
	if (trace_top == NULL)
		return no_trace();
	def = c_definition(args[2], args[3]);
	if (def != NULL)
		trace_call_c_function(def, args[2], args[3]);
	Py_RETURN_NONE;
}

/* The same of C_RETURN and C_RAISE, which come for types as well. */
static PyObject *on_c_return(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	(void)self, (void)nargs, (void)names;
	if (trace_top == NULL)
		return no_trace();
	if (c_definition(args[2], args[3]) != NULL)
		trace_return();
	Py_RETURN_NONE;
}

struct callback {
	PyObject_HEAD
	vectorcallfunc call;
};

static PyTypeObject Callback_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof._cprof.Callback",
	.tp_basicsize = sizeof(struct callback),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
	.tp_vectorcall_offset = offsetof(struct callback, call),
	.tp_call = PyVectorcall_Call,
};

static const struct {
	const char *event;
	vectorcallfunc call;
} callbacks[] = {
	{ "PY_START", on_start },	{ "PY_RESUME", on_start },   { "PY_THROW", on_start },
	{ "PY_RETURN", on_return },	{ "PY_YIELD", on_return },   { "PY_UNWIND", on_return },
	{ "CALL", on_call },		{ "C_RETURN", on_c_return }, { "C_RAISE", on_c_return },
};

static int register_callback(PyObject *monitoring, PyObject *events, const char *event,
			     vectorcallfunc call)
{
	PyObject *number = PyObject_GetAttrString(events, event);
	struct callback *callback = PyObject_New(struct callback, &Callback_Type);
	PyObject *old = NULL;

	if (number != NULL && callback != NULL) {
		callback->call = call;
		all_events |= PyLong_AsLong(number);
		old = PyObject_CallMethod(monitoring, "register_callback", "lOO", tool, number,
					  callback);
	}
	/* C_RETURN and C_RAISE come with CALL and may not be asked for. */
	Py_XDECREF(number);
	Py_XDECREF(callback);
	Py_XDECREF(old);
	return old == NULL ? -1 : 0;
}

/* 2 is cProfile's, 0 a debugger's, 1 coverage's, 5 an optimizer's. */
static int take_tool(PyObject *monitoring)
{
	static const long free_tools[] = { 4, 3 };

	for (size_t i = 0; i < sizeof free_tools / sizeof free_tools[0]; i++) {
		PyObject *done = PyObject_CallMethod(monitoring, "use_tool_id", "ls", free_tools[i],
						     "cprof");

		if (done != NULL) {
			Py_DECREF(done);
			tool = free_tools[i];
			return 0;
		}
		PyErr_Clear();
	}
	return -1;
}

static int set_up(void)
{
	PyObject *monitoring = PySys_GetObject("monitoring");
	PyObject *events = NULL;
	int rc = -1;

	if (monitoring == NULL || PyType_Ready(&Callback_Type) < 0 || take_tool(monitoring) < 0)
		return -1;
	events = PyObject_GetAttrString(monitoring, "events");
	set_events = PyObject_GetAttrString(monitoring, "set_events");
	missing = PyObject_GetAttrString(monitoring, "MISSING");
	if (events == NULL || set_events == NULL || missing == NULL)
		goto done;
	for (size_t i = 0; i < sizeof callbacks / sizeof callbacks[0]; i++)
		if (register_callback(monitoring, events, callbacks[i].event, callbacks[i].call) < 0)
			goto done;
	rc = 0;
done:
	Py_XDECREF(events);
	return rc;
}

static void arm(void)
{
	if (generation != fork_generation()) {
		generation = fork_generation();
		narmed = 0;
	}
	if (narmed++ == 0)
		switch_events(all_events);
}

static void disarm(void)
{
	if (narmed != 0 && --narmed == 0)
		switch_events(0);
}

static void resume(void)
{
}

static const struct engine engine = { "monitoring", arm, disarm, resume };

const struct engine *engine_monitoring(void)
{
	static bool tried;
	PyObject *exc;

	if (!tried) {
		tried = true;
		exc = PyErr_GetRaisedException();
		if (set_up() == 0)
			interpreter = PyInterpreterState_Get();
		PyErr_Clear();
		PyErr_SetRaisedException(exc);
	}
	return interpreter == PyInterpreterState_Get() ? &engine : NULL;
}

#endif
