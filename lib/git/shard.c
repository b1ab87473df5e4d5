#include "git/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/mem.h"

void shard_ref(char *out, size_t size, const char *commit)
{
	snprintf(out, size, SHARD_REFS "%.2s", commit);
}

static bool is_commit_name(const char *s)
{
	return strlen(s) == COMMIT_DIGITS && strspn(s, "0123456789abcdef") == COMMIT_DIGITS;
}

static const char *outcome_word(enum run_outcome outcome)
{
	return outcome == RUN_UNKNOWN ? "unknown" : run_outcome_name(outcome);
}

/* "1764000000.passed.RUN" */
static bool parse_entry(const char *name, struct store_run *run)
{
	char *end;

	run->when_s = strtoll(name, &end, 10);
	if (end == name || *end != '.' || run->when_s < 0)
		return false;
	name = end + 1;
	for (enum run_outcome o = RUN_UNKNOWN; o <= RUN_UNFINISHED; o++) {
		const char *word = outcome_word(o);
		size_t len = strlen(word);

		if (strncmp(name, word, len) == 0 && name[len] == '.' && name[len + 1] != '\0') {
			run->outcome = o;
			run->run = name + len + 1;
			return true;
		}
	}
	return false;
}

static int compare_runs(const void *a, const void *b)
{
	const struct store_run *x = &((const struct shard_run *)a)->is;
	const struct store_run *y = &((const struct shard_run *)b)->is;
	int order = strcmp(x->commit, y->commit);

	if (order == 0)
		order = (x->when_s > y->when_s) - (x->when_s < y->when_s);
	return order != 0 ? order : strcmp(x->run, y->run);
}

struct shard_run *shard_find(const struct shard *s, const char *commit, const char *run)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->runs[i].is.commit, commit) == 0 &&
		    strcmp(s->runs[i].is.run, run) == 0)
			return &s->runs[i];
	return NULL;
}

static int append(struct shard *s, const struct shard_run *run, struct error *err)
{
	struct shard_run *grown = mem_grow(s->runs, &s->cap, s->n + 1, sizeof *grown);
	struct shard_run *added;

	if (grown == NULL)
		return error_nomem(err);
	s->runs = grown;
	added = &s->runs[s->n];
	*added = *run;
	/* Those of one commit follow each other and share its name. */
	if (s->n > 0 && strcmp(added[-1].is.commit, run->is.commit) == 0)
		added->is.commit = added[-1].is.commit;
	else
		added->is.commit = arena_strdup(&s->arena, run->is.commit);
	added->is.run = arena_strdup(&s->arena, run->is.run);
	if (added->is.commit == NULL || added->is.run == NULL)
		return error_nomem(err);
	s->n++;
	return 0;
}

int shard_put(struct shard *s, const struct shard_run *run, struct error *err)
{
	struct shard_run *old = shard_find(s, run->is.commit, run->is.run);

	if (old != NULL)
		shard_remove(s, (size_t)(old - s->runs));
	if (append(s, run, err) < 0)
		return -1;
	qsort(s->runs, s->n, sizeof *s->runs, compare_runs);
	return 0;
}

void shard_remove(struct shard *s, size_t i)
{
	s->n--;
	memmove(&s->runs[i], &s->runs[i + 1], (s->n - i) * sizeof *s->runs);
}

static int load_commit(struct shard *s, struct repository *r, const git_tree_entry *of,
		       struct error *err)
{
	git_tree *tree = NULL;
	struct shard_run run = { .is.commit = git_tree_entry_name(of) };
	int rc = -1;

	if (git_tree_entry_type(of) != GIT_OBJECT_TREE || !is_commit_name(run.is.commit))
		return 0;
	if (git_tree_lookup(&tree, r->git, git_tree_entry_id(of)) < 0)
		return git_failed(err, ERR_IO, "refs/cprof");
	for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *e = git_tree_entry_byindex(tree, i);

		if (git_tree_entry_type(e) != GIT_OBJECT_TREE ||
		    !parse_entry(git_tree_entry_name(e), &run.is))
			continue;
		git_oid_cpy(&run.tree, git_tree_entry_id(e));
		if (append(s, &run, err) < 0)
			goto done;
	}
	rc = 0;
done:
	git_tree_free(tree);
	return rc;
}

static int load_tree(struct shard *s, struct repository *r, git_tree *tree, const char *commit,
		     struct error *err)
{
	for (size_t i = 0; i < git_tree_entrycount(tree); i++) {
		const git_tree_entry *e = git_tree_entry_byindex(tree, i);

		if ((commit == NULL || strcmp(commit, git_tree_entry_name(e)) == 0) &&
		    load_commit(s, r, e, err) < 0)
			return -1;
	}
	if (s->n > 0)
		qsort(s->runs, s->n, sizeof *s->runs, compare_runs);
	return 0;
}

