/* retention.c -- archive_trim: the oldest snapshots make room.
 *
 * A snapshot's age is that of profile.prof, the one file that nothing rewrites;
 * reading every manifest would cost a web server's thread too much. Several
 * processes of one server may trim at once: each snapshot is taken away by the
 * one whose rename comes first, the others find it gone and go on.
 *
 * Trap: an archive may be a folder with other things in it ("directory=."), so
 * only names that cprof itself makes are touched.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "snapshot/archive.h"
#include "snapshot/folder.h"
#include "snapshot/name.h"
#include "snapshot/runfile.h"

static const int64_t second_ns = 1000000000;

enum { YOUNG_S = 60, LEFTOVER_S = 3600, ABANDONED_S = 24 * 3600 };

struct old_run {
	char *path;
	const char *name;
	struct folder_list entries;
	int64_t oldest_ns; /* of its snapshots; INT64_MAX: it has none */
};

struct old_snapshot {
	size_t run; /* an index until the list is whole and sorted */
	const char *name;
	uint64_t size;
	int64_t written_ns, run_ns;
};

struct trim {
	const char *archive;
	int64_t now_ns;
	uint64_t bytes;
	struct folder_list entries;
	struct old_run *runs;
	size_t nruns, runs_cap;
	struct old_snapshot *snapshots;
	size_t nsnapshots, snapshots_cap;
};

static bool is_older(const struct trim *t, int64_t then_ns, int64_t seconds)
{
	return t->now_ns - then_ns > seconds * second_ns;
}

/* The bytes of a folder's files and the age of its profile. Temporary files of
 * processes that died go. */
static int look_into(const struct trim *t, const char *path, uint64_t *size,
		     int64_t *written_ns, struct error *err)
{
	struct folder_list files;
	const struct folder_entry *profile;

	*size = 0;
	*written_ns = folder_mtime_ns(path);
	if (folder_list_read(&files, path, err) < 0)
		return err->code == ERR_NOMEM ? -1 : 0;
	profile = folder_list_find(&files, "profile.prof");
	if (profile != NULL)
		*written_ns = profile->mtime_ns;
	for (size_t i = 0; i < files.n; i++) {
		const struct folder_entry *e = &files.entries[i];

		if (!e->is_file)
			continue;
		*size += e->size;
		if (folder_is_hidden_of_ours(e->name) && is_older(t, e->mtime_ns, LEFTOVER_S)) {
			char *file = path_join(path, e->name);

			if (file != NULL && folder_remove(file) == 0)
				*size -= e->size;
			mem_free(file);
		}
	}
	folder_list_release(&files);
	return 0;
}

/* A folder that is being written, or was when its process died. */
static int look_at_hidden(struct trim *t, const char *path, struct error *err)
{
	int64_t written_ns;
	uint64_t size;

	if (is_older(t, folder_mtime_ns(path), LEFTOVER_S) && folder_remove(path) == 0)
		return 0;
	if (look_into(t, path, &size, &written_ns, err) < 0)
		return -1;
	t->bytes += size;
	return 0;
}

static int add_snapshot(struct trim *t, struct old_run *run, const char *name,
			const char *path, struct error *err)
{
	struct old_snapshot *grown = mem_grow(t->snapshots, &t->snapshots_cap,
					      t->nsnapshots + 1, sizeof *grown);
	struct old_snapshot *s;

	if (grown == NULL)
		return error_nomem(err);
	t->snapshots = grown;
	s = &grown[t->nsnapshots];
	*s = (struct old_snapshot){ .run = (size_t)(run - t->runs), .name = name };
	if (look_into(t, path, &s->size, &s->written_ns, err) < 0)
		return -1;
	t->nsnapshots++;
	t->bytes += s->size;
	if (s->written_ns < run->oldest_ns)
		run->oldest_ns = s->written_ns;
	return 0;
}

static bool is_hidden_of_ours(const struct folder_entry *e)
{
	return folder_is_hidden_of_ours(e->name) ||
	       (e->name[0] == '.' && snapshot_is_name(e->name + 1));
}

static int look_at_entry(struct trim *t, struct old_run *run, const struct folder_entry *e,
			 struct error *err)
{
	char *path;
	int rc = 0;

	if (!e->is_folder)
		return 0;
	path = path_join(run->path, e->name);
	if (path == NULL)
		return error_nomem(err);
	if (is_hidden_of_ours(e))
		rc = look_at_hidden(t, path, err);
	else if (snapshot_is_name(e->name))
		rc = add_snapshot(t, run, e->name, path, err);
	mem_free(path);
	return rc;
}

static int look_at_run(struct trim *t, const char *name, struct error *err)
{
	struct old_run *grown = mem_grow(t->runs, &t->runs_cap, t->nruns + 1, sizeof *grown);
	struct old_run *run;

	if (grown == NULL)
		return error_nomem(err);
	t->runs = grown;
	run = &grown[t->nruns];
	*run = (struct old_run){ .name = name, .oldest_ns = INT64_MAX };
	run->path = path_join(t->archive, name);
	if (run->path == NULL)
		return error_nomem(err);
	if (folder_list_read(&run->entries, run->path, err) < 0) {
		mem_free(run->path);
		return err->code == ERR_NOMEM ? -1 : 0;
	}
	t->nruns++;
	for (size_t i = 0; i < run->entries.n; i++)
		if (look_at_entry(t, run, &run->entries.entries[i], err) < 0)
			return -1;
	return 0;
}

