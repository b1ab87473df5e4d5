#include "subject.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "snapshot/folder.h"
#include "snapshot/pick.h"

/* --- names that may have been meant */

struct names {
	struct arena arena;
	const char **v;
	size_t n, cap;
};

#define NAMES_INIT { ARENA_INIT, NULL, 0, 0 }

/* Without memory a name is missing, and only the hint suffers. */
static void names_add(struct names *l, const char *name)
{
	const char **grown;

	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], name) == 0)
			return;
	grown = mem_grow(l->v, &l->cap, l->n + 2, sizeof *grown);
	if (grown == NULL)
		return;
	l->v = grown;
	l->v[l->n] = arena_strdup(&l->arena, name);
	l->n += l->v[l->n] != NULL;
	l->v[l->n] = NULL;
}

static const char *names_nearest(const struct names *l, const char *what)
{
	return l->n ? nearest_word(what, l->v) : NULL;
}

static void names_release(struct names *l)
{
	arena_release(&l->arena);
	mem_free(l->v);
}

/* Of so many names each is compared with all others. */
enum { NAMES_MAX = 2000 };

static void add_entries(struct names *l, const char *folder, bool only_folders)
{
	struct error ignored = ERROR_INIT;
	struct folder_list entries;

	if (folder_list_read(&entries, folder, &ignored) < 0)
		return;
	for (size_t i = 0; i < entries.n && l->n < NAMES_MAX; i++)
		if (entries.entries[i].name[0] != '.' &&
		    (entries.entries[i].is_folder || !only_folders))
			names_add(l, entries.entries[i].name);
	folder_list_release(&entries);
}

/* "app.prof" for "ap.prof": what lies in the same folder. Appends the whole path. */
static void nearest_path(struct buf *out, const char *what)
{
	size_t len = (size_t)(path_base(what) - what);
	struct names l = NAMES_INIT;
	struct buf folder = BUF_INIT;
	const char *meant;

	buf_add(&folder, what, len);
	add_entries(&l, len ? buf_str(&folder) : ".", false);
	meant = names_nearest(&l, path_base(what));
	if (meant != NULL)
		buf_printf(out, "%s%s", buf_str(&folder), meant);
	buf_release(&folder);
	names_release(&l);
}

/* A run or a snapshot in the archive. Appends. */
static void nearest_name(struct buf *out, const char *archive, const char *what)
{
	struct names l = NAMES_INIT;
	const char *meant;
	size_t nruns;

	add_entries(&l, archive, true);
	nruns = l.n;
	for (size_t i = nruns; i-- > 0;) {
		char *run = path_join(archive, l.v[i]);

		if (run != NULL)
			add_entries(&l, run, true);
		mem_free(run);
	}
	meant = names_nearest(&l, what);
	if (meant != NULL)
		buf_adds(out, meant);
	names_release(&l);
}

/* "profiling/RUN" rather than "/srv/shop/profiling/RUN": what lies below the
 * current folder is said, and written to, by the shorter path. */
static void below_current_folder(char *path)
{
	char here[PATH_MAX];
	size_t len;

	if (getcwd(here, sizeof here) == NULL)
		return;
	len = strlen(here);
	if (strncmp(path, here, len) == 0 && path[len] == '/' && path[len + 1] != '-')
		memmove(path, path + len + 1, strlen(path + len + 1) + 1);
}

static void complain_not_found(const char *archive, const char *what, const struct error *err)
{
	struct buf meant = BUF_INIT;

	nearest_name(&meant, archive, what);
	if (meant.len == 0)
		nearest_path(&meant, what);
	if (meant.len != 0)
		complain("%s: no such snapshot, run or file; did you mean %s?", what,
			 buf_str(&meant));
	else
		complain("%s", err->text);
	buf_release(&meant);
}

