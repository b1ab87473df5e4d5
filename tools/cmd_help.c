#include "help.h"

struct help_options {
	bool man;
};

static const struct opt rows[] = {
	{ 0, "man", OPT_FLAG, offsetof(struct help_options, man), NULL, NULL,
	  "print the manual page instead, for man(1)" },
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage help_usage = {
	"[COMMAND]", 0, 1, "command", rows,
	"Explains a command, as 'cprof COMMAND --help' does; without one, lists them.\n",
	NULL,
	"  cprof help diff\n"
	"  cprof help --man diff >cprof-diff.1\n"
};

int cmd_help(int argc, char **argv)
{
	struct help_options o = { false };
	const struct command *command = NULL;
	struct buf out = BUF_INIT;
	const char *meant;
	int status, n = command_options("help", &o, argc, argv, &status);

	if (n < 0)
		return status;
	if (n == 1) {
		command = command_find(argv[0]);
		meant = command == NULL ? command_nearest(argv[0]) : NULL;
		if (meant != NULL)
			return complain("help: '%s' is not a command; did you mean "
					"'cprof help %s'?", argv[0], meant);
		if (command == NULL)
			return complain("help: '%s' is not a command; 'cprof help' lists them",
					argv[0]);
	}
	if (o.man)
		man_page(&out, command);
	else if (command != NULL)
		help_command(&out, command);
	else
		help_overview(&out);
	out_write(&out);
	buf_release(&out);
	return EXIT_DONE;
}
