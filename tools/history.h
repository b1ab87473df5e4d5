/* history.h -- the runs of a repository's commits, wherever they are kept: in the archive
 * (those that `cprof tag` has stamped) and in the repository itself (`cprof store`,
 * `cprof fetch`). A run that is in both is had once, from the archive, where its profiles
 * are too.
 *
 *     struct history h;
 *     history_open(&h, archive_folder(o.dir), o.repo, &err)
 *     h.git->commit(h.repo, "main", &arena, &err)            "1a2b3c4..."
 *     history_of_commit(&h, commit, &runs, &err)             their summaries
 *
 * Of a run during which HEAD moved, each commit has the requests that it served.
 */
#ifndef CPROF_TOOLS_HISTORY_H
#define CPROF_TOOLS_HISTORY_H

#include "change/summary.h"
#include "repo.h"

/* A run of a commit, known without reading its profiles or summary. */
struct history_run {
	const char *commit; /* in full */
	const char *name;   /* of the run's folder */
	int64_t when_s;     /* when it was made, Unix time */
	enum run_outcome outcome;
	const struct run_info *local; /* in the archive; NULL: stored in the repository */
};

struct history {
	const struct git_plugin *git;
	struct repository *repo;
	struct history_run *runs; /* by commit, then when_s */
	size_t nruns;
	size_t nunread;           /* runs that could not be read, as far as they were wanted */

	struct archive archive;
	struct arena arena;
};

/* Runs in memory; `list` is what a struct change_side wants. */
struct history_summaries {
	struct summary *v;
	const struct summary **list;
	size_t n;
};

/* -1 where there is no repository. No archive and nothing stored is an empty history. */
int history_open(struct history *h, const char *archive_folder, const char *repo_option,
		 struct error *err);
void history_close(struct history *h);

/* The runs of a commit, oldest first: the first of *n, or NULL. */
const struct history_run *history_find(const struct history *h, const char *commit, size_t *n);

/* The commits that a run of an archive has requests of, one after the other: *at is 0 at
 * first; NULL at the end. Nearly always one; none where it is not tagged. */
const char *run_next_commit(const struct run_info *run, size_t *at);

/* The summary of what a run served at this commit; only those profiles are read. What
 * cannot be is complained of. root: the work tree or NULL. */
int run_summary(const struct run_info *run, const char *commit, const char *root,
		struct summary *out, struct error *err);

/* The summaries of all runs of a commit, oldest first; none is no error. One that cannot
 * be read is left out; the first few are complained of, the others counted at the end. */
int history_of_commit(struct history *h, const char *commit, struct history_summaries *out,
		      struct error *err);
void history_summaries_release(struct history_summaries *s);

#endif
