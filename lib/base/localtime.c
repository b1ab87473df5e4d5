#include "base/localtime.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void hold(void)
{
	pthread_mutex_lock(&lock);
}

static void let_go(void)
{
	pthread_mutex_unlock(&lock);
}

int localtime_watch_forks(void)
{
	return pthread_atfork(hold, let_go, let_go);
}

bool localtime_get(time_t t, struct tm *out)
{
	bool known;

	pthread_mutex_lock(&lock);
	known = localtime_r(&t, out) != NULL;
	pthread_mutex_unlock(&lock);
	return known;
}
