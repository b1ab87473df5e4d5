/* show.h -- what the ways of `cprof show` share. */
#ifndef CPROF_TOOLS_SHOW_H
#define CPROF_TOOLS_SHOW_H

#include "format/json.h"
#include "format/pstats_sum.h"
#include "function.h"
#include "pattern.h"
#include "profile/profile.h"
#include "subject.h"

/* Keys of --sort, pstats' own. */
extern const char *const show_sort_keys[];

struct show_options {
	struct subject_options from;
	struct opt_list sort;
	const char *callers, *callees, *focus;
	unsigned limit, depth, color;
	double min;
	bool reverse, strip_dirs, tree, json;
	char *const *restrictions; /* nrestrictions operands behind the subject */
	int nrestrictions;
};

/* What is shown, and how. */
struct show {
	const struct show_options *options;
	const struct subject *subject;
	const struct snapshot *snapshot; /* all zero for a profile's file, and for several */
	/* One of them: of pstats' files the numbers are shown as they are. */
	const struct profile *profile;
	struct pstats_sum *sum;
	uint32_t metric;
	const char *unit; /* of the metric */
	bool is_time, sampled;
	int64_t unfocused; /* with --focus: what the whole came to, in the metric */
	struct pattern pattern; /* of the tree: what to keep */
	bool has_pattern;
	struct term term;
};

/* What stands above everything: for a snapshot
 *     GET /  200 OK  738 ms  2026-11-21 18:20:37  1a2b3c4 main
 * as far as known, for a file what pstats says, its time and name. */
void show_title(struct buf *out, const struct show *show);

/* What is missing from the profile; nothing where nothing is. */
void show_losses(struct buf *out, const struct show *show, const char *indent);

/* "values are inuse_space, in bytes"; nothing where they are times. */
void show_unit(struct buf *out, const struct show *show, const char *indent);

/* "--focus F: 12.5 % of the whole"; nothing without --focus. */
void show_focus(struct buf *out, const struct show *show, const char *indent);

/* The members of the JSON object before the numbers. */
void show_json_head(struct json_writer *w, const struct show *show);

/* Reads what is to be shown; sum and *p are the caller's to release in any case. */
int show_read(struct show *show, struct pstats_sum *sum, struct profile **p, struct error *err);

/* A count of calls, null in a sampled profile. */
void show_json_calls(struct json_writer *w, const struct show *show, const char *key,
		     uint64_t n);

struct show_list;
struct show_index;

/* Appends the table, who called whom, or the call tree, as text, or as members of
 * the JSON object. */
void table_text(struct buf *out, const struct show *show, struct show_list *l);
void table_json(struct json_writer *w, const struct show *show, struct show_list *l,
		const struct show_index *x);
void calls_text(struct buf *out, const struct show *show, struct show_list *l,
		const struct show_index *x);
int tree_text(struct buf *out, const struct show *show, struct error *err);
int tree_json(struct json_writer *w, const struct show *show, struct error *err);

#endif
