#include "quiet.h"

#include <stdbool.h>

static int raise_again(void *exception)
{
	PyErr_SetObject((PyObject *)Py_TYPE((PyObject *)exception), exception);
	Py_DECREF((PyObject *)exception);
	return -1;
}

/* Handlers run on the main thread, and so do pending calls. What reaches another
 * thread is a bare type anyhow (PyThreadState_SetAsyncExc). */
static bool is_main_thread(void)
{
	PyObject *threading = PyImport_ImportModule("threading");
	PyObject *main = threading ? PyObject_CallMethod(threading, "main_thread", NULL) : NULL;
	PyObject *ident = main ? PyObject_GetAttrString(main, "ident") : NULL;
	bool answer = ident != NULL && PyLong_Check(ident) &&
		      PyLong_AsUnsignedLong(ident) == PyThread_get_thread_ident();

	Py_XDECREF(ident);
	Py_XDECREF(main);
	Py_XDECREF(threading);
	PyErr_Clear();
	return answer;
}

void quiet_clear(void)
{
	PyObject *type, *value, *traceback;

	if (!PyErr_Occurred())
		return;
	if (PyErr_ExceptionMatches(PyExc_Exception)) {
		PyErr_Clear();
		return;
	}
	PyErr_Fetch(&type, &value, &traceback);
	PyErr_NormalizeException(&type, &value, &traceback);
	if (is_main_thread()) {
		if (Py_AddPendingCall(raise_again, Py_NewRef(value)) < 0)
			Py_DECREF(value);
	} else {
		PyThreadState_SetAsyncExc(PyThread_get_thread_ident(), type);
	}
	Py_XDECREF(type);
	Py_XDECREF(value);
	Py_XDECREF(traceback);
}
