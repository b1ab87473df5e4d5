/* profiler.h -- cprof.Profile: the tracer without a request around it. */
#ifndef CPROF_EXT_PROFILER_H
#define CPROF_EXT_PROFILER_H

#include "compat.h"

extern PyTypeObject Profiler_Type;

#endif
