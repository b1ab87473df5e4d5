#include "forks.h"

#include <pthread.h>
#include <time.h>

enum { WAIT_MS = 2000 };

/* Written in a child before it has a second thread. */
static volatile unsigned generation;

static unsigned nimports; /* on their way */

static void in_child(void)
{
	generation++;
	nimports = 0;
}

int forks_watch(void)
{
	return pthread_atfork(NULL, NULL, in_child);
}

unsigned fork_generation(void)
{
	return generation;
}

/* A thread that forks amid its own import waits in vain, but not for ever. */
PyObject *forks_import(const char *module)
{
	unsigned before = generation;
	PyObject *m;

	nimports++;
	m = PyImport_ImportModule(module);
	if (before == generation)
		nimports--;
	return m;
}

void forks_wait(void)
{
	const struct timespec ms = { 0, 1000000 };

	for (int i = 0; nimports != 0 && i < WAIT_MS; i++) {
		Py_BEGIN_ALLOW_THREADS
		nanosleep(&ms, NULL);
		Py_END_ALLOW_THREADS
	}
}
