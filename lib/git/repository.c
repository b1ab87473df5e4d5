#include "git/repository.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "git/handle.h"

/* libgit2's own words for what it refused, in the form of ours. */
int git_failed(struct error *err, enum error_code code, const char *what)
{
	const git_error *e = git_error_last();

	return error_set(err, code, "%s: %s", what,
			 e != NULL && e->message != NULL ? e->message : "git gives no reason");
}

/* Before 1.6 libgit2 says of another user's repository that it did not find
 * safe.directory in the configuration, where nothing is set there. */
static bool is_owner_trouble(int code)
{
	const git_error *e = git_error_last();

	return code == GIT_EOWNER ||
	       (code == GIT_ENOTFOUND && e != NULL && e->klass == GIT_ERROR_CONFIG);
}

static int set_open_error(struct error *err, int code, const char *dir)
{
	struct stat st;

	if (stat(dir, &st) < 0)
		return error_set(err, ERR_NOT_FOUND, "%s: no such folder", dir);
	if (!is_owner_trouble(code) && code == GIT_ENOTFOUND)
		return error_set(err, ERR_NOT_FOUND,
				 "%s: not in a git repository; name one with --repo", dir);
	if (is_owner_trouble(code))
		return error_set(err, ERR_REFUSED, "%s: the repository is another user's; if you "
				 "trust it: git config --global --add safe.directory DIR", dir);
	return git_failed(err, ERR_IO, dir);
}

/* libgit2 ends its paths in a slash. */
static int set_worktree(struct repository *r, struct error *err)
{
	const char *path = git_repository_workdir(r->git);
	size_t len;

	if (path == NULL)
		return 0;
	r->worktree = path_join(path, "");
	if (r->worktree == NULL)
		return error_nomem(err);
	len = strlen(r->worktree);
	while (len > 1 && r->worktree[len - 1] == '/')
		r->worktree[--len] = '\0';
	return 0;
}

struct repository *repository_open(const char *dir, struct error *err)
{
	struct repository *r = mem_zalloc(sizeof *r);
	char *copy = path_join(dir, "");
	int code;

	if (r == NULL || copy == NULL) {
		error_nomem(err);
		goto fail;
	}
	if (git_libgit2_init() < 0) {
		git_failed(err, ERR_IO, dir);
		goto fail;
	}
	code = git_repository_open_ext(&r->git, dir, 0, NULL);
	if (code < 0)
		set_open_error(err, code, dir);
	else if (set_worktree(r, err) == 0) {
		r->dir = copy;
		return r;
	}
	git_repository_free(r->git);
	git_libgit2_shutdown();
fail:
	mem_free(r);
	mem_free(copy);
	return NULL;
}

void repository_close(struct repository *r)
{
	if (r == NULL)
		return;
	git_repository_free(r->git);
	mem_free(r->dir);
	mem_free(r->worktree);
	mem_free(r);
	git_libgit2_shutdown();
}

const char *repository_worktree(const struct repository *r)
{
	return r->worktree;
}
