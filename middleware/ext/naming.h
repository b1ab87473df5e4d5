/* naming.h -- what to call a code object or a C function: as cProfile does, with
 * a qualified name besides. Called the first time a request meets it; never
 * leaves an exception set and keeps the one there was.
 */
#ifndef CPROF_EXT_NAMING_H
#define CPROF_EXT_NAMING_H

#include "compat.h"

#include <stdint.h>

/* The symbol id of a code object that has just been called: where the code does not
 * know its class (before 3.11, and code made by exec), the type of its first
 * argument is asked. NULL: that of the thread's innermost frame, if it is the
 * code's. */
uint32_t name_code(PyCodeObject *code, PyObject *first);

/* The symbol id of a builtin function or method, or of a method's descriptor that
 * is called on self_arg: file "~", line 0, and the name that cProfile gives it,
 * without addresses. */
uint32_t name_c_function(PyObject *callable, PyObject *self_arg);

#endif
