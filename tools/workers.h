/* workers.h -- jobs done by processes of their own, one for each core. A library that
 * aborts for want of memory, or never ends, takes only its job with it.
 */
#ifndef CPROF_TOOLS_WORKERS_H
#define CPROF_TOOLS_WORKERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { WORK_ATTEMPTS = 3 };

struct work {
	size_t njobs;
	/* CPU time for one attempt at a job, after which it is tried again, 0: no
	 * limit. After WORK_ATTEMPTS it has failed. */
	unsigned limit_ms;
	/* In the worker; -1 with err filled. `attempt` counts from 0. What is done may be
	 * said something of, in err's text. */
	int (*run)(void *arg, size_t job, unsigned attempt, struct error *err);
	/* In the caller, in the order of the jobs, with what `run` returned and filled. */
	void (*done)(void *arg, size_t job, int rc, const struct error *err);
	void (*progress)(void *arg, size_t ndone);
	void *arg;
};

/* Does them all; -1 with err when there can be no worker. What workers write to
 * standard error is lost: a job says what went wrong by its error. */
int work_all(const struct work *w, struct error *err);

/* For a worker: while on, no signal of the terminal or of work_all ends it. */
void work_hold(bool on);

#endif
