#include "snapshot/archive.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "format/format.h"
#include "snapshot/folder.h"
#include "snapshot/name.h"
#include "snapshot/runfile.h"

enum {
	MANIFEST_MAX = 1 << 20,    /* bytes; ours have less than a thousand */
	PROFILE_MAX = 1 << 28
};

static char *copy_text(const char *s)
{
	size_t size = strlen(s) + 1;
	char *copy = mem_alloc(size);

	return copy ? memcpy(copy, s, size) : NULL;
}

/* The last part of a path that may end in slashes, in new memory. */
static char *copy_base(const char *path)
{
	char *copy = copy_text(path);
	size_t len = strlen(path);

	if (copy == NULL)
		return NULL;
	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	memmove(copy, path_base(copy), strlen(path_base(copy)) + 1);
	return copy;
}

/* The run's name is that of the folder above; "" where the path has none. */
static char *copy_run_name(const char *path)
{
	char *copy = copy_text(path);
	char *slash;
	size_t len = strlen(path);

	if (copy == NULL)
		return NULL;
	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	slash = strrchr(copy, '/');
	*(slash ? slash : copy) = '\0';
	memmove(copy, path_base(copy), strlen(path_base(copy)) + 1);
	return copy;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Undoes the encoding of a name as far as it goes. */
static const char *decode(struct arena *arena, const char *s, size_t len, bool is_route)
{
	char *out = arena_alloc(arena, len + 2);
	size_t n = 0;

	if (out == NULL)
		return NULL;
	if (is_route && !(len == 11 && memcmp(s, "{unmatched}", 11) == 0))
		out[n++] = '/';
	if (is_route && len == 4 && memcmp(s, "root", 4) == 0)
		len = 0;
	for (size_t i = 0; i < len; i++) {
		bool escape = s[i] == '%' && len - i > 2 && hex_value(s[i + 1]) >= 0 &&
			      hex_value(s[i + 2]) >= 0;

		if (escape) {
			out[n++] = (char)(hex_value(s[i + 1]) << 4 | hex_value(s[i + 2]));
			i += 2;
		} else {
			out[n++] = is_route && s[i] == '.' ? '/' : s[i];
		}
	}
	out[n] = '\0';
	return out;
}

/* A manifest from what the folder itself tells. */
static int guess_manifest(struct snapshot *s, struct error *err)
{
	struct manifest *m = &s->manifest;
	size_t method = 0, at = 0, len = 0;
	int64_t ms = 0;

	memset(m, 0, sizeof *m);
	snapshot_name_parse(s->name, &method, &at, &len, &ms);
	m->schema = MANIFEST_SCHEMA;
	m->method = decode(&m->arena, s->name, method, false);
	m->route = at ? decode(&m->arena, s->name + at, len, true)
		      : arena_strdup(&m->arena, s->name);
	if (m->method == NULL || m->route == NULL)
		return error_nomem(err);
	m->route_is_template = at && memchr(s->name + at, '{', len) != NULL;
	m->path = m->host = m->python = m->implementation = "";
	m->cprof = m->mode = m->engine = m->ended = "";
	m->start_ns = folder_mtime_ns(s->path);
	m->wall_ns = ms > INT64_MAX / 1000000 ? 0 : ms * 1000000;
	m->cpu_ns = -1;
	m->git.dirty = -1;
	return 0;
}

/* -1 without memory alone; what else may be wrong goes into s->problem. */
static int read_manifest(struct snapshot *s, struct error *err)
{
	char *path = path_join(s->path, "snapshot.json");
	struct buf text = BUF_INIT;
	int rc;

	if (path == NULL)
		return error_nomem(err);
	rc = folder_read_file(&text, path, MANIFEST_MAX, &s->problem);
	if (rc == 0) {
		rc = manifest_read(&s->manifest, buf_bytes(&text), &s->problem);
		if (rc < 0)
			error_prefix(&s->problem, "%s: ", path);
	}
	buf_release(&text);
	mem_free(path);
	s->has_manifest = rc == 0;
	if (rc == 0)
		return 0;
	if (s->problem.code == ERR_NOMEM)
		return error_nomem(err);
	return guess_manifest(s, err);
}

static bool has_file(const struct folder_list *l, const char *name)
{
	const struct folder_entry *e = folder_list_find(l, name);

	return e != NULL && e->is_file;
}

static void look_at_files(struct snapshot *s, const struct folder_list *l)
{
	const struct folder_entry *manifest = folder_list_find(l, "snapshot.json");
	const struct folder_entry *picture = folder_list_find(l, "dot.png");

	for (size_t i = 0; i < l->n; i++)
		s->size += l->entries[i].is_file ? l->entries[i].size : 0;
	s->has_picture = picture != NULL && picture->is_file;
	s->picture_is_old = s->has_picture && manifest != NULL &&
			    manifest->mtime_ns > picture->mtime_ns;
	if (s->problem.code == ERR_NONE && !has_file(l, "profile.pb.gz") &&
	    !has_file(l, "profile.prof") && !has_file(l, "profile.kgrind"))
		error_set(&s->problem, ERR_NOT_FOUND,
			  "%s: no profile.pb.gz, profile.prof or profile.kgrind is in it", s->path);
}

int snapshot_read(struct snapshot *out, const char *path, struct error *err)
{
	struct folder_list files;

	memset(out, 0, sizeof *out);
	if (folder_list_read(&files, path, err) < 0)
		return -1;
	out->path = copy_text(path);
	out->name = copy_base(path);
	out->run = copy_run_name(path);
	if (out->path == NULL || out->name == NULL || out->run == NULL)
		error_nomem(err);
	else if (read_manifest(out, err) == 0) {
		look_at_files(out, &files);
		folder_list_release(&files);
		return 0;
	}
	folder_list_release(&files);
	snapshot_release(out);
	return -1;
}

void snapshot_release(struct snapshot *s)
{
	mem_free(s->path);
	mem_free(s->run);
	mem_free(s->name);
	manifest_release(&s->manifest);
	memset(s, 0, sizeof *s);
}

static int by_start(const void *a, const void *b)
{
	const struct snapshot *left = a, *right = b;

	if (left->manifest.start_ns != right->manifest.start_ns)
		return left->manifest.start_ns < right->manifest.start_ns ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* Not so one that was deleted meanwhile. */
static void note_closed(struct closed *c, const struct error *err)
{
	if (err->code != ERR_NOT_FOUND && c->n++ == 0)
		c->first = *err;
}

static int add_snapshot(struct run_info *run, size_t *cap, const char *name, struct error *err)
{
	struct snapshot *grown = mem_grow(run->snapshots, cap, run->nsnapshots + 1,
					  sizeof *grown);
	char *path;
	int rc;

	if (grown == NULL)
		return error_nomem(err);
	run->snapshots = grown;
	path = path_join(run->path, name);
	if (path == NULL)
		return error_nomem(err);
	rc = snapshot_read(&grown[run->nsnapshots], path, err);
	mem_free(path);
	if (rc == 0)
		run->nsnapshots++;
	else if (err->code == ERR_NOMEM)
		return -1;
	else /* the others are still worth a list */
		note_closed(&run->closed, err);
	return 0;
}

static int read_snapshots(struct run_info *run, const struct folder_list *l, struct error *err)
{
	size_t cap = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct folder_entry *e = &l->entries[i];

		if (e->is_folder && snapshot_is_name(e->name) &&
		    add_snapshot(run, &cap, e->name, err) < 0)
			return -1;
	}
	if (run->nsnapshots != 0)
		qsort(run->snapshots, run->nsnapshots, sizeof *run->snapshots, by_start);
	return 0;
}

static int read_runfile(struct run_info *run, struct error *err)
{
	struct runfile_totals totals;
	struct arena arena = ARENA_INIT;
	struct error why = ERROR_INIT;
	const struct json *doc = runfile_read(&arena, run->path, &why);

	run->has_counts = runfile_totals(doc, &totals);
	run->seen = totals.counts.seen;
	run->kept = totals.counts.kept;
	run->dropped = totals.counts.dropped;
	run->nprocesses = (unsigned)totals.nprocesses;
	run->outcome = runfile_outcome(doc);
	if (!runfile_created(doc, &run->created_ns))
		run->created_ns = run->nsnapshots ? run->snapshots[0].manifest.start_ns
						  : folder_mtime_ns(run->path);
	arena_release(&arena);
	return why.code == ERR_NOMEM ? error_nomem(err) : 0;
}

int run_read(struct run_info *out, const char *path, struct error *err)
{
	struct folder_list entries;
	int rc = -1;

	memset(out, 0, sizeof *out);
	if (folder_list_read(&entries, path, err) < 0)
		return -1;
	out->path = copy_text(path);
	out->name = copy_base(path);
	if (out->path == NULL || out->name == NULL)
		error_nomem(err);
	else if (read_snapshots(out, &entries, err) == 0 && read_runfile(out, err) == 0)
		rc = 0;
	folder_list_release(&entries);
	if (rc < 0)
		run_info_release(out);
	return rc;
}

void run_info_release(struct run_info *r)
{
	for (size_t i = 0; i < r->nsnapshots; i++)
		snapshot_release(&r->snapshots[i]);
	mem_free(r->snapshots);
	mem_free(r->path);
	mem_free(r->name);
	memset(r, 0, sizeof *r);
}

static int by_creation(const void *a, const void *b)
{
	const struct run_info *left = a, *right = b;

	if (left->created_ns != right->created_ns)
		return left->created_ns < right->created_ns ? -1 : 1;
	return strcmp(left->name, right->name);
}

/* Whether a folder's entries make it a run. */
static bool is_run(const struct folder_list *l)
{
	if (has_file(l, "run.json"))
		return true;
	for (size_t i = 0; i < l->n; i++)
		if (l->entries[i].is_folder && snapshot_is_name(l->entries[i].name))
			return true;
	return false;
}

/* The run without its snapshots, where run.json says how old it is. */
static int read_run_alone(struct run_info *out, const char *path, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct error why = ERROR_INIT;
	const struct json *doc = runfile_read(&arena, path, &why);
	bool known;

	memset(out, 0, sizeof *out);
	known = runfile_created(doc, &out->created_ns);
	out->outcome = runfile_outcome(doc);
	arena_release(&arena);
	if (why.code == ERR_NOMEM)
		return error_nomem(err);
	if (!known)
		return run_read(out, path, err);
	out->path = copy_text(path);
	out->name = copy_base(path);
	if (out->path != NULL && out->name != NULL)
		return 0;
	run_info_release(out);
	return error_nomem(err);
}

static int add_run(struct archive *a, size_t *cap, const char *name, bool alone,
		   struct error *err)
{
	struct run_info *grown = mem_grow(a->runs, cap, a->nruns + 1, sizeof *grown);
	char *path = path_join(a->path, name);
	struct folder_list entries;
	bool wanted;
	int rc = -1;

	if (grown != NULL)
		a->runs = grown;
	if (grown == NULL || path == NULL) {
		error_nomem(err);
		goto done;
	}
	rc = folder_list_read(&entries, path, err);
	if (rc == 0) {
		wanted = is_run(&entries);
		folder_list_release(&entries);
		if (!wanted)
			goto done;
		rc = alone ? read_run_alone(&grown[a->nruns], path, err)
			   : run_read(&grown[a->nruns], path, err);
		if (rc == 0)
			a->nruns++;
	}
	if (rc < 0 && err->code != ERR_NOMEM) {
		/* The root of a volume has that one, which is no run. */
		if (strcmp(name, "lost+found") != 0)
			note_closed(&a->closed, err);
		rc = 0;
	}
done:
	mem_free(path);
	return rc;
}

static int read_runs(struct archive *a, const struct folder_list *l, bool alone,
		     struct error *err)
{
	size_t cap = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct folder_entry *e = &l->entries[i];

		if (e->is_folder && e->name[0] != '.' && !snapshot_is_name(e->name) &&
		    add_run(a, &cap, e->name, alone, err) < 0)
			return -1;
	}
	if (a->nruns != 0)
		qsort(a->runs, a->nruns, sizeof *a->runs, by_creation);
	return 0;
}

