/* tag.c -- commits from HEAD's reflog.
 *
 * The reflog of HEAD, newest first, with the time of each move:
 *
 *     0   18:40:02  c -> d   commit: Cache the query
 *     1   18:31:10  b -> c   checkout: moving from main to cache
 *     2   18:05:00  a -> b   commit: Add the page
 *
 * A request at 18:20 was served while HEAD was at b; the first checkout after it
 * says that HEAD was on main. Times are whole seconds, so a request at 18:31:10.4
 * may have met b or c.
 */
#include "git/tag.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "git/handle.h"

static const int64_t second_ns = 1000000000;

/* What the kernel writes as time of modification may lie this far behind. */
static const int64_t tick_ns = 10000000;

/* Which moves of HEAD came before a point in time. */
struct moves {
	git_reflog *log;
	size_t n;
	int64_t at_ns;
	int64_t last_ns; /* when entry 0 was written, or -1: only its second is known */
};

static const git_reflog_entry *entry(const struct moves *m, size_t i)
{
	return git_reflog_entry_byindex(m->log, i);
}

static int64_t entry_seconds(const struct moves *m, size_t i)
{
	return git_reflog_entry_committer(entry(m, i))->when.time;
}

enum order { BEFORE, AFTER, UNKNOWN };

/* Whether entry i moved HEAD before the request or after it began. */
static enum order entry_order(const struct moves *m, size_t i)
{
	int64_t at = m->at_ns / second_ns, then = entry_seconds(m, i);

	if (then != at)
		return then < at ? BEFORE : AFTER;
	if (i != 0 || m->last_ns < 0)
		return UNKNOWN;
	if (m->at_ns < m->last_ns)
		return AFTER;
	return m->at_ns > m->last_ns + tick_ns ? BEFORE : UNKNOWN;
}

/* The file's time of modification is that of entry 0, unless something else has
 * written the file since: an expiry, a copy. */
static int64_t last_move_ns(struct repository *r, const struct moves *m)
{
	char *path = path_join(git_repository_path(r->git), "logs/HEAD");
	int64_t ns = -1;
	struct stat st;

	if (path != NULL && stat(path, &st) == 0 && st.st_mtime == entry_seconds(m, 0)) {
#ifdef __APPLE__
		ns = st.st_mtimespec.tv_nsec;
#else
		ns = st.st_mtim.tv_nsec;
#endif
		ns += (int64_t)st.st_mtime * second_ns;
	}
	mem_free(path);
	return ns;
}

static int refuse(struct error *err, const struct repository *r, const char *why)
{
	return error_set(err, ERR_REFUSED, "%s: which commit it was cannot be known: %s; --force "
			 "takes the commit of now", r->dir, why);
}

/* Sets *id to where HEAD was, and *later to the number of entries after that. */
static int commit_by_reflog(const struct repository *r, const struct moves *m, git_oid *id,
			    size_t *later, struct error *err)
{
	size_t first = 0, certain;
	char why[120];
	struct buf when = BUF_INIT;

	while (first < m->n && entry_order(m, first) == AFTER)
		first++;
	certain = first;
	while (certain < m->n && entry_order(m, certain) == UNKNOWN)
		certain++;
	*later = first;
	if (first == m->n) {
		time_format(&when, entry_seconds(m, m->n - 1) * second_ns);
		snprintf(why, sizeof why, "HEAD's reflog begins at %.19s", buf_str(&when));
		buf_release(&when);
		return refuse(err, r, why);
	}
	git_oid_cpy(id, git_reflog_entry_id_new(entry(m, first)));
	for (size_t i = first; i < certain; i++) {
		const git_oid *before = git_reflog_entry_id_old(entry(m, i));

		/* Before its first commit HEAD was nowhere: no second answer. */
		if (!git_oid_equal(before, id) && !git_oid_is_zero(before))
			return refuse(err, r, "HEAD moved in the second in which the request began");
	}
	return 0;
}

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static bool is_hash(const char *s, size_t len)
{
	return len >= 40 && strspn(s, "0123456789abcdef") >= len;
}

