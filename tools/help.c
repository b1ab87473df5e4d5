#include "help.h"

#include <string.h>

#include "base/text.h"

enum { HELP_COLUMN = 26, HELP_WIDTH = 79 };

static const struct opt help_row = { 'h', "help", OPT_FLAG, 0, NULL, NULL, "print this" };

void help_overview(struct buf *out)
{
	buf_adds(out, "usage: cprof COMMAND [OPTIONS] [WHAT]\n\n"
		      "Reads, tags, draws and compares the profiles that the cprof middleware\n"
		      "archives, one snapshot per request.\n\n"
		      "commands:\n");
	for (const struct command *c = commands; c->name != NULL; c++)
		buf_printf(out, "  %-12s%s\n", c->name, c->summary);
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
		 "from 'cprof diff --exit-code' and 'cprof verify'.\n");
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

	if (o->letter != 0)
		buf_printf(out, "  -%c, --%s", o->letter, o->name);
	else
		buf_printf(out, "      --%s", o->name);
	if (o->arg != NULL)
		buf_printf(out, " %s", o->arg);
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

	buf_printf(out, "usage: cprof %s%s%s%s\n\n", command->name,
		   u->options ? " [OPTIONS]" : "", *u->operands ? " " : "", u->operands);
	buf_printf(out, "%s\n", u->text);
	buf_adds(out, "options:\n");
	for (const struct opt *o = u->options; o && o->name; o++)
		help_option(out, o);
	help_option(out, &help_row);
	if (u->json != NULL)
		buf_printf(out, "\nJSON:\n%s", u->json);
	buf_printf(out, "\nexamples:\n%s", u->examples);
}
