/* opt.h -- the options of a command as rows of a table: what parses them also
 * prints --help, complains, writes the manual page and completes in a shell.
 *
 * Each row names a member of the command's own struct of values, which the
 * command presets with its defaults. Options and operands may be mixed; "--"
 * ends the options; every command has -h and --help without a row.
 */
#ifndef CPROF_TOOLS_OPT_H
#define CPROF_TOOLS_OPT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum opt_kind {
	OPT_FLAG,    /* bool */
	OPT_TEXT,    /* const char *, borrowed from argv */
	OPT_NUMBER,  /* unsigned */
	OPT_PERCENT, /* double, 0 to 100 */
	OPT_CHOICE,  /* unsigned, an index into `choices` */
	OPT_LIST     /* struct opt_list, of several choices, "time,name" */
};

enum { OPT_LIST_MAX = 8 };

struct opt_list {
	unsigned n;
	unsigned at[OPT_LIST_MAX]; /* indices into `choices` */
};

struct opt {
	char letter; /* 0: only the long name */
	const char *name;
	enum opt_kind kind;
	size_t offset; /* of the member */
	const char *arg; /* "N"; FILE and DIR are completed as such */
	const char *const *choices; /* ends with NULL */
	const char *help;
};

struct usage {
	const char *operands; /* "[WHAT]", as help shows them */
	int min, max;         /* how many there may be */
	/* What completion offers for an operand: "what" (runs, snapshots, files),
	 * "command", "shell", or NULL. */
	const char *completes;
	const struct opt *options; /* ends with name NULL; may be NULL */
	const char *text;          /* paragraphs, each line under 80 columns */
	const char *json;          /* what --json prints, or NULL */
	const char *examples;      /* lines "cprof ...   what it does" */
};

enum { OPT_ERROR = -1, OPT_HELP = -2 };

/* The number of operands, which are moved to argv[0..n); OPT_HELP when help was
 * asked for; OPT_ERROR with err filled. argv[0] is the command's name. */
int opt_parse(const struct usage *usage, void *values, int argc, char **argv,
	      struct error *err);

#endif
