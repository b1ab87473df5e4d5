/* clock.h -- the clocks of a trace.
 *
 * Events are timed in ticks: the processor's time stamp counter where it runs
 * evenly and the kernel itself keeps time by it (a third of clock_gettime's
 * price), else nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef CPROF_EXT_CLOCK_H
#define CPROF_EXT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

static inline int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int64_t clock_cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* The CPU clock of a thread, for other threads to read. */
struct thread_clock {
	clockid_t id;
	bool known;
};

struct thread_clock clock_this_thread(void);
/* `otherwise` where it can't be read, or the thread is gone. */
int64_t thread_clock_ns(const struct thread_clock *clock, int64_t otherwise);

extern bool clock_counts_cycles;

static inline uint64_t clock_ticks(void)
{
#if defined(__x86_64__)
	if (clock_counts_cycles)
		return __rdtsc();
#endif
	return (uint64_t)clock_ns(CLOCK_MONOTONIC);
}

/* The same where clock_is_quick() and nothing else: no call is in it that would
 * make its user save registers. */
static inline bool clock_is_quick(void)
{
	return clock_counts_cycles;
}

static inline uint64_t clock_quick_ticks(void)
{
#if defined(__x86_64__)
	return __rdtsc();
#else
	return clock_ticks();
#endif
}

/* Once, before the first tick is read. */
void clock_init(void);

/* Nanoseconds in a tick, from how both clocks went in the last seconds. Needs the
 * GIL. */
double clock_ns_per_tick(void);

#endif
