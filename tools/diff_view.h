/* diff_view.h -- what the text and the JSON of `cprof diff` share. */
#ifndef CPROF_TOOLS_DIFF_VIEW_H
#define CPROF_TOOLS_DIFF_VIEW_H

#include "format/json.h"
#include "profile/diff.h"
#include "snapshot/compare.h"
#include "subject.h"

enum diff_sort { SORT_CALLS, SORT_TOTTIME, SORT_CUMTIME, SORT_NAME };

struct diff_options {
	struct subject_options from;
	const char *png;
	unsigned sort, limit, color;
	bool exit_code, json, wide;
};

struct diff_view {
	const struct diff_options *options;
	struct term term;
	bool dropped; /* the terminal was too narrow for all columns */
};

/* One side of a comparison of two profiles. */
struct diff_side {
	const char *path;
	const struct snapshot *snapshot; /* all zero for a file */
	struct profile *profile;
};

/* The rows to show: those that changed in calls, or, where none did or another
 * order was asked for, those that differ at all; in that order. */
struct diff_selection {
	const struct diff_row **rows;
	size_t nrows;    /* at most the limit */
	size_t nall;     /* before the limit */
	size_t nchanged; /* in calls, of all functions */
};

/* `limit` 0: all. */
int diff_select(struct diff_selection *out, const struct diff *d, unsigned sort, unsigned limit);
void diff_selection_release(struct diff_selection *s);

/* The function that stands for a row: the newer one where there is one. */
const struct function *diff_row_function(const struct diff *d, const struct diff_row *row);

/* Reads both snapshots and compares them; on 0 the caller releases all three. */
int diff_snapshots(struct diff *out, const char *before, const char *after,
		   struct profile **p, struct profile **q, struct error *err);

/* Append; -1 with err. */
int diff_text_profiles(struct buf *out, struct diff_view *view, const struct diff_side *before,
		       const struct diff_side *after, const struct diff *d, struct error *err);
int diff_text_runs(struct buf *out, struct diff_view *view, const struct run_info *before,
		   const struct run_info *after, const struct comparison *c,
		   struct error *err);
int diff_text_functions(struct buf *out, struct diff_view *view, const struct diff *d,
			struct error *err);
int diff_json_profiles(struct buf *out, const struct diff_view *view,
		       const struct diff_side *before, const struct diff_side *after,
		       const struct diff *d, struct error *err);
int diff_json_runs(struct buf *out, const struct diff_view *view, const struct run_info *before,
		   const struct run_info *after, const struct comparison *c,
		   struct error *err);

/* "1a2b3c4 main" of the first tagged snapshot; nothing where there is none. */
const struct manifest_git *run_commit(const struct run_info *run);

/* Whether the calls differ: what --exit-code judges by. */
bool diff_differs(const struct diff *d);
bool comparison_differs(const struct comparison *c);

extern const char *const verdict_names[]; /* by enum route_verdict */

#endif
