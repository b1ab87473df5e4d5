/* leader.h -- which process a run belongs to: the topmost ancestor with the same
 * interpreter and command line, found through /proc.
 *
 *     systemd
 *      `- gunicorn -w 2 app:app         the leader
 *          |- gunicorn -w 2 app:app     a worker: same executable, same words
 *          `- gunicorn -w 2 app:app
 *
 * A process may have put a title in place of its words (setproctitle): text
 * without NULs between. "gunicorn: master [app]" and "gunicorn: worker [app]"
 * count as the same, as all titles with one first word do.
 */
#ifndef CPROF_SNAPSHOT_LEADER_H
#define CPROF_SNAPSHOT_LEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A process, told apart from a later one of the same pid by its start, and from
 * one of another boot or container by `boot`. */
struct process {
	int pid;
	uint64_t ticks;   /* start in clock ticks since boot: exact */
	int64_t start_ns; /* the same as Unix time: moves when the clock is set */
	char boot[80];    /* boot id and process namespace; "" without /proc */
};

/* This process, and its leader. Without /proc the leader is the process itself,
 * its start the time of the first question. Allocates nothing that stays. */
void process_self(struct process *out);
void process_leader(struct process *out);

bool process_same(const struct process *a, const struct process *b);
/* Whether that process still runs; true where it cannot be known. */
bool process_is_alive(const struct process *p);

/* For tests: how two command lines as in /proc/PID/cmdline compare. */
bool leader_same_command(const char *a, size_t na, const char *b, size_t nb);

#endif