char *find_what(const char *dir_option, const char *what, enum path_kind *kind)
{
	const char *archive = archive_folder(dir_option);
	struct error err = ERROR_INIT;
	char *found = NULL;

	if (archive_find(archive, what, kind, &found, &err) == 0) {
		below_current_folder(found);
		return found;
	}
	if (err.code == ERR_NOT_FOUND)
		complain_not_found(archive, what, &err);
	else
		complain("%s", err.text);
	return NULL;
}

/* --- requests by method and route */

static int add_matching(struct subject *s, const struct pick_pattern *pattern, struct error *err)
{
	s->snapshots = mem_array(NULL, s->run.nsnapshots + 1, sizeof *s->snapshots);
	if (s->snapshots == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < s->run.nsnapshots; i++)
		if (pick_matches(pattern, &s->run.snapshots[i]))
			s->snapshots[s->nsnapshots++] = &s->run.snapshots[i];
	return 0;
}

static void forget_run(struct subject *s)
{
	mem_free(s->snapshots);
	s->snapshots = NULL;
	run_info_release(&s->run);
}

static void add_routes(struct names *routes, const struct run_info *run)
{
	for (size_t i = 0; i < run->nsnapshots && routes->n < NAMES_MAX; i++) {
		const struct manifest *m = &run->snapshots[i].manifest;
		struct buf name = BUF_INIT;

		if (m->method == NULL || m->route == NULL)
			continue;
		buf_printf(&name, "%s %s", m->method, m->route);
		names_add(routes, buf_str(&name));
		buf_release(&name);
	}
}

enum { ROUTES_SHOWN = 5 };

static void complain_no_request(const char *archive, const char *what,
				const struct names *routes)
{
	const char *meant = names_nearest(routes, what);
	struct buf some = BUF_INIT, path = BUF_INIT;

	for (size_t i = 0; i < routes->n && i < ROUTES_SHOWN; i++)
		buf_printf(&some, "%s'%s'", i ? ", " : "", routes->v[i]);
	if (routes->n > ROUTES_SHOWN)
		buf_adds(&some, ", ...");
	if (*what == '/')
		nearest_path(&path, what);
	if (path.len != 0)
		complain("%s: no such file; did you mean %s?", what, buf_str(&path));
	else if (meant != NULL)
		complain("%s: no such request in %s; did you mean '%s'?", what, archive, meant);
	else if (some.len != 0)
		complain("%s: no such file, and no such request in %s; its newest run has %s",
			 what, archive, buf_str(&some));
	else
		complain("%s: no such file, and no request at all in %s", what, archive);
	buf_release(&some);
	buf_release(&path);
}

/* The newest run that has such requests. 1: none has. */
static int find_run_with(struct subject *s, const struct pick_pattern *pattern,
			 const char *archive, struct names *routes, struct error *err)
{
	struct archive runs;
	int rc = 1;

	if (archive_read_runs(&runs, archive, err) < 0)
		return err->code == ERR_NOT_FOUND ? 1 : -1;
	for (size_t i = runs.nruns; i-- > 0 && rc == 1;) {
		if (run_read(&s->run, runs.runs[i].path, err) < 0 ||
		    add_matching(s, pattern, err) < 0) {
			rc = err->code == ERR_NOMEM ? -1 : 1;
			continue;
		}
		if (routes->n == 0)
			add_routes(routes, &s->run);
		if (s->nsnapshots == 0) {
			forget_run(s);
			continue;
		}
		s->left_out = complain_closed(&s->run.closed);
		rc = 0;
	}
	archive_release(&runs);
	return rc;
}

static int find_requests(struct subject *s, const struct subject_options *o, const char *what)
{
	const char *archive = archive_folder(o->dir);
	struct names routes = NAMES_INIT;
	struct pick_pattern pattern;
	struct error err = ERROR_INIT;
	int rc = pick_pattern_init(&pattern, what, &err);

	if (rc == 0)
		rc = find_run_with(s, &pattern, archive, &routes, &err);
	if (rc < 0)
		complain("%s", err.text);
	else if (rc > 0)
		complain_no_request(archive, what, &routes);
	names_release(&routes);
	pick_pattern_release(&pattern);
	s->kind = PATH_RUN;
	return rc == 0 ? 0 : -1;
}

