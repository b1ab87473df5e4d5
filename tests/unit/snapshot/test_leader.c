#include "snapshot/leader.h"

#include <sys/wait.h>
#include <time.h>

#include "scratch.h"
#include "snapshot/run.h"

/* libcheck runs each test in a fork of this program: same executable, same
 * words. So the leader is the program that was started, or one above it. */

static bool same(const char *a, size_t na, const char *b, size_t nb)
{
	bool one = leader_same_command(a, na, b, nb);

	ck_assert_int_eq(leader_same_command(b, nb, a, na), one);
	return one;
}

#define SAME(a, b) same(a, sizeof(a) - 1, b, sizeof(b) - 1)

START_TEST(test_leader__commands)
{
	ck_assert(SAME("python\0app.py", "python\0app.py"));
	ck_assert(!SAME("python\0app.py", "python\0app.py\0-x"));
	ck_assert(!SAME("python\0app.py", "python\0bpp.py"));
	ck_assert(SAME("python", "python"));
	ck_assert(!SAME("python", "pythox"));
}
END_TEST

START_TEST(test_leader__titles)
{
	ck_assert(SAME("gunicorn: master [app]", "gunicorn: worker [app]"));
	ck_assert(SAME("uwsgi master", "uwsgi worker 1"));
	ck_assert(!SAME("gunicorn: master [app]", "celery: worker"));
	ck_assert(!SAME("gunicorn: master", "gunicornx: master"));
	/* No titles: words of a command, or one word alone. */
	ck_assert(!SAME("python: a\0b", "python: a\0c"));
	ck_assert(!SAME("gunicorn: master", "gunicorn"));
	ck_assert(!SAME(": a", ": b"));
}
END_TEST

START_TEST(test_leader__self)
{
	struct process self, again;
	struct timespec now;
	int64_t now_ns;

	process_self(&self);
	process_self(&again);
	clock_gettime(CLOCK_REALTIME, &now);
	now_ns = now.tv_sec * (int64_t)1000000000 + now.tv_nsec;
	ck_assert_int_eq(self.pid, getpid());
	ck_assert(process_same(&self, &again));
	ck_assert(process_is_alive(&self));
	/* This process is younger than the time a test may take. */
	ck_assert_int_le(self.start_ns, now_ns + 1000000000);
	ck_assert_int_gt(self.start_ns, now_ns - (int64_t)UNIT_TIMEOUT_S * 1000000000);
}
END_TEST

/* Asks in a process below this one, through `depth` forks. */
static struct process leader_below(int depth)
{
	struct process leader;
	int pipes[2], status;
	pid_t child;

	ck_assert_int_eq(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		leader = depth > 1 ? leader_below(depth - 1) : (struct process){ .pid = 0 };
		if (depth <= 1)
			process_leader(&leader);
		_exit(write(pipes[1], &leader, sizeof leader) == sizeof leader ? 0 : 1);
	}
	close(pipes[1]);
	ck_assert_int_eq(read(pipes[0], &leader, sizeof leader), sizeof leader);
	close(pipes[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	return leader;
}

START_TEST(test_leader__forks_share_it)
{
	struct process mine, below;
	int pid;
	int64_t start_ns;

	process_leader(&mine);
	below = leader_below(3);
	ck_assert(process_same(&mine, &below));
	ck_assert_int_eq(mine.start_ns / 1000000000, below.start_ns / 1000000000);
	run_leader(&pid, &start_ns);
	ck_assert_int_eq(pid, mine.pid);
}
END_TEST

/* Started with this variable set, the program is not the test but says who its
 * leader is. */
static const char ask[] = "CPROF_TEST_LEADER";

__attribute__((constructor)) static void answer(void)
{
	struct process leader;

	if (getenv(ask) == NULL)
		return;
	process_leader(&leader);
	_exit(write(STDOUT_FILENO, &leader, sizeof leader) == sizeof leader ? 0 : 1);
}

/* The leader of this same program started anew with these words. */
static struct process leader_of_program(char *const *argv)
{
	struct process leader = { .pid = 0 };
	int pipes[2], status;
	pid_t child;

	ck_assert_int_eq(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		setenv(ask, "1", 1);
		dup2(pipes[1], STDOUT_FILENO);
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	close(pipes[1]);
	ck_assert_int_eq(read(pipes[0], &leader, sizeof leader), sizeof leader);
	close(pipes[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	return leader;
}

START_TEST(test_leader__other_words_are_another)
{
	char *const other[] = { "gunicorn: worker", NULL };
	struct process mine, leader;

	process_leader(&mine);
	leader = leader_of_program(other);
	ck_assert_int_ne(leader.pid, mine.pid);
	ck_assert(!process_same(&leader, &mine));
}
END_TEST

START_TEST(test_leader__same_words_are_the_same)
{
	char words[4096], *argv[2] = { words, NULL };
	struct process mine, leader;
	FILE *f = fopen("/proc/self/cmdline", "r");

	ck_assert_ptr_nonnull(f);
	words[fread(words, 1, sizeof words - 1, f)] = '\0';
	fclose(f);
	process_leader(&mine);
	leader = leader_of_program(argv);
	ck_assert(process_same(&leader, &mine));
}
END_TEST

START_TEST(test_leader__a_process_that_ended)
{
	struct process p;
	int pipes[2], status;
	pid_t child;

	ck_assert_int_eq(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		process_self(&p);
		_exit(write(pipes[1], &p, sizeof p) == sizeof p ? 0 : 1);
	}
	ck_assert_int_eq(read(pipes[0], &p, sizeof p), sizeof p);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(p.pid, child);
	ck_assert(!process_is_alive(&p));
	/* The same pid with another start is another process. */
	process_self(&p);
	p.ticks--;
	ck_assert(!process_is_alive(&p));
}
END_TEST

UNIT_MAIN("snapshot/leader", test_leader__commands, test_leader__titles, test_leader__self,
	  test_leader__forks_share_it, test_leader__other_words_are_another,
	  test_leader__same_words_are_the_same,
	  test_leader__a_process_that_ended)
