/* writer.h -- finished requests onto the disk, by one thread of the process. No
 * Python here: the thread never takes the GIL.
 *
 *     request threads ── writer_submit ──> queue ──> the writer thread ──> files
 *
 * A sink is one archive this process writes to. The thread starts with the first
 * job after fork; writer_stop drains the queue and joins it. Requests never wait:
 * what the queue has no room for is dropped and counted.
 *
 * sink_* , writer_submit and writer_flush are called by one thread at a time (the
 * caller holds the GIL, or for writer_flush may have let go of it).
 */
#ifndef CPROF_EXT_WRITER_H
#define CPROF_EXT_WRITER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "recording.h"
#include "snapshot/manifest.h"
#include "snapshot/run.h"

struct sink {
	struct sink *next;
	char *directory;       /* absolute */
	char *run_name;        /* NULL: by leader */
	uint64_t quota_bytes;
	atomic_uint_fast64_t seen, kept, dropped;
	unsigned generation;   /* of fork; counts of another are the parent's */
	/* The writer thread's alone: */
	struct run run;
	bool opened;
	uint64_t total_bytes;  /* of the archive, at the last look */
	uint64_t added_bytes;  /* since */
	struct run_counts told; /* what run.json says */
};

/* One finished request. Texts of the manifest live in the job's arena. */
struct job {
	struct job *next;
	struct arena arena;
	struct recording recording;
	struct recording *more; /* to be added to it; an array for mem_free */
	size_t nmore;
	struct followed *followed; /* an array for mem_free */
	size_t nfollowed;
	struct sink *sink;
	struct manifest manifest;
	size_t bytes; /* memory it holds */
};

/* The process' sink for this archive and run; made when it is new. NULL without
 * memory. The first caller's quota counts. */
struct sink *sink_get(const char *directory, const char *run_name, uint64_t quota_bytes);

/* One more request reached the middleware. The number before it. */
uint64_t sink_seen(struct sink *sink);

/* A job of this sink; NULL without memory (the request is counted as dropped). */
struct job *job_new(struct sink *sink);
void job_free(struct job *job);

/* Takes the job over. Never waits for the disk. */
void writer_submit(struct job *job);

/* Returns when every job submitted before is on the disk or dropped, true; or
 * false after timeout_s seconds (negative: no limit). */
bool writer_flush(double timeout_s);

/* Drains the queue and joins the thread. Later jobs are dropped. */
void writer_stop(void);

/* What should be said in the log, once for each kind of trouble: true with the
 * line in out. */
bool writer_complaint(char *out, size_t size);

#endif
