#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "fork.h"
#include "history.h"
#include "snapshot/folder.h"
#include "subject.h"

struct store_options {
	const char *dir, *repo, *remote;
	bool snapshots, raw_paths, push;
	unsigned keep_days, keep;
	unsigned color;
};

static const struct opt rows[] = {
	{ 0, "push", OPT_FLAG, offsetof(struct store_options, push), NULL, NULL,
	  "then push what is stored to the remote" },
	{ 0, "remote", OPT_TEXT, offsetof(struct store_options, remote), "NAME", NULL,
	  "the remote of --push, else \"origin\"" },
	{ 0, "snapshots", OPT_FLAG, offsetof(struct store_options, snapshots), NULL, NULL,
	  "store the snapshots too, with all their files" },
	{ 0, "raw-paths", OPT_FLAG, offsetof(struct store_options, raw_paths), NULL, NULL,
	  "keep requests of which only the path is known, no route: paths may name users" },
	{ 0, "keep-days", OPT_NUMBER, offsetof(struct store_options, keep_days), "N", NULL,
	  "drop runs that were made more than N days ago" },
	{ 0, "keep", OPT_NUMBER, offsetof(struct store_options, keep), "N", NULL,
	  "drop the oldest beyond N runs" },
	OPT_ROW_REPO(store_options),
	OPT_ROW_DIR(store_options),
	OPT_ROW_COLOR(store_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage store_usage = {
	"[RUN...]", 0, 1000, "what", rows,
	"Keeps tagged runs in the repository itself, under refs/cprof, where every\n"
	"clone can have them without a server: of each run a summary, with its requests\n"
	"by route and what every function was called and took, no path and no host. RUN\n"
	"is a run or an archive; without one, all runs of the archive that are tagged\n"
	"and not stored yet. Nothing is checked out, and no branch changes.\n"
	"\n"
	"With --push, jobs that store at the same time all succeed. In a CI job of a\n"
	"pull request from a fork nothing is stored, and the exit status is 0. What is\n"
	"dropped (--keep-days, --keep) is dropped for all who fetch; the newest run of\n"
	"the current commit is always kept.\n"
	"\n"
	"Where the archive itself is kept, in a folder or a CI cache, no store is\n"
	"needed: an archive's tagged runs and stored ones are read alike.\n",
	NULL,
	"  cprof store                           what is new in the archive\n"
	"  cprof tag --force && cprof store --push      at the end of a CI job\n"
	"  cprof store --snapshots 2026-11-21_18:20:37  one run with all its profiles\n"
	"  cprof store --push --keep-days 180 --keep 5000\n"
};

struct storer {
	const struct store_options *options;
	const struct git_plugin *git;
	struct repository *repo;
	struct store_run *stored; /* before */
	size_t nstored;
	struct arena arena;
	struct term term;
	size_t nadded, nuntagged, nknown;
	bool failed;
};

/* What one run becomes. */
struct parcel {
	struct store_file *files;
	size_t n, cap;
	struct arena arena;
};

static int add_file(struct parcel *p, const char *path, const struct bytes *content,
		    const char *from, struct error *err)
{
	struct store_file *grown = mem_grow(p->files, &p->cap, p->n + 1, sizeof *grown);
	struct store_file *file;

	if (grown == NULL)
		return error_nomem(err);
	p->files = grown;
	file = &p->files[p->n++];
	memset(file, 0, sizeof *file);
	file->path = arena_strdup(&p->arena, path);
	if (content != NULL)
		file->bytes = *content;
	else
		file->from = arena_strdup(&p->arena, from);
	return file->path == NULL || (content == NULL && file->from == NULL) ? error_nomem(err)
									     : 0;
}

/* The plain files of a folder; what is hidden is being written. */
static int add_folder(struct parcel *p, const char *folder, const char *as, struct error *err)
{
	struct folder_list list = FOLDER_LIST_INIT;
	int rc = folder_list_read(&list, folder, err);

	for (size_t i = 0; rc == 0 && i < list.n; i++) {
		char *from, *to;

		if (!list.entries[i].is_file || list.entries[i].name[0] == '.')
			continue;
		from = path_join(folder, list.entries[i].name);
		to = path_join(as, list.entries[i].name);
		rc = from == NULL || to == NULL ? error_nomem(err)
						: add_file(p, to[0] == '/' ? to + 1 : to, NULL,
							   from, err);
		mem_free(from);
		mem_free(to);
	}
	folder_list_release(&list);
	return rc;
}

static int add_snapshots(struct parcel *p, const struct run_info *run, const char *commit,
			 struct error *err)
{
	char *as;
	int rc = add_folder(p, run->path, "/", err);

	for (size_t i = 0; rc == 0 && i < run->nsnapshots; i++) {
		const struct snapshot *s = &run->snapshots[i];

		if (!s->has_manifest || s->manifest.git.commit == NULL ||
		    strcmp(s->manifest.git.commit, commit) != 0)
			continue;
		as = path_join("snapshots", s->name);
		rc = as == NULL ? error_nomem(err) : add_folder(p, s->path, as, err);
		mem_free(as);
	}
	return rc;
}

static int store_part(struct storer *s, const struct run_info *run, const char *commit,
		      struct error *err)
{
	const struct store_run what = { commit, run->name, run->created_ns / 1000000000,
					run->outcome };
	struct parcel parcel = { .files = NULL };
	struct buf text = BUF_INIT;
	struct summary summary;
	struct bytes content;
	int rc;

	if (run_summary(run, commit, s->git->worktree(s->repo), &summary, err) < 0)
		return -1;
	rc = summary_write(&text, &summary, s->options->raw_paths, err);
	content = buf_bytes(&text);
	if (rc == 0)
		rc = add_file(&parcel, "summary.json", &content, NULL, err);
	if (rc == 0 && s->options->snapshots)
		rc = add_snapshots(&parcel, run, commit, err);
	if (rc == 0)
		rc = s->git->store_add(s->repo, &what, parcel.files, parcel.n, err);
	mem_free(parcel.files);
	arena_release(&parcel.arena);
	buf_release(&text);
	summary_release(&summary);
	return rc;
}

static void put_stored(struct storer *s, const struct run_info *run, const char *commit)
{
	struct buf out = BUF_INIT;
	char hash[12] = "";

	strncat(hash, commit, 10);
	text_printable(&out, run->name);
	buf_printf(&out, " %s ", s->term.signs->arrow);
	term_put(&s->term, &out, STYLE_GREEN, hash);
	buf_addc(&out, '\n');
	out_write(&out);
	buf_release(&out);
}

static bool is_stored(const struct storer *s, const char *commit, const char *run)
{
	for (size_t i = 0; i < s->nstored; i++)
		if (strcmp(s->stored[i].commit, commit) == 0 && strcmp(s->stored[i].run, run) == 0)
			return true;
	return false;
}

/* anew: also what is stored already. */
static void store_run(struct storer *s, const struct run_info *run, bool anew)
{
	struct error err = ERROR_INIT;
	const char *commit;
	size_t at = 0, n = 0;

	for (; (commit = run_next_commit(run, &at)) != NULL; n++) {
		if (!anew && is_stored(s, commit, run->name)) {
			s->nknown++;
		} else if (store_part(s, run, commit, &err) < 0) {
			complain("%s: %s", run->path, err.text);
			s->failed = true;
		} else {
			put_stored(s, run, commit);
			s->nadded++;
		}
	}
	if (n > 0)
		return;
	s->nuntagged++;
	if (anew) {
		complain("%s: its commit is not known: 'cprof tag' first", run->path);
		s->failed = true;
	}
}

static int store_archive(struct storer *s, const char *path, struct error *err)
{
	struct archive a;

	if (archive_read(&a, path, err) < 0)
		return -1;
	complain_closed(&a.closed);
	for (size_t i = 0; i < a.nruns; i++)
		store_run(s, &a.runs[i], false);
	archive_release(&a);
	if (s->nuntagged > 0 && s->nadded + s->nknown == 0 && !s->failed)
		return error_set(err, ERR_NOT_FOUND, "%s: no run has a commit: 'cprof tag' first",
				 path);
	return 0;
}

static int store_what(struct storer *s, const char *path, enum path_kind kind,
		      struct error *err)
{
	struct run_info run;

	if (kind == PATH_ARCHIVE)
		return store_archive(s, path, err);
	if (kind != PATH_RUN)
		return error_set(err, ERR_REFUSED, "%s is %s; what is stored are runs", path,
				 path_kind_name(kind));
	if (run_read(&run, path, err) < 0)
		return -1;
	store_run(s, &run, true);
	run_info_release(&run);
	return 0;
}

static int store_all(struct storer *s, int argc, char **argv, struct error *err)
{
	if (argc == 0)
		return store_archive(s, archive_folder(s->options->dir), err);
	for (int i = 0; i < argc; i++) {
		enum path_kind kind;
		char *path = find_what(s->options->dir, argv[i], &kind);
		struct error why = ERROR_INIT;

		if (path == NULL || store_what(s, path, kind, &why) < 0) {
			if (path != NULL)
				complain("store: %s", why.text);
			s->failed = true;
		}
		mem_free(path);
	}
	return 0;
}

/* Of the union with what the remote has: what is too old there goes, too. */
static int trim(struct storer *s, size_t *dropped, struct error *err)
{
	const struct store_options *o = s->options;
	struct error ignored = ERROR_INIT;
	const char *head;

	*dropped = 0;
	if (o->keep_days == 0 && o->keep == 0)
		return 0;
	if (o->push && s->git->store_fetch(s->repo, o->remote, err) < 0)
		return -1;
	head = s->git->commit(s->repo, "HEAD", &s->arena, &ignored);
	return s->git->store_trim(s->repo, o->keep_days, o->keep, head, time(NULL), dropped, err);
}

static void put_end(const struct storer *s, size_t dropped)
{
	struct buf out = BUF_INIT;

	plural(&out, s->nadded, "run");
	buf_adds(&out, " stored");
	if (s->nknown > 0)
		buf_printf(&out, ", %zu were already", s->nknown);
	if (s->nuntagged > 0)
		buf_printf(&out, ", %zu not tagged", s->nuntagged);
	if (dropped > 0)
		buf_printf(&out, ", %zu dropped", dropped);
	if (s->options->push)
		buf_printf(&out, "; pushed to %s", s->options->remote);
	buf_addc(&out, '\n');
	out_write(&out);
	buf_release(&out);
}

static int store(struct storer *s, int argc, char **argv, struct error *err)
{
	size_t dropped;

	s->git = plugin_git(err);
	if (s->git == NULL)
		return -1;
	s->repo = repo_open(s->git, s->options->repo, archive_folder(s->options->dir), "..", err);
	if (s->repo == NULL ||
	    s->git->store_list(s->repo, NULL, &s->stored, &s->nstored, &s->arena, err) < 0 ||
	    store_all(s, argc, argv, err) < 0 || trim(s, &dropped, err) < 0)
		return -1;
	if (s->options->push && s->git->store_push(s->repo, s->options->remote, err) < 0)
		return -1;
	if (s->nadded > 0)
		s->git->store_tidy(s->repo);
	put_end(s, dropped);
	return 0;
}

int cmd_store(int argc, char **argv)
{
	struct store_options o = { .remote = "origin" };
	struct storer s = { .options = &o };
	struct error err = ERROR_INIT;
	int status, n = command_options("store", &o, argc, argv, &status);

	if (n < 0)
		return status;
	if (ci_is_fork()) {
		static const char said[] = "a pull request from a fork: nothing is stored\n";

		out_bytes(said, sizeof said - 1);
		return EXIT_DONE;
	}
	term_init(&s.term, o.color);
	if (store(&s, n, argv, &err) < 0)
		status = complain("store: %s", err.text);
	else
		status = s.failed ? EXIT_COULD_NOT : EXIT_DONE;
	if (s.repo != NULL)
		s.git->close(s.repo);
	arena_release(&s.arena);
	return status;
}
