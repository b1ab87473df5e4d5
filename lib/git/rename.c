#include "git/rename.h"

#include <string.h>

#include "base/mem.h"
#include "git/ancestry.h"
#include "git/moved.h"

static const size_t max_source = 2 << 20;

struct search {
	struct repository *repo;
	struct moved_file *files;
	size_t nfiles;
	struct arena scratch; /* sources and what was found, but for what is handed out */
	struct arena *arena;
};

static int tree_of(struct repository *r, const char *hex, git_tree **tree, struct error *err)
{
	git_commit *commit = NULL;
	git_oid id;
	int code = git_oid_fromstr(&id, hex);

	if (code < 0)
		return error_set(err, ERR_FORMAT, "%.80s: not a commit's name", hex);
	code = git_commit_lookup(&commit, r->git, &id);
	if (code == 0)
		code = git_commit_tree(tree, commit);
	git_commit_free(commit);
	if (code == GIT_ENOTFOUND)
		return error_set(err, ERR_NOT_FOUND, "commit %.10s is not in the repository%s", hex,
				 shallow_hint(r));
	return code < 0 ? git_failed(err, ERR_IO, r->dir) : 0;
}

static int difference(git_diff **diff, struct repository *r, git_tree *old, git_tree *new,
		      struct error *err)
{
	char *patterns[] = { (char *)"*.py", (char *)"*.pyi", (char *)"*.pyx" };
	git_diff_find_options find;
	git_diff_options options;

	if (git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION) < 0 ||
	    git_diff_find_options_init(&find, GIT_DIFF_FIND_OPTIONS_VERSION) < 0)
		return git_failed(err, ERR_IO, r->dir);
	options.pathspec.strings = patterns;
	options.pathspec.count = 3;
	options.flags = GIT_DIFF_SKIP_BINARY_CHECK;
	find.flags = GIT_DIFF_FIND_RENAMES;
	if (git_diff_tree_to_tree(diff, r->git, old, new, &options) < 0 ||
	    git_diff_find_similar(*diff, &find) < 0)
		return git_failed(err, ERR_IO, r->dir);
	return 0;
}

/* A file that is too large, or no file but another repository, defines nothing. */
static int scan_blob(struct search *s, struct source *out, const git_diff_file *file,
		     struct error *err)
{
	git_blob *blob = NULL;
	struct bytes text;
	int rc = 0;

	if (file->mode != GIT_FILEMODE_BLOB && file->mode != GIT_FILEMODE_BLOB_EXECUTABLE)
		return 0;
	if (git_blob_lookup(&blob, s->repo->git, &file->id) < 0)
		return git_failed(err, ERR_IO, file->path);
	text.data = git_blob_rawcontent(blob);
	text.len = (size_t)git_blob_rawsize(blob);
	if (text.len <= max_source)
		rc = source_scan(out, text, &s->scratch, err);
	git_blob_free(blob);
	return rc;
}

static int add_file(struct search *s, const git_diff_delta *delta, struct error *err)
{
	struct moved_file *f = &s->files[s->nfiles];

	memset(f, 0, sizeof *f);
	if (delta->status != GIT_DELTA_ADDED) {
		f->old_path = arena_strdup(s->arena, delta->old_file.path);
		if (f->old_path == NULL)
			return error_nomem(err);
		if (scan_blob(s, &f->old_source, &delta->old_file, err) < 0)
			return -1;
	}
	if (delta->status != GIT_DELTA_DELETED) {
		f->new_path = arena_strdup(s->arena, delta->new_file.path);
		if (f->new_path == NULL)
			return error_nomem(err);
		if (scan_blob(s, &f->new_source, &delta->new_file, err) < 0)
			return -1;
	}
	s->nfiles++;
	return 0;
}

static int add_files(struct search *s, git_diff *diff, struct error *err)
{
	size_t n = git_diff_num_deltas(diff);

	s->files = arena_alloc(&s->scratch, (n + 1) * sizeof *s->files);
	if (s->files == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < n; i++)
		if (add_file(s, git_diff_get_delta(diff, i), err) < 0)
			return -1;
	return 0;
}

static bool was_renamed(const struct moved_file *f)
{
	return f->old_path != NULL && f->new_path != NULL &&
	       strcmp(f->old_path, f->new_path) != 0;
}

static int hand_out(struct search *s, const struct moved *moved, size_t nmoved,
		    struct rename_map *out, struct error *err)
{
	struct rename *to = arena_alloc(s->arena, (s->nfiles + nmoved + 1) * sizeof *to);

	if (to == NULL)
		return error_nomem(err);
	out->renames = to;
	for (size_t i = 0; i < s->nfiles; i++)
		if (was_renamed(&s->files[i]))
			*to++ = (struct rename){ s->files[i].old_path, s->files[i].new_path, NULL,
						 NULL };
	for (size_t i = 0; i < nmoved; i++, to++) {
		to->old_file = moved[i].old_file->old_path;
		to->new_file = moved[i].new_file->new_path;
		to->old_name = arena_strdup(s->arena, moved[i].old_def->name);
		to->new_name = arena_strdup(s->arena, moved[i].new_def->name);
		if (to->old_name == NULL || to->new_name == NULL)
			return error_nomem(err);
	}
	out->n = (size_t)(to - out->renames);
	return 0;
}

int rename_find(struct repository *r, const char *old_commit, const char *new_commit,
		struct rename_map *out, struct arena *arena, struct error *err)
{
	struct search s = { .repo = r, .scratch = ARENA_INIT, .arena = arena };
	git_tree *old = NULL, *new = NULL;
	git_diff *diff = NULL;
	struct moved *moved;
	size_t nmoved;
	int rc = -1;

	memset(out, 0, sizeof *out);
	if (tree_of(r, old_commit, &old, err) < 0 || tree_of(r, new_commit, &new, err) < 0 ||
	    difference(&diff, r, old, new, err) < 0 || add_files(&s, diff, err) < 0 ||
	    moved_find(s.files, s.nfiles, &moved, &nmoved, &s.scratch, err) < 0)
		goto done;
	rc = hand_out(&s, moved, nmoved, out, err);
done:
	git_diff_free(diff);
	git_tree_free(new);
	git_tree_free(old);
	arena_release(&s.scratch);
	return rc;
}