/* A rebase ("rebase (start): checkout ...", "pull --rebase (start): ...") works
 * on a detached HEAD and comes back to the branch at its end. */
static bool is_rebase_start(const char *message)
{
	return !begins(message, "commit") && strstr(message, "(start): checkout ") != NULL;
}

static bool is_rebase_end(const char *message)
{
	return !begins(message, "commit") && strstr(message, "(finish): returning to ") != NULL;
}

/* What a move says about the branch before it: 1 and *branch (NULL: detached), or
 * 0 when it says nothing. */
static int branch_before(const char *message, const char **branch, size_t *len)
{
	static const char checkout[] = "checkout: moving from ";
	static const char renamed[] = "Branch: renamed refs/heads/";
	const char *end;

	*branch = NULL;
	if (begins(message, checkout)) {
		const char *from = message + strlen(checkout);

		end = strstr(from, " to ");
		*len = end ? (size_t)(end - from) : 0;
		*branch = *len == 0 || is_hash(from, *len) ? NULL : from;
		return end != NULL;
	}
	if (begins(message, renamed)) {
		*branch = message + strlen(renamed);
		end = strstr(*branch, " to ");
		*len = end ? (size_t)(end - *branch) : 0;
		return end != NULL;
	}
	return is_rebase_end(message);
}

/* The branch that HEAD names now; NULL when it is detached. */
static int branch_now(struct repository *r, struct manifest_git *out, struct arena *arena,
		      struct error *err)
{
	static const char heads[] = "refs/heads/";
	git_reference *head = NULL;
	const char *target;
	int rc = 0;

	if (git_reference_lookup(&head, r->git, "HEAD") < 0)
		return git_failed(err, ERR_IO, r->dir);
	target = git_reference_symbolic_target(head);
	if (target != NULL) {
		if (begins(target, heads))
			target += strlen(heads);
		out->branch = arena_strdup(arena, target);
		if (out->branch == NULL)
			rc = error_nomem(err);
	}
	git_reference_free(head);
	return rc;
}

/* Forward from the request: the first move that tells, else where HEAD is now. */
static int branch_then(struct repository *r, const struct moves *m, size_t later,
		       struct manifest_git *out, struct arena *arena, struct error *err)
{
	bool rebase = false; /* one began after the request: its end tells nothing */

	for (size_t i = later; i-- > 0;) {
		const char *message = git_reflog_entry_message(entry(m, i));
		const char *branch;
		size_t len;

		if (message == NULL)
			continue;
		rebase = rebase || is_rebase_start(message);
		if (!branch_before(message, &branch, &len) ||
		    (rebase && is_rebase_end(message)))
			continue;
		if (branch == NULL)
			return 0;
		out->branch = arena_strndup(arena, branch, len);
		return out->branch ? 0 : error_nomem(err);
	}
	return branch_now(r, out, arena, err);
}

static int dirty_now(struct repository *r)
{
	git_status_options options;
	git_status_list *list = NULL;
	int dirty = -1;

	if (git_repository_is_bare(r->git) ||
	    git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION) < 0)
		return -1;
	options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
	options.flags = 0; /* without untracked files */
	if (git_status_list_new(&list, r->git, &options) == 0)
		dirty = git_status_list_entrycount(list) != 0;
	git_status_list_free(list);
	return dirty;
}

/* The author's own time and zone, as git shows it: "2026-11-21T18:20:37+01:00". */
static char *format_author_date(struct arena *arena, const git_time *when)
{
	time_t t = (time_t)when->time + when->offset * 60;
	int offset = when->offset < 0 ? -when->offset : when->offset;
	struct tm tm;
	char text[48];
	size_t len;

	if (gmtime_r(&t, &tm) == NULL)
		return arena_strdup(arena, "");
	len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, sizeof text - len, "%c%02d:%02d", when->offset < 0 ? '-' : '+',
		 offset / 60 % 100, offset % 60);
	return arena_strdup(arena, text);
}