int shard_load_commit(struct shard *s, struct repository *r, const char *ref,
		      const char *commit, struct error *err)
{
	git_commit *at = NULL;
	git_tree *tree = NULL;
	int rc = -1;

	memset(s, 0, sizeof *s);
	if (ref_read(r, ref, &s->at, &s->exists, err) < 0)
		return -1;
	if (!s->exists)
		return 0;
	if (git_commit_lookup(&at, r->git, &s->at) < 0 || git_commit_tree(&tree, at) < 0)
		git_failed(err, ERR_IO, ref);
	else
		rc = load_tree(s, r, tree, commit, err);
	git_tree_free(tree);
	git_commit_free(at);
	if (rc < 0)
		shard_release(s);
	return rc;
}

int shard_load(struct shard *s, struct repository *r, const char *ref, struct error *err)
{
	return shard_load_commit(s, r, ref, NULL, err);
}

void shard_release(struct shard *s)
{
	mem_free(s->runs);
	arena_release(&s->arena);
	memset(s, 0, sizeof *s);
}

/* Of git: a folder's name sorts as if it ended in a slash. */
static int compare_entries(const void *a, const void *b)
{
	const struct tree_entry *x = a, *y = b;
	size_t nx = strlen(x->name), ny = strlen(y->name), n = nx < ny ? nx : ny;
	int order = memcmp(x->name, y->name, n);
	int cx, cy;

	if (order != 0)
		return order;
	cx = n < nx ? (unsigned char)x->name[n] : x->is_tree ? '/' : 0;
	cy = n < ny ? (unsigned char)y->name[n] : y->is_tree ? '/' : 0;
	return (cx > cy) - (cx < cy);
}

int tree_write(struct pack *p, struct tree_entry *entries, size_t n, git_oid *id,
	       struct error *err)
{
	struct buf text = BUF_INIT;
	int rc;

	if (n > 0)
		qsort(entries, n, sizeof *entries, compare_entries);
	for (size_t i = 0; i < n; i++) {
		buf_adds(&text, entries[i].is_tree ? "40000 " : "100644 ");
		buf_add(&text, entries[i].name, strlen(entries[i].name) + 1);
		buf_add(&text, entries[i].id.id, GIT_OID_RAWSZ);
	}
	rc = text.failed ? error_nomem(err) :
	     pack_put(p, GIT_OBJECT_TREE, buf_bytes(&text), id, err);
	buf_release(&text);
	return rc;
}

static const char *entry_name(struct arena *arena, const struct store_run *run)
{
	struct buf name = BUF_INIT;
	char *copy;

	buf_printf(&name, "%lld.%s.%s", (long long)run->when_s, outcome_word(run->outcome),
		   run->run);
	copy = name.failed ? NULL : arena_strndup(arena, name.data, name.len);
	buf_release(&name);
	return copy;
}

/* Runs from..to are one commit's. */
static int write_commit(struct shard *s, struct pack *p, size_t from, size_t to, git_oid *id,
			struct error *err)
{
	struct tree_entry *entries = arena_alloc(&s->arena, (to - from) * sizeof *entries);

	if (entries == NULL)
		return error_nomem(err);
	for (size_t i = from; i < to; i++) {
		entries[i - from].name = entry_name(&s->arena, &s->runs[i].is);
		entries[i - from].is_tree = true;
		git_oid_cpy(&entries[i - from].id, &s->runs[i].tree);
		if (entries[i - from].name == NULL)
			return error_nomem(err);
	}
	return tree_write(p, entries, to - from, id, err);
}

static int write_list(struct shard *s, struct pack *p, git_oid *id, struct error *err)
{
	struct tree_entry *entries = arena_alloc(&s->arena, (s->n + 1) * sizeof *entries);
	size_t n = 0, to;

	if (entries == NULL)
		return error_nomem(err);
	for (size_t from = 0; from < s->n; from = to) {
		const char *commit = s->runs[from].is.commit;

		for (to = from + 1; to < s->n; to++)
			if (strcmp(s->runs[to].is.commit, commit) != 0)
				break;
		entries[n].name = commit;
		entries[n].is_tree = true;
		if (write_commit(s, p, from, to, &entries[n++].id, err) < 0)
			return -1;
	}
	return tree_write(p, entries, n, id, err);
}

int shard_write(struct shard *s, struct pack *p, const git_oid *parent, const char *subject,
		git_oid *id, struct error *err)
{
	struct buf text = BUF_INIT;
	char hex[GIT_OID_HEXSZ + 1];
	long long now = (long long)time(NULL);
	git_oid tree;
	int rc;

	if (write_list(s, p, &tree, err) < 0)
		return -1;
	buf_printf(&text, "tree %s\n", git_oid_tostr(hex, sizeof hex, &tree));
	if (parent != NULL)
		buf_printf(&text, "parent %s\n", git_oid_tostr(hex, sizeof hex, parent));
	/* Nobody's name: it is stored by machines, and pushed. */
	buf_printf(&text, "author cprof <> %lld +0000\ncommitter cprof <> %lld +0000\n\n%s\n",
		   now, now, subject);
	rc = text.failed ? error_nomem(err) :
	     pack_put(p, GIT_OBJECT_COMMIT, buf_bytes(&text), id, err);
	buf_release(&text);
	return rc;
}
