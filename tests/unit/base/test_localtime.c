#include "base/localtime.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static atomic_bool stop;

/* Always inside, as good as. */
static void *ask_all_the_time(void *arg)
{
	struct tm tm;

	for (time_t t = 0; !stop; t += 1000)
		localtime_get(t, &tm);
	return arg;
}

START_TEST(test_localtime__as_the_system_says)
{
	time_t when[] = { 0, 1, -1, 86399, 1792867200, 4102444800 };
	struct tm ours, theirs;

	for (size_t i = 0; i < sizeof when / sizeof when[0]; i++) {
		ck_assert(localtime_get(when[i], &ours));
		ck_assert_ptr_nonnull(localtime_r(&when[i], &theirs));
		ck_assert_int_eq(ours.tm_year, theirs.tm_year);
		ck_assert_int_eq(ours.tm_yday, theirs.tm_yday);
		ck_assert_int_eq(ours.tm_hour, theirs.tm_hour);
		ck_assert_int_eq(ours.tm_min, theirs.tm_min);
		ck_assert_int_eq(ours.tm_sec, theirs.tm_sec);
		ck_assert_int_eq(ours.tm_gmtoff, theirs.tm_gmtoff);
	}
}
END_TEST

START_TEST(test_localtime__fork_while_another_thread_is_inside)
{
	time_t now = time(NULL);
	struct tm tm;
	pthread_t thread;
	int status = 0;

	ck_assert_int_eq(localtime_watch_forks(), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, ask_all_the_time, NULL), 0);
	for (int i = 0; i < 300 && status == 0; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			/* Without the lock the child waits for the thread it has not. */
			alarm(10);
			_exit(localtime_r(&now, &tm) != NULL && localtime_get(now, &tm) ? 0 : 1);
		}
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	}
	stop = true;
	pthread_join(thread, NULL);
	ck_assert_int_eq(status, 0);
}
END_TEST

UNIT_MAIN("base/localtime",
	  test_localtime__as_the_system_says,
	  test_localtime__fork_while_another_thread_is_inside)
