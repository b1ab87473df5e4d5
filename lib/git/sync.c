/* sync.c -- refs/cprof and a remote's. Fetched are
 *
 *     refs/cprof-incoming/<remote>/1a   what the remote has
 *     refs/cprof-seen/<remote>/1a       had, when last merged into refs/cprof/runs/1a
 *
 * and the second follows only after a merge, so that a process which dies in between
 * leaves nothing that looks dropped. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "git/merge.h"
#include "git/program.h"
#include "git/store.h"

enum {
	MERGE_TRIES = 100,
	PUSH_TRIES = 50, /* others push meanwhile */
	REFUSALS = 3     /* nobody did: then it is no race */
};

struct sync {
	struct repository *repo;
	const char *remote;
	struct pack pack;
	int lock;
};

/* Whether the configuration has it. (git_remote_lookup asks by regular expressions, whose
 * memory libgit2 1.5 with PCRE2 does not free.) */
static int has_remote(struct repository *r, const char *remote, bool *has, struct error *err)
{
	git_config *config = NULL;
	git_config_entry *url = NULL;
	struct buf key = BUF_INIT;
	int rc = -1;

	buf_printf(&key, "remote.%s.url", remote);
	if (key.failed) {
		error_nomem(err);
	} else if (git_repository_config_snapshot(&config, r->git) < 0) {
		git_failed(err, ERR_IO, remote);
	} else {
		*has = git_config_get_entry(&url, config, buf_str(&key)) == 0;
		rc = 0;
	}
	git_config_entry_free(url);
	git_config_free(config);
	buf_release(&key);
	return rc;
}

/* Its name becomes a part of refs' names and of a command line. */
static int check_remote(struct repository *r, const char *remote, struct error *err)
{
	int valid = 0;
	bool has = false;

	if (git_remote_name_is_valid(&valid, remote) == 0 && valid && remote[0] != '-' &&
	    has_remote(r, remote, &has, err) < 0)
		return -1;
	return has ? 0 : error_set(err, ERR_NOT_FOUND, "%s: the repository has no remote of that "
				   "name; git remote -v lists them", remote);
}

static int take_lock(struct sync *s, struct error *err)
{
	char *path = path_join(git_repository_commondir(s->repo->git), "cprof.lock");
	int rc = 0;

	if (path == NULL)
		return error_nomem(err);
	s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (s->lock < 0 || flock(s->lock, LOCK_EX) < 0)
		rc = error_errno(err, errno, "%s", path);
	mem_free(path);
	return rc;
}

static int begin(struct sync *s, struct repository *r, const char *remote, struct error *err)
{
	memset(s, 0, sizeof *s);
	s->repo = r;
	s->remote = remote;
	s->lock = -1;
	if (check_remote(r, remote, err) < 0 || pack_init(&s->pack, r, err) < 0)
		return -1;
	return take_lock(s, err);
}

static void end(struct sync *s)
{
	pack_release(&s->pack);
	if (s->lock >= 0)
		close(s->lock);
}

/* The first line that git wrote, and the one that says why, of
 *
 *     remote: Permission to shop.git denied.
 *     fatal: unable to access ...: The requested URL returned error: 403  */
static int set_refusal(struct error *err, const char *what, const struct sync *s,
		       struct buf *said)
{
	char *text = (char *)buf_str(said), *save = NULL;
	const char *first = NULL, *why = NULL;

	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (first == NULL && strncmp(line, "To ", 3) != 0)
			first = line;
		if (strncmp(line, "fatal:", 6) == 0 || strstr(line, "rejected]") != NULL)
			why = line;
	}
	if (first == NULL)
		first = "git gives no reason";
	return error_set(err, ERR_REFUSED, "%s %s: %s%s%s", what, s->remote, first,
			 why != NULL && why != first ? "; " : "",
			 why != NULL && why != first ? why : "");
}

