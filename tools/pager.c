#include "pager.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

extern char **environ;

/* NULL: none is wanted. */
static const char *pager_command(void)
{
	static const char *const names[] = { "CPROF_PAGER", "PAGER" };
	const char *command = "less";

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = getenv(names[i]);

		if (value != NULL) {
			command = value;
			break;
		}
	}
	return *command == '\0' || strcmp(command, "cat") == 0 ? NULL : command;
}

/* What git asks of it: end at the end of a short text, let colours through, leave
 * the text on the screen. */
static void set_defaults(void)
{
	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
}

static int spawn_reader(const char *command, const int pipe_ends[2], pid_t *pid)
{
	char *const argv[] = { "sh", "-c", (char *)(uintptr_t)command, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t reset;
	int rc;

	sigemptyset(&reset);
	sigaddset(&reset, SIGPIPE);
	sigaddset(&reset, SIGINT);
	sigaddset(&reset, SIGQUIT);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_ends[0], STDIN_FILENO);
	posix_spawn_file_actions_addclose(&actions, pipe_ends[0]);
	posix_spawn_file_actions_addclose(&actions, pipe_ends[1]);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &reset);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return rc;
}

bool pager_show(struct bytes text)
{
	const char *command = pager_command();
	int ends[2], status = 0;
	pid_t pid, done;

	if (command == NULL || pipe(ends) < 0)
		return false;
	set_defaults();
	/* The keys that interrupt are the pager's. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	if (spawn_reader(command, ends, &pid) != 0) {
		close(ends[0]);
		close(ends[1]);
		return false;
	}
	close(ends[0]);
	file_write(ends[1], text); /* until nobody reads on */
	close(ends[1]);
	do
		done = waitpid(pid, &status, 0);
	while (done < 0 && errno == EINTR);
	/* So the shell says that there is no such program, or none it may run. */
	return !(WIFEXITED(status) && (WEXITSTATUS(status) == 127 || WEXITSTATUS(status) == 126));
}
