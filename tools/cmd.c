#include "cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "help.h"

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

int complain(const char *fmt, ...)
{
	struct buf text = BUF_INIT, line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	buf_adds(&line, "cprof: ");
	text_printable(&line, buf_str(&text));
	buf_addc(&line, '\n');
	if (text.failed || line.failed)
		fputs("cprof: out of memory\n", stderr);
	else
		file_write(STDERR_FILENO, buf_bytes(&line));
	buf_release(&text);
	buf_release(&line);
	return EXIT_COULD_NOT;
}

int command_options(const char *name, void *values, int argc, char **argv, int *status)
{
	const struct command *command = command_find(name);
	struct error err = ERROR_INIT;
	struct buf text = BUF_INIT;
	int n = opt_parse(command->usage, values, argc, argv, &err);

	if (n >= 0)
		return n;
	if (n == OPT_HELP) {
		out_page();
		help_command(&text, command);
		out_write(&text);
		buf_release(&text);
		*status = EXIT_DONE;
	} else {
		*status = complain("%s: %s ('cprof %s --help' explains)", name, err.text, name);
	}
	return -1;
}

const char *archive_folder(const char *option)
{
	const char *dir = getenv("CPROF_DIR");

	if (option != NULL)
		return option;
	return dir != NULL && *dir != '\0' ? dir : "profiling";
}

bool complain_closed(const struct closed *c)
{
	if (c->n == 1)
		complain("%s; left out", c->first.text);
	else if (c->n != 0)
		complain("%s; left out, and %zu more", c->first.text, c->n - 1);
	return c->n != 0;
}

bool complain_closed_in(const struct archive *a)
{
	struct closed all = a->closed;

	for (size_t i = 0; i < a->nruns; i++) {
		const struct closed *c = &a->runs[i].closed;

		if (all.n == 0)
			all.first = c->first;
		all.n += c->n;
	}
	return complain_closed(&all);
}

const char *path_kind_name(enum path_kind kind)
{
	switch (kind) {
	case PATH_ARCHIVE:
		return "an archive";
	case PATH_RUN:
		return "a run";
	case PATH_SNAPSHOT:
		return "a snapshot";
	case PATH_FILE:
		return "a file";
	}
	return "";
}

void request_title(struct buf *out, const struct snapshot *s)
{
	const struct manifest *m = &s->manifest;

	if (s->has_manifest && m->method != NULL && m->route != NULL) {
		text_printable(out, m->method);
		buf_addc(out, ' ');
		text_printable(out, m->route);
	} else if (s->name != NULL) {
		text_printable(out, s->name);
	}
}

void label_title(struct buf *out, const struct manifest *m)
{
	if (m->label == NULL)
		return;
	text_printable(out, m->label);
	if (m->ordinal != 0)
		buf_printf(out, " #%llu", (unsigned long long)m->ordinal);
}

void commit_title(struct buf *out, const struct manifest_git *git)
{
	char shortened[8];

	if (git->commit == NULL)
		return;
	snprintf(shortened, sizeof shortened, "%.7s", git->commit);
	text_printable(out, shortened);
	if (git->branch != NULL) {
		buf_addc(out, ' ');
		text_printable(out, git->branch);
	}
	if (git->dirty == 1)
		buf_adds(out, ", dirty");
}

void local_time(struct buf *out, int64_t unix_ns)
{
	time_t seconds = (time_t)(unix_ns / 1000000000);
	char text[64];
	struct tm tm;

	if (localtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return;
	buf_adds(out, text);
}

void plural(struct buf *out, uint64_t n, const char *what)
{
	text_count(out, n);
	buf_printf(out, " %s%s", what, n == 1 ? "" : "s");
}