static int fetch(struct sync *s, struct error *err)
{
	struct buf refs = BUF_INIT, said = BUF_INIT;
	int status, rc = -1;

	buf_printf(&refs, "+" SHARD_REFS "*:refs/cprof-incoming/%s/*", s->remote);
	if (refs.failed) {
		error_nomem(err);
	} else {
		const char *const args[] = { "fetch", "--quiet", "--no-tags", "--prune",
					     "--no-write-fetch-head", "--no-recurse-submodules",
					     s->remote, buf_str(&refs), NULL };

		rc = git_program(s->repo, args, &status, &said, err);
		if (rc == 0 && status != 0)
			rc = set_refusal(err, "git fetch", s, &said);
		/* What git has made libgit2 has not looked for. */
		if (rc == 0 && git_odb_refresh(s->pack.odb) < 0)
			rc = git_failed(err, ERR_IO, s->repo->dir);
	}
	buf_release(&refs);
	buf_release(&said);
	return rc;
}

/* The three refs of one shard. */
struct names {
	char ours[40], seen[300], theirs[300];
};

static int name_refs(struct names *n, const struct sync *s, const char *digits,
		     struct error *err)
{
	snprintf(n->ours, sizeof n->ours, SHARD_REFS "%.2s", digits);
	if (snprintf(n->seen, sizeof n->seen, "refs/cprof-seen/%s/%.2s", s->remote, digits) >=
		    (int)sizeof n->seen ||
	    snprintf(n->theirs, sizeof n->theirs, "refs/cprof-incoming/%s/%.2s", s->remote,
		     digits) >= (int)sizeof n->theirs)
		return error_set(err, ERR_REFUSED, "%s: too long a name", s->remote);
	return 0;
}

/* Under our lock nobody else moves it. */
static int set_ref(struct sync *s, const char *ref, const git_oid *to, struct error *err)
{
	git_reference *made = NULL;

	if (git_reference_create(&made, s->repo->git, ref, to, 1, "cprof") < 0)
		return git_failed(err, ERR_IO, ref);
	git_reference_free(made);
	return 0;
}

/* The merged list as a commit; *id is what ours is to be. */
static int merged(struct sync *s, struct shard *theirs, const struct shard *ours,
		  const struct names *names, git_oid *id, struct error *err)
{
	git_oid at = theirs->at;
	struct merge how;
	struct shard seen;
	int rc;

	if (shard_load(&seen, s->repo, names->seen, err) < 0)
		return -1;
	rc = shard_merge(theirs, ours, &seen, &how, err);
	shard_release(&seen);
	if (rc < 0)
		return -1;
	git_oid_cpy(id, how.as_theirs ? &at : &ours->at);
	if (how.as_theirs || how.as_ours)
		return 0;
	if (shard_write(theirs, &s->pack, how.dropped ? NULL : &at, "Merge runs", id, err) < 0)
		return -1;
	return pack_write(&s->pack, err);
}

static int try_merge(struct sync *s, const struct names *names, bool *moved, struct error *err)
{
	struct shard ours, theirs;
	git_oid id;
	int rc = -1;

	if (shard_load(&ours, s->repo, names->ours, err) < 0)
		return -1;
	if (shard_load(&theirs, s->repo, names->theirs, err) < 0)
		goto done;
	id = theirs.at;
	if (!ours.exists)
		rc = ref_move(s->repo, names->ours, NULL, &id, moved, err);
	else if (merged(s, &theirs, &ours, names, &id, err) == 0)
		rc = ref_move(s->repo, names->ours, &ours.at, &id, moved, err);
	shard_release(&theirs);
done:
	shard_release(&ours);
	return rc;
}

