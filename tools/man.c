/* man.c -- manual pages in man(7), from the same rows as --help. */
#include <string.h>

#include "base/version.h"
#include "help.h"

/* Text for roff: what would be a request or an escape is not. */
static void roff(struct buf *out, const char *text)
{
	bool line_begins = true;

	for (; *text != '\0'; text++) {
		if (line_begins && (*text == '.' || *text == '\''))
			buf_adds(out, "\\&");
		if (*text == '\\')
			buf_adds(out, "\\e");
		else if (*text == '-')
			buf_adds(out, "\\-");
		else
			buf_addc(out, *text);
		line_begins = *text == '\n';
	}
}

static void paragraphs(struct buf *out, const char *text)
{
	while (*text != '\0') {
		const char *end = strstr(text, "\n\n");
		size_t len = end ? (size_t)(end - text) : strlen(text);
		struct buf part = BUF_INIT;

		buf_add(&part, text, len);
		roff(out, buf_str(&part));
		if (len != 0 && text[len - 1] != '\n')
			buf_addc(out, '\n');
		if (end != NULL)
			buf_adds(out, ".PP\n");
		text += len + (end ? 2 : 0);
		buf_release(&part);
	}
}

static void as_it_is(struct buf *out, const char *heading, const char *text)
{
	buf_printf(out, ".SH %s\n.nf\n", heading);
	roff(out, text);
	buf_adds(out, ".fi\n");
}

static void option(struct buf *out, const struct opt *o)
{
	buf_adds(out, ".TP\n");
	if (o->letter != 0)
		buf_printf(out, "\\fB\\-%c\\fR, ", o->letter);
	buf_adds(out, "\\fB\\-\\-");
	roff(out, o->name);
	buf_adds(out, "\\fR");
	if (o->arg != NULL)
		buf_printf(out, " \\fI%s\\fR", o->arg);
	buf_addc(out, '\n');
	roff(out, o->help);
	buf_addc(out, '\n');
	if (o->choices == NULL || o->choices == color_choices)
		return;
	buf_adds(out, "One of");
	for (const char *const *c = o->choices; *c != NULL; c++)
		buf_printf(out, "%s %s", c == o->choices ? "" : ",", *c);
	buf_adds(out, ".\n");
}

static void overview(struct buf *out)
{
	buf_adds(out, ".TH CPROF 1 \"\" \"cprof " CPROF_VERSION "\"\n"
		      ".SH NAME\ncprof \\- read, tag, draw and compare archived profiles\n"
		      ".SH SYNOPSIS\n.B cprof\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR] [\\fIWHAT\\fR]\n"
		      ".SH DESCRIPTION\n"
		      "The cprof middleware archives one snapshot per request of a Python web\n"
		      "application; this command reads them.\n"
		      ".SH COMMANDS\n");
	for (const struct command *c = commands; c->name != NULL; c++) {
		buf_printf(out, ".TP\n\\fB%s\\fR\n", c->name);
		roff(out, c->summary);
		buf_printf(out, "; see \\fBcprof\\-%s\\fR(1)\n", c->name);
	}
	buf_adds(out, ".SH ENVIRONMENT\n"
		      ".TP\n.B CPROF_DIR\nThe archive, where \\fB\\-\\-dir\\fR does not say.\n"
		      ".TP\n.BR CPROF_PAGER , \" \" PAGER\nShows what is longer than the terminal; "
		      "empty or \\fBcat\\fR: nothing does. Else \\fBless\\fR(1).\n"
		      ".TP\n.B NO_COLOR\nSet and not empty: no colours, unless "
		      "\\fB\\-\\-color always\\fR.\n"
		      ".SH EXIT STATUS\n0 done, 2 could not, 1 only from "
		      "\\fBcprof gate\\fR, "
		      "\\fBcprof verify\\fR and \\fBcprof diff \\-\\-exit\\-code\\fR.\n");
}

void man_page(struct buf *out, const struct command *command)
{
	const struct usage *u;

	if (command == NULL) {
		overview(out);
		return;
	}
	u = command->usage;
	buf_printf(out, ".TH CPROF\\-%s 1 \"\" \"cprof " CPROF_VERSION "\"\n", command->name);
	buf_printf(out, ".SH NAME\ncprof\\-%s \\- ", command->name);
	roff(out, command->summary);
	buf_printf(out, "\n.SH SYNOPSIS\n.B cprof %s\n", command->name);
	if (u->options != NULL)
		buf_adds(out, "[\\fIOPTIONS\\fR] ");
	roff(out, u->operands);
	buf_adds(out, "\n.SH DESCRIPTION\n");
	paragraphs(out, u->text);
	buf_adds(out, ".SH OPTIONS\n");
	for (const struct opt *o = u->options; o && o->name; o++)
		option(out, o);
	buf_adds(out, ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nprint a summary of this page\n");
	if (u->json != NULL)
		as_it_is(out, "JSON", u->json);
	as_it_is(out, "EXAMPLES", u->examples);
	buf_adds(out, ".SH SEE ALSO\n\\fBcprof\\fR(1)\n");
}
