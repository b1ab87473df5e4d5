/* forks.h -- counts forks: what was made in another generation is the parent's.
 * By pthread_atfork, for uWSGI and others fork in C, where os.register_at_fork
 * does not always reach. */
#ifndef CPROF_EXT_FORKS_H
#define CPROF_EXT_FORKS_H

#include "compat.h"

/* 0, or an errno. Once per process. */
int forks_watch(void);
unsigned fork_generation(void);

/* PyImport_ImportModule, which no fork comes into: a child would wait for ever for
 * a module that is being imported by a thread it does not have. Requests import
 * what they need when the first of them needs it, so that is likely. */
PyObject *forks_import(const char *module);
/* To be called before a fork and after it in the parent, with the GIL: waits for
 * imports on other threads, and lets none begin between the two. */
void forks_begin(void);
void forks_end(void);

#endif