static int merge_shard(struct sync *s, const char *digits, struct error *err)
{
	bool had_seen, has_ours, exists, moved = false;
	git_oid seen, theirs, ours;
	struct names names;

	if (name_refs(&names, s, digits, err) < 0 ||
	    ref_read(s->repo, names.seen, &seen, &had_seen, err) < 0 ||
	    ref_read(s->repo, names.ours, &ours, &has_ours, err) < 0 ||
	    ref_read(s->repo, names.theirs, &theirs, &exists, err) < 0)
		return -1;
	if (!exists || (has_ours && had_seen && git_oid_equal(&seen, &theirs)))
		return 0;
	for (int i = 0; !moved && i < MERGE_TRIES; i++)
		if (try_merge(s, &names, &moved, err) < 0)
			return -1;
	if (!moved)
		return error_set(err, ERR_IO, "%s: other processes move it all the time",
				 names.ours);
	return set_ref(s, names.seen, &theirs, err);
}

static bool is_shard(const char *digits)
{
	return strlen(digits) == 2 && strspn(digits, "0123456789abcdef") == 2;
}

/* Calls visit() for the two digits of each ref below `folder`, which ends in a slash.
 * The names are had first, for visit() moves refs. */
static int each_shard(struct sync *s, const char *folder,
		      int (*visit)(struct sync *s, void *arg, const char *digits,
				   struct error *err), void *arg, struct error *err)
{
	git_reference_iterator *it = NULL;
	char found[256][3], glob[320];
	const char *name;
	size_t n = 0;
	int code;

	snprintf(glob, sizeof glob, "%s*", folder);
	if (git_reference_iterator_glob_new(&it, s->repo->git, glob) < 0)
		return git_failed(err, ERR_IO, folder);
	while ((code = git_reference_next_name(&name, it)) == 0 && n < 256)
		if (is_shard(name + strlen(folder)))
			memcpy(found[n++], name + strlen(folder), 3);
	git_reference_iterator_free(it);
	if (code < 0 && code != GIT_ITEROVER)
		return git_failed(err, ERR_IO, folder);
	for (size_t i = 0; i < n; i++)
		if (visit(s, arg, found[i], err) < 0)
			return -1;
	return 0;
}

static int visit_merge(struct sync *s, void *arg, const char *digits, struct error *err)
{
	(void)arg;
	return merge_shard(s, digits, err);
}

static int fetch_and_merge(struct sync *s, struct error *err)
{
	char folder[300];

	if (snprintf(folder, sizeof folder, "refs/cprof-incoming/%s/", s->remote) >=
	    (int)sizeof folder)
		return error_set(err, ERR_REFUSED, "%s: too long a name", s->remote);
	if (fetch(s, err) < 0)
		return -1;
	return each_shard(s, folder, visit_merge, NULL, err);
}

int store_fetch(struct repository *r, const char *remote, struct error *err)
{
	struct sync s;
	int rc = begin(&s, r, remote, err);

	if (rc == 0)
		rc = fetch_and_merge(&s, err);
	end(&s);
	return rc;
}

/* --- pushing: a lease and a refspec for each ref that the remote has otherwise. */

struct push {
	struct shard_push {
		char digits[3];
		git_oid ours, theirs;
		bool theirs_exists;
	} shards[256];
	size_t n;
};

static int visit_push(struct sync *s, void *arg, const char *digits, struct error *err)
{
	struct push *push = arg;
	struct shard_push *to = &push->shards[push->n];
	struct names names;
	bool exists;

	memcpy(to->digits, digits, 3);
	if (name_refs(&names, s, digits, err) < 0 ||
	    ref_read(s->repo, names.ours, &to->ours, &exists, err) < 0 ||
	    ref_read(s->repo, names.theirs, &to->theirs, &to->theirs_exists, err) < 0)
		return -1;
	if (exists && !(to->theirs_exists && git_oid_equal(&to->ours, &to->theirs)))
		push->n++;
	return 0;
}

/* What is pushed is the value that was merged, whatever the ref is by now. */
static int run_push(struct sync *s, const struct push *push, int *status, struct buf *said,
		    struct error *err)
{
	const char *args[2 * 256 + 8] = { "push", "--quiet", "--no-verify",
					  "--no-recurse-submodules" };
	char hex[GIT_OID_HEXSZ + 1];
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT;
	size_t n = 4, remote_at = n + push->n;
	int rc = -1;

