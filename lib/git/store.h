/* store.h -- runs kept in the repository itself, under refs/cprof/, without a server:
 *
 *     refs/cprof/runs/1a                       a commit whose tree holds
 *         1a2b3c4.../                          the commit that was profiled, in full
 *             1764000000.passed.RUN/           when it was made, how it ended, its folder
 *                 summary.json                 a summary (change/summary.h)
 *                 run.json                     whole runs, opt-in
 *                 snapshots/NAME/...
 *
 * There are up to 256 such refs, by the first two digits of the commit, so that jobs
 * seldom meet in one, and that all runs are listed by reading trees alone. Nothing is
 * checked out, what a run adds is one pack, and the refs are pushed and fetched like any.
 *
 * Two jobs that store at once both succeed: a ref is moved only from the value that was
 * read, under its lock, else the tree is built anew upon the other's. What has been
 * added has its predecessor as parent; where runs are dropped the ref begins anew without
 * one, so that git frees what they took.
 *
 * A remote's state as last seen is kept in refs/cprof-seen/<remote>/: by it is known
 * whether a run that only one side has is new there or was dropped on the other.
 */
#ifndef CPROF_GIT_STORE_H
#define CPROF_GIT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "git/repository.h"
#include "snapshot/run.h"

struct store_file {
	const char *path;   /* below RUN/, "summary.json", "snapshots/NAME/profile.pb.gz" */
	struct bytes bytes;
	const char *from;   /* a file whose content it is, read when it is needed; or NULL */
};

struct store_run {
	const char *commit, *run;
	int64_t when_s; /* when it was made, Unix time; store_add: 0 is now */
	enum run_outcome outcome;
};

/* Adds a run (replaces it where that commit has one of its name). */
int store_add(struct repository *r, const struct store_run *run, const struct store_file *files,
	      size_t nfiles, struct error *err);

/* All runs, or those of one commit (NULL: any), in `arena`, oldest first; none is no
 * error. Reads trees, no summary: 5,000 runs are quick. What a stranger has put there
 * that is no run is passed over. */
int store_list(struct repository *r, const char *commit, struct store_run **runs, size_t *n,
	       struct arena *arena, struct error *err);

/* A file of a run, in `arena`; ERR_NOT_FOUND. */
int store_read(struct repository *r, const char *commit, const char *run, const char *path,
	       struct bytes *out, struct arena *arena, struct error *err);

/* Drops runs made more than `days` before now_s (0: never), and the oldest beyond
 * `count` (0: no limit), but never the newest run of the commit `keep` (NULL: none).
 * *dropped: how many. */
int store_trim(struct repository *r, unsigned days, size_t count, const char *keep,
	       int64_t now_s, size_t *dropped, struct error *err);

/* Takes over what the remote has, and gives it what is here; both hold a lock against
 * other such commands in this repository. The remote is reached by running `git fetch` and
 * `git push` with fixed refspecs: git knows the user's credential helpers, ssh settings
 * and proxies, of which libgit2 knows few. Push merges what another job has pushed
 * meanwhile, and tries again; what the remote refuses for other reasons (no permission,
 * a fork's token) is ERR_REFUSED with git's own words. */
int store_fetch(struct repository *r, const char *remote, struct error *err);
int store_push(struct repository *r, const char *remote, struct error *err);

/* Has git pack what has become many packs, as it does after its own commands: if the user
 * has not switched that off, and in the background. Where there is no git, nothing. */
void store_tidy(struct repository *r);

#endif