/* --- what is there as a path */

static int take_run(struct subject *s, const struct run_info *run, size_t *cap, struct error *err)
{
	const struct snapshot **grown = mem_grow(s->snapshots, cap, s->nsnapshots + run->nsnapshots + 1,
						 sizeof *grown);

	if (grown == NULL)
		return error_nomem(err);
	s->snapshots = grown;
	for (size_t i = 0; i < run->nsnapshots; i++)
		grown[s->nsnapshots++] = &run->snapshots[i];
	return 0;
}

static int read_path(struct subject *s, struct error *err)
{
	size_t cap = 0;

	switch (s->kind) {
	case PATH_FILE:
		return 0;
	case PATH_SNAPSHOT:
		if (snapshot_read(&s->snapshot, s->path, err) < 0)
			return -1;
		s->snapshots = mem_array(NULL, 1, sizeof *s->snapshots);
		if (s->snapshots == NULL)
			return error_nomem(err);
		s->snapshots[s->nsnapshots++] = &s->snapshot;
		return 0;
	case PATH_RUN:
		if (run_read(&s->run, s->path, err) < 0)
			return -1;
		s->left_out = complain_closed(&s->run.closed);
		return take_run(s, &s->run, &cap, err);
	case PATH_ARCHIVE:
		if (archive_read(&s->archive, s->path, err) < 0)
			return -1;
		s->left_out = complain_closed_in(&s->archive);
		for (size_t i = 0; i < s->archive.nruns; i++)
			if (take_run(s, &s->archive.runs[i], &cap, err) < 0)
				return -1;
	}
	return 0;
}

