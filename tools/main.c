#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cmd.h"
#include "plugin.h"

const struct command commands[] = {
	{ "ls", "list runs and snapshots, newest last", cmd_ls, &ls_usage, PAGED },
	{ "show", "print where the time went: functions, callers, or the call tree", cmd_show,
	  &show_usage, PAGED },
	{ "diff", "say what changed between two runs, or two snapshots", cmd_diff,
	  &diff_usage, PAGED | LOADS },
	{ "gate", "fail when a request got worse than a baseline's", cmd_gate, &gate_usage, PAGED | LOADS },
	{ "tag", "stamp snapshots with the commit they were taken at", cmd_tag, &tag_usage, LOADS },
	{ "store", "keep tagged runs in the repository itself, under refs/cprof", cmd_store,
	  &store_usage, LOADS },
	{ "fetch", "fetch the runs that others have stored", cmd_fetch, &fetch_usage, LOADS },
	{ "log", "follow a request over the commits: time, calls, what changed", cmd_log,
	  &log_usage, PAGED | LOADS },
	{ "render", "draw a snapshot's call graph as a PNG", cmd_render, &render_usage, 0 },
	{ "merge", "add many profiles up to one, as pstats does", cmd_merge, &merge_usage, 0 },
	{ "export", "write a profile in another format", cmd_export, &export_usage, PAGED },
	{ "import", "make a snapshot of a foreign profile", cmd_import, &import_usage, 0 },
	{ "verify", "check that the files of a snapshot agree", cmd_verify, &verify_usage, PAGED },
	{ "completion", "print a shell's completion script", cmd_completion,
	  &completion_usage, 0 },
	{ "help", "explain a command", cmd_help, &help_usage, PAGED },
	{ "version", "print the version", cmd_version, &version_usage, 0 },
	{ NULL, NULL, NULL, NULL, 0 }
};

/* A descriptor that is closed would be given to the next file opened, and our
 * output would end up in it. */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    /* Standard output for reading, so that writing still fails. */
		    open("/dev/null", fd == STDERR_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

const char *command_nearest(const char *name)
{
	const char *names[sizeof commands / sizeof commands[0]];
	size_t n = 0;

	for (; commands[n].name != NULL; n++)
		names[n] = commands[n].name;
	names[n] = NULL;
	return nearest_word(name, names);
}

static int unknown_command(const char *name)
{
	const char *meant = command_nearest(name);

	if (meant != NULL)
		return complain("'%s' is not a command; did you mean 'cprof %s'?", name, meant);
	return complain("'%s' is not a command; 'cprof help' lists them", name);
}

static int run(int argc, char **argv)
{
	static char help[] = "help", version[] = "version";
	const struct command *command;

	if (argc < 2) {
		complain("no command given; 'cprof help' lists them");
		return EXIT_COULD_NOT;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		argv[1] = help;
	else if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		argv[1] = version;
	else if (argv[1][0] == '-')
		return complain("'%s' is not a command; options follow the command: "
				"'cprof help'", argv[1]);
	command = command_find(argv[1]);
	if (command == NULL)
		return unknown_command(argv[1]);
	if (command->is & LOADS)
		plugin_host();
	if (command->is & PAGED)
		out_page();
	return command->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int status, errnum;

	hold_standard_descriptors();
	mem_own_process();
	/* So that `cprof ls | head` ends by the same door as everything else. */
	signal(SIGPIPE, SIG_IGN);
	plugin_begin(argc, argv);
	status = run(argc, argv);
	errnum = out_finish();
	/* A reader that went away has read what it wanted. */
	if (errnum != 0 && errnum != EPIPE)
		return complain("standard output: %s", strerror(errnum));
	return status;
}