static int look_around(struct trim *t, struct error *err)
{
	if (folder_list_read(&t->entries, t->archive, err) < 0)
		return -1;
	for (size_t i = 0; i < t->entries.n; i++) {
		const struct folder_entry *e = &t->entries.entries[i];
		char *path;
		int rc;

		if (!e->is_folder)
			continue;
		if (e->name[0] != '.') {
			if (look_at_run(t, e->name, err) < 0)
				return -1;
		} else if (folder_is_hidden_of_ours(e->name)) {
			path = path_join(t->archive, e->name);
			rc = path ? look_at_hidden(t, path, err) : error_nomem(err);
			mem_free(path);
			if (rc < 0)
				return -1;
		}
	}
	return 0;
}

static int by_age(const void *a, const void *b)
{
	const struct old_snapshot *left = a, *right = b;

	if (left->run_ns != right->run_ns)
		return left->run_ns < right->run_ns ? -1 : 1;
	if (left->run != right->run)
		return left->run < right->run ? -1 : 1;
	if (left->written_ns != right->written_ns)
		return left->written_ns < right->written_ns ? -1 : 1;
	return strcmp(left->name, right->name);
}

static void sort_by_age(struct trim *t)
{
	for (size_t i = 0; i < t->nsnapshots; i++)
		t->snapshots[i].run_ns = t->runs[t->snapshots[i].run].oldest_ns;
	if (t->nsnapshots != 0)
		qsort(t->snapshots, t->nsnapshots, sizeof *t->snapshots, by_age);
}

static int delete_snapshots(struct trim *t, uint64_t max_bytes, struct error *err)
{
	for (size_t i = 0; i < t->nsnapshots && t->bytes > max_bytes; i++) {
		const struct old_snapshot *s = &t->snapshots[i];
		char *hidden;

		if (!is_older(t, s->written_ns, YOUNG_S))
			continue;
		hidden = folder_hide(t->runs[s->run].path, s->name, err);
		if (hidden == NULL && err->code != ERR_NOT_FOUND)
			return -1;
		/* What cannot be removed now is swept when it is an hour old. */
		if (hidden != NULL)
			folder_remove(hidden);
		mem_free(hidden);
		t->bytes -= s->size;
	}
	return 0;
}

/* Whether nothing but cprof's own files is in a folder with a run.json. */
static bool is_empty_run(const char *path)
{
	struct folder_list l;
	struct error ignored = ERROR_INIT;
	bool empty = true, is_run = false;

	if (folder_list_read(&l, path, &ignored) < 0)
		return false;
	for (size_t i = 0; i < l.n; i++) {
		const struct folder_entry *e = &l.entries[i];

		if (e->is_file && strcmp(e->name, "run.json") == 0)
			is_run = true;
		else if (!e->is_file || (strcmp(e->name, ".lock") != 0 &&
					 !folder_is_hidden_of_ours(e->name)))
			empty = false;
	}
	folder_list_release(&l);
	return empty && is_run;
}

/* A server that has served nothing lately comes back to its run. Its end cannot
 * be seen from another machine or container: there a day without news counts. */
static bool is_abandoned(const struct trim *t, const char *path)
{
	struct arena arena = ARENA_INIT;
	struct error ignored = ERROR_INIT;
	struct process leader;
	char *file = path_join(path, "run.json");
	int64_t touched_ns = file ? folder_mtime_ns(file) : t->now_ns;
	bool gone = runfile_leader(runfile_read(&arena, path, &ignored), &leader) &&
		    !process_is_alive(&leader);

	arena_release(&arena);
	mem_free(file);
	return is_older(t, touched_ns, gone ? YOUNG_S : ABANDONED_S);
}

/* A writer may have come in between the look and the rename: then it is put
 * back. The writer finds its folder gone meanwhile at worst, and tries again. */
static void delete_empty_runs(struct trim *t)
{
	for (size_t i = 0; i < t->nruns; i++) {
		const struct old_run *run = &t->runs[i];
		struct error ignored = ERROR_INIT;
		char *hidden;

		if (!is_empty_run(run->path) || !is_abandoned(t, run->path))
			continue;
		hidden = folder_hide(t->archive, run->name, &ignored);
		if (hidden == NULL)
			continue;
		if (is_empty_run(hidden))
			folder_remove(hidden);
		else
			folder_rename(hidden, run->path);
		mem_free(hidden);
	}
}

static void trim_release(struct trim *t)
{
	for (size_t i = 0; i < t->nruns; i++) {
		mem_free(t->runs[i].path);
		folder_list_release(&t->runs[i].entries);
	}
	mem_free(t->runs);
	mem_free(t->snapshots);
	folder_list_release(&t->entries);
}

int archive_trim(const char *path, uint64_t max_bytes, uint64_t room, uint64_t *bytes,
		 struct error *err)
{
	struct trim t = { .archive = path };
	struct timespec now;
	int rc = -1;

	clock_gettime(CLOCK_REALTIME, &now);
	t.now_ns = now.tv_sec * second_ns + now.tv_nsec;
	*bytes = 0;
	if (look_around(&t, err) < 0)
		goto done;
	rc = 0;
	if (t.bytes > max_bytes) {
		sort_by_age(&t);
		rc = delete_snapshots(&t, max_bytes - room, err);
		delete_empty_runs(&t);
	}
	*bytes = t.bytes;
done:
	trim_release(&t);
	return rc;
}