static int read_archive(struct archive *out, const char *path, bool alone, struct error *err)
{
	struct folder_list entries;
	int rc = -1;

	memset(out, 0, sizeof *out);
	if (folder_list_read(&entries, path, err) < 0) {
		if (err->code == ERR_NOT_FOUND)
			error_set(err, ERR_NOT_FOUND, "%s: no archive is there; serve a request "
				  "with the middleware, or name the folder of runs", path);
		return -1;
	}
	out->path = copy_text(path);
	if (out->path == NULL)
		error_nomem(err);
	else if (read_runs(out, &entries, alone, err) == 0)
		rc = 0;
	folder_list_release(&entries);
	if (rc == 0 && out->nruns == 0 && out->closed.n != 0) {
		*err = out->closed.first;
		rc = -1;
	}
	if (rc == 0 && out->nruns == 0)
		rc = error_set(err, ERR_NOT_FOUND, "%s: no runs in it; serve a request with the "
			       "middleware, or name the folder of runs", path);
	if (rc < 0)
		archive_release(out);
	return rc;
}

int archive_read(struct archive *out, const char *path, struct error *err)
{
	return read_archive(out, path, false, err);
}

int archive_read_runs(struct archive *out, const char *path, struct error *err)
{
	return read_archive(out, path, true, err);
}

