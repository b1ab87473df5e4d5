#include "git/program.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "git/handle.h"

extern char **environ;

/* Of endless words the first are kept, and the rest is read, or git would wait. */
enum { MAX_SAID = 1 << 16 };

static void read_all(int fd, struct buf *said)
{
	char part[4096];
	ssize_t n;

	while ((n = read(fd, part, sizeof part)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && said->len < MAX_SAID)
			buf_add(said, part, (size_t)n);
}

static int wait_for(pid_t pid, int *status, struct error *err)
{
	int how;

	while (waitpid(pid, &how, 0) < 0)
		if (errno != EINTR)
			return error_errno(err, errno, "git");
	*status = WIFEXITED(how) ? WEXITSTATUS(how) : 128;
	return 0;
}

/* `git --git-dir=...`, since libgit2 has found the repository already. */
static const char **command_line(struct repository *r, const char *const *args,
				 struct buf *folder)
{
	const char **argv;
	size_t n = 0;

	while (args[n] != NULL)
		n++;
	argv = mem_array(NULL, n + 3, sizeof *argv);
	buf_printf(folder, "--git-dir=%s", git_repository_path(r->git));
	if (argv == NULL || folder->failed) {
		mem_free(argv);
		return NULL;
	}
	argv[0] = "git";
	argv[1] = buf_str(folder);
	memcpy(argv + 2, args, (n + 1) * sizeof *argv);
	return argv;
}

/* Its standard error is our pipe, its standard output is not for people. */
static int spawn(pid_t *pid, const char **argv, const int pipe_ends[2])
{
	posix_spawn_file_actions_t actions;
	int code = posix_spawn_file_actions_init(&actions);

	if (code != 0)
		return code;
	code = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (code == 0)
		code = posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDERR_FILENO);
	if (code == 0)
		code = posix_spawnp(pid, "git", &actions, NULL, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

int git_program(struct repository *r, const char *const *args, int *status, struct buf *said,
		struct error *err)
{
	struct buf folder = BUF_INIT;
	const char **argv = command_line(r, args, &folder);
	int ends[2] = { -1, -1 };
	pid_t pid;
	int code, rc = -1;

	if (argv == NULL) {
		error_nomem(err);
		goto done;
	}
	if (pipe(ends) < 0 || fcntl(ends[0], F_SETFD, FD_CLOEXEC) < 0 ||
	    fcntl(ends[1], F_SETFD, FD_CLOEXEC) < 0) {
		error_errno(err, errno, "git");
		goto done;
	}
	code = spawn(&pid, argv, ends);
	close(ends[1]);
	ends[1] = -1;
	if (code != 0) {
		error_errno(err, code, "the program git, which reaches the remote");
		goto done;
	}
	read_all(ends[0], said);
	rc = wait_for(pid, status, err);
done:
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	mem_free(argv);
	buf_release(&folder);
	return rc;
}
