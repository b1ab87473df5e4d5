#include "snapshot/write.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "format/callgrind.h"
#include "format/callstack.h"
#include "format/pprof.h"
#include "format/pstats.h"
#include "snapshot/folder.h"
#include "snapshot/name.h"

enum {
	TAKEN_MAX = 1 << 24,  /* snapshots of one name in a run */
	NEAR = 8,             /* of them looked for one by one, before by halves */
	ATTEMPTS = 4          /* when somebody makes our folder, or deletes the run */
};

static const struct {
	const char *name;
	int (*write)(struct buf *out, const struct profile *p, const struct format_info *info,
		     struct error *err);
} files[] = {
	/* First: callstack.txt shows its time of modification. */
	{ "profile.prof", pstats_write },
	{ "callstack.txt", callstack_write },
	{ "profile.kgrind", callgrind_write },
	{ "profile.pb.gz", pprof_write },
};

enum { NFILES = sizeof files / sizeof files[0], PATH_ROOM = 32 };

static const char manifest_name[] = "snapshot.json";

/* A snapshot on its way. All paths are made before the first folder, so that
 * undoing needs neither memory nor a file descriptor. */
struct draft {
	const struct run *run;
	const char *base;   /* the name without ".2" */
	char *name;         /* with it */
	char *folder;       /* run/NAME */
	char *hidden;       /* run/.NAME */
	char *file;         /* run/.NAME/FILE, and room for the longest */
	size_t file_at;     /* where FILE goes */
	uint64_t size;
	time_t mtime;       /* of profile.prof */
};

static void set_name(struct draft *d, unsigned count)
{
	char *end = d->name + strlen(d->base);
	size_t dir = strlen(d->run->path) + 1;

	memcpy(d->name, d->base, strlen(d->base) + 1);
	if (count > 1)
		snprintf(end, 16, ".%u", count);
	strcpy(d->folder + dir, d->name);
	d->hidden[dir] = '.';
	strcpy(d->hidden + dir + 1, d->name);
	strcpy(d->file, d->hidden);
	d->file_at = strlen(d->file);
	d->file[d->file_at++] = '/';
}

static int draft_init(struct draft *d, const struct run *run, const char *base,
		      struct error *err)
{
	size_t dir = strlen(run->path) + 1;
	size_t size = dir + strlen(base) + PATH_ROOM;

	*d = (struct draft){ .run = run, .base = base };
	d->name = mem_alloc(size);
	d->folder = mem_alloc(size);
	d->hidden = mem_alloc(size);
	d->file = mem_alloc(size + PATH_ROOM);
	if (d->name == NULL || d->folder == NULL || d->hidden == NULL || d->file == NULL)
		return error_nomem(err);
	memcpy(d->folder, run->path, dir - 1);
	memcpy(d->hidden, run->path, dir - 1);
	d->folder[dir - 1] = d->hidden[dir - 1] = '/';
	set_name(d, 1);
	return 0;
}

static void draft_release(struct draft *d)
{
	mem_free(d->name);
	mem_free(d->folder);
	mem_free(d->hidden);
	mem_free(d->file);
}

static const char *file_path(struct draft *d, const char *name)
{
	strcpy(d->file + d->file_at, name);
	return d->file;
}

/* By name, not by listing the folder: that takes a file descriptor, and having
 * none left may be why we are here. */
static void undo(struct draft *d)
{
	for (size_t i = 0; i < NFILES; i++)
		unlink(file_path(d, files[i].name));
	unlink(file_path(d, manifest_name));
	rmdir(d->hidden);
}

static bool is_taken(struct draft *d, unsigned count)
{
	struct stat st;

	set_name(d, count);
	return lstat(d->folder, &st) == 0 || lstat(d->hidden, &st) == 0;
}

/* The next count worth trying after `count`, which is taken. A fast route has
 * ten thousand snapshots of one name: they are skipped by doubling, then by
 * halves. Gaps, where old ones were deleted, do no harm: any free one will do. */
static unsigned next_free(struct draft *d, unsigned count)
{
	unsigned taken = count, free_one;

	for (unsigned i = 0; i < NEAR; i++)
		if (!is_taken(d, ++taken))
			return taken;
	free_one = taken * 2;
	while (free_one < TAKEN_MAX && is_taken(d, free_one)) {
		taken = free_one;
		free_one *= 2;
	}
	while (free_one - taken > 1) {
		unsigned middle = taken + (free_one - taken) / 2;

		if (is_taken(d, middle))
			taken = middle;
		else
			free_one = middle;
	}
	return free_one;
}

/* Reserves a name by making the hidden folder. */
static int reserve(struct draft *d, struct error *err)
{
	struct stat st;
	unsigned count = 1;
	bool restored = false;

	while (count < TAKEN_MAX) {
		set_name(d, count);
		if (lstat(d->folder, &st) == 0) {
			/* The usual case of a fast route, seen without making and
			 * removing a folder: ext4 then looks for inodes slowly. */
		} else if (mkdir(d->hidden, 0700) == 0) {
			if (lstat(d->folder, &st) < 0)
				return 0;
			rmdir(d->hidden);
		} else if (errno == ENOENT && !restored) {
			/* The run folder was deleted while the server runs. */
			if (run_restore(d->run, err) < 0)
				return -1;
			restored = true;
			continue;
		} else if (errno != EEXIST) {
			return error_errno(err, errno, "%s", d->hidden);
		}
		count = next_free(d, count);
	}
	return error_set(err, ERR_EXISTS, "%s: too many of this name", d->folder);
}

