/* show.h -- what the table and the tree of `cprof show` share. */
#ifndef CPROF_TOOLS_SHOW_H
#define CPROF_TOOLS_SHOW_H

#include <limits.h>
#include <regex.h>

#include "format/json.h"
#include "function.h"
#include "profile/profile.h"
#include "subject.h"

/* A number that was not given. */
#define SHOW_UNSET UINT_MAX

/* Keys of --sort, pstats' own. */
extern const char *const show_sort_keys[];

struct show_options {
	struct subject_options from;
	unsigned sort, limit, depth, color;
	double min;
	bool tree, json;
};

/* What is shown, and how. */
struct show {
	const struct show_options *options;
	const struct profile *profile;
	const struct snapshot *snapshot; /* all zero for a profile's file */
	const char *path;                /* printable once escaped; "-": standard input */
	const char *pattern; /* NULL: everything */
	regex_t regex;       /* of pattern */
	uint32_t metric;
	struct term term;
};

/* Whether the function's name, as function_name has it, matches. */
bool show_matches(const struct show *show, const struct function *f);

/* "GET /  200 OK  738 ms  2026-11-21 18:20:37  1a2b3c4 main", where known. */
void show_title(struct buf *out, const struct show *show);

/* What is missing from the profile; nothing where nothing is. */
void show_losses(struct buf *out, const struct show *show, const char *indent);

/* A count of calls, null in a sampled profile. */
void show_json_calls(struct json_writer *w, const struct show *show, const char *key,
		     uint64_t n);

/* Appends the table or the call tree as text, or as members of the JSON object. */
int table_text(struct buf *out, const struct show *show, struct error *err);
int table_json(struct json_writer *w, const struct show *show, struct error *err);
int tree_text(struct buf *out, const struct show *show, struct error *err);
int tree_json(struct json_writer *w, const struct show *show, struct error *err);

#endif
