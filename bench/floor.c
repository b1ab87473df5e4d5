/* floor.c -- the bench's own extension `_floor`: hooks that return at once, which
 * is what any tracer has to pay, and a bracket for instruction counts.
 *
 *     calls_on()   every event that cProfile's counts need: PyEval_SetProfile up to
 *                  3.11, sys.monitoring from 3.12
 *     timed_calls_on()  the same, and the clock is read where a call begins and ends:
 *                  what no profiler of all calls can do without
 *     frames_on()  the frame evaluation hook (PEP 523): Python functions alone
 *     off()
 *     measured(f)  f() twice, the second time from floor_measured, for callgrind's
 *                  --toggle-collect: all the paths have been gone once by then
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <frameobject.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

#if PY_VERSION_HEX < 0x03090000
#define Py_BUILD_CORE
#include <internal/pycore_pystate.h>
#undef Py_BUILD_CORE
#endif

/* As cprof reads it. */
static volatile uint64_t last_read;

static inline void read_clock(void)
{
#if defined(__x86_64__)
	last_read = __rdtsc();
#else
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	last_read = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#endif
}

#if PY_VERSION_HEX >= 0x030C0000

static PyObject *tool; /* sys.monitoring */
enum { NUMBER = 3 };

static PyObject *ignore(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	(void)self, (void)args, (void)nargs, (void)names;
	Py_RETURN_NONE;
}

static PyObject *time_it(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	(void)self, (void)args, (void)nargs, (void)names;
	read_clock();
	Py_RETURN_NONE;
}

/* CALL: of a Python function PY_START tells as well. */
static PyObject *time_c(PyObject *self, PyObject *const *args, size_t nargs, PyObject *names)
{
	(void)self, (void)nargs, (void)names;
	if (!PyFunction_Check(args[2]))
		read_clock();
	Py_RETURN_NONE;
}

struct callback {
	PyObject_HEAD
	vectorcallfunc call;
};

static PyTypeObject Callback_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "_floor.Callback",
	.tp_basicsize = sizeof(struct callback),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL,
	.tp_vectorcall_offset = offsetof(struct callback, call),
	.tp_call = PyVectorcall_Call,
};

static int register_callback(PyObject *events, const char *name, vectorcallfunc call, long *all)
{
	PyObject *number = PyObject_GetAttrString(events, name), *old = NULL;
	struct callback *callback = PyObject_New(struct callback, &Callback_Type);

	if (number != NULL && callback != NULL) {
		callback->call = call;
		*all |= PyLong_AsLong(number);
		old = PyObject_CallMethod(tool, "register_callback", "iOO", (int)NUMBER, number,
					  callback);
	}
	Py_XDECREF(number);
	Py_XDECREF(callback);
	Py_XDECREF(old);
	return old == NULL ? -1 : 0;
}

static int take_tool(void)
{
	PyObject *done;

	if (tool != NULL)
		return 0;
	tool = PySys_GetObject("monitoring");
	done = PyObject_CallMethod(tool, "use_tool_id", "is", (int)NUMBER, "floor");
	Py_XDECREF(done);
	return done == NULL || PyType_Ready(&Callback_Type) < 0 ? -1 : 0;
}

/* All events there are, or 0 with an exception. */
static long register_callbacks(bool timed)
{
	static const char *const names[] = { "PY_START", "PY_RESUME", "PY_THROW",
					     "PY_RETURN", "PY_YIELD", "PY_UNWIND",
					     "CALL", "C_RETURN", "C_RAISE" };
	PyObject *events = PyObject_GetAttrString(tool, "events");
	int rc = events == NULL ? -1 : 0;
	long all = 0;

	for (size_t i = 0; rc == 0 && i < sizeof names / sizeof names[0]; i++)
		rc = register_callback(events, names[i], !timed ? ignore :
				       strcmp(names[i], "CALL") == 0 ? time_c : time_it, &all);
	Py_XDECREF(events);
	return rc < 0 ? 0 : all;
}

static PyObject *switch_calls(bool on, bool timed)
{
	long all = 0;

	if (tool == NULL && !on)
		Py_RETURN_NONE;
	if (take_tool() < 0 || (on && (all = register_callbacks(timed)) == 0))
		return NULL;
	return PyObject_CallMethod(tool, "set_events", "il", (int)NUMBER, all);
}

#else

static int ignore(PyObject *self, PyFrameObject *frame, int what, PyObject *arg)
{
	(void)self, (void)frame, (void)what, (void)arg;
	return 0;
}

static int time_it(PyObject *self, PyFrameObject *frame, int what, PyObject *arg)
{
	(void)self, (void)frame, (void)what, (void)arg;
	read_clock();
	return 0;
}

static PyObject *switch_calls(bool on, bool timed)
{
	PyEval_SetProfile(!on ? NULL : timed ? time_it : ignore, NULL);
	Py_RETURN_NONE;
}

#endif

#if PY_VERSION_HEX < 0x03090000

static PyObject *pass_on(PyFrameObject *frame, int throwing)
{
	return _PyEval_EvalFrameDefault(frame, throwing);
}

static void switch_frames(bool on)
{
	PyThreadState_Get()->interp->eval_frame = on ? pass_on : _PyEval_EvalFrameDefault;
}

#else

#if PY_VERSION_HEX < 0x030B0000
typedef PyFrameObject frame_t;
#else
typedef struct _PyInterpreterFrame frame_t;
#endif

static PyObject *pass_on(PyThreadState *ts, frame_t *frame, int throwing)
{
	return _PyEval_EvalFrameDefault(ts, frame, throwing);
}

static void switch_frames(bool on)
{
	_PyInterpreterState_SetEvalFrameFunc(PyInterpreterState_Get(),
					     on ? pass_on : _PyEval_EvalFrameDefault);
}

#endif

static PyObject *calls_on(PyObject *self, PyObject *unused)
{
	(void)self, (void)unused;
	return switch_calls(true, false);
}

static PyObject *timed_calls_on(PyObject *self, PyObject *unused)
{
	(void)self, (void)unused;
	return switch_calls(true, true);
}

static PyObject *frames_on(PyObject *self, PyObject *unused)
{
	(void)self, (void)unused;
	switch_frames(true);
	Py_RETURN_NONE;
}

static PyObject *off(PyObject *self, PyObject *unused)
{
	(void)self, (void)unused;
	switch_frames(false);
	return switch_calls(false, false);
}

/* A symbol that callgrind finds by name. */
__attribute__((noinline, visibility("default")))
PyObject *floor_measured(PyObject *f)
{
	return PyObject_CallObject(f, NULL);
}

static PyObject *measured(PyObject *self, PyObject *f)
{
	PyObject *rehearsal = PyObject_CallObject(f, NULL);

	(void)self;
	if (rehearsal == NULL)
		return NULL;
	Py_DECREF(rehearsal);
	return floor_measured(f);
}

static PyMethodDef functions[] = {
	{ "calls_on", calls_on, METH_NOARGS, NULL },
	{ "timed_calls_on", timed_calls_on, METH_NOARGS, NULL },
	{ "frames_on", frames_on, METH_NOARGS, NULL },
	{ "off", off, METH_NOARGS, NULL },
	{ "measured", measured, METH_O, NULL },
	{ NULL, NULL, 0, NULL }
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT, .m_name = "_floor", .m_size = -1, .m_methods = functions,
};

/* 3.8 does not export it by itself. */
__attribute__((visibility("default"))) PyMODINIT_FUNC PyInit__floor(void)
{
	return PyModule_Create(&module);
}
