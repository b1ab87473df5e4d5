/* engine_app.c -- sys.monitoring for the application's own code, from 3.12.
 *
 * Events of foreign code are turned off where they happen (DISABLE), the first
 * time each place runs: from then on they cost nothing. The others are not switched
 * off with the last trace, which would make the interpreter instrument all its code
 * anew for each request: a callback stays for each call of an application's function,
 * profiled or not, and for each frame that an exception leaves, which cannot be turned
 * off by place. When callbacks that nobody wanted have cost as much as switching off
 * and on again would have, they are switched off: so neither requests that are all
 * profiled nor those after the last one that was pay more than twice of the least.
 */
#include "compat.h"

#include "application.h"
#include "engine.h"
#include "forks.h"
#include "monitoring.h"
#include "trace.h"

#if PY_VERSION_HEX < 0x030C0000

const struct engine *engine_app(void)
{
	return NULL;
}

void engine_app_rest(void)
{
}

#else

static struct monitoring tool;
static unsigned was_out;
static bool on;             /* the tool's events */
static unsigned narmed;     /* traces of the process */
static unsigned generation; /* of fork, that these belong to */

static const struct engine engine;

static void forget_after_fork(void)
{
	trace_forget_after_fork();
	if (generation != fork_generation()) {
		generation = fork_generation();
		narmed = 0;
	}
}

/* On this thread. The parent's traces are not the child's, which knows by the first. */
static inline bool nobody_hears(void)
{
	return trace_top == NULL || narmed == 0;
}

void engine_app_rest(void)
{
	if (on && narmed == 0)
		on = !monitoring_switch(&tool, 0);
}

static __attribute__((noinline)) void idle(void)
{
	forget_after_fork();
	if (on && narmed == 0 && monitoring_idle(&tool))
		engine_app_rest();
}

#define HOOK static TRACE_HOOK PyObject *

/* PY_START, PY_RESUME. What a trace expects is the application's: nobody else is
 * recorded. */
HOOK on_start(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	PyCodeObject *code = (PyCodeObject *)args[0];
	struct trace *t = trace_top;

	(void)self, (void)nargs, (void)names;
	if (t != NULL && trace_quick_call(t, t->quick == &engine, (uintptr_t)code, 0))
		Py_RETURN_NONE;
	if (!application_owns(code))
		return Py_NewRef(tool.disable);
	if (nobody_hears())
		idle();
	else
		trace_call_code_slowly(&engine, code);
	Py_RETURN_NONE;
}

/* PY_RETURN, PY_YIELD. */
HOOK on_return(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	struct trace *t = trace_top;

	(void)self, (void)nargs, (void)names;
	if (t != NULL && t->quick == &engine &&
	    recorder_innermost(t->recording.rec) == (uintptr_t)args[0] &&
	    trace_quick_return(t, true, &t->costs.python, 0))
		Py_RETURN_NONE;
	if (!application_owns((PyCodeObject *)args[0]))
		return Py_NewRef(tool.disable);
	if (nobody_hears())
		idle();
	else
		trace_return_code_slowly(&engine);
	Py_RETURN_NONE;
}

static PyObject *on_throw(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	(void)self, (void)nargs, (void)names;
	if (nobody_hears())
		idle();
	else if (application_owns((PyCodeObject *)args[0]))
		trace_call_code(&engine, (PyCodeObject *)args[0]);
	Py_RETURN_NONE;
}

static PyObject *on_unwind(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	(void)self, (void)nargs, (void)names;
	if (nobody_hears())
		idle();
	else if (application_owns((PyCodeObject *)args[0]))
		trace_return_code(&engine);
	Py_RETURN_NONE;
}

static const struct monitoring_callback callbacks[] = {
	{ "PY_START", on_start },   { "PY_RESUME", on_start }, { "PY_RETURN", on_return },
	{ "PY_YIELD", on_return },  { "PY_THROW", on_throw },  { "PY_UNWIND", on_unwind },
	{ NULL, NULL }
};

static void arm(enum mode mode)
{
	static uintptr_t edition;

	(void)mode;
	forget_after_fork();
	narmed++;
	monitoring_wanted(&tool);
	if (!on)
		on = monitoring_switch(&tool, tool.python_events);
	if (edition != application_edition() && monitoring_restart(&tool))
		edition = application_edition();
	if (!on || edition != application_edition())
		was_out++;
}

static void disarm(enum mode mode)
{
	(void)mode;
	if (narmed != 0)
		narmed--;
}

static void resume(void)
{
}

static const struct engine engine = {
	"monitoring-app", false, arm, disarm, resume, NULL, &was_out
};

const struct engine *engine_app(void)
{
	return monitoring_ready(&tool, callbacks) ? &engine : NULL;
}

#endif
