/* diff_side.h -- one side of `cprof diff` or `cprof gate` from the word that was typed for it:
 *
 *     2026-11-21_18:20:37       a run
 *     run-1,run-2,run-3         several runs of one commit: what proves a time
 *     GET.root.000738ms, 'GET /us*', app.prof    one request
 *     main                      all runs of a commit, see diff_past.h
 */
#ifndef CPROF_TOOLS_DIFF_SIDE_H
#define CPROF_TOOLS_DIFF_SIDE_H

#include "history.h"
#include "report.h"
#include "subject.h"

struct diff_side {
	const char *command;       /* for complaints, "diff" */
	struct report_side report; /* what stands in it borrows from the rest */
	bool single;               /* one request, not runs */
	char *root;                /* its work tree, or NULL */
	const char *spool;         /* a file that stands for standard input, or NULL */

	struct subject *subjects;
	size_t nsubjects, subjects_cap;
	struct summary *summaries;
	const struct summary **runs;
	size_t nruns;
	struct history_summaries past; /* of a commit, in place of the three above */
	struct buf title, subject;
};

/* Finds it; nothing is summed up yet. -1 after a complaint; *out needs diff_side_release
 * in any case. */
int diff_side_find(struct diff_side *out, const char *command, const struct subject_options *o,
		   const char *what);

/* Reads its profiles; -1 after a complaint. *left_out is set where one could not be read,
 * which is then said. */
int diff_side_read(struct diff_side *side, bool *left_out);

/* Makes runs the side's; `path` is what it is called. */
void diff_side_take(struct diff_side *side, const char *path, const struct summary *const *runs,
		    size_t n);
void diff_side_release(struct diff_side *side);

#endif