static char *copy_text(const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = mem_alloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

static int find_path(struct subject *s, const struct subject_options *o, const char *what)
{
	struct error err = ERROR_INIT;

	if (what == NULL || strcmp(what, "-") == 0) {
		s->kind = what ? PATH_FILE : PATH_ARCHIVE;
		s->path = copy_text(what ? what : archive_folder(o->dir));
		if (s->path == NULL)
			return complain("out of memory"), -1;
	} else {
		s->path = find_what(o->dir, what, &s->kind);
		if (s->path == NULL)
			return -1;
	}
	if (read_path(s, &err) == 0)
		return 0;
	complain("%s", err.text);
	return -1;
}

/* Whether the word is a path or a name; find_path then does not complain. */
static bool is_there(const struct subject_options *o, const char *what)
{
	struct error err = ERROR_INIT;
	enum path_kind kind;
	char *found = NULL;
	int rc;

	if (access(what, F_OK) == 0)
		return true;
	rc = archive_find(archive_folder(o->dir), what, &kind, &found, &err);
	mem_free(found);
	return rc == 0 || err.code != ERR_NOT_FOUND;
}

/* --- of several the one */

static int set_only(struct subject *s, const struct snapshot *only)
{
	mem_free(s->path);
	s->path = copy_text(only->path);
	if (s->path == NULL)
		return complain("out of memory"), -1;
	s->snapshots[0] = only;
	s->nsnapshots = 1;
	s->kind = PATH_SNAPSHOT;
	return 0;
}

static int narrow(struct subject *s, const struct subject_options *o)
{
	if (o->slowest && s->nsnapshots == 0 && s->kind != PATH_FILE)
		return complain("%s: there is no snapshot in it", s->what ? s->what : s->path), -1;
	if (o->slowest && s->kind != PATH_FILE && s->kind != PATH_SNAPSHOT)
		return set_only(s, pick_slowest(s->snapshots, s->nsnapshots));
	if (s->by_route && !o->all)
		return set_only(s, pick_median(s->snapshots, s->nsnapshots));
	if (s->by_route) {
		s->path = copy_text(s->run.path);
		return s->path ? 0 : (complain("out of memory"), -1);
	}
	if (o->slowest)
		return complain("--slowest chooses among requests, and %s is %s", s->what,
				path_kind_name(s->kind)), -1;
	return 0;
}

int subject_find(struct subject *out, const struct subject_options *o, const char *what)
{
	bool by_route = what != NULL && pick_is_pattern(what) && !is_there(o, what);
	int rc;

	*out = (struct subject){ .what = what, .by_route = by_route };
	if (o->slowest && o->all)
		return complain("--slowest and --all exclude each other"), -1;
	rc = by_route ? find_requests(out, o, what) : find_path(out, o, what);
	return rc < 0 ? -1 : narrow(out, o);
}

void subject_release(struct subject *s)
{
	mem_free(s->path);
	mem_free(s->snapshots);
	snapshot_release(&s->snapshot);
	run_info_release(&s->run);
	archive_release(&s->archive);
	*s = (struct subject){ .what = NULL };
}

int subject_route_run(struct subject *s, struct run_info *run, const char *dir, const char *what)
{
	const struct subject_options o = { .dir = dir, .all = true };

	*s = (struct subject){ .what = what };
	if (what == NULL || !pick_is_pattern(what) || is_there(&o, what))
		return 0;
	if (subject_find(s, &o, what) < 0)
		return -1;
	*run = s->run;
	run->nsnapshots = s->nsnapshots;
	run->snapshots = mem_array(NULL, s->nsnapshots, sizeof *run->snapshots);
	if (run->snapshots == NULL)
		return complain("out of memory"), -1;
	for (size_t i = 0; i < s->nsnapshots; i++)
		run->snapshots[i] = *s->snapshots[i];
	return 1;
}

const struct snapshot *subject_snapshot(const struct subject *s)
{
	static const struct snapshot none;

	return s->nsnapshots == 1 ? s->snapshots[0] : &none;
}

static void refuse_several(const struct subject *s, const char *command)
{
	if (s->by_route)
		complain("%s: of %s there are %zu requests, and %s takes one snapshot; leave out "
			 "--all", command, s->what, s->nsnapshots, command);
	else
		complain("%s: %s is %s, and %s takes one snapshot; 'cprof ls%s%s' lists them",
			 command, s->what, path_kind_name(s->kind), command,
			 s->kind == PATH_RUN ? " " : "", s->kind == PATH_RUN ? s->what : "");
}

struct profile *subject_profile(const struct subject *s, const char *command)
{
	struct error err = ERROR_INIT;
	struct profile *p;

	if (s->kind == PATH_RUN || s->kind == PATH_ARCHIVE) {
		refuse_several(s, command);
		return NULL;
	}
	p = snapshot_profile(s->path, &err);
	if (p == NULL)
		complain("%s", err.text);
	else
		say_left_out(s->path, p);
	return p;
}

void left_out_add(struct buf *out, const struct profile *p)
{
	if (p->left_out != NULL)
		buf_printf(out, "%sleft out: %s", out->len != 0 ? "; " : "", p->left_out);
}

void say_left_out(const char *path, const struct profile *p)
{
	struct buf what = BUF_INIT;

	left_out_add(&what, p);
	if (what.len != 0)
		complain("%s: %s", file_called(path), buf_str(&what));
	buf_release(&what);
}

int find_metric(const struct profile *p, const char *name, struct error *err)
{
	struct buf names = BUF_INIT;
	int m = profile_metric(p, name);

	if (m >= 0)
		return m;
	for (uint32_t i = 0; i < p->nmetrics; i++)
		buf_printf(&names, "%s%s", i == 0 ? "" : ", ", p->metrics[i].name);
	error_set(err, ERR_NOT_FOUND, "no metric '%s'; there is %s", name, buf_str(&names));
	buf_release(&names);
	return -1;
}
