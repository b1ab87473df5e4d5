#include "wrapper.h"

#include "strand.h"

static PyObject *wrapper_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
	struct wrapper *w = (struct wrapper *)self;

	return w->call(w, args, kwargs);
}

static PyObject *wrapper_get(PyObject *self, PyObject *instance, PyObject *type)
{
	(void)type;
	if (instance == NULL || instance == Py_None)
		return Py_NewRef(self);
	return PyMethod_New(self, instance);
}

static PyObject *wrapper_getattr(PyObject *self, PyObject *name)
{
	if (PyUnicode_CompareWithASCIIString(name, "__wrapped__") == 0)
		return Py_NewRef(((struct wrapper *)self)->original);
	return PyObject_GetAttr(((struct wrapper *)self)->original, name);
}

static PyObject *wrapper_repr(PyObject *self)
{
	return PyObject_Repr(((struct wrapper *)self)->original);
}

static int wrapper_traverse(PyObject *self, visitproc visit, void *arg)
{
	Py_VISIT(((struct wrapper *)self)->original);
	return 0;
}

static int wrapper_clear(PyObject *self)
{
	Py_CLEAR(((struct wrapper *)self)->original);
	return 0;
}

static void wrapper_dealloc(PyObject *self)
{
	PyObject_GC_UnTrack(self);
	wrapper_clear(self);
	PyObject_GC_Del(self);
}

PyTypeObject Wrapper_Type = {
	PyVarObject_HEAD_INIT(NULL, 0)
	.tp_name = "cprof._cprof.Wrapper",
	.tp_basicsize = sizeof(struct wrapper),
	.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
	.tp_dealloc = wrapper_dealloc,
	.tp_traverse = wrapper_traverse,
	.tp_clear = wrapper_clear,
	.tp_call = wrapper_call,
	.tp_descr_get = wrapper_get,
	.tp_getattro = wrapper_getattr,
	.tp_repr = wrapper_repr,
};

struct wrapper *wrapper_new(PyObject *original,
			    PyObject *(*call)(struct wrapper *w, PyObject *args, PyObject *kwargs))
{
	struct wrapper *w = PyObject_GC_New(struct wrapper, &Wrapper_Type);

	if (w == NULL)
		return NULL;
	w->original = Py_NewRef(original);
	w->call = call;
	w->active = false;
	PyObject_GC_Track(w);
	return w;
}

static PyObject *replaced(PyObject *args, Py_ssize_t index, PyObject *value)
{
	PyObject *copy = PyTuple_New(PyTuple_GET_SIZE(args));

	for (Py_ssize_t i = 0; copy != NULL && i < PyTuple_GET_SIZE(args); i++)
		PyTuple_SET_ITEM(copy, i, Py_NewRef(i == index ? value : PyTuple_GET_ITEM(args, i)));
	return copy;
}

PyObject *wrapper_call_with(struct wrapper *w, PyObject *args, PyObject *kwargs,
			    Py_ssize_t index, PyObject *strand)
{
	PyObject *own_args = strand ? replaced(args, index, strand) : NULL;
	PyObject *result;

	if (own_args == NULL)
		PyErr_Clear();
	result = PyObject_Call(w->original, own_args ? own_args : args, kwargs);
	if (strand != NULL && (own_args == NULL || result == NULL))
		strand_drop(strand);
	Py_XDECREF(own_args);
	Py_XDECREF(strand);
	return result;
}
