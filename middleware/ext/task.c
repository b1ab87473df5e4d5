#include "task.h"

#include <stdbool.h>

#include "strand.h"
#include "trace.h"
#include "wrapper.h"

struct task {
	PyObject_HEAD
	PyObject *coroutine;
	PyObject *strand; /* around it */
};

static PyTypeObject Task_Type;

static PyObject *create_task_call(struct wrapper *w, PyObject *args, PyObject *kwargs)
{
	PyObject *task = NULL;

	if (PyTuple_GET_SIZE(args) >= 1)
		task = task_new(PyTuple_GET_ITEM(args, 0));
	return wrapper_call_with(w, args, kwargs, 0, task);
}

/* The loop that runs this step; a new reference, or NULL. */
static PyObject *running_loop(void)
{
	PyObject *name = PyUnicode_FromString("_asyncio");
	PyObject *module = name ? PyImport_GetModule(name) : NULL;
	PyObject *loop = NULL;

	if (module != NULL)
		loop = PyObject_CallMethod(module, "_get_running_loop", NULL);
	if (loop == Py_None)
		Py_CLEAR(loop);
	Py_XDECREF(module);
	Py_XDECREF(name);
	PyErr_Clear();
	return loop;
}

/* Puts ours on the loop itself, over its class' create_task; what stood there, if
 * anything did, goes to *own. NULL when that cannot be done. */
static PyObject *enter_loop(PyObject *loop, PyObject **own)
{
	PyObject *dict = PyObject_GenericGetDict(loop, NULL);
	PyObject *original = dict ? PyObject_GetAttrString(loop, "create_task") : NULL;
	PyObject *ours = NULL;

	*own = dict ? Py_XNewRef(PyDict_GetItemString(dict, "create_task")) : NULL;
	if (original != NULL)
		ours = (PyObject *)wrapper_new(original, create_task_call);
	if (ours != NULL && PyDict_SetItemString(dict, "create_task", ours) < 0)
		Py_CLEAR(ours);
	Py_XDECREF(original);
	Py_XDECREF(dict);
	PyErr_Clear();
	return ours;
}

static void leave_loop(PyObject *loop, PyObject *ours, PyObject *own)
{
	PyObject *type, *value, *traceback;
	PyObject *dict;

	PyErr_Fetch(&type, &value, &traceback);
	dict = PyObject_GenericGetDict(loop, NULL);
	if (dict != NULL && PyDict_GetItemString(dict, "create_task") == ours) {
		if (own != NULL)
			PyDict_SetItemString(dict, "create_task", own);
		else
			PyDict_DelItemString(dict, "create_task");
	}
	Py_XDECREF(dict);
	PyErr_Clear();
	PyErr_Restore(type, value, traceback);
}

static PyObject *step(PyObject *self, const char *method, PyObject *args)
{
	struct task *t = (struct task *)self;
	PyObject *own = NULL, *ours = NULL, *loop = NULL;
	PyObject *result;

	Py_INCREF(self);
	if (!strand_is_over(t->strand))
		loop = running_loop();
	if (loop != NULL)
		ours = enter_loop(loop, &own);
	result = strand_step(t->strand, method, args);
	if (ours != NULL)
		leave_loop(loop, ours, own);
	Py_XDECREF(own);
	Py_XDECREF(ours);
	Py_XDECREF(loop);
	Py_DECREF(self);
	return result;
}

static PyObject *task_send(PyObject *self, PyObject *args)
{
	return step(self, "send", args);
}

static PyObject *task_throw(PyObject *self, PyObject *args)
{
	return step(self, "throw", args);
}

static PyObject *task_close(PyObject *self, PyObject *args)
{
	return step(self, "close", args);
}

static PyObject *task_next(PyObject *self)
{
	PyObject *args = PyTuple_Pack(1, Py_None);
	PyObject *result = args ? step(self, "send", args) : NULL;

	Py_XDECREF(args);
	return result;
}

/* Whoever asks for its frame, its code, its name means the coroutine. */
static PyObject *task_getattr(PyObject *self, PyObject *name)
{
	PyObject *value = PyObject_GenericGetAttr(self, name);

	if (value != NULL || !PyErr_ExceptionMatches(PyExc_AttributeError))
		return value;
	PyErr_Clear();
	return PyObject_GetAttr(((struct task *)self)->coroutine, name);
}

static PyObject *task_repr(PyObject *self)
{
	return PyObject_Repr(((struct task *)self)->coroutine);
}

static int task_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(((struct task *)self)->coroutine);
	Py_VISIT(((struct task *)self)->strand);
	return 0;
}

/* No tp_clear: it is stepped for as long as it is there, and the coroutine's own
 * breaks what cycle there may be. */
static void task_dealloc(PyObject *self)
{
	struct task *t = (struct task *)self;

	PyObject_GC_UnTrack(self);
	Py_CLEAR(t->strand);
	Py_CLEAR(t->coroutine);
	PyObject_GC_Del(self);
}

static PyMethodDef methods[] = {
	{ "send", task_send, METH_VARARGS, NULL },
	{ "throw", task_throw, METH_VARARGS, NULL },
	{ "close", task_close, METH_VARARGS, NULL },
	{ NULL, NULL, 0, NULL }
};

static PyAsyncMethods async_methods = {
	.am_await = PyObject_SelfIter,
};

static PyTypeObject Task_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof._cprof.Task",
	.tp_basicsize = sizeof(struct task),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_dealloc = task_dealloc,
	.tp_traverse = task_traverse,
	.tp_as_async = &async_methods,
	.tp_iter = PyObject_SelfIter,
	.tp_iternext = task_next,
	.tp_repr = task_repr,
	.tp_getattro = task_getattr,
	.tp_methods = methods,
};

PyObject *task_new(PyObject *coroutine)
{
	PyObject *strand = NULL;
	struct task *t;

	if (trace_top != NULL && PyCoro_CheckExact(coroutine))
		strand = strand_new(FOLLOWED_TASK, coroutine, NULL);
	if (strand == NULL)
		return NULL;
	t = PyObject_GC_New(struct task, &Task_Type);
	if (t == NULL) {
		PyErr_Clear();
		strand_drop(strand);
		Py_DECREF(strand);
		return NULL;
	}
	t->coroutine = Py_NewRef(coroutine);
	t->strand = strand;
	PyObject_GC_Track(t);
	return (PyObject *)t;
}

int task_init(void)
{
	return PyType_Ready(&Task_Type);
}