void archive_release(struct archive *a)
{
	for (size_t i = 0; i < a->nruns; i++)
		run_info_release(&a->runs[i]);
	mem_free(a->runs);
	mem_free(a->path);
	memset(a, 0, sizeof *a);
}

static struct profile *read_profile(const char *path, bool follow, struct error *err)
{
	struct buf text = BUF_INIT;
	struct profile *p = NULL;
	int rc = follow ? file_read(&text, path, PROFILE_MAX, err)
			: folder_read_file(&text, path, PROFILE_MAX, err);

	if (rc == 0) {
		p = format_read(buf_bytes(&text), err);
		if (p == NULL)
			error_prefix(err, "%s: ", file_called(path));
	}
	buf_release(&text);
	return p;
}

struct profile *snapshot_profile(const char *path, struct error *err)
{
	static const char *const names[] = { "profile.pb.gz", "profile.prof", "profile.kgrind" };
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
		return read_profile(path, true, err);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char *file = path_join(path, names[i]);
		struct profile *p;

		if (file == NULL) {
			error_nomem(err);
			return NULL;
		}
		p = read_profile(file, false, err);
		mem_free(file);
		if (p != NULL || err->code != ERR_NOT_FOUND)
			return p;
	}
	error_set(err, ERR_NOT_FOUND, "%s: no profile.pb.gz, profile.prof or profile.kgrind is in it", path);
	return NULL;
}
