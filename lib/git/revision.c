#include "git/revision.h"

#include <stdio.h>
#include <string.h>

#include "git/ancestry.h"

static const char *hex_of(struct arena *arena, const git_oid *id, struct error *err)
{
	char hex[GIT_OID_HEXSZ + 1];
	const char *copy = arena_strdup(arena, git_oid_tostr(hex, sizeof hex, id));

	if (copy == NULL)
		error_nomem(err);
	return copy;
}

static int refuse_name(struct repository *r, const char *name, int code, struct error *err)
{
	if (git_repository_head_unborn(r->git) == 1)
		return error_set(err, ERR_NOT_FOUND, "%s: the repository has no commit yet", r->dir);
	if (code == GIT_ENOTFOUND)
		return error_set(err, ERR_NOT_FOUND, "%s: no such revision%s", name, shallow_hint(r));
	if (code == GIT_EAMBIGUOUS)
		return error_set(err, ERR_REFUSED, "%s: more than one commit begins so; give more "
				 "digits", name);
	if (code == GIT_EINVALIDSPEC)
		return error_set(err, ERR_NOT_FOUND, "%s: not a revision (a branch, a tag, a commit, "
				 "HEAD~3)", name);
	return git_failed(err, ERR_IO, name);
}

/* A fresh clone has one branch of its own; the others are the remote's. */
static int parse(git_object **object, struct repository *r, const char *name, struct error *err)
{
	git_reference *remote = NULL;
	char full[300];
	int n, code = git_revparse_single(object, r->git, name);

	if (code == 0)
		return 0;
	n = snprintf(full, sizeof full, "refs/remotes/origin/%s", name);
	if (code == GIT_ENOTFOUND && n > 0 && (size_t)n < sizeof full &&
	    git_reference_lookup(&remote, r->git, full) == 0 &&
	    git_reference_peel(object, remote, GIT_OBJECT_COMMIT) == 0) {
		git_reference_free(remote);
		return 0;
	}
	git_reference_free(remote);
	return refuse_name(r, name, code, err);
}

const char *revision_commit(struct repository *r, const char *name, struct arena *arena,
			    struct error *err)
{
	git_object *object = NULL, *commit = NULL;
	const char *hex = NULL;

	if (parse(&object, r, name, err) < 0)
		return NULL;
	if (git_object_peel(&commit, object, GIT_OBJECT_COMMIT) < 0)
		error_set(err, ERR_NOT_FOUND, "%s: names no commit", name);
	else
		hex = hex_of(arena, git_object_id(commit), err);
	git_object_free(commit);
	git_object_free(object);
	return hex;
}

/* No name of a revision holds "..", begins or ends with "/": "../x" is a path. */
static bool split_range(const char *text, size_t *left, const char **right, bool *from_base)
{
	const char *dots = strstr(text, "..");

	if (dots == NULL)
		return false;
	*left = (size_t)(dots - text);
	*from_base = dots[2] == '.';
	*right = dots + (*from_base ? 3 : 2);
	if (*left == 0 && **right == '\0')
		return false;
	if (strstr(*right, "..") != NULL || **right == '.' || **right == '/')
		return false;
	return *left == 0 || dots[-1] != '/';
}

int revision_range(struct repository *r, const char *text, bool *is_range, const char **from,
		   const char **to, struct arena *arena, struct error *err)
{
	const char *right, *left;
	size_t len;
	bool from_base;

	*is_range = split_range(text, &len, &right, &from_base);
	if (!*is_range)
		return 0;
	left = len == 0 ? "HEAD" : arena_strndup(arena, text, len);
	if (left == NULL)
		return error_nomem(err);
	*from = revision_commit(r, left, arena, err);
	if (*from == NULL)
		return -1;
	*to = revision_commit(r, *right == '\0' ? "HEAD" : right, arena, err);
	if (*to == NULL)
		return -1;
	if (from_base)
		*from = revision_merge_base(r, *from, *to, arena, err);
	return *from == NULL ? -1 : 0;
}

