#include "help.h"

#include <string.h>

#include "base/text.h"

enum { NAME_COLUMNS = 12, HELP_COLUMN = 26, HELP_WIDTH = 79 };

static const struct opt help_row = { 'h', "help", OPT_FLAG, 0, NULL, NULL, "print this" };

static void put_row(struct buf *out, const char *name, const char *summary)
{
	size_t len = strlen(name);

	buf_adds(out, "  ");
	buf_add(out, name, len);
	buf_pad(out, ' ', len < NAME_COLUMNS ? NAME_COLUMNS - len : 1);
	buf_adds(out, summary);
	buf_addc(out, '\n');
}

void help_overview(struct buf *out)
{
	buf_adds(out, "usage: cprof COMMAND [OPTIONS] [WHAT]\n\n"
		      "Reads, tags, draws and compares the profiles that the cprof middleware\n"
		      "archives, one snapshot per request.\n\n"
		      "commands:\n");
	for (const struct command *c = commands; c->name != NULL; c++)
		put_row(out, c->name, c->summary);
	buf_adds(out,
		 "\nWHAT is\n"
		 "  a snapshot or a run     its path, or its name as 'cprof ls' prints it\n"
		 "  'GET /user/*'           of the newest run the request of median wall time;\n"
		 "                          with --slowest or --all others\n"
		 "  app.prof, -             a profile from elsewhere; standard input\n"
		 "The archive is --dir DIR, else $CPROF_DIR, else ./profiling.\n\n"
		 "examples:\n"
		 "  cprof ls                            what is there\n"
		 "  cprof show GET.root.000738ms        where the time went\n"
		 "  cprof diff 2026-11-21_18:20:37 2026-11-21_18:25:01\n"
		 "                                      what a push changed\n"
		 "\nIn a terminal, what is too long for it is shown in $CPROF_PAGER, else $PAGER,\n"
		 "else less.\n"
		 "\n'cprof help COMMAND' explains one. Exit status: 0 done, 2 could not, 1 only\n"
		 "from 'cprof gate', 'cprof verify' and 'cprof diff --exit-code'.\n");
}

/* Words of `text` into lines that begin at HELP_COLUMN; the cursor stands there. */
static void wrap(struct buf *out, const char *text)
{
	size_t column = HELP_COLUMN;

	while (*text != '\0') {
		size_t word = strcspn(text, " ");

		if (column + word > HELP_WIDTH && column > HELP_COLUMN) {
			buf_addc(out, '\n');
			buf_pad(out, ' ', HELP_COLUMN);
			column = HELP_COLUMN;
		}
		buf_add(out, text, word);
		column += word + 1;
		text += word;
		if (*text == ' ') {
			text++;
			if (column + strcspn(text, " ") <= HELP_WIDTH)
				buf_addc(out, ' ');
		}
	}
	buf_addc(out, '\n');
}

static void help_option(struct buf *out, const struct opt *o)
{
	size_t start = out->len, used;

	if (o->letter != 0) {
		buf_adds(out, "  -");
		buf_addc(out, o->letter);
		buf_adds(out, ", --");
	} else {
		buf_adds(out, "      --");
	}
	buf_adds(out, o->name);
	if (o->arg != NULL) {
		buf_addc(out, ' ');
		buf_adds(out, o->arg);
	}
	used = out->len - start;
	if (used + 2 > HELP_COLUMN) {
		buf_addc(out, '\n');
		used = 0;
	}
	buf_pad(out, ' ', HELP_COLUMN - used);
	wrap(out, o->help);
}

void help_command(struct buf *out, const struct command *command)
{
	const struct usage *u = command->usage;

	buf_adds(out, "usage: cprof ");
	buf_adds(out, command->name);
	if (u->options != NULL)
		buf_adds(out, " [OPTIONS]");
	if (*u->operands != '\0')
		buf_addc(out, ' ');
	buf_adds(out, u->operands);
	buf_adds(out, "\n\n");
	buf_adds(out, u->text);
	buf_adds(out, "\noptions:\n");
	for (const struct opt *o = u->options; o && o->name; o++)
		help_option(out, o);
	help_option(out, &help_row);
	if (u->json != NULL) {
		buf_adds(out, "\nJSON:\n");
		buf_adds(out, u->json);
	}
	buf_adds(out, "\nexamples:\n");
	buf_adds(out, u->examples);
}
