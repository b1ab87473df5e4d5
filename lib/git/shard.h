/* shard.h -- one of the refs that the store consists of, as a list of its runs. What is
 * done to a store is done to such lists: add a run, drop some, merge two; then the list
 * is written as a tree, and the ref moved to it. */
#ifndef CPROF_GIT_SHARD_H
#define CPROF_GIT_SHARD_H

#include "base/arena.h"
#include "git/pack.h"
#include "git/store.h"

#define SHARD_REFS "refs/cprof/runs/"

enum { COMMIT_DIGITS = GIT_OID_HEXSZ };

struct shard_run {
	struct store_run is;
	git_oid tree; /* of its files */
};

struct shard {
	git_oid at;  /* the commit it was read from */
	bool exists; /* there is one */
	struct shard_run *runs; /* by commit, then the entry's name */
	size_t n, cap;
	struct arena arena;
};

/* The ref of a commit's runs: "refs/cprof/runs/1a". */
void shard_ref(char *out, size_t size, const char *commit);

/* Reads what the ref is at; one that is missing is an empty list. */
int shard_load(struct shard *s, struct repository *r, const char *ref, struct error *err);
/* Of that commit's runs alone; NULL: all. */
int shard_load_commit(struct shard *s, struct repository *r, const char *ref,
		      const char *commit, struct error *err);
void shard_release(struct shard *s);

/* The run, or NULL. */
struct shard_run *shard_find(const struct shard *s, const char *commit, const char *run);
/* Puts a run in, in place of that commit's of its name. Texts are copied. */
int shard_put(struct shard *s, const struct shard_run *run, struct error *err);
/* Takes out runs[i]; the others keep their order. */
void shard_remove(struct shard *s, size_t i);

/* Writes the list as a commit with this parent (NULL: none) and this subject. */
int shard_write(struct shard *s, struct pack *p, const git_oid *parent, const char *subject,
		git_oid *id, struct error *err);

/* A tree of one folder's entries, in git's order. */
struct tree_entry {
	const char *name;
	git_oid id;
	bool is_tree;
};
int tree_write(struct pack *p, struct tree_entry *entries, size_t n, git_oid *id,
	       struct error *err);

/* Where a ref is: *exists false where there is none. */
int ref_read(struct repository *r, const char *ref, git_oid *at, bool *exists,
	     struct error *err);
/* Moves a ref from `from` (NULL: it must not be there) under its lock. *moved false:
 * somebody else has moved it first. */
int ref_move(struct repository *r, const char *ref, const git_oid *from, const git_oid *to,
	     bool *moved, struct error *err);

#endif
