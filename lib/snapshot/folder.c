#include "snapshot/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum {
	REMOVE_DEPTH = 16,  /* a snapshot has one level; each costs an open folder */
	LOCK_TRIES = 100,
	LOCK_WAIT_NS = 10000000,
	HIDDEN_TRIES = 1000
};

static const char hidden_prefix[] = ".cprof-";

/* Tells the hidden names of the threads of a process apart. */
static atomic_uint hidden_counter;

static int64_t stat_mtime_ns(const struct stat *st)
{
#ifdef __APPLE__
	return (int64_t)st->st_mtimespec.tv_sec * 1000000000 + st->st_mtimespec.tv_nsec;
#else
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
#endif
}

static int by_name(const void *a, const void *b)
{
	const struct folder_entry *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static int add_entry(struct folder_list *l, const char *name, const struct stat *st)
{
	struct folder_entry *grown = mem_grow(l->entries, &l->cap, l->n + 1, sizeof *grown);
	char *copy = arena_strdup(&l->arena, name);

	if (grown != NULL)
		l->entries = grown;
	if (grown == NULL || copy == NULL)
		return -1;
	grown[l->n++] = (struct folder_entry){ copy, S_ISDIR(st->st_mode), S_ISREG(st->st_mode),
					       st->st_size > 0 ? (uint64_t)st->st_size : 0,
					       stat_mtime_ns(st) };
	return 0;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int read_entries(struct folder_list *out, DIR *dir, const char *path, struct error *err)
{
	for (;;) {
		struct dirent *e;
		struct stat st;

		errno = 0;
		e = readdir(dir);
		if (e == NULL)
			return errno == 0 ? 0 : error_errno(err, errno, "%s", path);
		if (is_dots(e->d_name))
			continue;
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (add_entry(out, e->d_name, &st) < 0)
			return error_nomem(err);
	}
}

int folder_list_read(struct folder_list *out, const char *path, struct error *err)
{
	DIR *dir = opendir(path);
	int rc;

	*out = (struct folder_list)FOLDER_LIST_INIT;
	if (dir == NULL)
		return error_errno(err, errno, "%s", path);
	rc = read_entries(out, dir, path, err);
	closedir(dir);
	if (rc < 0)
		folder_list_release(out);
	else if (out->n != 0)
		qsort(out->entries, out->n, sizeof *out->entries, by_name);
	return rc;
}

const struct folder_entry *folder_list_find(const struct folder_list *l, const char *name)
{
	struct folder_entry key = { .name = name };

	return l->n ? bsearch(&key, l->entries, l->n, sizeof key, by_name) : NULL;
}

void folder_list_release(struct folder_list *l)
{
	mem_free(l->entries);
	arena_release(&l->arena);
	*l = (struct folder_list)FOLDER_LIST_INIT;
}

bool folder_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int64_t folder_mtime_ns(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 ? stat_mtime_ns(&st) : 0;
}

/* Makes one level. That another process was first is as good. */
static int make_level(const char *path, bool *made, struct error *err)
{
	struct stat st;

	*made = mkdir(path, 0700) == 0;
	if (*made)
		return 0;
	if (errno != EEXIST)
		return error_errno(err, errno, "%s", path);
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return error_set(err, ERR_EXISTS, "%s: is there, and no folder", path);
	return 0;
}

int folder_make(const char *path, bool *made, struct error *err)
{
	char *copy;
	struct stat st;
	int rc = 0;

	*made = false;
	if (*path == '\0')
		return error_set(err, ERR_NOT_FOUND, "the name of the folder is empty");
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	copy = path_join(path, "");
	if (copy == NULL)
		return error_nomem(err);
	for (char *p = copy + 1; *p != '\0' && rc == 0; p++) {
		if (*p != '/' || p[-1] == '/')
			continue;
		*p = '\0';
		/* A level that is there may be one we could not make. */
		if (stat(copy, &st) < 0 || !S_ISDIR(st.st_mode))
			rc = make_level(copy, made, err);
		*p = '/';
	}
	mem_free(copy);
	return rc;
}

/* "DIR/.cprof-WHAT.PID.N", new in this process; an earlier one of its pid may
 * have left such a name. */
static char *hidden_path(const char *dir, const char *what)
{
	char name[80];

	snprintf(name, sizeof name, "%s%s.%ld.%u", hidden_prefix, what, (long)getpid(),
		 atomic_fetch_add(&hidden_counter, 1) + 1);
	return path_join(dir, name);
}

char *folder_make_hidden(const char *dir, const char *what, struct error *err)
{
	for (int i = 0; i < HIDDEN_TRIES; i++) {
		char *path = hidden_path(dir, what);

		if (path == NULL) {
			error_nomem(err);
			return NULL;
		}
		if (mkdir(path, 0700) == 0)
			return path;
		error_errno(err, errno, "%s", path);
		mem_free(path);
		if (err->code != ERR_EXISTS)
			return NULL;
	}
	return NULL;
}

char *folder_hide(const char *dir, const char *name, struct error *err)
{
	char *from = path_join(dir, name);
	char *to = NULL;

	if (from == NULL) {
		error_nomem(err);
		return NULL;
	}
	for (int i = 0; i < HIDDEN_TRIES; i++) {
		to = hidden_path(dir, "gone");
		if (to == NULL) {
			error_nomem(err);
			break;
		}
		if (folder_rename(from, to) == 0)
			break;
		error_errno(err, errno, "%s", from);
		mem_free(to);
		to = NULL;
		if (err->code != ERR_EXISTS)
			break;
	}
	mem_free(from);
	return to;
}

bool folder_is_hidden_of_ours(const char *name)
{
	return strncmp(name, hidden_prefix, sizeof hidden_prefix - 1) == 0;
}

int folder_rename_checked(const char *from, const char *to)
{
	struct stat st;

	if (lstat(to, &st) == 0) {
		errno = EEXIST;
		return -1;
	}
	if (rename(from, to) == 0)
		return 0;
	if (errno == ENOTEMPTY || errno == ENOTDIR)
		errno = EEXIST;
	return -1;
}

int folder_rename(const char *from, const char *to)
{
#if defined(__APPLE__)
	if (renamex_np(from, to, RENAME_EXCL) == 0)
		return 0;
	if (errno != ENOTSUP && errno != EINVAL)
		return -1;
#elif defined(RENAME_NOREPLACE)
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
		return 0;
	/* EINVAL: this file system cannot, NFS for one. */
	if (errno != EINVAL && errno != ENOSYS && errno != EPERM)
		return -1;
#endif
	return folder_rename_checked(from, to);
}

static int remove_in(int parent, const char *name, int depth);

static int remove_entries(int fd, int depth)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;
	int errnum = 0;

	if (dir == NULL) {
		close(fd);
		return -1;
	}
	while ((e = readdir(dir)) != NULL)
		if (!is_dots(e->d_name) && remove_in(dirfd(dir), e->d_name, depth) < 0)
			errnum = errno;
	closedir(dir);
	errno = errnum;
	return errnum == 0 ? 0 : -1;
}

/* By descriptor: a folder that is swapped for a link meanwhile leads nowhere. */
static int remove_in(int parent, const char *name, int depth)
{
	int fd;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (depth == REMOVE_DEPTH) {
		errno = ELOOP;
		return -1;
	}
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || remove_entries(fd, depth + 1) < 0)
		return -1;
	return unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

int folder_remove(const char *path)
{
	return remove_in(AT_FDCWD, path, 0);
}

int folder_read_file(struct buf *out, const char *path, size_t max, struct error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return error_errno(err, errno, "%s", path);
	if (S_ISLNK(st.st_mode))
		return error_set(err, ERR_REFUSED, "%s: a symbolic link in an archive", path);
	return file_read(out, path, max, err);
}

int folder_write_file(const char *dir, const char *name, struct bytes content,
		      struct error *err)
{
	char *from = hidden_path(dir, "file");
	char *to = path_join(dir, name);
	int rc = -1;

	if (from == NULL || to == NULL) {
		error_nomem(err);
		goto done;
	}
	unlink(from);
	if (file_create(from, content, err) < 0)
		goto done;
	if (rename(from, to) < 0) {
		error_errno(err, errno, "%s", to);
		unlink(from);
		goto done;
	}
	rc = 0;
done:
	mem_free(from);
	mem_free(to);
	return rc;
}

int folder_new_file(const char *dir, char **path, struct error *err)
{
	int fd;

	*path = hidden_path(dir, "file");
	if (*path == NULL)
		return error_nomem(err);
	unlink(*path);
	fd = open(*path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		error_errno(err, errno, "%s", *path);
		mem_free(*path);
		*path = NULL;
	}
	return fd;
}

int folder_lock(const char *path, struct error *err)
{
	const struct timespec wait = { 0, LOCK_WAIT_NS };
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return fd;
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		nanosleep(&wait, NULL);
	}
	if (errno == EWOULDBLOCK || errno == EINTR)
		error_set(err, ERR_IO, "%s: another process holds the lock", path);
	else
		error_errno(err, errno, "%s", path);
	close(fd);
	return -1;
}

/* Unlocked by name: a child forked meanwhile holds the same open file. */
void folder_unlock(int lock)
{
	if (lock < 0)
		return;
	flock(lock, LOCK_UN);
	close(lock);
}
