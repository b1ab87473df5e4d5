/* cmd.h -- the table of commands, and what they share.
 *
 * To add a command NAME:
 *   1. write tools/cmd_NAME.c: a struct for its options and their rows, a
 *      `const struct usage NAME_usage`, helpers, then `int cmd_NAME`;
 *   2. declare the two below;
 *   3. add its row to the table in main.c, where `cprof help` should show it.
 * --help, complaints, the manual page and shell completion follow from the rows;
 * tests/integration/cli holds every command to its promises.
 *
 * A command turns its options into one library call and the result into text.
 * Results go to standard output, through out_write; all else to standard error.
 * It returns the exit status: 0 done, 2 could not, 1 the answer is "no"
 * (diff --exit-code, verify).
 */
#ifndef CPROF_TOOLS_CMD_H
#define CPROF_TOOLS_CMD_H

#include <stdint.h>

#include "base/error.h"
#include "base/nearest.h"
#include "opt.h"
#include "snapshot/archive.h"
#include "term.h"

enum { EXIT_DONE = 0, EXIT_JUDGED = 1, EXIT_COULD_NOT = 2 };

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv); /* argv[0] is the command's name */
	const struct usage *usage;
	enum {
		PAGED = 1, /* its output is to be read: long ones go through a pager */
		LOADS = 2  /* plug-ins: see plugin_host, which render calls itself */
	} is;
};

/* In main.c; ends with name NULL. */
extern const struct command commands[];

/* Also there: the command that was probably meant, or NULL. */
const char *command_nearest(const char *name);

const struct command *command_find(const char *name);

int cmd_ls(int argc, char **argv);
int cmd_show(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_gate(int argc, char **argv);
int cmd_tag(int argc, char **argv);
int cmd_store(int argc, char **argv);
int cmd_fetch(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_render(int argc, char **argv);
int cmd_merge(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_completion(int argc, char **argv);
int cmd_help(int argc, char **argv);
int cmd_version(int argc, char **argv);

extern const struct usage ls_usage, show_usage, diff_usage, gate_usage, tag_usage, store_usage,
	fetch_usage, log_usage, render_usage,
	merge_usage, export_usage, import_usage, verify_usage, completion_usage, help_usage, version_usage;

/* Option rows that several commands have. */
#define OPT_ROW_DIR(type)                                                                \
	{ 0, "dir", OPT_TEXT, offsetof(struct type, dir), "DIR", NULL,                   \
	  "the archive; else $CPROF_DIR, else ./profiling" }
#define OPT_ROW_COLOR(type)                                                              \
	{ 0, "color", OPT_CHOICE, offsetof(struct type, color), "WHEN", color_choices,   \
	  "colour the output: auto (on a terminal, unless NO_COLOR is set), always, never" }
#define OPT_ROW_JSON(type)                                                               \
	{ 0, "json", OPT_FLAG, offsetof(struct type, json), NULL, NULL,                  \
	  "print JSON, as described below" }

/* Reads the command's options into `values`. Returns the number of operands, now
 * argv[0..n), or -1 when there is nothing left to do (help was printed, or a
 * complaint), with the exit status in *status. */
int command_options(const char *name, void *values, int argc, char **argv, int *status);

/* "cprof: TEXT" on standard error, with what is not printable escaped; returns
 * EXIT_COULD_NOT. */
int complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "profiling/run-1: Permission denied; left out" where folders could not be opened: whether
 * any could not. Of an archive those of its runs, too. */
bool complain_closed(const struct closed *c);
bool complain_closed_in(const struct archive *a);

/* The archive's folder: the option, else $CPROF_DIR, else "profiling". */
const char *archive_folder(const char *option);

/* "a run", for messages. */
const char *path_kind_name(enum path_kind kind);

/* "GET /user/{id}", else the folder's name. Appends, printable. */
void request_title(struct buf *out, const struct snapshot *s);

/* "tests/test_user.py::test_show[7] #1", or nothing without a label. Appends, printable. */
void label_title(struct buf *out, const struct manifest *m);

/* "1a2b3c4 main, dirty", or nothing without a commit. Appends, printable. */
void commit_title(struct buf *out, const struct manifest_git *git);

/* Local time, "2026-11-21 18:20:37". */
void local_time(struct buf *out, int64_t unix_ns);

/* "1 snapshot", "2 snapshots". */
void plural(struct buf *out, uint64_t n, const char *what);

#endif
