#include "git/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "git/shard.h"

static const size_t max_file = 256 << 20;

/* How often a ref is read anew after another job has moved it. */
enum { TRIES = 100 };

/* --- the files of a run as a tree. They are sorted by path, so that those of a folder
 * follow each other. */

struct files {
	struct pack *pack;
	const struct store_file **sorted;
	struct arena arena;
};

static int compare_files(const void *a, const void *b)
{
	return strcmp((*(const struct store_file *const *)a)->path,
		      (*(const struct store_file *const *)b)->path);
}

static int put_blob(struct files *f, const struct store_file *file, git_oid *id,
		    struct error *err)
{
	struct buf content = BUF_INIT;
	struct bytes bytes = file->bytes;
	int rc = -1;

	if (file->from != NULL) {
		if (file_read(&content, file->from, max_file, err) < 0)
			goto done;
		bytes = buf_bytes(&content);
	}
	rc = pack_put(f->pack, GIT_OBJECT_BLOB, bytes, id, err);
done:
	buf_release(&content);
	return rc;
}

/* What git refuses as a part of a path. */
static bool is_bad_part(const char *part, size_t len)
{
	return len == 0 || (len == 1 && part[0] == '.') ||
	       (len == 2 && memcmp(part, "..", 2) == 0) ||
	       (len == 4 && strncasecmp(part, ".git", 4) == 0);
}

/* Files from..to share the first `skip` bytes of their paths: a folder's. */
static int put_folder(struct files *f, size_t from, size_t to, size_t skip, git_oid *id,
		      struct error *err)
{
	struct tree_entry *entries = arena_alloc(&f->arena, (to - from + 1) * sizeof *entries);
	size_t n = 0, next;

	if (entries == NULL)
		return error_nomem(err);
	for (size_t i = from; i < to; i = next) {
		const char *part = f->sorted[i]->path + skip;
		size_t len = strcspn(part, "/");
		struct tree_entry *e = &entries[n++];
		int rc;

		if (is_bad_part(part, len))
			return error_set(err, ERR_REFUSED, "%s: git cannot keep such a name",
					 f->sorted[i]->path);
		e->name = arena_strndup(&f->arena, part, len);
		e->is_tree = part[len] == '/';
		if (e->name == NULL)
			return error_nomem(err);
		for (next = i + 1; e->is_tree && next < to; next++)
			if (strncmp(f->sorted[next]->path + skip, part, len + 1) != 0)
				break;
		rc = e->is_tree ? put_folder(f, i, next, skip + len + 1, &e->id, err) :
				  put_blob(f, f->sorted[i], &e->id, err);
		if (rc < 0)
			return -1;
	}
	return tree_write(f->pack, entries, n, id, err);
}

static int put_files(struct pack *p, const struct store_file *files, size_t n, git_oid *id,
		     struct error *err)
{
	struct files f = { p, mem_array(NULL, n + 1, sizeof *f.sorted), ARENA_INIT };
	int rc;

	if (f.sorted == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < n; i++)
		f.sorted[i] = &files[i];
	qsort(f.sorted, n, sizeof *f.sorted, compare_files);
	rc = put_folder(&f, 0, n, 0, id, err);
	mem_free(f.sorted);
	arena_release(&f.arena);
	return rc;
}

/* --- adding. */

static int check_run(const struct store_run *run, struct error *err)
{
	if (strlen(run->commit) != COMMIT_DIGITS ||
	    strspn(run->commit, "0123456789abcdef") != COMMIT_DIGITS)
		return error_set(err, ERR_FORMAT, "%.80s: not a commit's full name", run->commit);
	if (run->run[0] == '\0' || strchr(run->run, '/') != NULL)
		return error_set(err, ERR_FORMAT, "\"%.80s\": not a run's name", run->run);
	return 0;
}

/* Upon what the ref is at now. *moved false: it is elsewhere meanwhile. */
static int try_add(struct repository *r, struct pack *p, const char *ref,
		   const struct shard_run *run, bool *moved, struct error *err)
{
	struct shard s;
	git_oid id;
	int rc = -1;

	if (shard_load(&s, r, ref, err) < 0)
		return -1;
	if (shard_put(&s, run, err) == 0 &&
	    shard_write(&s, p, s.exists ? &s.at : NULL, "Store a run", &id, err) == 0 &&
	    pack_write(p, err) == 0)
		rc = ref_move(r, ref, s.exists ? &s.at : NULL, &id, moved, err);
	shard_release(&s);
	return rc;
}

static int give_up(const char *ref, struct error *err)
{
	return error_set(err, ERR_IO, "%s: other processes move it all the time", ref);
}

