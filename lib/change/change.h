/* change.h -- what a push did: two sides of one or more runs each, request by request.
 *
 *     old: runs of the base commit     new: runs of this one
 *       summary, summary, ...            summary, summary, ...
 *                 \                       /
 *                  request_change: GET /user/{id}
 *                    wall   12.1 ms -> 19.4 ms  (+7.3 ms, +60 %), p 0.004
 *                    calls  2101 -> 2841
 *                    functions   sqlite3.Cursor.execute  3 -> 43 calls: +6.9 ms more calls,
 *                                                        +0.1 ms dearer calls
 *                    where       app.views:show > app.models:Order.lines > execute
 *
 * The run is the unit: times of one run share its noise, so a side has as many
 * observations of a request as it has runs, each the median of the run's requests.
 *
 * Requests pair by label where both have one: those of one method and route under it in
 * their order, then what is left by its ordinal (a route got another name); the others by
 * method and route. Functions pair by identity, by the renames that are given, and where
 * only one side has a whole file (a work tree that stands elsewhere) by the last two parts
 * of its path, then by the last.
 */
#ifndef CPROF_CHANGE_CHANGE_H
#define CPROF_CHANGE_CHANGE_H

#include "change/stats.h"
#include "change/summary.h"
#include "change/where.h"

enum { CHANGE_RUNS_TO_PROVE = 5 }; /* a side: p can be 0.004 then */
#define CHANGE_ALPHA 0.01

/* Which functions are another one's next self: from the two commits' own difference. */
struct rename_map {
	struct rename {
		const char *old_file, *new_file; /* relative to the work tree */
		const char *old_name, *new_name; /* qualified; NULL: the whole file */
	} *renames;
	size_t n;
};

struct change_side {
	const struct summary *const *runs;
	size_t nruns;
};

/* How far a time may be trusted. It is tested where each side has CHANGE_RUNS_TO_PROVE runs of
 * the request, and they took turns. */
enum evidence {
	EVIDENCE_PROVEN,       /* tested: p < CHANGE_ALPHA */
	EVIDENCE_NOT,          /* tested, and not proven */
	EVIDENCE_BEYOND_NOISE, /* not tested; further apart than runs of one commit are */
	EVIDENCE_WITHIN_NOISE, /* not tested; no further apart than that */
	EVIDENCE_UNKNOWN       /* not tested, and there are no runs to tell the noise by */
};

/* One quantity on both sides, in its metric's unit. */
struct quantity {
	double old_value, new_value;
	double delta;  /* new less old */
	double ratio;  /* new by old; NaN where old is 0 */
};

enum match { MATCH_SAME, MATCH_MOVED /* of file */, MATCH_RENAMED, MATCH_NEW, MATCH_GONE };

/* Functions of a proven change that get an interval: those that cost most. */
enum { CHANGE_INTERVALS = 100 };

struct function_change {
	const struct summary_function *before, *after; /* of a typical run; NULL: new, gone */
	enum match match;
	struct count_range old_calls, new_calls; /* over all runs of the side */
	bool calls_worse, calls_better; /* new minimum > old maximum, and the contrary */
	struct quantity *self, *cum; /* by metric of the change; medians over runs */
	/* Of wall self: delta = more + dearer, exactly.
	 *     more    (new calls - old calls) * old cost per call
	 *     dearer  new calls * (new cost per call - old cost per call)
	 * A new or vanished function is wholly more or fewer calls. */
	double more_calls_ns, dearer_calls_ns;
	struct interval interval; /* of the change of wall self over runs; reached 0: none */
};

/* Another number of calls, whatever other requests of these runs made. */
static inline bool function_recounted(const struct function_change *f)
{
	return f->calls_worse || f->calls_better;
}

enum request_state { REQUEST_BOTH, REQUEST_NEW, REQUEST_GONE };

struct request_change {
	const struct summary_group *before, *after; /* of each side's typical run, or NULL */
	enum request_state state;
	/* In each run of the side; NULL: that run has none of it. */
	const struct summary_group *const *old_groups, *const *new_groups;
	size_t old_runs, new_runs, old_requests, new_requests;
	struct count_range old_calls, new_calls; /* calls of all functions */
	bool calls_worse, calls_better;
	bool counts_known;        /* nothing was lost, and there are any */
	size_t nrecounted;        /* functions with another number of calls */
	struct quantity *metrics; /* by metric of the change: medians of the runs' medians */
	enum evidence evidence;   /* of wall */
	double p;                 /* that wall rose (or, where it fell, fell) by chance;
				     NaN: not tested */
	struct interval interval; /* of the change of wall; reached 0: none */
	/* The widest spread of runs of one commit, by their median; NaN: not known. */
	double noise;
	struct function_change *functions; /* what costs most by |delta of wall self| first */
	size_t nfunctions;
	/* Where in the call tree the difference enters, see where.h: of what changed, the
	 * first CHANGE_LOCATED requests whose typical snapshots are at hand; else n is 0. */
	struct place *where;
	size_t nwhere;
	bool where_is_calls; /* its values are calls, as time proves nothing */
};

enum { CHANGE_LOCATED = 10 };

struct change {
	/* Worse first: slower (proven), more calls, slower (beyond noise), calls of other
	 * functions, new, then gone, then better the same way, then all else. */
	struct request_change *requests;
	size_t nrequests;
	struct metric *metrics; /* those that both sides have; [0] is wall */
	size_t nmetrics;
	bool other_machine;     /* the sides ran on unlike machines */
	bool took_turns;        /* see sides_took_turns */
	const char *refused;    /* with force: what would have been refused, or NULL */
	struct arena arena;
};

struct change_options {
	const struct rename_map *renames; /* or NULL */
	/* Runs of one commit, of any, to tell the noise by where time is not tested; or none. */
	const struct summary *const *noise;
	size_t nnoise;
	/* Compare unlike Python versions and modes. What the older's comprehensions took is
	 * then their function's, for from 3.12 on they are no calls. */
	bool force;
	/* Each side is one request: they are compared whatever they were. */
	bool single;
	struct roots roots; /* of the work trees, as for summary_of_run */
};

/* Whether there are runs enough of it for a test of its time. */
static inline bool request_has_runs(const struct request_change *r)
{
	return r->state == REQUEST_BOTH && r->old_runs >= CHANGE_RUNS_TO_PROVE &&
	       r->new_runs >= CHANGE_RUNS_TO_PROVE;
}

/* How a request stands: the order of a change, and what reports say first. */
enum standing {
	STANDING_SLOWER, STANDING_MORE_CALLS, STANDING_SLOWER_BEYOND_NOISE,
	STANDING_OTHER_CALLS, STANDING_NEW, STANDING_GONE, STANDING_FASTER,
	STANDING_FEWER_CALLS, STANDING_FASTER_BEYOND_NOISE, STANDING_SAME
};

enum standing request_standing(const struct request_change *r);

/* Whether the runs of the two sides took turns, as far as their times tell: a side that
 * was measured first and for itself had another machine, in effect. True where a side has
 * one run; false where there are more, and it is not known when one of them was made. */
bool sides_took_turns(const struct change_side *before, const struct change_side *after);

/* Both sides outlive the change. Unlike Python versions (3.11 and 3.12) or modes are
 * ERR_REFUSED unless forced. */
int change_between(struct change *out, const struct change_side *before,
		   const struct change_side *after, const struct change_options *o,
		   struct error *err);
void change_release(struct change *c);

#endif
