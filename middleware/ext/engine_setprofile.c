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

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))

THREAD_LOCAL unsigned narmed;
THREAD_LOCAL unsigned generation; /* of fork, that narmed belongs to */
THREAD_LOCAL Py_tracefunc previous; /* what was installed before ours */
THREAD_LOCAL PyObject *previous_arg;

static int hook(PyObject *self, PyFrameObject *frame, int what, PyObject *arg);

static bool is_installed(void)
{
	return PyThreadState_Get()->c_profilefunc == hook;
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
		rc = hook(NULL, frame, what, arg);
	else if (next != NULL)
		rc = next(next_arg, frame, what, arg);
	Py_XDECREF(next_arg);
	return rc;
}

static int hook(PyObject *self, PyFrameObject *frame, int what, PyObject *arg)
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
			trace_return_c_function(&engine_setprofile);
		break;
	}
	return previous ? previous(previous_arg, frame, what, arg) : 0;
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

	PyEval_SetProfile(hook, owner());
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
	if (ts->c_profilefunc != hook) {
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
