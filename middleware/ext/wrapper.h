/* wrapper.h -- what is put in place of a method or function while a request is
 * followed: it calls the original, and can't be told from it in a profile.
 */
#ifndef CPROF_EXT_WRAPPER_H
#define CPROF_EXT_WRAPPER_H

#include "compat.h"

#include <stdbool.h>

struct wrapper {
	PyObject_HEAD
	PyObject *original;
	PyObject *(*call)(struct wrapper *w, PyObject *args, PyObject *kwargs);
	bool active; /* it is the one that is installed */
};

extern PyTypeObject Wrapper_Type;

/* Inactive; NULL with an exception. */
struct wrapper *wrapper_new(PyObject *original,
			    PyObject *(*call)(struct wrapper *w, PyObject *args, PyObject *kwargs));

/* The original, with `strand` (strand.h, task.h) for the argument at `index` unless it
 * is NULL. One that the original refuses is dropped; its reference is gone after it. */
PyObject *wrapper_call_with(struct wrapper *w, PyObject *args, PyObject *kwargs,
			    Py_ssize_t index, PyObject *strand);

#endif
