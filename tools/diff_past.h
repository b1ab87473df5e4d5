/* diff_past.h -- commits as sides of `cprof diff`: the repository is opened only when one
 * is named, or when both sides are tagged with commits whose renames then count.
 */
#ifndef CPROF_TOOLS_DIFF_PAST_H
#define CPROF_TOOLS_DIFF_PAST_H

#include "diff_side.h"
#include "history.h"

struct diff_past {
	struct history history;
	bool open;
	const char *archive, *repo_option;
	/* What a comparison takes from it. */
	struct rename_map renames;
	struct history_summaries *others; /* runs of other commits, for the noise */
	size_t nothers;
	const struct summary **noise;
	size_t nnoise;
	struct arena arena;
};

void diff_past_init(struct diff_past *p, const char *archive, const char *repo_option);
void diff_past_release(struct diff_past *p);

/* The two commits of "A..B"; -1 after a complaint. */
int diff_past_range(struct diff_past *p, const char *text, const char **from, const char **to);

/* The commit that a word names, or NULL without a complaint. */
const char *diff_past_commit(struct diff_past *p, const char *word);

/* A side of all runs of a commit; -1 after a complaint, which there is when it has none.
 * *out needs diff_side_release in any case. */
int diff_past_side(struct diff_past *p, struct diff_side *out, const char *word,
		   const char *commit);

/* What the two sides' commits renamed, where they are tagged, and where one has few runs or
 * they took no turns, runs of other commits. What cannot be known is left out. */
void diff_past_prepare(struct diff_past *p, const struct diff_side *old,
		       const struct diff_side *new);

#endif
