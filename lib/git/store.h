/* store.h -- runs kept in the repository itself, under refs/cprof/, without a server:
 *
 *     refs/cprof/runs/<first two digits of the commit>   a commit whose tree holds
 *         <commit>/<run>/summary.json                    a summary (change/summary.h)
 *         <commit>/<run>/snapshots/<name>/...            whole snapshots, opt-in
 *
 * Nothing is checked out, objects are packed, and the refs are pushed and fetched like
 * any ("git push origin 'refs/cprof/*:refs/cprof/*'"). Two jobs that store at once both
 * succeed: a ref is moved only from the value it was read at, else the tree is built
 * anew upon the other's.
 */
#ifndef CPROF_GIT_STORE_H
#define CPROF_GIT_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"
#include "git/repository.h"

struct store_file {
	const char *path;   /* below <commit>/<run>/, "summary.json" */
	struct bytes bytes;
};

/* Adds one run of a commit (replaces it where it is there). */
int store_add(struct repository *r, const char *commit, const char *run,
	      const struct store_file *files, size_t nfiles, struct error *err);

struct store_run {
	const char *commit, *run;
	int64_t stored_s;  /* Unix time */
	const char *outcome; /* "passed", "failed" or NULL: known without reading the summary */
};

/* All runs, or those of one commit (NULL: any), in `arena`; none is no error. Reads
 * trees, no summary: 5,000 runs are quick. */
int store_list(struct repository *r, const char *commit, struct store_run **runs, size_t *n,
	       struct arena *arena, struct error *err);

/* A file of a run, in `arena`; ERR_NOT_FOUND. */
int store_read(struct repository *r, const char *commit, const char *run, const char *path,
	       struct bytes *out, struct arena *arena, struct error *err);

/* Drops runs stored more than `days` ago (0: never), and the oldest beyond `count` (0: no
 * limit), but never the only run of `keep` (NULL: none). *dropped: how many. */
int store_trim(struct repository *r, unsigned days, size_t count, const char *keep,
	       size_t *dropped, struct error *err);

/* Fetches and pushes refs/cprof by the repository's remote ("origin"). Push merges what
 * another job has pushed meanwhile, and tries again. */
int store_fetch(struct repository *r, const char *remote, struct error *err);
int store_push(struct repository *r, const char *remote, struct error *err);

#endif
