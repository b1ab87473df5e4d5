/* suite.h -- the run that a suite of tests makes: opened before there is a request,
 * so that all its processes join it, and told how the suite ended. */
#ifndef CPROF_EXT_SUITE_H
#define CPROF_EXT_SUITE_H

#include "compat.h"

PyObject *suite_open_run(PyObject *self, PyObject *args);
PyObject *suite_set_outcome(PyObject *self, PyObject *args);

#endif
