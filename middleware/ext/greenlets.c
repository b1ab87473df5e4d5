#include "greenlets.h"

#include "compat.h"
#include "trace.h"

#define THREAD_LOCAL static __thread __attribute__((tls_model("initial-exec")))

/* Address of a greenlet -> address of its traces, as ints: a reference would keep
 * alive a greenlet that nobody will switch to again. */
THREAD_LOCAL PyObject *parked;
THREAD_LOCAL PyObject *previous; /* the trace function before ours */
THREAD_LOCAL bool watching;

static PyObject *switched(PyObject *self, PyObject *args);

static PyMethodDef switched_def = {
	"cprof_greenlet_switched", switched, METH_VARARGS, NULL
};

static int park(PyObject *greenlet, struct trace *traces)
{
	PyObject *key = PyLong_FromVoidPtr(greenlet);
	PyObject *value = PyLong_FromVoidPtr(traces);
	int rc = -1;

	if (key != NULL && value != NULL)
		rc = PyDict_SetItem(parked, key, value);
	Py_XDECREF(key);
	Py_XDECREF(value);
	return rc;
}

static struct trace *unpark(PyObject *greenlet)
{
	PyObject *key = PyLong_FromVoidPtr(greenlet);
	PyObject *value = key ? PyDict_GetItem(parked, key) : NULL;
	struct trace *traces = value ? PyLong_AsVoidPtr(value) : NULL;

	if (value != NULL)
		PyDict_DelItem(parked, key);
	Py_XDECREF(key);
	return traces;
}

static bool is_dead(PyObject *greenlet)
{
	PyObject *dead = PyObject_GetAttrString(greenlet, "dead");
	bool answer = dead == Py_True;

	Py_XDECREF(dead);
	PyErr_Clear();
	return answer;
}

static void swap(PyObject *origin, PyObject *target)
{
	struct trace *old;

	trace_forget_after_fork();
	/* Ended with a profile on: nobody comes back to it, and another greenlet may
	 * have its address. */
	if (trace_top != NULL && is_dead(origin))
		while (trace_top != NULL)
			trace_disarm(trace_top);
	if (parked == NULL)
		return;
	old = trace_swap(unpark(target));
	if (old != NULL && park(origin, old) < 0)
		PyErr_Clear(); /* it goes on unheard: its open calls end with it */
	for (struct trace *t = trace_top; t != NULL; t = t->outer)
		t->engine->resume();
}

/* greenlet calls it in the target, after the switch. */
static PyObject *switched(PyObject *self, PyObject *args)
{
	PyObject *event, *origin, *target;
	PyObject *next = Py_XNewRef(previous);
	PyObject *result;

	(void)self;
	if (PyArg_ParseTuple(args, "O(OO)", &event, &origin, &target))
		swap(origin, target);
	PyErr_Clear();
	if (next == NULL)
		Py_RETURN_NONE;
	result = PyObject_CallObject(next, args);
	Py_DECREF(next);
	return result;
}

static PyObject *settrace(PyObject *callable)
{
	PyObject *name = PyUnicode_FromString("greenlet");
	PyObject *module = name ? PyImport_GetModule(name) : NULL;
	PyObject *old = NULL;

	if (module != NULL)
		old = PyObject_CallMethod(module, "settrace", "O", callable);
	Py_XDECREF(name);
	Py_XDECREF(module);
	return old;
}

static bool is_ours(PyObject *callable)
{
	return PyCFunction_Check(callable) && PyCFunction_GET_FUNCTION(callable) == switched;
}

void greenlets_watch(void)
{
	PyObject *type, *value, *traceback, *callback, *old = NULL;

	if (watching)
		return;
	PyErr_Fetch(&type, &value, &traceback);
	callback = PyCFunction_New(&switched_def, NULL);
	if (callback != NULL)
		old = settrace(callback);
	/* Not before greenlet is there: each thread has one. */
	if (old != NULL && parked == NULL)
		parked = PyDict_New();
	if (old != NULL && parked == NULL) {
		Py_XDECREF(settrace(old));
	} else if (old != NULL) {
		watching = true;
		if (!is_ours(old))
			Py_XSETREF(previous, old == Py_None ? NULL : Py_NewRef(old));
	}
	Py_XDECREF(old);
	Py_XDECREF(callback);
	PyErr_Clear();
	PyErr_Restore(type, value, traceback);
}

void greenlets_unwatch(void)
{
	PyObject *type, *value, *traceback, *old;

	if (!watching)
		return;
	PyErr_Fetch(&type, &value, &traceback);
	old = settrace(previous ? previous : Py_None);
	/* Someone came after us and calls us on: that one stays, and so does
	 * what we call on in turn. */
	if (old != NULL && !is_ours(old))
		Py_XDECREF(settrace(old));
	else
		Py_CLEAR(previous);
	Py_XDECREF(old);
	Py_CLEAR(parked);
	watching = false;
	PyErr_Clear();
	PyErr_Restore(type, value, traceback);
}

void greenlets_forget(void)
{
	if (parked != NULL)
		PyDict_Clear(parked);
}
