/* summary.h -- what a run was, small enough to keep one for every commit: its requests by
 * groups of the same kind, and of each what every function was called and took.
 *
 *     run of commit 1a2b3c4                    group: label, ordinal, or method and route
 *       GET /user/{id}      30 requests          wall 12.1 11.9 12.3 ...   calls 2101 2099 ...
 *         app.views:show        1 call           self 0.2 ms   cum 11.8 ms
 *         sqlite3...execute     3..4 calls       self 6.1 ms   cum  6.1 ms
 *       GET /               12 requests
 *         ...
 *
 * A request is cold when its process had served none of the same method and route in
 * this run before it: caches fill, modules load. Where a group has warm requests only
 * these count below; ncold says how many others there were.
 *
 * Counts are given as the range over the group's requests (what varies between repeats
 * must not be called a change), times as medians of its requests. Everything hangs on the
 * summary; nothing is shared between threads.
 */
#ifndef CPROF_CHANGE_SUMMARY_H
#define CPROF_CHANGE_SUMMARY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "change/identity.h"
#include "snapshot/archive.h"

enum { SUMMARY_SCHEMA = 1 };

struct count_range {
	uint64_t min, median, max; /* over requests; the lower of two in the middle */
};

struct summary_function {
	struct identity id;
	uint32_t line; /* where it was then; for people */
	struct count_range calls;  /* 0 for a request that did not call it */
	int64_t *self, *cum;       /* medians, by metric of the summary */
};

struct summary_arc {
	uint32_t caller, callee; /* of the group's functions; caller UINT32_MAX: the request */
	struct count_range calls;
};

struct summary_group {
	const char *label;  /* of a suite, "tests/test_user.py::test_show"; or NULL */
	uint64_t ordinal;   /* of the request under that label, from 1; else 0 */
	const char *method, *route; /* route: the template; a raw path; "": not kept */
	bool route_is_template;
	bool warm;          /* its requests were; else all of them were cold */
	size_t nrequests;   /* those that count */
	size_t ncold;       /* that do not, beside warm ones */
	int64_t *values;    /* nrequests rows of nmetrics: each request's total */
	uint64_t *calls;    /* nrequests: calls of all functions */
	/* What was lost of any of them: events, threads that were not followed, another
	 * profiler that took the hook away. Then counts prove nothing. */
	uint64_t nlost;
	bool failed;        /* an exception escaped, or the status is 5xx, in any of them */
	struct summary_function *functions; /* by identity_compare */
	size_t nfunctions;
	struct summary_arc *arcs; /* by caller, callee */
	size_t narcs;
	const char *typical; /* path of the snapshot of median wall time; NULL: not here */
};

struct summary {
	const char *name;    /* of the run folder */
	const char *path;    /* of the run folder, or NULL: from a store */
	const char *commit, *branch; /* or NULL */
	bool dirty;
	int64_t created_ns;
	const char *python;  /* "3.12", without the patch level; "" not known */
	const char *implementation, *mode; /* likewise; of all three: "mixed" */
	bool sampled;        /* there are no counts of calls: they are 0 */
	uint64_t machine;    /* a hash of the host's name; 0: several */
	enum run_outcome outcome; /* of the suite, see snapshot/archive.h */
	uint64_t seen, kept, dropped; /* requests; incomplete where dropped or kept < seen */
	bool has_counts;     /* of requests: of a server or a suite, by run.json */
	/* Those that all profiles have. [0] is wall in nanoseconds, or where the profiles
	 * have none what stands for it (see profile_time_metric). */
	struct metric *metrics;
	size_t nmetrics;
	struct summary_group *groups; /* by label, ordinal, method, route */
	size_t ngroups;

	struct arena arena;
};

/* Called for each profile that was read, and for each that could not be or measures
 * something else than the run's first: by any thread, never by two at once. */
struct summary_watch {
	void (*progress)(void *arg, size_t done, size_t total); /* may be NULL */
	void (*problem)(void *arg, const struct snapshot *s, const struct error *err);
	void *arg;
};

/* Reads every profile of a run, on all processors. A median of times is the mean of the
 * middle two where they are even in number, rounded down. root: the work tree, see
 * identity.h, of a run that was not tagged in one; or NULL. -1 without memory, or when no
 * snapshot can be read (ERR_NOT_FOUND). */
int summary_of_run(struct summary *out, const struct run_info *run, const char *root,
		   const struct summary_watch *watch, struct error *err);

/* The same of one snapshot alone. Where only its path and name are set, the path may be
 * that of a profile's file. */
int summary_of_snapshot(struct summary *out, const struct snapshot *s, const char *root,
			struct error *err);

/* As JSON, a function a line and in a fixed order, so that git packs those of consecutive
 * commits as small differences: who functions are stands apart from what they took.
 *
 *     "functions": [
 *       {"id": "3f2a91bc", "origin": "app", "file": "app/views.py", "name": "show", "line": 12},
 *     "groups": [ { ...
 *       "calls": [2101, 2099],
 *       "values": [[12100000, 11900000]],              by metric, then request
 *       "entry": {"3f2a91bc": 1},                      what the request itself calls
 *       "functions": [
 *         {"id": "3f2a91bc", "calls": 1, "self": [200000], "cum": [11800000],
 *          "to": {"91bc3f2a": [3, 3, 4]}},             minimum, median, maximum; one: the same
 *
 * Groups without a route template or a label are left out unless `raw_paths`, and so are
 * the raw paths of those with a label: what is kept in a repository names no user's path.
 * No host, no absolute path but those of functions outside of everything known. */
int summary_write(struct buf *out, const struct summary *s, bool raw_paths, struct error *err);
/* Hostile input is refused with the line; one of a newer schema, too. */
int summary_read(struct summary *out, struct bytes in, struct error *err);
void summary_release(struct summary *s);

#endif
