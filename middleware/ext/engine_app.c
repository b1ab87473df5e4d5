/* engine_app.c -- sys.monitoring for the application's own code, from 3.12.
 *
 * Events of foreign code are turned off where they happen (DISABLE), the first
 * time each place runs: from then on they cost nothing. So this tool's events are
 * never switched off again, which would make the interpreter instrument all its
 * code anew for each request; what stays is a callback for each call of an
 * application's function, profiled or not, and for each frame that an exception
 * leaves, which cannot be turned off by place.
 */
#include "compat.h"

#include "application.h"
#include "engine.h"
#include "monitoring.h"
#include "trace.h"

#if PY_VERSION_HEX < 0x030C0000

const struct engine *engine_app(void)
{
	return NULL;
}

#else

static struct monitoring tool;
static const struct engine engine;

/* PY_START, PY_RESUME. What a trace expects is the application's: nobody else is
 * recorded. */
static PyObject *on_start(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	PyCodeObject *code = (PyCodeObject *)args[0];
	struct trace *t = trace_top;

	(void)self, (void)nargs, (void)names;
	if (t != NULL && trace_quick_call(t, &engine, (uintptr_t)code))
		Py_RETURN_NONE;
	if (!application_owns(code))
		return Py_NewRef(tool.disable);
	if (t != NULL)
		trace_call_code_slowly(&engine, code);
	Py_RETURN_NONE;
}

/* PY_RETURN, PY_YIELD. */
static PyObject *on_return(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	struct trace *t = trace_top;

	(void)self, (void)nargs, (void)names;
	if (t != NULL && t->quick == &engine &&
	    recorder_innermost(t->recording.rec) == (uintptr_t)args[0] &&
	    trace_quick_return(t, &engine, t->costs.python))
		Py_RETURN_NONE;
	if (!application_owns((PyCodeObject *)args[0]))
		return Py_NewRef(tool.disable);
	if (t != NULL)
		trace_return_code_slowly(&engine);
	Py_RETURN_NONE;
}

static PyObject *on_throw(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	(void)self, (void)nargs, (void)names;
	if (trace_top != NULL && application_owns((PyCodeObject *)args[0]))
		trace_call_code(&engine, (PyCodeObject *)args[0]);
	Py_RETURN_NONE;
}

static PyObject *on_unwind(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	(void)self, (void)nargs, (void)names;
	if (trace_top != NULL && application_owns((PyCodeObject *)args[0]))
		trace_return_code(&engine);
	Py_RETURN_NONE;
}

static const struct monitoring_callback callbacks[] = {
	{ "PY_START", on_start },   { "PY_RESUME", on_start }, { "PY_RETURN", on_return },
	{ "PY_YIELD", on_return },  { "PY_THROW", on_throw },  { "PY_UNWIND", on_unwind },
	{ NULL, NULL }
};

/* A child after fork has nothing to undo: events stay on there as well. */
static void arm(enum mode mode)
{
	static bool on;
	static uintptr_t edition;

	(void)mode;
	trace_forget_after_fork();
	if (!on)
		monitoring_switch(&tool, tool.python_events);
	else if (edition != application_edition())
		monitoring_restart(&tool);
	on = true;
	edition = application_edition();
}

static void disarm(enum mode mode)
{
	(void)mode;
}

static void resume(void)
{
}

static const struct engine engine = { "monitoring-app", false, arm, disarm, resume };

const struct engine *engine_app(void)
{
	return monitoring_ready(&tool, callbacks) ? &engine : NULL;
}

#endif
