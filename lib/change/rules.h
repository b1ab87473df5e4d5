/* rules.h -- what a change may not make worse, as cprof.toml says it.
 *
 *     baseline = "main"                       for --baseline, where that is not given
 *
 *     [[rule]]
 *     name = "the shop's pages"               for people; may be left out
 *     route = "GET /shop/{id}"                requests, see snapshot/pick.h; else all
 *     label = "tests/test_shop.py::test_*"    and of a suite's test; else any or none
 *     warm = true                             and not the first of its kind in a process
 *     sql = "+0"                              no statement more than the baseline's
 *     total_calls = "+10%"
 *     calls = { "requests.*" = 2, "app.views:show" = "+1" }
 *     new_callees = { deny = ["requests", "urllib3"], from = "app.views" }
 *     allocs = "+20%"
 *     alloc_bytes = "8 MB"
 *     wall = { worse = "10%", floor = "1 ms" }
 *     cpu = "10%"
 *
 * Each key of a [[rule]] that judges something becomes a struct rule. A limit is
 *
 *     3        at most 3, whatever the baseline did
 *     "+3"     at most 3 more than the baseline
 *     "+10%"   at most 10 % more than the baseline
 *
 * and of bytes may have a unit: "8 MB", "+100 kB". Everything hangs on the rules.
 */
#ifndef CPROF_CHANGE_RULES_H
#define CPROF_CHANGE_RULES_H

#include "change/config.h"
#include "change/limit.h"
#include "change/summary.h"
#include "snapshot/pick.h"

/* Texts of a list, shell patterns or identity_matches'. */
struct patterns {
	const char **v;
	size_t n;
};

enum rule_kind {
	RULE_CALLS,       /* calls of the functions that match, taken together */
	RULE_TOTAL_CALLS, /* calls of all functions */
	RULE_SQL,         /* statements, see identity_is_sql */
	RULE_METRIC,      /* a metric that counts: allocs, alloc_bytes */
	RULE_TIME,        /* a metric that is time: wall, cpu */
	RULE_NEW_CALLEES
};

/* Which requests: those of a route, of a label where there are labels, and warm. */
struct selector {
	struct pick_pattern *routes;
	size_t nroutes;         /* 0: all */
	struct patterns labels; /* none: with and without a label */
	bool warm;
	struct selector *next;
};

struct rule {
	const char *name; /* as given, or NULL */
	unsigned line;    /* of its [[rule]]; 0: a default */
	const struct selector *of;
	enum rule_kind kind;
	const char *metric;        /* RULE_METRIC, RULE_TIME */
	struct patterns functions; /* RULE_CALLS: one; RULE_NEW_CALLEES: denied; none: all */
	struct patterns from;      /* RULE_NEW_CALLEES: callers; none: the application's own */
	struct limit limit;        /* RULE_TIME: LIMIT_PERCENT */
	double floor_ns;           /* RULE_TIME: less than this is not worse */
};

struct rules {
	const char *file;     /* where they were read; NULL: the defaults */
	const char *baseline; /* or NULL */
	struct rule *rules;
	size_t n, cap;
	struct selector *selectors;
	struct arena arena;
};

/* What a time must at least rise by where a rule does not say. */
#define RULES_FLOOR_NS 200e3

/* What holds without a file: no warm request executes more SQL, none makes over 10 % more
 * calls, none is proven slower by over 5 % (and the floor), by the wall clock or, where
 * that was measured, in CPU time. */
int rules_default(struct rules *out, struct error *err);

/* The rules of a document that was read from `file`, which errors begin with
 * ("cprof.toml:7:3: no such key 'cals'; did you mean 'calls'?"). Nothing of the document
 * is kept. Without a [[rule]] the default ones hold. */
int rules_read(struct rules *out, const struct config *document, const char *file,
	       struct error *err);
void rules_release(struct rules *r);

/* Whether it is about these requests, warm or not. */
bool rule_is_about(const struct rule *r, const struct summary_group *g);

/* "calls of requests.*: at most 2", "wall: at most 10 % more, from 1.00 ms on". Appends. */
void rule_text(struct buf *out, const struct rule *r);

#endif
