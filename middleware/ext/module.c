/* module.c -- cprof._cprof: the types, where they can be had, and the end of the
 * process.
 *
 * What is behind them is the process' own (types, the writer, what is wrapped), and
 * the GIL guards it: so one interpreter has it, the first that imports this. Others,
 * and builds without a GIL, get a module with one attribute, which says why. */
#include "compat.h"

#include <stdatomic.h>

#include "base/localtime.h"
#include "base/mem.h"
#include "base/version.h"
#include "clock.h"
#include "follow.h"
#include "forks.h"
#include "label.h"
#include "middleware.h"
#include "profiler.h"
#include "request.h"
#include "response.h"
#include "strand.h"
#include "suite.h"
#include "trace.h"
#include "writer.h"

static atomic_bool ended; /* its interpreter: another may come to lie at the address */

static PyObject *stop(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	Py_BEGIN_ALLOW_THREADS
	writer_stop();
	Py_END_ALLOW_THREADS
	log_complaints();
	ended = true;
	Py_RETURN_NONE;
}

static PyObject *in_child(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	follow_forget();
	Py_RETURN_NONE;
}

#ifdef CPROF_TESTS
static PyObject *fail_at(PyObject *self, PyObject *args)
{
	Py_ssize_t n;
	int forever;

	(void)self;
	if (!PyArg_ParseTuple(args, "np:_fail_at", &n, &forever))
		return NULL;
	return PyLong_FromSize_t(mem_fail_at((size_t)n, forever != 0));
}
#endif

static PyMethodDef functions[] = {
#ifdef CPROF_TESTS
	{ "_fail_at", fail_at, METH_VARARGS, "mem_fail_at() of base/mem.h." },
#endif
	{ "flush", (PyCFunction)(void (*)(void))flush, METH_VARARGS | METH_KEYWORDS,
	  "flush(timeout=None)\n--\n\n"
	  "Wait until the snapshot of every finished request is on disk.\n\n"
	  "Return False if that took longer than timeout seconds." },
	{ "_open_archive", open_archive, METH_VARARGS,
	  "_open_archive(directory='profiling', /)\n--\n\nWhat Profiler._archive() takes." },
	{ "_open_run", suite_open_run, METH_VARARGS,
	  "_open_run(directory='profiling', /)\n--\n\n"
	  "Make the run folder; the archive's path, and the run's name in it." },
	{ "_set_outcome", suite_set_outcome, METH_VARARGS,
	  "_set_outcome(run, passed, /)\n--\n\nSay in run.json of this folder how it ended; None: it has not yet." },
	{ "_set_label", label_set_of_process, METH_O,
	  "_set_label(label, /)\n--\n\nWhose the process' requests are; None: nobody's." },
	{ "_in_child", in_child, METH_NOARGS, "After fork: put back what was wrapped." },
	{ "_stop", stop, METH_NOARGS, "Write what is left and end the writer thread." },
	{ NULL, NULL, 0, NULL }
};

static int add_type(PyObject *m, const char *name, PyTypeObject *type)
{
	if (PyType_Ready(type) < 0)
		return -1;
	Py_INCREF(type);
	if (PyModule_AddObject(m, name, (PyObject *)type) < 0) {
		Py_DECREF(type);
		return -1;
	}
	return 0;
}

/* The writer is joined before the interpreter goes. */
static int stop_at_exit(PyObject *m)
{
	PyObject *atexit = PyImport_ImportModule("atexit");
	PyObject *stop_function = PyObject_GetAttrString(m, "_stop");
	PyObject *result = NULL;

	if (atexit != NULL && stop_function != NULL)
		result = PyObject_CallMethod(atexit, "register", "O", stop_function);
	Py_XDECREF(atexit);
	Py_XDECREF(stop_function);
	Py_XDECREF(result);
	return result == NULL ? -1 : 0;
}

static int register_at_forks(PyObject *m)
{
	PyObject *os = PyImport_ImportModule("os");
	PyObject *register_at_fork = os ? PyObject_GetAttrString(os, "register_at_fork") : NULL;
	PyObject *in_child_function = PyObject_GetAttrString(m, "_in_child");
	PyObject *args = PyTuple_New(0), *kwargs = NULL, *result = NULL;

	if (in_child_function != NULL)
		kwargs = Py_BuildValue("{sO}", "after_in_child", in_child_function);
	if (register_at_fork != NULL && args != NULL && kwargs != NULL)
		result = PyObject_Call(register_at_fork, args, kwargs);
	Py_XDECREF(os);
	Py_XDECREF(register_at_fork);
	Py_XDECREF(in_child_function);
	Py_XDECREF(args);
	Py_XDECREF(kwargs);
	Py_XDECREF(result);
	return result == NULL ? -1 : 0;
}

static int once_in_process(void)
{
	static bool done;

	if (done)
		return 0;
	clock_init();
	if (forks_watch() != 0 || localtime_watch_forks() != 0 || trace_init() != 0) {
		PyErr_SetString(PyExc_ImportError, "cprof cannot watch for forks");
		return -1;
	}
	done = true;
	return 0;
}

/* Again only if somebody took the module out of sys.modules. */
static int at_first_import(PyObject *m)
{
	static bool done;

	if (done)
		return 0;
	if (stop_at_exit(m) < 0 || register_at_forks(m) < 0)
		return -1;
	done = true;
	return 0;
}

/* NULL where it can be had. */
static const char *why_unavailable(void)
{
#ifdef Py_GIL_DISABLED
	return "cprof does not support free-threaded builds of CPython";
#else
	static _Atomic(PyInterpreterState *) home;
	PyInterpreterState *here = PyInterpreterState_Get(), *before = NULL;

	if (!atomic_compare_exchange_strong(&home, &before, here) && (before != here || ended))
		return "cprof supports one interpreter per process, and another imported it first";
	return NULL;
#endif
}

static int fill_module(PyObject *m)
{
	const char *why = why_unavailable();

	if (why != NULL)
		return PyModule_AddStringConstant(m, "unavailable", why);
	Py_INCREF(Py_None);
	if (PyModule_AddObject(m, "unavailable", Py_None) < 0) {
		Py_DECREF(Py_None);
		return -1;
	}
	if (once_in_process() < 0 || PyModule_AddFunctions(m, functions) < 0 ||
	    response_init() < 0 || strand_init() < 0 || follow_init() < 0 ||
	    profiler_stats_init() < 0 || label_init(m) < 0 || PyType_Ready(&Request_Type) < 0 ||
	    add_type(m, "CProfMiddleware", &Middleware_Type) < 0 ||
	    add_type(m, "Profiler", &Profiler_Type) < 0)
		return -1;
	return at_first_import(m);
}

static int exec_module(PyObject *m)
{
	if (PyModule_AddStringConstant(m, "__version__", CPROF_VERSION) < 0)
		return -1;
	return fill_module(m);
}

static PyModuleDef_Slot slots[] = {
	{ Py_mod_exec, (void *)exec_module },
	/* For what there is of it in other interpreters. */
#ifdef Py_mod_multiple_interpreters
	{ Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED },
#endif
#ifdef Py_GIL_DISABLED
	{ Py_mod_gil, Py_MOD_GIL_NOT_USED },
#endif
	{ 0, NULL }
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "cprof._cprof",
	.m_doc = "The C core of cprof.",
	.m_slots = slots,
};

/* The one symbol that others see; before 3.9 PyMODINIT_FUNC does not say so. */
__attribute__((visibility("default"))) PyMODINIT_FUNC PyInit__cprof(void)
{
	return PyModuleDef_Init(&module);
}
