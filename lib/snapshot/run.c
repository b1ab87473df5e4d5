#include "snapshot/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/localtime.h"
#include "base/mem.h"
#include "snapshot/folder.h"
#include "snapshot/manifest.h"
#include "snapshot/name.h"
#include "snapshot/runfile.h"

/* Two workers that compute their leader's start may differ by what the clock
 * was set meanwhile, and by hours when one has set another time zone (Django
 * does). So a worker looks for its leader's run among the names of a day or so
 * around, and only then makes one; the archive's lock keeps another from making
 * it in between. Where locks do not work both do, under one name: then the
 * rename tells them. */
enum {
	AROUND_S = 27 * 3600, /* time zones reach from -12 to +14 hours */
	RUN_NAME_MAX = 200,
	STAMP_LEN = 19, /* YYYY-mm-dd_HH:MM:SS */
	SUFFIXES_MAX = 10000
};

static int check_name(const char *name, struct error *err)
{
	const char *why = NULL;
	char shown[60];

	if (*name == '\0')
		why = "it is empty";
	else if (*name == '.')
		why = "it begins with a dot";
	else if (strlen(name) > RUN_NAME_MAX)
		why = "it is longer than 200 bytes";
	else if (snapshot_is_name(name))
		why = "it is a snapshot's";
	for (const char *s = name; *s != '\0' && why == NULL; s++)
		if (*s == '/')
			why = "it has a slash";
		else if ((unsigned char)*s < 0x20 || *s == 0x7F)
			why = "it has a control character";
	if (why == NULL)
		return 0;
	snprintf(shown, sizeof shown, "%s", name);
	for (char *s = shown; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7F)
			*s = '?';
	return error_set(err, ERR_REFUSED, "cannot name a run \"%s\": %s", shown, why);
}

static int make_archive(const char *archive, struct error *err)
{
	static const struct bytes all = { (const uint8_t *)"*\n", 2 };
	bool made;
	char *path;
	int rc;

	if (folder_make(archive, &made, err) < 0)
		return -1;
	if (!made)
		return 0;
	path = path_join(archive, ".gitignore");
	if (path == NULL)
		return error_nomem(err);
	rc = file_create(path, all, err);
	mem_free(path);
	return rc < 0 && err->code != ERR_EXISTS ? -1 : 0;
}

/* -1 where locks do not work: see above. */
static int lock_archive(const char *archive)
{
	char *path = path_join(archive, ".lock");
	struct error ignored = ERROR_INIT;
	int lock = path ? folder_lock(path, &ignored) : -1;

	mem_free(path);
	return lock;
}

static char *copy_text(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = mem_alloc(size);

	return copy ? memcpy(copy, s, size) : NULL;
}

static int set_run(struct run *out, const char *archive, const char *name, struct error *err)
{
	out->archive = copy_text(archive);
	out->path = path_join(archive, name);
	out->name = copy_text(name);
	if (out->archive == NULL || out->path == NULL || out->name == NULL) {
		run_release(out);
		return error_nomem(err);
	}
	return 0;
}

void run_release(struct run *run)
{
	mem_free(run->archive);
	mem_free(run->path);
	mem_free(run->name);
	*run = (struct run)RUN_INIT;
}

/* Makes archive/name with its run.json in one step; ERR_EXISTS when it is
 * there. Nothing is left behind on -1. */
static int make_run(const char *archive, const char *name, const struct process *leader,
		    struct error *err)
{
	struct buf text = BUF_INIT;
	char *hidden = NULL, *file = NULL, *path = NULL;
	int rc = -1;

	path = path_join(archive, name);
	if (path == NULL || runfile_write_new(&text, leader, err) < 0) {
		error_nomem(err);
		goto done;
	}
	hidden = folder_make_hidden(archive, "new", err);
	if (hidden == NULL)
		goto done;
	file = path_join(hidden, "run.json");
	if (file == NULL) {
		error_nomem(err);
		goto undo;
	}
	if (file_create(file, buf_bytes(&text), err) < 0)
		goto undo;
	if (folder_rename(hidden, path) == 0) {
		rc = 0;
		goto done;
	}
	error_errno(err, errno, "%s", path);
undo:
	if (file != NULL)
		unlink(file);
	rmdir(hidden);
done:
	buf_release(&text);
	mem_free(hidden);
	mem_free(file);
	mem_free(path);
	return rc;
}

