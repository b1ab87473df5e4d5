/* allocations.h -- counts what each thread allocates from Python's memory managers
 * (the mem and object domains), while anybody wants to know. */
#ifndef CPROF_EXT_ALLOCATIONS_H
#define CPROF_EXT_ALLOCATIONS_H

#include <stdint.h>

/* Of this thread, so far; they never go down. A block that is moved counts again. */
extern __thread int64_t allocations_count __attribute__((tls_model("initial-exec")));
extern __thread int64_t allocations_bytes __attribute__((tls_model("initial-exec")));

/* One more, one less wants to know. Needs the GIL. */
void allocations_watch(void);
void allocations_unwatch(void);

#endif
