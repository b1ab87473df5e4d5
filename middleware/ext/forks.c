#include "forks.h"

#include <pthread.h>

/* Written in a child before it has a second thread. */
static volatile unsigned generation;

static void in_child(void)
{
	generation++;
}

int forks_watch(void)
{
	return pthread_atfork(NULL, NULL, in_child);
}

unsigned fork_generation(void)
{
	return generation;
}
