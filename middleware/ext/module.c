/* module.c -- cprof._cprof: the types, and the end of the process. */
#include "compat.h"

#include "base/localtime.h"
#include "base/version.h"
#include "clock.h"
#include "follow.h"
#include "forks.h"
#include "middleware.h"
#include "profiler.h"
#include "request.h"
#include "response.h"
#include "strand.h"
#include "trace.h"
#include "writer.h"

static PyObject *stop(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	Py_BEGIN_ALLOW_THREADS
	writer_stop();
	Py_END_ALLOW_THREADS
	log_complaints();
	Py_RETURN_NONE;
}

static PyObject *in_child(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	follow_forget();
	Py_RETURN_NONE;
}

static PyObject *before_fork(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	forks_wait();
	Py_RETURN_NONE;
}

static PyObject *nothing(PyObject *self, PyObject *unused)
{
	(void)self;
	(void)unused;
	Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
	{ "_nothing", nothing, METH_NOARGS, "Do nothing: calibration calls it." },
	{ "flush", (PyCFunction)(void (*)(void))flush, METH_VARARGS | METH_KEYWORDS,
	  "flush(timeout=None)\n--\n\n"
	  "Wait until the snapshot of every finished request is on disk.\n\n"
	  "Return False if that took longer than timeout seconds." },
	{ "_open_archive", open_archive, METH_VARARGS,
	  "_open_archive(directory='profiling', /)\n--\n\nWhat Profiler._archive() takes." },
	{ "_before_fork", before_fork, METH_NOARGS, "Before fork: wait until that is safe." },
	{ "_in_child", in_child, METH_NOARGS, "After fork: put back what was wrapped." },
	{ "_stop", stop, METH_NOARGS, "Write what is left and end the writer thread." },
	{ NULL, NULL, 0, NULL }
};

static struct PyModuleDef module = {
	PyModuleDef_HEAD_INIT,
	.m_name = "cprof._cprof",
	.m_doc = "The C core of cprof.",
	.m_size = -1,
	.m_methods = functions,
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
	PyObject *before = PyObject_GetAttrString(m, "_before_fork");
	PyObject *in_child_function = PyObject_GetAttrString(m, "_in_child");
	PyObject *args = PyTuple_New(0), *kwargs = NULL, *result = NULL;

	if (before != NULL && in_child_function != NULL)
		kwargs = Py_BuildValue("{sOsO}", "before", before, "after_in_child",
				       in_child_function);
	if (register_at_fork != NULL && args != NULL && kwargs != NULL)
		result = PyObject_Call(register_at_fork, args, kwargs);
	Py_XDECREF(os);
	Py_XDECREF(register_at_fork);
	Py_XDECREF(before);
	Py_XDECREF(in_child_function);
	Py_XDECREF(args);
	Py_XDECREF(kwargs);
	Py_XDECREF(result);
	return result == NULL ? -1 : 0;
}

/* The one symbol that others see; before 3.9 PyMODINIT_FUNC does not say so. */
__attribute__((visibility("default"))) PyMODINIT_FUNC PyInit__cprof(void)
{
	static bool watched;
	PyObject *m = PyModule_Create(&module);

	if (m == NULL)
		return NULL;
	if (!watched) {
		clock_init();
		watched = forks_watch() == 0 && localtime_watch_forks() == 0 &&
			  trace_init() == 0;
	}
	if (response_init() < 0 || strand_init() < 0 || follow_init() < 0 ||
	    profiler_stats_init() < 0 || PyType_Ready(&Request_Type) < 0 ||
	    add_type(m, "CProfMiddleware", &Middleware_Type) < 0 ||
	    add_type(m, "Profiler", &Profiler_Type) < 0 ||
	    PyModule_AddStringConstant(m, "__version__", CPROF_VERSION) < 0 ||
	    stop_at_exit(m) < 0 || register_at_forks(m) < 0) {
		Py_DECREF(m);
		return NULL;
	}
	return m;
}
