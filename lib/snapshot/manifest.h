/* manifest.h -- snapshot.json: what was measured, of what, how, at which commit.
 * Borrowed texts while it is written; when read, they live in the manifest's
 * arena. Members that this version does not know survive a rewrite.
 */
#ifndef CPROF_SNAPSHOT_MANIFEST_H
#define CPROF_SNAPSHOT_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

enum { MANIFEST_SCHEMA = 1 };

struct json;

struct manifest_git {
	const char *commit; /* 40 or 64 hex digits; NULL: not tagged */
	const char *branch; /* NULL: detached or not known */
	int dirty;          /* 1, 0, or -1: could not be known */
	const char *author_date; /* RFC 3339 */
	const char *subject;
	const char *tagged_at;   /* RFC 3339 */
	const char *worktree;    /* its absolute path; NULL: a bare repository, or not known */
};

/* A thread that the request started, a job that it gave to an executor, or a task
 * that it gave to another thread's event loop. */
struct manifest_followed {
	const char *kind; /* "thread", "job", "task" */
	int64_t wall_ns;  /* from its begin to its end, or to that of the request; of a
	                     task while it ran */
	int64_t cpu_ns;   /* -1 where not known */
	uint64_t events;
	bool cut;         /* it had not ended when the request did */
};

struct manifest {
	int schema;
	const char *method;
	const char *route;   /* normalised template, or the raw path */
	bool route_is_template;
	const char *path;    /* without query string */
	const char *status;  /* "200 OK"; NULL: start_response was never called */
	const char *label;   /* whose request it is: a suite's test id; NULL: nobody said */
	uint64_t ordinal;    /* the label's 1st, 2nd ... request in this process; 0: no label */
	int64_t start_ns;    /* Unix time; written as RFC 3339 with zone and nanoseconds */
	int64_t wall_ns;     /* as served: from the call to the close, less the server's time */
	int64_t cpu_ns;      /* of the serving thread meanwhile; -1 where not known */
	uint64_t bytes_sent; /* body bytes handed to the server */
	bool bytes_known;    /* false: the body went to the server as a file */
	int pid;
	uint64_t thread;     /* the system's thread id */
	uint64_t served_before; /* requests this process had served before */
	const char *host;
	const char *python;  /* "3.11.7" */
	const char *implementation; /* "CPython" */
	const char *cprof;   /* version of cprof */
	const char *mode;    /* "exact" */
	const char *engine;  /* "setprofile" */
	uint64_t events;     /* calls and returns seen */
	int64_t tracer_ns;   /* of wall_ns, taken out of the profile as the tracer's own */
	uint64_t lost;       /* events not recorded */
	uint64_t folded;
	struct manifest_followed *followed; /* in the order they ended */
	size_t nfollowed;    /* a manifest that was read keeps its own, whatever is here */
	uint64_t followed_lost; /* handed on, but not begun in time, or one too many */
	bool interrupted;    /* another profiler took the hook away meanwhile */
	const char *ended;   /* "returned", "closed", "exhausted", "dropped", "exception",
	                        "file": how it ended */
	const char *exception; /* type that escaped, "builtins.ValueError"; NULL: none */
	struct manifest_git git;

	struct arena arena;       /* of a manifest that was read */
	const struct json *other; /* the whole document as it was read, or NULL */
};

int manifest_write(struct buf *out, const struct manifest *m, struct error *err);
/* *out is the caller's to release; -1 with err filled. */
int manifest_read(struct manifest *out, struct bytes in, struct error *err);
void manifest_release(struct manifest *m);

/* RFC 3339 with local zone and nanoseconds, "2026-11-21T18:20:37.000000001+01:00". */
void time_format(struct buf *out, int64_t unix_ns);
/* -1 when s is no such time. */
int time_parse(const char *s, int64_t *unix_ns);

#endif