/* ERR_EXISTS of make_run is well when it is a folder. */
static int join_named(const char *archive, const char *name, struct error *err)
{
	char *path = path_join(archive, name);
	bool is_folder;

	if (path == NULL)
		return error_nomem(err);
	is_folder = folder_exists(path);
	mem_free(path);
	if (!is_folder)
		return error_set(err, ERR_EXISTS, "%s/%s: is there, and no folder", archive, name);
	return 0;
}

static int open_named(struct run *out, const char *archive, const char *name,
		      const struct process *leader, struct error *err)
{
	if (make_run(archive, name, leader, err) < 0 &&
	    (err->code != ERR_EXISTS || join_named(archive, name, err) < 0))
		return -1;
	return set_run(out, archive, name, err);
}

/* 1 when archive/name is this leader's, 0 when not, -1 without memory. A process
 * that the system does not tell apart from later ones owns nothing. */
static int is_owned(const char *archive, const char *name, const struct process *leader,
		    struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct error why = ERROR_INIT;
	struct process owner;
	const struct json *doc;
	char *path;
	int rc;

	if (leader->ticks == 0)
		return 0;
	path = path_join(archive, name);
	if (path == NULL)
		return error_nomem(err);
	doc = runfile_read(&arena, path, &why);
	if (doc == NULL && why.code == ERR_NOMEM)
		rc = error_nomem(err);
	else
		rc = runfile_leader(doc, &owner) && process_same(&owner, leader);
	arena_release(&arena);
	mem_free(path);
	return rc;
}

/* The time in a run's name as if it were UTC, or -1. */
static int64_t stamp_seconds(const char *name)
{
	int64_t ns;
	char text[STAMP_LEN + 2];

	if (strlen(name) < STAMP_LEN || name[10] != '_')
		return -1;
	memcpy(text, name, STAMP_LEN);
	text[10] = 'T';
	text[STAMP_LEN] = 'Z';
	text[STAMP_LEN + 1] = '\0';
	return time_parse(text, &ns) < 0 ? -1 : ns / 1000000000;
}

/* Puts the name of this leader's run into `found`, "" when there is none. */
static int find_owned(const char *archive, const struct process *leader, char *found,
		      struct error *err)
{
	struct folder_list list;
	int rc = 0;

	found[0] = '\0';
	if (folder_list_read(&list, archive, err) < 0)
		return -1;
	for (size_t i = 0; i < list.n && rc == 0; i++) {
		const struct folder_entry *e = &list.entries[i];
		int64_t at = e->is_folder ? stamp_seconds(e->name) : -1;
		int64_t apart = at - leader->start_ns / 1000000000;

		if (at < 0 || strlen(e->name) > RUN_NAME_MAX || apart < -AROUND_S || apart > AROUND_S)
			continue;
		rc = is_owned(archive, e->name, leader, err);
		if (rc > 0)
			memcpy(found, e->name, strlen(e->name) + 1);
	}
	folder_list_release(&list);
	return rc < 0 ? -1 : 0;
}

static int stamp_name(char *out, size_t size, const struct process *leader, struct error *err)
{
	struct tm tm;

	/* Not strftime(), which takes the lock that localtime.h is about. */
	if (!localtime_get((time_t)(leader->start_ns / 1000000000), &tm) ||
	    snprintf(out, size, "%04d-%02d-%02d_%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
		     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec) != STAMP_LEN)
		return error_set(err, ERR_IO, "the clock shows no time a run could be named by");
	return 0;
}

static int open_by_leader(struct run *out, const char *archive, const struct process *leader,
			  struct error *err)
{
	char stamp[STAMP_LEN + 1], name[RUN_NAME_MAX + 1];

