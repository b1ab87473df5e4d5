/* cores.h -- how many processors this process may use: at least 1. */
#ifndef CPROF_BASE_CORES_H
#define CPROF_BASE_CORES_H

unsigned count_cores(void);

#endif
