/* engine_setprofile.c -- PyEval_SetProfile. The hook that was there before is
 * called on, and put back after the last trace; if another took the place of ours
 * meanwhile, it stays and the traces are marked (trace_interrupted).
 *
 * The interpreter calls the hook for each call and return of a Python function,
 * and around each C function that Python code calls. It is thread-wide; up to
 * 3.11 whether it is called is noted per greenlet besides (cframe.use_tracing),
 * so it is installed again wherever a trace is armed or resumed. What it is
 * installed with is what sys.getprofile() returns: the Profile that was enabled
 * last, as with cProfile up to 3.11, or None for a request.
 */
#include "compat.h"

#include "engine.h"
#include "forks.h"
#include "trace.h"

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030C0000
#define Py_BUILD_CORE
#include <internal/pycore_frame.h>
#undef Py_BUILD_CORE
/* Twice at each call of a function the price of the rest would be paid. */
#define frame_code(frame) ((frame)->f_frame->f_code)
#endif

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))

THREAD_LOCAL unsigned narmed;
THREAD_LOCAL unsigned generation; /* of fork, that narmed belongs to */
THREAD_LOCAL Py_tracefunc previous; /* what was installed before ours */
THREAD_LOCAL PyObject *previous_arg;

static int hook(PyObject *self, PyFrameObject *frame, int what, PyObject *arg);
static int hook_in_full(PyObject *self, PyFrameObject *frame, int what, PyObject *arg);

static bool is_ours(Py_tracefunc function)
{
	return function == hook || function == hook_in_full;
}

static bool is_installed(void)
{
	return is_ours(PyThreadState_Get()->c_profilefunc);
}

static void put_back(void)
{
	PyEval_SetProfile(previous, previous_arg);
	previous = NULL;
	Py_CLEAR(previous_arg);
}

/* True once in a child: what is armed here was armed in the parent. */
static bool forget_after_fork(void)
{
	bool was_armed = narmed != 0;

	if (generation == fork_generation())
		return false;
	generation = fork_generation();
	narmed = 0;
	trace_forget_after_fork();
	return was_armed;
}

/* In a child after fork the parent's hook is still there: it goes at its first
 * event. */
static int leave_child(PyFrameObject *frame, int what, PyObject *arg)
{
	Py_tracefunc next = previous;
	PyObject *next_arg = Py_XNewRef(previous_arg);
	int rc;

	put_back();
	rc = next ? next(next_arg, frame, what, arg) : 0;
	Py_XDECREF(next_arg);
	return rc;
}

/* So it does on a thread whose trace was cut from elsewhere, perhaps the last. */
static int leave_cut(PyFrameObject *frame, int what, PyObject *arg)
{
	Py_tracefunc next = previous;
	PyObject *next_arg = Py_XNewRef(previous_arg);
	int rc = 0;

	trace_sweep();
	if (trace_top != NULL)
		rc = hook_in_full(NULL, frame, what, arg);
	else if (next != NULL)
		rc = next(next_arg, frame, what, arg);
	Py_XDECREF(next_arg);
	return rc;
}

/* A method of a type is bound to its instance for the hook, and nobody else has that:
 * what else is called is in a variable, or has been made by the caller. */
static bool is_method(PyObject *callable)
{
	return Py_REFCNT(callable) == 1;
}

/* Where another was before it, this alone is installed. */
static int hook_in_full(PyObject *self, PyFrameObject *frame, int what, PyObject *arg)
{
	(void)self;
	if (trace_top == NULL) {
		if (forget_after_fork())
			return leave_child(frame, what, arg);
	} else if (trace_top->adrift) {
		return leave_cut(frame, what, arg);
	}
	switch (what) {
	case PyTrace_CALL:
		trace_call_code(&engine_setprofile, frame_code(frame));
		break;
	case PyTrace_RETURN: /* arg is NULL, or wrong (3.12.0), when it unwinds */
		trace_return_code(&engine_setprofile);
		break;
	case PyTrace_C_CALL:
		if (PyCFunction_Check(arg))
			trace_call_c_function(&engine_setprofile,
					      ((PyCFunctionObject *)arg)->m_ml, arg, NULL);
		break;
	case PyTrace_C_RETURN:
	case PyTrace_C_EXCEPTION:
		if (PyCFunction_Check(arg))
			trace_return_c_function(&engine_setprofile, is_method(arg));
		break;
	}
	return previous ? previous(previous_arg, frame, what, arg) : 0;
}

/* Nearly all events, and none of them saves a register. */
static TRACE_HOOK int hook(PyObject *self, PyFrameObject *frame, int what, PyObject *arg)
{
	struct trace *t = trace_top;

	(void)self;
	if (t == NULL || t->quick_c != &engine_setprofile)
		return hook_in_full(NULL, frame, what, arg);
	if (what == PyTrace_CALL) {
		PyCodeObject *code = frame_code(frame);

		if (!trace_quick_call(t, true, (uintptr_t)code, 0))
			trace_call_code_slowly(&engine_setprofile, code);
	} else if (what == PyTrace_RETURN) {
		if (!trace_quick_return(t, true, &t->costs.python, 0))
			trace_return_code_slowly(&engine_setprofile);
	} else if (Py_TYPE(arg) != &PyCFunction_Type) {
		return hook_in_full(NULL, frame, what, arg);
	} else if (what == PyTrace_C_CALL) {
		PyMethodDef *def = ((PyCFunctionObject *)arg)->m_ml;

		if (!trace_quick_call(t, true, (uintptr_t)def, RECORDER_C))
			trace_call_c_function_slowly(&engine_setprofile, def, arg, NULL);
	} else if (!trace_quick_return(t, true, trace_c_cost(t, is_method(arg)), RECORDER_C)) {
		trace_return_c_function_slowly(&engine_setprofile, is_method(arg));
	}
	return 0;
}

/* The innermost that stays armed: the one being disarmed is in the list yet. */
static PyObject *owner(void)
{
	for (const struct trace *t = trace_top; t != NULL; t = t->outer)
		if (t->armed && t->engine == &engine_setprofile)
			return t->owner;
	return NULL;
}

/* The owner there was may have no other reference, and ends once ours is in. */
static void install(void)
{
	PyObject *old = Py_XNewRef(PyThreadState_Get()->c_profileobj);

	PyEval_SetProfile(previous != NULL ? hook_in_full : hook, owner());
	Py_XDECREF(old);
}

static void resume(void)
{
	if (PY_VERSION_HEX < 0x030C0000 || !is_installed())
		install();
}

static void arm(enum mode mode)
{
	PyThreadState *ts = PyThreadState_Get();

	(void)mode;
	forget_after_fork();
	narmed++;
	if (!is_ours(ts->c_profilefunc)) {
		/* Someone may have come between two of ours. */
		previous = ts->c_profilefunc;
		Py_XINCREF(ts->c_profileobj);
		Py_XSETREF(previous_arg, ts->c_profileobj);
	}
	resume();
}

static void disarm(enum mode mode)
{
	(void)mode;
	if (!is_installed())
		trace_interrupted();
	if (narmed == 0)
		return;
	if (--narmed != 0) {
		if (is_installed() && PyThreadState_Get()->c_profileobj != owner())
			install();
	} else if (is_installed()) {
		put_back();
	} else {
		previous = NULL;
		Py_CLEAR(previous_arg);
	}
}

const struct engine engine_setprofile = { "setprofile", true, arm, disarm, resume, NULL, NULL };
