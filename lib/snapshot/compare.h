/* compare.h -- two runs, request by request.
 *
 * Requests belong together by method and route. What a route costs is the median
 * over its requests; what it does, function by function, is read from its typical
 * request, the one of median wall time (of two, the faster).
 *
 * Whether a route changed in calls: counts of calls are exact, and most code
 * makes the same calls every time. So
 *
 *     old 1204 1204 9000   new 1254 1254 9050   medians 1204, 1254: changed
 *
 * though the first request, on cold caches, lies elsewhere: where at least half
 * of the requests agree on the median, any difference counts. Code that draws
 * random numbers does not agree with itself; then the medians must lie further
 * apart than twice the range of either run's requests (of five and more without
 * the first, the cold one):
 *
 *     old 5012 5040 4998   new 5022 5033 5001   10 apart, ranges 42, 32: varies
 *
 * As many calls, but other ones, are noticed by comparing the typical requests,
 * where these agree with the median on both sides.
 */
#ifndef CPROF_SNAPSHOT_COMPARE_H
#define CPROF_SNAPSHOT_COMPARE_H

#include "base/arena.h"
#include "profile/diff.h"
#include "snapshot/archive.h"

enum route_verdict {
	ROUTE_CHANGED, /* in calls */
	ROUTE_OTHER,   /* as many calls, by other functions */
	ROUTE_NEW,     /* only the newer run has it */
	ROUTE_GONE,    /* only the older run has it */
	ROUTE_VARIES,  /* differs less than requests of one run do */
	ROUTE_SAME     /* in calls */
};

struct route_side {
	size_t nrequests;
	int64_t wall_ns; /* medians; of an even number the mean of the middle two, */
	uint64_t ncalls; /* rounded down */
	const struct snapshot *typical; /* NULL where there is no request */
};

struct route_change {
	const char *method, *route;
	enum route_verdict verdict;
	struct route_side before, after;
};

struct comparison {
	struct route_change *routes; /* in the order of their verdicts, then what
	                                changed most first */
	size_t nroutes;
	bool sampled; /* no calls are known: every matched route is ROUTE_SAME */
	struct arena arena;
};

/* Called for each profile that was read. */
typedef void compare_progress(void *arg, size_t done, size_t total);
/* Called for each snapshot that cannot be read and is left out. */
typedef void compare_problem(void *arg, const struct snapshot *snapshot, const struct error *err);

struct compare_watch {
	compare_progress *progress; /* may be NULL */
	compare_problem *problem;   /* may be NULL */
	void *arg;
};

/* Both runs outlive the comparison. -1 when there is no memory, or a run holds no
 * snapshot that can be read. */
int compare_runs(struct comparison *out, const struct run_info *before,
		 const struct run_info *after, const struct compare_watch *watch,
		 struct error *err);
void comparison_release(struct comparison *c);

/* Calls in a profile; recursive ones too. */
uint64_t profile_calls(const struct profile *p);

#endif
