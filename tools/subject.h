/* subject.h -- X, what a command works on, from the word that was typed for it:
 *
 *     GET.root.000738ms      a snapshot, by its name in the archive or its path
 *     2026-11-21_18:20:37    a run, likewise
 *     'GET /us*'             requests by method and route (see snapshot/pick.h),
 *                            of the newest run that has such: the one of median
 *                            wall time, --slowest, or --all of them
 *     app.prof               a file in any format that cprof reads
 *     -                      standard input
 *     profiling              an archive
 *
 * What is there as a path is that path; then come the names in the archive, and
 * last the routes. Of a run or an archive, too, --slowest is one snapshot.
 */
#ifndef CPROF_TOOLS_SUBJECT_H
#define CPROF_TOOLS_SUBJECT_H

#include "cmd.h"

/* Part of a command's struct of options, under the name `from`. A command that
 * works on many at once, as merge does, presets `all`. */
struct subject_options {
	const char *dir;
	bool slowest, all;
};

#define OPT_ROWS_SUBJECT(type)                                                           \
	{ 0, "slowest", OPT_FLAG, offsetof(struct type, from.slowest), NULL, NULL,       \
	  "of a route, a run or an archive the slowest request" },                       \
	{ 0, "all", OPT_FLAG, offsetof(struct type, from.all), NULL, NULL,               \
	  "of a route all requests of the run, not the one of median wall time" },       \
	OPT_ROW_SUBJECT_DIR(type)
#define OPT_ROW_SUBJECT_DIR(type)                                                        \
	{ 0, "dir", OPT_TEXT, offsetof(struct type, from.dir), "DIR", NULL,              \
	  "the archive; else $CPROF_DIR, else ./profiling" }

struct subject {
	enum path_kind kind; /* PATH_RUN also for several requests of one run */
	bool by_route;       /* it was named by method and route */
	const char *what; /* as it was typed; borrowed */
	char *path;       /* of what was found; "-" for standard input */
	/* The snapshots meant, oldest first: one of a snapshot, none of a file. */
	const struct snapshot **snapshots;
	size_t nsnapshots;

	bool left_out;    /* some of its folders could not be opened, which was said */

	/* Whose they are. */
	struct snapshot snapshot;
	struct run_info run;
	struct archive archive;
};

/* -1 after a complaint; *out needs subject_release in any case. */
int subject_find(struct subject *out, const struct subject_options *o, const char *what);
void subject_release(struct subject *s);

/* For a command that goes over runs: when `what` names requests by method and route,
 * 1 with the newest run that has such as *run, in which there are these alone. It is
 * borrowed from *s but for its array of snapshots, which mem_free frees. 0 when it
 * names something else, -1 after a complaint; *s needs subject_release in any case. */
int subject_route_run(struct subject *s, struct run_info *run, const char *dir, const char *what);

/* The snapshot, where it is one; for a file one that is all zero. */
const struct snapshot *subject_snapshot(const struct subject *s);

/* The profile of a file or of one snapshot; more are refused with a hint that
 * names `command`. NULL after a complaint. */
struct profile *subject_profile(const struct subject *s, const char *command);

/* What of its file a profile does not have, "left out: all but 8 kinds of values":
 * appended, or said with the file's path; nothing where all of it is there. */
void left_out_add(struct buf *out, const struct profile *p);
void say_left_out(const char *path, const struct profile *p);

/* The index of a metric; -1 with err, which says what others there are. */
int find_metric(const struct profile *p, const char *name, struct error *err);

/* Finds a path or a name in the archive, no route; NULL after a complaint, else a
 * path to mem_free. */
char *find_what(const char *dir_option, const char *what, enum path_kind *kind);

#endif
