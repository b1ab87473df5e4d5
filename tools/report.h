/* report.h -- a change for people and for programs: what `cprof diff` prints, and a gate
 * beside its judgements.
 *
 * The first lines answer "what changed"; then comes a table of the requests, then each
 * that changed, with the place where the difference enters and its functions. Counts are
 * blamed, and times where they are proven; of others it is said how far they may be
 * trusted.
 */
#ifndef CPROF_TOOLS_REPORT_H
#define CPROF_TOOLS_REPORT_H

#include "alike.h"
#include "change/change.h"
#include "term.h"

/* The order of functions. By cost: those that cost most of the difference first; where
 * time proves nothing, those with another number of calls come before. */
enum report_sort { SORT_COST, SORT_CALLS, SORT_TOTTIME, SORT_CUMTIME, SORT_NAME };

struct report_side {
	const char *path;    /* as it was found: of a run, a snapshot, a file; or a revision */
	const char *title;   /* for people, printable */
	const char *subject; /* of the commit; or NULL */
	struct change_side runs;
};

struct report {
	const struct change *change;
	struct report_side before, after;
	bool single;    /* one request each, not runs */
	unsigned sort;  /* enum report_sort */
	unsigned limit; /* of requests, and of the functions of each; 0: all */
	struct term term; /* without a width: all columns, no line is folded */
};

enum { REPORT_MARKDOWN_MAX = 60000 }; /* bytes: a comment holds 65,536 characters */

/* Append; -1 with err, without memory. */
int report_text(struct buf *out, const struct report *r, struct error *err);
int report_json(struct buf *out, const struct report *r, struct error *err);
/* Less than REPORT_MARKDOWN_MAX, with what stands in `out` already: what is less important
 * is left out, and that said. */
int report_markdown(struct buf *out, const struct report *r, struct error *err);

/* Whether calls differ, or a time is proven to: what diff --exit-code judges by. */
bool report_differs(const struct change *c);

/* --- what the three share */

/* "slower", "more calls", "slower?", ...; by enum standing. */
extern const char *const standing_names[];

/* The group that stands for a request: the newer one where there is one. */
const struct summary_group *request_group(const struct request_change *c);

/* "GET /user/{id}", with a label "tests/test_user.py::test_show #2 GET /user/{id}".
 * Appends, printable. */
void request_name(struct buf *out, const struct request_change *c);
/* Without the label. */
void request_route(struct buf *out, const struct request_change *c);

/* "Shop.user  shop/views.py:41"; appends, printable. */
void change_label(struct buf *out, const struct function_change *f);
/* "Cursor.execute": as short as it can be told; appends, printable. */
void identity_label(struct buf *out, const struct identity *id);

/* "+1.25 ms", "-3", "0"; of no time a plain number. */
void put_cost(struct buf *out, const struct change *c, double value);
void put_cost_delta(struct buf *out, const struct change *c, double value);
void put_count_delta(struct buf *out, uint64_t old, uint64_t new);
/* "+60 %"; from a doubling on "x3.58"; nothing where there is no old value, or no
 * other one. */
void put_relative(struct buf *out, const struct signs *signs, double old, double new);

/* "649", "640-655": the median, and where requests differ their range. */
void put_range(struct buf *out, const struct count_range *range);

/* How far the change of a request's wall time may be trusted, as a clause: "proven, p
 * 0.004: +6.8 ms to +8.0 ms", "noise unknown". Appends. */
void put_evidence(struct buf *out, const struct change *c, const struct request_change *r);

/* "Everything in it is slower": whether nearly all of a request's time rose, or fell, as
 * the whole did. */
bool request_is_uniform(const struct request_change *r);
void put_uniform(struct buf *out, const struct request_change *r);

/* Whether a request is shown with its functions: it changed; or nothing is known of the
 * noise, and it is one of two that seem slower or faster by most. */
bool request_is_told(const struct report *r, const struct request_change *c);

/* The requests by how they changed; what is told of by itself stands alone. -1 with err,
 * without memory; *out needs alikes_release in any case. */
int report_groups(struct alikes *out, const struct report *r, struct error *err);

/* The rows of the table of requests: at most `limit` (0: all), and of what is unchanged
 * none where that would be many. */
struct report_rows {
	const struct report *r;
	const struct alikes *groups;
	size_t limit, at;
	bool with_quiet;
	size_t nshown;         /* rows */
	size_t nleft;          /* requests that changed, past the limit */
	size_t nquiet;         /* unchanged requests without a row */
};

void report_rows_begin(struct report_rows *rows, const struct report *r,
		       const struct alikes *groups, size_t limit);
/* NULL at the end; the numbers are whole then. */
const struct alike *report_rows_next(struct report_rows *rows);

/* "2 requests make more calls: ...", and what else there is, a line each. */
int report_put_standings(struct buf *out, const struct report *r, const struct alikes *groups,
			 struct error *err);

/* "5 requests execute more SQL statements: GET /orders (1 -> 41)", whatever became of their
 * calls in all; nothing where none does. Appends. */
void report_put_sql(struct buf *out, const struct report *r, const struct alikes *groups);

/* "proven", "beyond noise"; of a group whose members differ in it "proven of 3", or
 * nothing. Appends. */
void put_evidence_word(struct buf *out, const struct alike *a);

/* What has to be known about both sides before a number is read: unlike machines, what was
 * forced, requests that are missing. Lines; nothing where all is well. */
void put_doubts(struct buf *out, const struct report *r);
/* Those, after what chance alone makes where each request is tested for itself, and why
 * none was where there are runs enough. */
void put_warnings(struct buf *out, const struct report *r);

/* "Cursor.execute 3 -> 43 calls, +6.90 ms" of the function that tells most;
 * false where none does. */
bool put_culprit(struct buf *out, const struct report *r, const struct request_change *c);

/* "+6.90 ms", "+60 calls": what there is of the difference where it enters. */
void put_place_delta(struct buf *out, const struct report *r, const struct request_change *c);

/* The functions to show, in order. */
struct report_functions {
	const struct function_change **v;
	size_t n;      /* at most the limit */
	size_t nall;   /* before the limit */
};

int report_select(struct report_functions *out, const struct report *r,
		  const struct request_change *c);
void report_functions_release(struct report_functions *s);

#endif
