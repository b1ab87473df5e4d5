#include "snapshot/leader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "snapshot/run.h"

enum {
	/* Of a command line; what follows is not compared. */
	COMMAND_MAX = 4096,
	/* Of the chain upwards: a loop cannot be, but /proc is read while it changes. */
	ANCESTORS_MAX = 64
};

struct command {
	char text[COMMAND_MAX];
	size_t len;
	char executable[PATH_MAX];
	bool has_executable; /* false: another user's, the system does not say */
};

struct stat_line {
	int parent;
	uint64_t ticks;
};

/* Reads what fits; the length, or -1. */
static ssize_t read_some(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -1;
	do {
		n = read(fd, out + len, size - len);
		if (n > 0)
			len += (size_t)n;
	} while ((n > 0 && len < size) || (n < 0 && errno == EINTR));
	close(fd);
	return n < 0 ? -1 : (ssize_t)len;
}

/* /proc/PID/stat is "PID (NAME) STATE PPID ..."; NAME may hold parentheses and
 * spaces. The start is field 22, the 20th from STATE on. */
static int read_stat(int pid, struct stat_line *out)
{
	char path[48], text[1024];
	char *field;
	ssize_t len;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	len = read_some(path, text, sizeof text - 1);
	if (len <= 0)
		return -1;
	text[len] = '\0';
	field = strrchr(text, ')');
	if (field == NULL || sscanf(field, ") %*c %d", &out->parent) != 1)
		return -1;
	for (int i = 0; i < 20 && field != NULL; i++)
		field = strchr(field + 1, ' ');
	if (field == NULL)
		return -1;
	out->ticks = strtoull(field, NULL, 10);
	return 0;
}

static int read_command(int pid, struct command *out)
{
	char path[48];
	ssize_t len;

	snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
	len = read_some(path, out->text, sizeof out->text);
	if (len <= 0)
		return -1;
	/* A title is padded with NULs up to the old words' end. */
	while (len > 0 && out->text[len - 1] == '\0')
		len--;
	out->len = (size_t)len;
	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	len = readlink(path, out->executable, sizeof out->executable - 1);
	out->has_executable = len > 0;
	out->executable[len > 0 ? len : 0] = '\0';
	return out->len == 0 ? -1 : 0;
}

/* The length of a title's first word, "gunicorn" of "gunicorn: master"; 0 for
 * what is no title. */
static size_t title_word(const char *s, size_t len)
{
	size_t i = 0;

	if (memchr(s, '\0', len) != NULL)
		return 0;
	while (i < len && s[i] != ':' && s[i] != ' ')
		i++;
	return i < len ? i : 0;
}

bool leader_same_command(const char *a, size_t na, const char *b, size_t nb)
{
	size_t word = title_word(a, na);

	if (na == nb && memcmp(a, b, na) == 0)
		return true;
	return word != 0 && word == title_word(b, nb) && memcmp(a, b, word) == 0;
}

/* The executable of a process of another user is not to be read: a server that
 * was started by root and serves as somebody else. Its words must do then. */
static bool is_same(const struct command *mine, const struct command *other)
{
	if (other->has_executable && strcmp(mine->executable, other->executable) != 0)
		return false;
	return leader_same_command(mine->text, mine->len, other->text, other->len);
}

/* Computed, not read from /proc/stat: that has whole seconds, and a container's
 * own start in place of the machine's with some. */
static int64_t boot_time_ns(void)
{
#ifdef CLOCK_BOOTTIME
	struct timespec now, up;

	if (clock_gettime(CLOCK_REALTIME, &now) == 0 && clock_gettime(CLOCK_BOOTTIME, &up) == 0)
		return (int64_t)(now.tv_sec - up.tv_sec) * 1000000000 + now.tv_nsec - up.tv_nsec;
#endif
	return 0;
}

static void read_boot(char *out, size_t size)
{
	char id[40], space[40];
	ssize_t len = read_some("/proc/sys/kernel/random/boot_id", id, sizeof id - 1);

	id[len > 0 ? len : 0] = '\0';
	id[strcspn(id, "\n")] = '\0';
	len = readlink("/proc/self/ns/pid", space, sizeof space - 1);
	space[len > 0 ? len : 0] = '\0';
	snprintf(out, size, "%s%s%s", id, space[0] ? " " : "", space);
}

/* Static, because whoever asks again must get the same answer; a fork is told
 * by the pid. */
static void fill_without_proc(struct process *out)
{
	static int known_pid;
	static int64_t known_ns;
	struct timespec now;

	if (known_pid != (int)getpid() && clock_gettime(CLOCK_REALTIME, &now) == 0) {
		known_pid = (int)getpid();
		known_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	}
	out->pid = (int)getpid();
	out->start_ns = known_ns;
}

static void fill(struct process *out, int pid, uint64_t ticks)
{
	uint64_t per_second = (uint64_t)sysconf(_SC_CLK_TCK);

	out->pid = pid;
	out->ticks = ticks;
	out->start_ns = boot_time_ns() + (int64_t)(ticks / per_second) * 1000000000 +
			(int64_t)(ticks % per_second * (1000000000 / per_second));
	read_boot(out->boot, sizeof out->boot);
}

void process_self(struct process *out)
{
	struct stat_line line;

	memset(out, 0, sizeof *out);
	if (read_stat((int)getpid(), &line) < 0)
		fill_without_proc(out);
	else
		fill(out, (int)getpid(), line.ticks);
}

void process_leader(struct process *out)
{
	struct command mine, other;
	struct stat_line line, above;
	int pid = (int)getpid();

	memset(out, 0, sizeof *out);
	if (read_stat(pid, &line) < 0) {
		fill_without_proc(out);
		return;
	}
	if (read_command(pid, &mine) == 0)
		for (int i = 0; i < ANCESTORS_MAX && line.parent > 0; i++) {
			if (read_stat(line.parent, &above) < 0 ||
			    read_command(line.parent, &other) < 0 || !is_same(&mine, &other))
				break;
			pid = line.parent;
			line = above;
		}
	fill(out, pid, line.ticks);
}

bool process_same(const struct process *a, const struct process *b)
{
	return a->pid == b->pid && a->ticks == b->ticks && strcmp(a->boot, b->boot) == 0;
}

bool process_is_alive(const struct process *p)
{
	struct process self;
	struct stat_line line;

	process_self(&self);
	if (self.ticks == 0 || p->ticks == 0)
		return kill(p->pid, 0) == 0 || errno != ESRCH;
	if (strcmp(self.boot, p->boot) != 0)
		return true;
	return read_stat(p->pid, &line) == 0 && line.ticks == p->ticks;
}

void run_leader(int *pid, int64_t *start_ns)
{
	struct process leader;

	process_leader(&leader);
	*pid = leader.pid;
	*start_ns = leader.start_ns;
}
