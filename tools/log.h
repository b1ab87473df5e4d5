/* log.h -- one request over the commits of a branch: what `cprof log` shows.
 *
 *     commit   runs   wall: median, p95    calls            against the one below
 *     3c3c3c3    5    19.4 ms  23.1 ms     2,841            wall proven, calls worse
 *     2b2b2b2    5    12.1 ms  14.0 ms     2,101..2,105
 *     1a1a1a1    1    12.3 ms  12.3 ms     2,101
 *
 * A commit's wall time is the median of its runs' medians, for requests of one run share
 * its noise; its p95 and range of calls are over all requests of all its runs. What has
 * changed is judged as by `cprof diff`, see change/change.h: counts by range, time where
 * it is proven or beyond what runs of one commit differ by. Commits without runs of the
 * request are left out, so "the one below" is the next older that has some.
 */
#ifndef CPROF_TOOLS_LOG_H
#define CPROF_TOOLS_LOG_H

#include "change/change.h"
#include "draw/page/series.h"
#include "history.h"
#include "term.h"

enum verdict { VERDICT_BETTER = -1, VERDICT_SAME, VERDICT_WORSE };

/* A request's or function's calls and time at one commit, and what became of them. */
struct log_value {
	bool counted;              /* false: nothing is known of its calls */
	struct count_range calls;
	enum verdict calls_verdict;
	double time_ns;            /* wall of the request, self of the function */
	enum verdict time_verdict;
};

/* What one run says of the function. Of several kinds of requests that are followed as one
 * the range is over all, and self time the mean, each counted as often as it was served. */
struct run_function {
	bool called;
	struct count_range calls;
	double self_ns;
};

struct log_point {
	const char *commit, *subject;
	int64_t time_s;            /* the committer's */
	struct summary *runs;      /* the request alone */
	struct run_function *of_function; /* by run */
	size_t nruns, nrequests;
	struct log_value request, function;
	bool has_function;         /* it was called in none of the runs where false */
	double p95_ns;
	enum evidence evidence;    /* of the request's wall time */
	double p;                  /* NaN: not tested */
	bool failed;               /* the suite of a run did */
	const char *not_compared;  /* "python 3.11 -> 3.12", or NULL */
};

struct log {
	const char *what;     /* the request as it was typed: a pattern, or a test's label */
	const char *pattern;  /* of a function; NULL: none was named */
	const char *title;    /* "GET /user/{id}" */
	struct log_point *points; /* newest first */
	size_t npoints;       /* those to show */
	size_t nread, cap;    /* with the next older one, which the last is compared with */
	bool shallow;         /* the history goes on beyond a shallow clone's border */
	struct arena arena;
};

/* At most `limit` commits (0: all) from `revision` on. None that has runs of the request:
 * ERR_NOT_FOUND, with what to do. */
int log_read(struct log *log, struct history *h, const char *what, const char *pattern,
	     const char *revision, size_t limit, struct error *err);
void log_release(struct log *log);

/* Says of each point what has changed since the one before it; a part of log_read. */
int log_compare(struct log *log, struct error *err);

/* The point that points[i] was compared with, or NULL. */
const struct log_point *log_before(const struct log *log, size_t i);

void log_text(struct buf *out, const struct log *log, const struct term *t);
void log_json(struct buf *out, const struct log *log);

/* The chart of it, in `arena`; -1 without memory. */
int log_series(struct series *out, const struct log *log, struct arena *arena);

#endif