static char *format_now(struct arena *arena)
{
	struct buf text = BUF_INIT;
	struct timespec now;
	char *copy;

	clock_gettime(CLOCK_REALTIME, &now);
	time_format(&text, now.tv_sec * second_ns + now.tv_nsec);
	copy = text.failed ? NULL : arena_strndup(arena, text.data, text.len);
	buf_release(&text);
	return copy;
}

static int describe(struct repository *r, const git_oid *id, struct manifest_git *out,
		    struct arena *arena, struct error *err)
{
	char hex[GIT_OID_HEXSZ + 1];
	git_commit *commit = NULL;
	const char *subject;

	git_oid_tostr(hex, sizeof hex, id);
	if (git_commit_lookup(&commit, r->git, id) < 0)
		return error_set(err, ERR_REFUSED, "%s: commit %.10s, where HEAD was then, is no "
				 "longer in the repository; --force takes the commit of now",
				 r->dir, hex);
	subject = git_commit_summary(commit);
	out->commit = arena_strdup(arena, hex);
	out->author_date = format_author_date(arena, &git_commit_author(commit)->when);
	out->subject = arena_strdup(arena, subject ? subject : "");
	out->tagged_at = format_now(arena);
	out->worktree = r->worktree ? arena_strdup(arena, r->worktree) : NULL;
	git_commit_free(commit);
	if (out->commit == NULL || out->author_date == NULL || out->subject == NULL ||
	    out->tagged_at == NULL || (out->worktree == NULL && r->worktree != NULL))
		return error_nomem(err);
	return 0;
}

static int commit_of_now(struct repository *r, git_oid *id, struct error *err)
{
	int code = git_reference_name_to_id(id, r->git, "HEAD");

	if (code == GIT_ENOTFOUND)
		return error_set(err, ERR_NOT_FOUND, "%s: the repository has no commit yet", r->dir);
	return code < 0 ? git_failed(err, ERR_IO, r->dir) : 0;
}

/* Reading a reflog that is not there would make one. */
static int read_moves(struct repository *r, struct moves *m, const git_oid *now,
		      struct error *err)
{
	if (git_reference_has_log(r->git, "HEAD") == 1 &&
	    git_reflog_read(&m->log, r->git, "HEAD") < 0)
		return git_failed(err, ERR_IO, r->dir);
	m->n = m->log ? git_reflog_entrycount(m->log) : 0;
	if (m->n == 0)
		return refuse(err, r, "HEAD has no reflog");
	if (!git_oid_equal(git_reflog_entry_id_new(entry(m, 0)), now))
		return refuse(err, r, "HEAD's reflog does not lead to where HEAD is");
	m->last_ns = last_move_ns(r, m);
	return 0;
}

static int look_back(struct repository *r, struct moves *m, const git_oid *now,
		     struct manifest_git *out, struct arena *arena, struct error *err)
{
	size_t later;
	git_oid id;

	if (read_moves(r, m, now, err) < 0 || commit_by_reflog(r, m, &id, &later, err) < 0 ||
	    describe(r, &id, out, arena, err) < 0 ||
	    branch_then(r, m, later, out, arena, err) < 0)
		return -1;
	if (later == 0)
		out->dirty = dirty_now(r);
	return 0;
}

int repository_commit_at(struct repository *r, int64_t unix_ns, bool force,
			 struct manifest_git *out, struct arena *arena, struct error *err)
{
	struct moves m = { .log = NULL, .at_ns = unix_ns, .last_ns = -1 };
	git_oid now;
	int rc;

	memset(out, 0, sizeof *out);
	out->dirty = -1;
	if (commit_of_now(r, &now, err) < 0)
		return -1;
	rc = look_back(r, &m, &now, out, arena, err);
	git_reflog_free(m.log);
	if (rc < 0 && force && err->code == ERR_REFUSED) {
		memset(out, 0, sizeof *out);
		rc = describe(r, &now, out, arena, err);
		if (rc == 0)
			rc = branch_now(r, out, arena, err);
		if (rc == 0)
			out->dirty = dirty_now(r);
	}
	if (rc < 0)
		memset(out, 0, sizeof *out);
	return rc;
}
