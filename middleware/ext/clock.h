/* clock.h -- the clocks of a trace, in nanoseconds. */
#ifndef CPROF_EXT_CLOCK_H
#define CPROF_EXT_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline uint64_t clock_wall_ns(void)
{
	return (uint64_t)clock_ns(CLOCK_MONOTONIC);
}

static inline int64_t clock_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

#endif
