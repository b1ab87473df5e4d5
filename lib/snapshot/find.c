/* find.c -- archive_find: what the user means by a word on the command line. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "snapshot/archive.h"
#include "snapshot/folder.h"
#include "snapshot/name.h"

static bool is_file_in(const struct folder_list *l, const char *name)
{
	const struct folder_entry *e = folder_list_find(l, name);

	return e != NULL && e->is_file;
}

static int folder_kind(const char *path, enum path_kind *kind, struct error *err)
{
	struct folder_list l;

	if (folder_list_read(&l, path, err) < 0)
		return -1;
	*kind = PATH_ARCHIVE;
	for (size_t i = 0; i < l.n; i++)
		if (l.entries[i].is_folder && snapshot_is_name(l.entries[i].name))
			*kind = PATH_RUN;
	if (is_file_in(&l, "run.json"))
		*kind = PATH_RUN;
	else if (snapshot_is_name(path_base(path)) || is_file_in(&l, "profile.prof") ||
		 is_file_in(&l, "profile.pb.gz") || is_file_in(&l, "profile.kgrind"))
		*kind = PATH_SNAPSHOT;
	folder_list_release(&l);
	return 0;
}

/* `path` is there. */
static int found_at(const char *path, enum path_kind *kind, char **found, struct error *err)
{
	char real[PATH_MAX];
	struct stat st;
	size_t size;

	/* A shell's pipe, /dev/fd/63, is there and has no real path. */
	if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
		return error_set(err, ERR_REFUSED,
				 "%s: neither a folder nor a file; a pipe is read as -, standard input",
				 path);
	if (realpath(path, real) == NULL || stat(real, &st) < 0)
		return error_errno(err, errno, "%s", path);
	if (S_ISDIR(st.st_mode)) {
		if (folder_kind(real, kind, err) < 0)
			return -1;
	} else if (S_ISREG(st.st_mode)) {
		*kind = PATH_FILE;
	} else {
		return error_set(err, ERR_REFUSED, "%s: neither a folder nor a file", path);
	}
	size = strlen(real) + 1;
	*found = mem_alloc(size);
	if (*found == NULL)
		return error_nomem(err);
	memcpy(*found, real, size);
	return 0;
}

/* Whether `what` may be RUN or RUN/SNAPSHOT below an archive: two parts at most,
 * none hidden, so that it stays inside. */
static bool is_inner_name(const char *what)
{
	const char *slash = strchr(what, '/');

	if (*what == '\0' || *what == '.' || *what == '/')
		return false;
	return slash == NULL || (slash[1] != '.' && slash[1] != '\0' && !strchr(slash + 1, '/'));
}

/* Sets *path to "ARCHIVE/WHAT" when it is a folder that no link leads to. */
static int look_below(const char *archive, const char *what, char **path, struct error *err)
{
	char *candidate = path_join(archive, what);
	const char *slash = strchr(what, '/');
	bool is_there = true;

	if (candidate == NULL)
		return error_nomem(err);
	if (slash != NULL) {
		char *inner = strrchr(candidate, '/');

		*inner = '\0';
		is_there = folder_exists(candidate);
		*inner = '/';
	}
	if (is_there && folder_exists(candidate))
		*path = candidate;
	else
		mem_free(candidate);
	return 0;
}

/* A snapshot's name alone: in which of the runs? */
static int look_in_runs(const char *archive, const char *what, char **path, struct error *err)
{
	struct folder_list runs;
	unsigned n = 0;
	int rc = 0;

	if (folder_list_read(&runs, archive, err) < 0)
		return err->code == ERR_NOMEM ? -1 : 0;
	for (size_t i = 0; i < runs.n && rc == 0; i++) {
		const struct folder_entry *e = &runs.entries[i];
		char *run, *hit = NULL;

		if (!e->is_folder || e->name[0] == '.')
			continue;
		run = path_join(archive, e->name);
		rc = run ? look_below(run, what, &hit, err) : error_nomem(err);
		mem_free(run);
		if (hit != NULL) {
			n++;
			mem_free(*path);
			*path = hit;
		}
	}
	folder_list_release(&runs);
	if (rc == 0 && n > 1)
		rc = error_set(err, ERR_REFUSED, "%s: in %u runs; say which as RUN/%s", what, n,
			       what);
	return rc;
}

int archive_find(const char *archive, const char *what, enum path_kind *kind, char **found,
		 struct error *err)
{
	char *path = NULL;
	struct stat st;
	int rc = 0;

	*found = NULL;
	if (*what != '\0' && stat(what, &st) == 0)
		return found_at(what, kind, found, err);
	if (archive != NULL && is_inner_name(what)) {
		rc = look_below(archive, what, &path, err);
		if (rc == 0 && path == NULL && strchr(what, '/') == NULL)
			rc = look_in_runs(archive, what, &path, err);
	}
	if (rc == 0 && path == NULL)
		rc = error_set(err, ERR_NOT_FOUND,
			       "%s: no such snapshot, run or file; `cprof ls` shows what there is", what);
	if (rc == 0)
		rc = found_at(path, kind, found, err);
	mem_free(path);
	return rc;
}