	if (find_owned(archive, leader, name, err) < 0)
		return -1;
	if (name[0] != '\0')
		return set_run(out, archive, name, err);
	if (stamp_name(stamp, sizeof stamp, leader, err) < 0)
		return -1;
	for (int i = 1; i < SUFFIXES_MAX; i++) {
		int owned;

		if (i == 1)
			snprintf(name, sizeof name, "%s", stamp);
		else
			snprintf(name, sizeof name, "%s.%d", stamp, i);
		if (make_run(archive, name, leader, err) == 0)
			return set_run(out, archive, name, err);
		if (err->code != ERR_EXISTS)
			return -1;
		owned = is_owned(archive, name, leader, err);
		if (owned != 0)
			return owned < 0 ? -1 : set_run(out, archive, name, err);
	}
	return -1;
}

int run_open(struct run *out, const char *archive, const char *name, struct error *err)
{
	struct process leader;
	int lock, rc;

	*out = (struct run)RUN_INIT;
	if (name != NULL && check_name(name, err) < 0)
		return -1;
	if (make_archive(archive, err) < 0)
		return -1;
	process_leader(&leader);
	lock = lock_archive(archive);
	if (name != NULL)
		rc = open_named(out, archive, name, &leader, err);
	else
		rc = open_by_leader(out, archive, &leader, err);
	folder_unlock(lock);
	return rc;
}

int run_restore(const struct run *run, struct error *err)
{
	struct process leader;

	if (folder_exists(run->path))
		return 0;
	if (make_archive(run->archive, err) < 0)
		return -1;
	process_leader(&leader);
	if (make_run(run->archive, run->name, &leader, err) < 0)
		return err->code == ERR_EXISTS ? join_named(run->archive, run->name, err) : -1;
	return 0;
}

/* What is new in run.json. */
struct change {
	const struct run_counts *counts; /* NULL: the outcome */
	enum run_outcome outcome;
};

static int write_changed(struct buf *text, const struct json *doc, const struct change *change,
			 struct error *err)
{
	enum run_outcome outcome = change->outcome;
	struct process self;

	if (change->counts != NULL) {
		process_self(&self);
		return runfile_write_row(text, doc, &self, change->counts, err);
	}
	if (outcome != RUN_UNKNOWN && runfile_outcome(doc) == RUN_FAILED)
		outcome = RUN_FAILED;
	return runfile_write_outcome(text, doc, outcome, err);
}

static int change_locked(const char *run_folder, const struct change *change, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT;
	const struct json *doc;
	int rc = -1;

	/* What is no run.json is replaced, but not what only now cannot be read. */
	doc = runfile_read(&arena, run_folder, err);
	if (doc == NULL && (err->code == ERR_NOMEM || err->code == ERR_IO))
		goto done;
	if (write_changed(&text, doc, change, err) == 0)
		rc = folder_write_file(run_folder, "run.json", buf_bytes(&text), err);
done:
	buf_release(&text);
	arena_release(&arena);
	return rc;
}

static int lock_run(const char *run_folder, struct error *err)
{
	char *path = path_join(run_folder, ".lock");
	int lock = path ? folder_lock(path, err) : error_nomem(err);

	mem_free(path);
	return lock;
}

int run_count(const struct run *run, const struct run_counts *counts, struct error *err)
{
	const struct change change = { .counts = counts };
	int rc, lock = lock_run(run->path, err);

	if (lock < 0 && err->code == ERR_NOT_FOUND && run_restore(run, err) == 0)
		lock = lock_run(run->path, err);
	if (lock < 0)
		return -1;
	rc = change_locked(run->path, &change, err);
	folder_unlock(lock);
	return rc;
}

int run_set_outcome(const char *run_folder, enum run_outcome outcome, struct error *err)
{
	const struct change change = { .outcome = outcome };
	int rc, lock = lock_run(run_folder, err);

	if (lock < 0)
		return -1;
	rc = change_locked(run_folder, &change, err);
	folder_unlock(lock);
	return rc;
}
