#include "monitoring.h"

#include <stddef.h>
#include <string.h>

#if PY_VERSION_HEX >= 0x030C0000

/* At 30 to 50 ns, against code of some thousand functions that is instrumented anew
 * twice. */
enum { IDLE_CALLBACKS = 10000 };

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

static int register_callback(struct monitoring *tool, PyObject *events,
			     const struct monitoring_callback *c)
{
	PyObject *number = PyObject_GetAttrString(events, c->event);
	struct callback *callback = PyObject_New(struct callback, &Callback_Type);
	PyObject *old = NULL;

	if (number != NULL && callback != NULL) {
		callback->call = c->call;
		tool->events |= PyLong_AsLong(number);
		if (strncmp(c->event, "PY_", 3) == 0)
			tool->python_events |= PyLong_AsLong(number);
		if (strcmp(c->event, "PY_UNWIND") == 0)
			tool->unwind_event = PyLong_AsLong(number);
		old = PyObject_CallMethod(tool->module, "register_callback", "lOO", tool->number,
					  number, callback);
	}
	Py_XDECREF(number);
	Py_XDECREF(callback);
	Py_XDECREF(old);
	return old == NULL ? -1 : 0;
}

/* 2 is cProfile's, 0 a debugger's, 1 coverage's, 5 an optimizer's. */
static int take_number(struct monitoring *tool)
{
	static const long free_numbers[] = { 4, 3 };

	for (size_t i = 0; i < sizeof free_numbers / sizeof free_numbers[0]; i++) {
		PyObject *done = PyObject_CallMethod(tool->module, "use_tool_id", "ls",
						     free_numbers[i], "cprof");

		if (done != NULL) {
			Py_DECREF(done);
			tool->number = free_numbers[i];
			return 0;
		}
		PyErr_Clear();
	}
	return -1;
}

static int set_up(struct monitoring *tool, const struct monitoring_callback *callbacks)
{
	PyObject *events;
	int rc = 0;

	tool->module = Py_XNewRef(PySys_GetObject("monitoring"));
	if (tool->module == NULL || PyType_Ready(&Callback_Type) < 0 || take_number(tool) < 0)
		return -1;
	tool->missing = PyObject_GetAttrString(tool->module, "MISSING");
	tool->disable = PyObject_GetAttrString(tool->module, "DISABLE");
	events = PyObject_GetAttrString(tool->module, "events");
	if (tool->missing == NULL || tool->disable == NULL || events == NULL)
		rc = -1;
	for (; rc == 0 && callbacks->event != NULL; callbacks++)
		rc = register_callback(tool, events, callbacks);
	Py_XDECREF(events);
	return rc;
}

bool monitoring_ready(struct monitoring *tool, const struct monitoring_callback *callbacks)
{
	PyObject *exc;

	if (!tool->tried) {
		tool->tried = true;
		exc = PyErr_GetRaisedException();
		if (set_up(tool, callbacks) == 0)
			tool->interpreter = PyInterpreterState_Get();
		PyErr_Clear();
		PyErr_SetRaisedException(exc);
	}
	return tool->interpreter == PyInterpreterState_Get();
}

/* result is what a method of sys.monitoring returned. */
static bool is_done(PyObject *result, PyObject *exc)
{
	Py_XDECREF(result);
	PyErr_Clear();
	PyErr_SetRaisedException(exc);
	return result != NULL;
}

bool monitoring_switch(struct monitoring *tool, long events)
{
	PyObject *exc = PyErr_GetRaisedException();

	tool->nidle = 0;
	return is_done(PyObject_CallMethod(tool->module, "set_events", "ll", tool->number, events),
		       exc);
}

bool monitoring_restart(struct monitoring *tool)
{
	PyObject *exc = PyErr_GetRaisedException();

	return is_done(PyObject_CallMethod(tool->module, "restart_events", NULL), exc);
}

bool monitoring_idle(struct monitoring *tool)
{
	return ++tool->nidle >= IDLE_CALLBACKS;
}

void monitoring_wanted(struct monitoring *tool)
{
	tool->nidle = 0;
}

#endif
