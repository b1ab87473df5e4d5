/* run.h -- the run folder: all workers of one server, one test session, one push.
 *
 * A run belongs to its leader: the topmost ancestor process with the same
 * interpreter and command line, so that forked workers share it without being
 * told (leader.h). Its folder is the leader's start, YYYY-mm-dd_HH:MM:SS local
 * time (".2" when another leader has that name), or $CPROF_RUN. run.json in it
 * says who the leader is and, per process, the requests seen, kept and dropped:
 *
 *     {
 *       "schema": 1,
 *       "created": "2026-11-21T18:20:38.123456789+01:00",
 *       "leader": { "pid": 70, "start": "2026-...", "ticks": 8123, "boot": "..." },
 *       "processes": [
 *         { "pid": 71, "start": "2026-...", "ticks": 8150,
 *           "seen": 40, "kept": 38, "dropped": 0, "updated": "2026-..." }
 *       ],
 *       "earlier": { "processes": 900, "seen": 9000, "kept": 9000, "dropped": 0 },
 *       "outcome": "passed"
 *     }
 *
 * "earlier" sums up processes that are gone, once there are many. "outcome" is
 * there when the run was a suite or a command: "unfinished" while a suite runs, and
 * for good of one that was killed; then "passed" or "failed". What did not end, or
 * failed, is no baseline for anything. The folder
 * and run.json appear in one step, so whoever finds the name finds its owner.
 *
 * Functions of this module are called by one thread of a process; several
 * processes may call them at once on one archive. None waits longer than about
 * a second for another process.
 */
#ifndef CPROF_SNAPSHOT_RUN_H
#define CPROF_SNAPSHOT_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct run {
	char *archive; /* path as given */
	char *path;    /* archive/name */
	char *name;    /* "2026-11-21_18:20:37" */
};

#define RUN_INIT { NULL, NULL, NULL }

enum run_outcome { RUN_UNKNOWN, RUN_PASSED, RUN_FAILED, RUN_UNFINISHED };

struct run_counts {
	uint64_t seen;    /* requests that reached the middleware */
	uint64_t kept;    /* snapshots on the disk */
	uint64_t dropped; /* finished, but not kept: the queue was full, a write failed */
};

/* Makes (or joins) the run folder, the archive (0700, with a .gitignore of "*"
 * when it is made here) and run.json. name NULL: by leader. A name that could
 * hide, leave the archive or pass for a snapshot is ERR_REFUSED. On -1 nothing
 * needs a release. */
int run_open(struct run *out, const char *archive, const char *name, struct error *err);

/* Rewrites this process' row in run.json, under a lock among processes. */
int run_count(const struct run *run, const struct run_counts *counts, struct error *err);

/* Says in run.json of this folder how the run ended. What has failed stays failed
 * when another part of it passes; RUN_UNKNOWN takes back what was said. */
int run_set_outcome(const char *run_folder, enum run_outcome outcome, struct error *err);

/* Neither failed nor unfinished: something to compare others with. */
bool run_can_be_baseline(enum run_outcome outcome);

/* As in run.json; NULL of RUN_UNKNOWN. */
const char *run_outcome_name(enum run_outcome outcome);

/* Makes the folder again, and the archive, should somebody have deleted them
 * while the server runs. Nothing happens where they are there. */
int run_restore(const struct run *run, struct error *err);

void run_release(struct run *run);

/* The leader of this process: pid, and start as Unix time in ns (0 if the
 * system does not say). Where there is no /proc, this process itself. */
void run_leader(int *pid, int64_t *start_ns);

#endif