	args[remote_at] = s->remote;
	for (size_t i = 0; i < push->n; i++) {
		const struct shard_push *p = &push->shards[i];

		buf_clear(&text);
		buf_printf(&text, "--force-with-lease=" SHARD_REFS "%s:%s", p->digits,
			   p->theirs_exists ? git_oid_tostr(hex, sizeof hex, &p->theirs) : "");
		args[n + i] = arena_strdup(&arena, buf_str(&text));
		buf_clear(&text);
		buf_printf(&text, "%s:" SHARD_REFS "%s", git_oid_tostr(hex, sizeof hex, &p->ours),
			   p->digits);
		args[remote_at + 1 + i] = arena_strdup(&arena, buf_str(&text));
		if (args[n + i] == NULL || args[remote_at + 1 + i] == NULL || text.failed) {
			error_nomem(err);
			goto done;
		}
	}
	rc = git_program(s->repo, args, status, said, err);
done:
	buf_release(&text);
	arena_release(&arena);
	return rc;
}

/* The remote has now what we have. */
static int note_pushed(struct sync *s, const struct push *push, struct error *err)
{
	struct names names;

	for (size_t i = 0; i < push->n; i++)
		if (name_refs(&names, s, push->shards[i].digits, err) < 0 ||
		    set_ref(s, names.theirs, &push->shards[i].ours, err) < 0 ||
		    set_ref(s, names.seen, &push->shards[i].ours, err) < 0)
			return -1;
	return 0;
}

/* Whether what was to be pushed is the same as before, upon the same. */
static bool is_same(const struct push *a, const struct push *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		const struct shard_push *x = &a->shards[i], *y = &b->shards[i];

		if (strcmp(x->digits, y->digits) != 0 || x->theirs_exists != y->theirs_exists ||
		    (x->theirs_exists && !git_oid_equal(&x->theirs, &y->theirs)))
			return false;
	}
	return true;
}

/* Jobs that failed together do not try again together. */
static void pause_a_little(int tries)
{
	struct timespec now, pause = { 0, 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	pause.tv_nsec = (now.tv_nsec ^ (long)getpid() * 7919) % 50000000 *
			(tries < 8 ? tries + 1 : 8);
	nanosleep(&pause, NULL);
}

static int push_until_done(struct sync *s, struct error *err)
{
	struct push last = { .n = 0 }, push;
	struct buf said = BUF_INIT;
	int refusals = 0, status = 0, rc = -1;

	for (int tries = 0; tries < PUSH_TRIES; tries++) {
		push.n = 0;
		if (fetch_and_merge(s, err) < 0 ||
		    each_shard(s, SHARD_REFS, visit_push, &push, err) < 0)
			goto done;
		refusals = tries > 0 && is_same(&last, &push) ? refusals + 1 : 0;
		if (refusals == REFUSALS)
			break;
		buf_clear(&said);
		status = 0;
		if (push.n > 0 && run_push(s, &push, &status, &said, err) < 0)
			goto done;
		if (status == 0) {
			rc = note_pushed(s, &push, err);
			goto done;
		}
		last = push;
		pause_a_little(tries);
	}
	set_refusal(err, "git push", s, &said);
done:
	buf_release(&said);
	return rc;
}

int store_push(struct repository *r, const char *remote, struct error *err)
{
	struct sync s;
	int rc = begin(&s, r, remote, err);

	if (rc == 0)
		rc = push_until_done(&s, err);
	end(&s);
	return rc;
}

void store_tidy(struct repository *r)
{
	static const char *const args[] = { "gc", "--auto", "--quiet", NULL };
	struct error ignored = ERROR_INIT;
	struct buf said = BUF_INIT;
	int status;

	git_program(r, args, &status, &said, &ignored);
	buf_release(&said);
}