static int add_by_hex(struct ancestry *a, const char *hex, unsigned marks, struct error *err)
{
	git_oid id;

	if (git_oid_fromstr(&id, hex) < 0)
		return error_set(err, ERR_FORMAT, "%.80s: not a commit's name", hex);
	return ancestry_add(a, &id, marks, err);
}

/* As git does it: what is found from both sides is a result, and what is below a
 * result is stale; when only stale ones wait, no better one can come. */
enum { FROM_A = 1, FROM_B = 2, STALE = 4, RESULT = 8 };

static bool only_stale_wait(const struct ancestry *a)
{
	for (size_t i = 0; i < a->nheap; i++)
		if (!(a->all[a->heap[i]].marks & STALE))
			return false;
	return true;
}

static int mark_parents(struct ancestry *a, uint32_t i, unsigned marks, struct error *err)
{
	git_commit *commit = NULL;
	int rc;

	if (git_commit_lookup(&commit, a->repo->git, &a->all[i].id) < 0)
		return git_failed(err, ERR_IO, a->repo->dir);
	rc = ancestry_add_parents(a, commit, marks, err);
	git_commit_free(commit);
	return rc;
}

static int paint(struct ancestry *a, struct error *err)
{
	while (!only_stale_wait(a)) {
		uint32_t i = (uint32_t)ancestry_next(a);
		unsigned marks = a->all[i].marks & (FROM_A | FROM_B | STALE);

		if (marks == (FROM_A | FROM_B)) {
			a->all[i].marks |= RESULT;
			marks |= STALE;
		}
		if (mark_parents(a, i, marks, err) < 0)
			return -1;
	}
	return 0;
}

static const struct ancestor *newest_result(const struct ancestry *a)
{
	const struct ancestor *best = NULL;

	for (size_t i = 0; i < a->n; i++)
		if ((a->all[i].marks & (RESULT | STALE)) == RESULT &&
		    (best == NULL || a->all[i].time > best->time))
			best = &a->all[i];
	return best;
}

const char *revision_merge_base(struct repository *r, const char *a, const char *b,
				struct arena *arena, struct error *err)
{
	const struct ancestor *best;
	const char *hex = NULL;
	struct ancestry all;

	if (ancestry_init(&all, r, err) < 0)
		return NULL;
	if (add_by_hex(&all, a, FROM_A, err) < 0 || add_by_hex(&all, b, FROM_B, err) < 0 ||
	    paint(&all, err) < 0)
		goto done;
	best = newest_result(&all);
	if (best != NULL)
		hex = hex_of(arena, &best->id, err);
	else
		error_set(err, ERR_NOT_FOUND, "%.10s and %.10s have no commit in common%s", a, b,
			  shallow_hint(r));
done:
	ancestry_release(&all);
	return hex;
}

int revision_walk(struct repository *r, const char *commit, size_t limit,
		  bool (*visit)(void *arg, const char *commit, const char *subject,
				int64_t time_s), void *arg, bool *shallow, struct error *err)
{
	char hex[GIT_OID_HEXSZ + 1];
	struct ancestry a;
	bool go_on = true;
	int64_t i;
	int rc = -1;

	if (shallow != NULL)
		*shallow = false;
	if (ancestry_init(&a, r, err) < 0)
		return -1;
	if (add_by_hex(&a, commit, 0, err) < 0)
		goto done;
	for (size_t n = 0; go_on && (limit == 0 || n < limit); n++) {
		git_commit *c = NULL;
		const char *subject;
		int failed;

		i = ancestry_next(&a);
		if (i == ANCESTRY_END)
			break;
		if (git_commit_lookup(&c, r->git, &a.all[i].id) < 0) {
			git_failed(err, ERR_IO, r->dir);
			goto done;
		}
		subject = git_commit_summary(c);
		git_oid_tostr(hex, sizeof hex, git_commit_id(c));
		go_on = visit(arg, hex, subject ? subject : "", git_commit_time(c));
		failed = go_on ? ancestry_add_parents(&a, c, 0, err) : 0;
		git_commit_free(c);
		if (failed < 0)
			goto done;
	}
	if (shallow != NULL)
		*shallow = a.met_border;
	rc = 0;
done:
	ancestry_release(&a);
	return rc;
}
