/* middleware.h -- CProfMiddleware, the WSGI callable. */
#ifndef CPROF_EXT_MIDDLEWARE_H
#define CPROF_EXT_MIDDLEWARE_H

#include "compat.h"

extern PyTypeObject Middleware_Type;

/* flush(timeout=None) of the module and of the type. */
PyObject *flush(PyObject *self, PyObject *args, PyObject *kwargs);

#endif
