/* ref.c -- refs that several processes move. libgit2's own "create matching" compares
 * under the lock only where there is a ref already; two that create one would both
 * succeed. */
#include <time.h>

#include "git/shard.h"

int ref_read(struct repository *r, const char *ref, git_oid *at, bool *exists,
	     struct error *err)
{
	int code = git_reference_name_to_id(at, r->git, ref);

	*exists = code == 0;
	if (code < 0 && code != GIT_ENOTFOUND)
		return git_failed(err, ERR_IO, ref);
	return 0;
}

/* A lock is held for as long as it takes to write 41 bytes; one that stays is a dead
 * process's. */
static int lock(git_transaction *tx, const char *ref, struct error *err)
{
	const struct timespec pause = { 0, 5000000 };
	int code = GIT_ELOCKED;

	for (int tries = 0; tries < 1000; tries++) {
		code = git_transaction_lock_ref(tx, ref);
		if (code != GIT_ELOCKED)
			break;
		nanosleep(&pause, NULL);
	}
	if (code == GIT_ELOCKED)
		return error_set(err, ERR_IO, "%s is locked by another process; if none runs, "
				 "remove its .lock in the repository", ref);
	return code < 0 ? git_failed(err, ERR_IO, ref) : 0;
}

int ref_move(struct repository *r, const char *ref, const git_oid *from, const git_oid *to,
	     bool *moved, struct error *err)
{
	git_transaction *tx = NULL;
	git_oid now;
	bool exists;
	int rc = -1;

	*moved = false;
	if (git_transaction_new(&tx, r->git) < 0) {
		git_failed(err, ERR_IO, ref);
		goto done;
	}
	if (lock(tx, ref, err) < 0 || ref_read(r, ref, &now, &exists, err) < 0)
		goto done;
	rc = 0;
	if (exists != (from != NULL) || (exists && !git_oid_equal(&now, from)))
		goto done;
	if (git_transaction_set_target(tx, ref, to, NULL, "cprof") < 0 ||
	    git_transaction_commit(tx) < 0)
		rc = git_failed(err, ERR_IO, ref);
	else
		*moved = true;
done:
	git_transaction_free(tx);
	return rc;
}
