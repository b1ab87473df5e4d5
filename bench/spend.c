/* spend -- spend OUT COMMAND [ARG...]: runs it with its standard output in the file OUT
 * and prints what it and its own children came to: CPU microseconds, peak kilobytes.
 *
 * A process of its own, because a child's peak begins with that of its parent, and
 * Python's is larger than most of what is measured. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(const char *out, char **command)
{
	int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	int null = open("/dev/null", O_RDWR);

	if (fd < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0)
		_exit(127);
	execvp(command[0], command);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage used;
	int status;
	pid_t pid;

	if (argc < 3)
		return 2;
	pid = fork();
	if (pid == 0)
		run(argv[1], argv + 2);
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 2;
	printf("%ld %ld\n",
	       (long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
	       used.ru_utime.tv_usec + used.ru_stime.tv_usec, (long)used.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