int store_add(struct repository *r, const struct store_run *run, const struct store_file *files,
	      size_t nfiles, struct error *err)
{
	struct shard_run added = { .is = *run };
	struct pack p;
	char ref[40];
	bool moved = false;
	int rc = -1;

	if (check_run(run, err) < 0 || pack_init(&p, r, err) < 0)
		return -1;
	if (added.is.when_s == 0)
		added.is.when_s = time(NULL);
	shard_ref(ref, sizeof ref, run->commit);
	if (put_files(&p, files, nfiles, &added.tree, err) < 0)
		goto done;
	for (int i = 0; !moved && i < TRIES; i++)
		if (try_add(r, &p, ref, &added, &moved, err) < 0)
			goto done;
	rc = moved ? 0 : give_up(ref, err);
done:
	pack_release(&p);
	return rc;
}

/* --- reading. */

struct listing {
	struct store_run *runs;
	size_t n, cap;
	struct arena *arena;
};

static int list_shard(struct listing *l, struct repository *r, const char *ref,
		      const char *commit, struct error *err)
{
	struct store_run *grown;
	const char *last = NULL;
	struct shard s;
	int rc = -1;

	if (shard_load_commit(&s, r, ref, commit, err) < 0)
		return -1;
	grown = mem_grow(l->runs, &l->cap, l->n + s.n + 1, sizeof *grown);
	if (grown == NULL) {
		error_nomem(err);
		goto done;
	}
	l->runs = grown;
	for (size_t i = 0; i < s.n; i++) {
		struct store_run *to = &l->runs[l->n];

		*to = s.runs[i].is;
		if (last == NULL || strcmp(last, to->commit) != 0)
			last = arena_strdup(l->arena, to->commit);
		to->commit = last;
		to->run = arena_strdup(l->arena, to->run);
		if (to->commit == NULL || to->run == NULL) {
			error_nomem(err);
			goto done;
		}
		l->n++;
	}
	rc = 0;
done:
	shard_release(&s);
	return rc;
}

static int list_all(struct listing *l, struct repository *r, struct error *err)
{
	git_reference_iterator *it = NULL;
	const char *name;
	int code, rc = 0;

	if (git_reference_iterator_glob_new(&it, r->git, SHARD_REFS "*") < 0)
		return git_failed(err, ERR_IO, r->dir);
	while (rc == 0 && (code = git_reference_next_name(&name, it)) == 0)
		rc = list_shard(l, r, name, NULL, err);
	if (rc == 0 && code != GIT_ITEROVER)
		rc = git_failed(err, ERR_IO, r->dir);
	git_reference_iterator_free(it);
	return rc;
}

static int by_age(const void *a, const void *b)
{
	const struct store_run *x = a, *y = b;
	int order = (x->when_s > y->when_s) - (x->when_s < y->when_s);

	if (order == 0)
		order = strcmp(x->commit, y->commit);
	return order != 0 ? order : strcmp(x->run, y->run);
}

int store_list(struct repository *r, const char *commit, struct store_run **runs, size_t *n,
	       struct arena *arena, struct error *err)
{
	struct listing l = { .arena = arena };
	char ref[40];
	int rc;

	*runs = NULL;
	*n = 0;
	if (commit != NULL) {
		shard_ref(ref, sizeof ref, commit);
		rc = list_shard(&l, r, ref, commit, err);
	} else {
		rc = list_all(&l, r, err);
	}
	if (rc == 0 && l.n > 0) {
		qsort(l.runs, l.n, sizeof *l.runs, by_age);
		*runs = arena_alloc(arena, l.n * sizeof *l.runs);
		if (*runs == NULL) {
			rc = error_nomem(err);
		} else {
			memcpy(*runs, l.runs, l.n * sizeof *l.runs);
			*n = l.n;
		}
	}
	mem_free(l.runs);
	return rc;
}

static int copy_blob(struct repository *r, const git_oid *id, struct bytes *out,
		     struct arena *arena, struct error *err)
{
	git_blob *blob = NULL;
	char *copy;

	if (git_blob_lookup(&blob, r->git, id) < 0)
		return git_failed(err, ERR_IO, r->dir);
	out->len = (size_t)git_blob_rawsize(blob);
	copy = out->len > max_file ? NULL :
	       arena_strndup(arena, git_blob_rawcontent(blob), out->len);
	git_blob_free(blob);
	if (out->len > max_file)
		return error_set(err, ERR_REFUSED, "too large");
	if (copy == NULL)
		return error_nomem(err);
	out->data = (const uint8_t *)copy;
	return 0;
}

static int read_from(struct repository *r, const struct shard_run *run, const char *path,
		     struct bytes *out, struct arena *arena, struct error *err)
{
	git_tree_entry *entry = NULL;
	git_tree *tree = NULL;
	int rc = -1;

