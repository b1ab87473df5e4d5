/* forks.h -- counts forks: what was made in another generation is the parent's.
 * By pthread_atfork, for uWSGI and others fork in C, where os.register_at_fork
 * does not always reach. */
#ifndef CPROF_EXT_FORKS_H
#define CPROF_EXT_FORKS_H

/* 0, or an errno. Once per process. */
int forks_watch(void);
unsigned fork_generation(void);

#endif
