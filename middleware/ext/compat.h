/* compat.h -- CPython 3.8 to 3.15 as one. */
#ifndef CPROF_EXT_COMPAT_H
#define CPROF_EXT_COMPAT_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <frameobject.h>

#if PY_VERSION_HEX < 0x03090000
#define PyInterpreterState_Get _PyInterpreterState_Get

static inline PyObject *PyObject_CallNoArgs(PyObject *f)
{
	return PyObject_CallObject(f, NULL);
}

static inline PyObject *PyObject_CallMethodNoArgs(PyObject *o, PyObject *name)
{
	return PyObject_CallMethodObjArgs(o, name, NULL);
}

static inline PyCodeObject *PyFrame_GetCode(PyFrameObject *frame)
{
	Py_INCREF(frame->f_code);
	return frame->f_code;
}
#endif

#if PY_VERSION_HEX < 0x030C0000
#define PyUnstable_Eval_RequestCodeExtraIndex _PyEval_RequestCodeExtraIndex
#define PyUnstable_Code_GetExtra _PyCode_GetExtra
#define PyUnstable_Code_SetExtra _PyCode_SetExtra
#endif

#if PY_VERSION_HEX < 0x030A0000
static inline PyObject *Py_NewRef(PyObject *o)
{
	Py_INCREF(o);
	return o;
}

static inline PyObject *Py_XNewRef(PyObject *o)
{
	Py_XINCREF(o);
	return o;
}
#endif

/* What the class itself has; a new reference. */
static inline PyObject *type_dict(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030C0000
	return PyType_GetDict(type);
#else
	return Py_XNewRef(type->tp_dict);
#endif
}

/* The code object a frame runs, borrowed: the frame keeps it alive. */
static inline PyCodeObject *frame_code(PyFrameObject *frame)
{
#if PY_VERSION_HEX < 0x030B0000
	return frame->f_code;
#else
	PyCodeObject *code = PyFrame_GetCode(frame);

	Py_DECREF(code);
	return code;
#endif
}

#if PY_VERSION_HEX < 0x030B0000
/* The first argument of a call that has just begun, borrowed, or NULL. One that an
 * inner function uses (a comprehension, too) is in a cell. */
static inline PyObject *frame_first_argument(PyFrameObject *frame)
{
	PyCodeObject *code = frame->f_code;
	Py_ssize_t ncells = PyTuple_GET_SIZE(code->co_cellvars);

	if (frame->f_localsplus[0] != NULL)
		return frame->f_localsplus[0];
	for (Py_ssize_t i = 0; code->co_cell2arg != NULL && i < ncells; i++)
		if (code->co_cell2arg[i] == 0)
			return PyCell_GET(frame->f_localsplus[code->co_nlocals + i]);
	return NULL;
}
#endif

#endif
