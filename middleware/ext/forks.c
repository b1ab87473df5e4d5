#include "forks.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

enum { WAIT_MS = 2000 };

/* Written in a child before it has a second thread. */
static volatile unsigned generation;

static unsigned nimports; /* on their way */
static unsigned nforks;   /* the same */
static unsigned long last_forker;

static void in_child(void)
{
	generation++;
	nimports = nforks = 0;
}

int forks_watch(void)
{
	return pthread_atfork(NULL, NULL, in_child);
}

unsigned fork_generation(void)
{
	return generation;
}

/* Until *n is 0: never for ever, for a thread may wait for itself (it forks amid its
 * own import), or for one that will not come back. */
static void wait_for(const unsigned *n)
{
	const struct timespec ms = { 0, 1000000 };

	for (int i = 0; *n != 0 && i < WAIT_MS; i++) {
		Py_BEGIN_ALLOW_THREADS
		nanosleep(&ms, NULL);
		Py_END_ALLOW_THREADS
	}
}

static bool is_loaded(const char *module)
{
	PyObject *modules = PyImport_GetModuleDict(); /* borrowed */

	return modules != NULL && PyDict_Check(modules) &&
	       PyDict_GetItemString(modules, module) != NULL;
}

PyObject *forks_import(const char *module)
{
	unsigned before;
	PyObject *m;

	/* Between the interpreter's hooks and the fork itself other threads run. */
	if (!is_loaded(module) && last_forker != PyThread_get_thread_ident())
		wait_for(&nforks);
	before = generation;
	nimports++;
	m = PyImport_ImportModule(module);
	if (before == generation)
		nimports--;
	return m;
}

void forks_begin(void)
{
	nforks++;
	last_forker = PyThread_get_thread_ident();
	wait_for(&nimports);
}

void forks_end(void)
{
	if (nforks != 0)
		nforks--;
}
