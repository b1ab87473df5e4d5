/* gate.h -- what `cprof gate` compares, by which rules, and how it says what came out.
 *
 *     cprof gate --baseline main     runs of HEAD's commit, against those of the nearest
 *                                    ancestor of the merge base with main that has any
 *     cprof gate OLD NEW             runs, several of a side as RUN,RUN
 */
#ifndef CPROF_TOOLS_GATE_H
#define CPROF_TOOLS_GATE_H

#include "change/gate.h"
#include "diff_side.h"
#include "history.h"

/* One side: its runs, and whose memory they are. */
struct gate_side {
	struct change_side runs;
	struct buf title;       /* "1a2b3c4 main, 5 runs"; printable */
	struct diff_side named; /* of runs that were named ... */
	struct history_summaries summaries; /* ... or of a commit's */
};

struct gate_sides {
	struct gate_side old, new;
	struct rename_map renames;
	struct roots roots;   /* of the work trees */
	struct buf nothing;   /* why there is nothing to compare yet; empty: there is */
	struct history history;
	struct arena arena;
};

struct gate_options {
	struct subject_options from;
	const char *baseline, *repo, *config, *markdown, *junit;
	bool json, force;
	unsigned color;
};

/* -1 after a complaint; *out needs gate_sides_release in any case. */
int gate_sides_of_runs(struct gate_sides *out, const struct gate_options *o, const char *old,
		       const char *new);
int gate_sides_of_baseline(struct gate_sides *out, const struct gate_options *o,
			   const char *baseline);
void gate_sides_release(struct gate_sides *s);

/* The rules of the file that was named, else of the cprof.toml that is found in the current
 * folder or above it, within the repository; else the default ones. -1 with err. */
int gate_read_rules(struct rules *out, const char *config, struct error *err);

/* What came out, for all who say it. */
struct gate_view {
	const struct rules *rules;
	const struct gate_sides *sides;
	const struct change *change;
	const struct gate *gate;
	struct report report; /* of the change */
	struct term term;
};

/* Append; -1 with err, without memory. With nothing to compare, change and gate are NULL. */
typedef int gate_output(struct buf *out, const struct gate_view *v, struct error *err);
gate_output gate_text, gate_markdown, gate_json, gate_junit;

/* --- what they share; all append, printable */

/* "3 requests got worse than those of 1a2b3c4 main, 1 run"; "no request got worse ..." */
void gate_put_summary(struct buf *out, const struct gate_view *v);

/* "SQL statements", "calls of requests.*": a rule without its limit. */
void gate_put_what(struct buf *out, const struct rule *r);

/* "SQL statements: 3 -> 43 (+40); allowed: no more" */
void gate_put_finding(struct buf *out, const struct finding *f, const struct signs *signs);

/* "3 -> 43 (+40)"; of a limit that asks for no baseline "43". */
void gate_put_values(struct buf *out, const struct finding *f, const struct signs *signs);

/* "sqlite3.Cursor.execute: 3 -> 43 calls, from app.models:Order.lines (app/models.py:41)" */
void gate_put_blame(struct buf *out, const struct finding *f, const struct blame *b,
		    const struct signs *signs);

/* What must be known beside the verdicts, a line each: what put_doubts says, rules that are
 * about nothing, and what was not judged. */
void gate_put_notes(struct buf *out, const struct gate_view *v);

/* The requests that failed, those alike together: the same method and route, the same rules,
 * and the same functions to blame first. -1 with err, without memory; *out needs
 * alikes_release in any case. */
int gate_groups(struct alikes *out, const struct gate_view *v, struct error *err);

/* Whose findings stand for a group's: by the first rule it got worse by most. */
const struct request_change *gate_worst(const struct gate_view *v, const struct alike *a);

/* "  (the worst of 5; in another 1 -> 21 (+20))" after a finding of those; nothing where all
 * are the same. */
void gate_put_least(struct buf *out, const struct gate_view *v, const struct alike *a,
		    const struct finding *f);

/* The next finding that failed of a request, by the rules from *rule on; NULL at the end. */
const struct finding *gate_next_failed(const struct gate_view *v, const struct request_change *r,
				       size_t *rule);

#endif
