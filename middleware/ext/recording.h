/* recording.h -- a trace that has ended: the call tree by addresses, and who was
 * at them. No Python in it: it goes to the writer thread. */
#ifndef CPROF_EXT_RECORDING_H
#define CPROF_EXT_RECORDING_H

#include "base/map.h"
#include "profile/recorder.h"

struct recording {
	struct recorder *rec;
	struct map functions; /* what the recorder calls a function -> symbol id */
	double ns_per_tick;
	struct recorder_metric extra[RECORDER_MAX_EXTRA];
};

#define RECORDING_INIT { NULL, MAP_INIT, 1, { { NULL, NULL, 1, false } } }

enum followed_kind { FOLLOWED_THREAD, FOLLOWED_JOB, FOLLOWED_TASK };

/* What ran beside a request: a thread it started, a job it gave to an executor, a
 * task it gave to another thread's event loop. */
struct followed {
	struct recording recording;
	int64_t wall_ns, cpu_ns; /* a task's: while it ran, not while it waited */
	enum followed_kind kind;
	bool cut; /* it had not ended when the request did */
};

/* "thread", "job", "task". */
const char *followed_kind_name(enum followed_kind kind);

void recording_release(struct recording *r);

/* Bytes it holds. */
size_t recording_size(const struct recording *r);

/* NULL with err filled. */
struct profile *recording_profile(const struct recording *r, struct error *err);
/* Adds another of the same metrics to it; -1 with err filled: p is then good for
 * nothing but profile_free. */
int recording_add(const struct recording *r, struct profile *p, struct error *err);
/* Adds it to the profile of its request; -1 with err filled. */
int followed_add(const struct followed *f, struct profile *p, struct error *err);

#endif
