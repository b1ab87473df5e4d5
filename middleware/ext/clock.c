#include "clock.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

bool clock_counts_cycles;

enum { RENEW_NS = 1000000000 };

/* Both clocks at one moment. */
struct moment {
	uint64_t ticks;
	int64_t ns;
};

/* The rate is taken over one to two seconds past: long enough to be exact, short
 * enough to follow a machine that is moved to another host. */
static struct moment older, newer;

/* The reading with the least between its two ticks: nothing interrupted it. */
static struct moment both_clocks(void)
{
	struct moment best = { 0, 0 };
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 4; i++) {
		uint64_t before = clock_ticks();
		int64_t ns = clock_ns(CLOCK_MONOTONIC);
		uint64_t after = clock_ticks();

		if (after - before < least) {
			least = after - before;
			best.ticks = before + least / 2;
			best.ns = ns;
		}
	}
	return best;
}

#if defined(__x86_64__)
/* The kernel checks the counters of all processors against each other, and stops
 * using them when they disagree. */
static bool kernel_trusts_counter(void)
{
	char name[16] = "";
	FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "re");

	if (f == NULL)
		return false;
	if (fgets(name, sizeof name, f) == NULL)
		name[0] = '\0';
	fclose(f);
	return strcmp(name, "tsc\n") == 0;
}

static bool counter_is_invariant(void)
{
	unsigned a, b, c, d;

	return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8) != 0;
}
#endif

void clock_init(void)
{
#if defined(__x86_64__)
	clock_counts_cycles = counter_is_invariant() && kernel_trusts_counter();
#endif
	older = newer = both_clocks();
}

double clock_ns_per_tick(void)
{
	struct moment now;

	if (!clock_counts_cycles)
		return 1;
	now = both_clocks();
	if (now.ns - newer.ns > RENEW_NS) {
		older = newer;
		newer = now;
	}
	if (now.ticks == older.ticks)
		return 1;
	return (double)(now.ns - older.ns) / (double)(now.ticks - older.ticks);
}

struct thread_clock clock_this_thread(void)
{
	struct thread_clock clock = { .known = false };

#if defined(_POSIX_THREAD_CPUTIME) && _POSIX_THREAD_CPUTIME >= 0
	clock.known = pthread_getcpuclockid(pthread_self(), &clock.id) == 0;
#endif
	return clock;
}

int64_t thread_clock_ns(const struct thread_clock *clock, int64_t otherwise)
{
	struct timespec t;

	if (!clock->known || clock_gettime(clock->id, &t) != 0)
		return otherwise;
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