/* Whole seconds, as pstats shows them, and read back: a file system may have
 * coarser ones still. */
static int set_time(struct draft *d, const char *path, struct error *err)
{
	struct timespec times[2] = { { time(NULL), 0 }, { 0, 0 } };
	struct stat st;

	times[1] = times[0];
	if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) < 0 || lstat(path, &st) < 0)
		return error_errno(err, errno, "%s", path);
	d->mtime = st.st_mtime;
	return 0;
}

/* profile.prof as it is typed where the archive's folder lies in:
 * "profiling/2026-11-21_18:20:37/GET.root.000738ms/profile.prof". */
static void add_typed_path(struct buf *out, const struct draft *d)
{
	char real[PATH_MAX];
	const char *archive = realpath(d->run->archive, real) ? path_base(real) : "";

	buf_printf(out, "%s%s%s/%s/%s", archive, *archive ? "/" : "", d->run->name, d->name,
		   files[0].name);
}

static int write_file(struct draft *d, const char *name, const struct buf *content,
		      struct error *err)
{
	if (file_create(file_path(d, name), buf_bytes(content), err) < 0)
		return -1;
	d->size += content->len;
	return 0;
}

static int write_profile(struct draft *d, const struct profile *p, const struct manifest *m,
			 struct buf *content, struct error *err)
{
	struct buf path = BUF_INIT, command = BUF_INIT;
	struct format_info info = { .time_ns = m->start_ns, .duration_ns = m->wall_ns,
				    .pid = m->pid };
	int rc = -1;

	add_typed_path(&path, d);
	buf_printf(&command, "%s %s", m->method ? m->method : "", m->route ? m->route : "");
	info.path = buf_str(&path);
	info.command = buf_str(&command);
	if (path.failed || command.failed) {
		error_nomem(err);
		goto done;
	}
	for (size_t i = 0; i < NFILES; i++) {
		buf_clear(content);
		info.mtime = d->mtime;
		if (files[i].write(content, p, &info, err) < 0) {
			error_prefix(err, "%s: ", files[i].name);
			goto done;
		}
		if (write_file(d, files[i].name, content, err) < 0)
			goto done;
		if (i == 0 && set_time(d, file_path(d, files[0].name), err) < 0)
			goto done;
	}
	rc = 0;
done:
	buf_release(&path);
	buf_release(&command);
	return rc;
}

static int write_all(struct draft *d, const struct profile *p, const struct manifest *m,
		     struct error *err)
{
	struct buf content = BUF_INIT;
	int rc = -1;

	d->size = 0;
	d->mtime = 0;
	if (write_profile(d, p, m, &content, err) < 0)
		goto done;
	buf_clear(&content);
	if (manifest_write(&content, m, err) < 0)
		goto done;
	rc = write_file(d, manifest_name, &content, err);
done:
	buf_release(&content);
	return rc;
}

/* 0: written. 1: the name was taken, or the run deleted, under our hands. */
static int attempt(struct draft *d, const struct profile *p, const struct manifest *m,
		   struct error *err)
{
	if (reserve(d, err) < 0)
		return -1;
	if (write_all(d, p, m, err) == 0) {
		if (folder_rename(d->hidden, d->folder) == 0)
			return 0;
		error_errno(err, errno, "%s", d->folder);
	}
	undo(d);
	return err->code == ERR_EXISTS || err->code == ERR_NOT_FOUND ? 1 : -1;
}

int snapshot_write(const struct run *run, const struct profile *p, const struct manifest *m,
		   struct buf *path, uint64_t *size, struct error *err)
{
	struct buf name = BUF_INIT;
	struct draft d = { .run = NULL };
	int rc = -1;

	snapshot_name(&name, m->method, m->route, m->route_is_template,
		      (m->wall_ns + 500000) / 1000000);
	if (draft_init(&d, run, buf_str(&name), err) < 0 || name.failed) {
		error_nomem(err);
		goto done;
	}
	/* All that may fail for want of memory comes before the rename. */
	if (!buf_reserve(path, strlen(run->path) + name.len + PATH_ROOM)) {
		error_nomem(err);
		goto done;
	}
	for (int i = 0; i < ATTEMPTS && (rc = attempt(&d, p, m, err)) > 0; i++)
		;
	if (rc != 0) {
		rc = -1;
		goto done;
	}
	buf_adds(path, d.folder);
	*size = d.size;
done:
	draft_release(&d);
	buf_release(&name);
	return rc;
}

int snapshot_replace_file(const char *snapshot, const char *name, struct bytes content,
			  struct error *err)
{
	if (*name == '\0' || *name == '.' || strchr(name, '/') != NULL)
		return error_set(err, ERR_REFUSED, "no file of a snapshot is called that");
	return folder_write_file(snapshot, name, content, err);
}
