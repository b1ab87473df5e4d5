/* spend -- spend OUT COMMAND [ARG...]: runs it with its standard output in the file OUT
 * and prints what it and its own children came to: CPU microseconds, peak kilobytes.
 *
 * A process of its own, because a child's peak begins with that of its parent, and
 * Python's is larger than most of what is measured. And spawned, not forked: the pages that
 * a forked child copies before it becomes the command would be the command's cost; as
 * would be the emptying of OUT, were it not opened here. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int spawn(pid_t *pid, const char *out, char **command)
{
	int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	posix_spawn_file_actions_t actions;
	int rc;

	if (fd < 0 || null < 0 || posix_spawn_file_actions_init(&actions) != 0)
		return -1;
	if (posix_spawn_file_actions_adddup2(&actions, null, STDIN_FILENO) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO) != 0 ||
	    posix_spawn_file_actions_adddup2(&actions, null, STDERR_FILENO) != 0)
		rc = -1;
	else
		rc = posix_spawnp(pid, command[0], &actions, NULL, command, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc == 0 ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct rusage used;
	int status;
	pid_t pid;

	if (argc < 3 || spawn(&pid, argv[1], argv + 2) < 0 || wait4(pid, &status, 0, &used) != pid)
		return 2;
	printf("%ld %ld\n",
	       (long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
	       used.ru_utime.tv_usec + used.ru_stime.tv_usec, (long)used.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