	if (git_tree_lookup(&tree, r->git, &run->tree) < 0)
		git_failed(err, ERR_IO, r->dir);
	else if (git_tree_entry_bypath(&entry, tree, path) < 0 ||
		 git_tree_entry_type(entry) != GIT_OBJECT_BLOB)
		error_set(err, ERR_NOT_FOUND, "not there");
	else
		rc = copy_blob(r, git_tree_entry_id(entry), out, arena, err);
	git_tree_entry_free(entry);
	git_tree_free(tree);
	return rc;
}

int store_read(struct repository *r, const char *commit, const char *run, const char *path,
	       struct bytes *out, struct arena *arena, struct error *err)
{
	const struct shard_run *found;
	struct shard s;
	char ref[40];
	int rc = -1;

	shard_ref(ref, sizeof ref, commit);
	if (shard_load_commit(&s, r, ref, commit, err) < 0)
		return -1;
	found = shard_find(&s, commit, run);
	if (found == NULL)
		error_set(err, ERR_NOT_FOUND, "not stored");
	else
		rc = read_from(r, found, path, out, arena, err);
	shard_release(&s);
	if (rc < 0)
		error_prefix(err, "%.10s, run %s, %s: ", commit, run, path);
	return rc;
}

/* --- dropping. */

/* Which of all runs, oldest first, are to go; they are moved to the front. */
static size_t choose(struct store_run *runs, size_t n, unsigned days, size_t count,
		     const char *keep, int64_t now_s)
{
	int64_t oldest = now_s - (int64_t)days * 86400;
	size_t kept = n, ndropped = 0, newest = n;

	for (size_t i = 0; i < n; i++)
		if (keep != NULL && strcmp(runs[i].commit, keep) == 0)
			newest = i;
	for (size_t i = 0; i < n; i++) {
		bool old = days != 0 && runs[i].when_s < oldest;

		if (i == newest || !(old || (count != 0 && kept > count)))
			continue;
		runs[ndropped++] = runs[i];
		kept--;
	}
	return ndropped;
}

static int by_commit(const void *a, const void *b)
{
	return strcmp(((const struct store_run *)a)->commit,
		      ((const struct store_run *)b)->commit);
}

/* *ndropped: of these runs, how many were still there. */
static int try_drop(struct repository *r, struct pack *p, const char *ref,
		    const struct store_run *runs, size_t n, size_t *ndropped, bool *moved,
		    struct error *err)
{
	struct shard s;
	git_oid id;
	int rc = -1;

	*ndropped = 0;
	if (shard_load(&s, r, ref, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct shard_run *found = shard_find(&s, runs[i].commit, runs[i].run);

		if (found == NULL || found->is.when_s != runs[i].when_s)
			continue;
		shard_remove(&s, (size_t)(found - s.runs));
		++*ndropped;
	}
	*moved = *ndropped == 0;
	if (*moved)
		rc = 0;
	else if (shard_write(&s, p, NULL, "Drop old runs", &id, err) == 0 &&
		 pack_write(p, err) == 0)
		rc = ref_move(r, ref, &s.at, &id, moved, err);
	shard_release(&s);
	return rc;
}

static int drop(struct repository *r, struct pack *p, struct store_run *runs, size_t n,
		size_t *dropped, struct error *err)
{
	size_t to, here = 0;
	char ref[40];

	if (n > 0)
		qsort(runs, n, sizeof *runs, by_commit);
	for (size_t from = 0; from < n; from = to) {
		bool moved = false;

		for (to = from + 1; to < n; to++)
			if (memcmp(runs[to].commit, runs[from].commit, 2) != 0)
				break;
		shard_ref(ref, sizeof ref, runs[from].commit);
		for (int i = 0; !moved && i < TRIES; i++)
			if (try_drop(r, p, ref, runs + from, to - from, &here, &moved, err) < 0)
				return -1;
		if (!moved)
			return give_up(ref, err);
		*dropped += here;
	}
	return 0;
}

int store_trim(struct repository *r, unsigned days, size_t count, const char *keep,
	       int64_t now_s, size_t *dropped, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct store_run *runs;
	struct pack p;
	size_t n;
	int rc = -1;

	*dropped = 0;
	if (store_list(r, NULL, &runs, &n, &arena, err) < 0)
		goto done;
	n = choose(runs, n, days, count, keep, now_s);
	if (pack_init(&p, r, err) < 0)
		goto done;
	rc = drop(r, &p, runs, n, dropped, err);
	pack_release(&p);
done:
	arena_release(&arena);
	return rc;
}
