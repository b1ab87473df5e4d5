#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd.h"

static const int64_t second_ns = 1000000000;

/* Of runs that cannot be read, as when a newer cprof has stored them. */
enum { COMPLAINTS = 3 };

struct listing {
	struct history_run *runs;
	size_t n, cap;
};

static int add(struct listing *l, const struct history_run *run, struct error *err)
{
	struct history_run *grown = mem_grow(l->runs, &l->cap, l->n + 1, sizeof *grown);

	if (grown == NULL)
		return error_nomem(err);
	l->runs = grown;
	l->runs[l->n++] = *run;
	return 0;
}

static const char *commit_of(const struct snapshot *s)
{
	return s->has_manifest ? s->manifest.git.commit : NULL;
}

const char *run_next_commit(const struct run_info *run, size_t *at)
{
	while (*at < run->nsnapshots) {
		const char *commit = commit_of(&run->snapshots[(*at)++]);
		bool known = commit == NULL;

		for (size_t i = 0; i + 1 < *at && !known; i++)
			known = commit_of(&run->snapshots[i]) != NULL &&
				strcmp(commit_of(&run->snapshots[i]), commit) == 0;
		if (!known)
			return commit;
	}
	return NULL;
}

static int add_local(struct listing *l, const struct run_info *run, struct error *err)
{
	const char *commit;
	size_t at = 0;

	while ((commit = run_next_commit(run, &at)) != NULL) {
		const struct history_run found = { commit, run->name,
						   run->created_ns / second_ns, run->outcome,
						   run };

		if (add(l, &found, err) < 0)
			return -1;
	}
	return 0;
}

static int list_local(struct history *h, struct listing *l, const char *folder,
		      struct error *err)
{
	struct error why = ERROR_INIT;

	if (archive_read(&h->archive, folder, &why) < 0) {
		memset(&h->archive, 0, sizeof h->archive);
		if (why.code == ERR_NOT_FOUND)
			return 0;
		*err = why;
		return -1;
	}
	complain_closed(&h->archive.closed);
	for (size_t i = 0; i < h->archive.nruns; i++)
		if (add_local(l, &h->archive.runs[i], err) < 0)
			return -1;
	return 0;
}

static int list_stored(struct history *h, struct listing *l, struct error *err)
{
	struct store_run *stored;
	size_t n;

	if (h->git->store_list(h->repo, NULL, &stored, &n, &h->arena, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct history_run run = { stored[i].commit, stored[i].run,
						 stored[i].when_s, stored[i].outcome, NULL };

		if (add(l, &run, err) < 0)
			return -1;
	}
	return 0;
}

/* The local one of two before the stored one. */
static int by_name(const void *a, const void *b)
{
	const struct history_run *x = a, *y = b;
	int order = strcmp(x->commit, y->commit);

	if (order == 0)
		order = strcmp(x->name, y->name);
	return order != 0 ? order : (x->local == NULL) - (y->local == NULL);
}

static int by_time(const void *a, const void *b)
{
	const struct history_run *x = a, *y = b;
	int order = strcmp(x->commit, y->commit);

	if (order == 0)
		order = (x->when_s > y->when_s) - (x->when_s < y->when_s);
	return order != 0 ? order : strcmp(x->name, y->name);
}

/* Each once. */
static void make_unique(struct listing *l)
{
	size_t n = 0;

	if (l->n == 0)
		return;
	qsort(l->runs, l->n, sizeof *l->runs, by_name);
	for (size_t i = 0; i < l->n; i++)
		if (n == 0 || strcmp(l->runs[n - 1].commit, l->runs[i].commit) != 0 ||
		    strcmp(l->runs[n - 1].name, l->runs[i].name) != 0)
			l->runs[n++] = l->runs[i];
	l->n = n;
	qsort(l->runs, l->n, sizeof *l->runs, by_time);
}

int history_open(struct history *h, const char *archive_folder, const char *repo_option,
		 struct error *err)
{
	struct listing l = { .runs = NULL };

	memset(h, 0, sizeof *h);
	h->git = plugin_git(err);
	if (h->git == NULL)
		return -1;
	h->repo = repo_open(h->git, repo_option, archive_folder, "..", err);
	if (h->repo == NULL || list_local(h, &l, archive_folder, err) < 0 ||
	    list_stored(h, &l, err) < 0) {
		mem_free(l.runs);
		history_close(h);
		return -1;
	}
	make_unique(&l);
	h->runs = l.runs;
	h->nruns = l.n;
	return 0;
}

void history_close(struct history *h)
{
	if (h->nunread > COMPLAINTS)
		complain("%zu more runs could not be read", h->nunread - COMPLAINTS);
	archive_release(&h->archive);
	mem_free(h->runs);
	arena_release(&h->arena);
	if (h->repo != NULL)
		h->git->close(h->repo);
	memset(h, 0, sizeof *h);
}

const struct history_run *history_find(const struct history *h, const char *commit, size_t *n)
{
	size_t low = 0, high = h->nruns, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(h->runs[middle].commit, commit) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < h->nruns; end++)
		if (strcmp(h->runs[end].commit, commit) != 0)
			break;
	*n = end - low;
	return *n > 0 ? &h->runs[low] : NULL;
}

static void complain_of(void *arg, const struct snapshot *s, const struct error *err)
{
	(void)arg;
	complain("%s: %s", s->path, err->text);
}

int run_summary(const struct run_info *run, const char *commit, const char *root,
		struct summary *out, struct error *err)
{
	const struct summary_watch watch = { NULL, complain_of, NULL };
	struct run_info part = *run;
	int rc;

	complain_closed(&run->closed);
	part.snapshots = mem_array(NULL, part.nsnapshots + 1, sizeof *part.snapshots);
	if (part.snapshots == NULL)
		return error_nomem(err);
	part.nsnapshots = 0;
	for (size_t i = 0; i < run->nsnapshots; i++) {
		const struct snapshot *s = &run->snapshots[i];

		if (commit_of(s) != NULL && strcmp(commit_of(s), commit) == 0)
			part.snapshots[part.nsnapshots++] = *s;
		else if (!s->has_manifest && s->problem.code != ERR_NOT_FOUND)
			complain("%s; left out", s->problem.text);
	}
	if (part.nsnapshots < run->nsnapshots) {
		/* run.json counts the requests of all. */
		part.has_counts = false;
		part.seen = part.kept = part.dropped = 0;
	}
	rc = summary_of_run(out, &part, root, &watch, err);
	mem_free(part.snapshots);
	return rc;
}

static int read_stored(struct history *h, const struct history_run *run, struct summary *out,
		       struct error *err)
{
	struct arena scratch = ARENA_INIT;
	struct bytes text;
	int rc = h->git->store_read(h->repo, run->commit, run->name, "summary.json", &text,
				    &scratch, err);

	if (rc == 0) {
		rc = summary_read(out, text, err);
		if (rc < 0)
			error_prefix(err, "stored run %s of %.10s: ", run->name, run->commit);
	}
	arena_release(&scratch);
	return rc;
}

static int read_one(struct history *h, const struct history_run *run, struct summary *out,
		    struct error *err)
{
	if (run->local == NULL)
		return read_stored(h, run, out, err);
	return run_summary(run->local, run->commit, h->git->worktree(h->repo), out, err);
}

int history_of_commit(struct history *h, const char *commit, struct history_summaries *out,
		      struct error *err)
{
	size_t n;
	const struct history_run *runs = history_find(h, commit, &n);

	memset(out, 0, sizeof *out);
	out->v = mem_array(NULL, n + 1, sizeof *out->v);
	out->list = mem_array(NULL, n + 1, sizeof *out->list);
	if (out->v == NULL || out->list == NULL) {
		history_summaries_release(out);
		return error_nomem(err);
	}
	for (size_t i = 0; i < n; i++) {
		struct error why = ERROR_INIT;

		if (read_one(h, &runs[i], &out->v[out->n], &why) == 0) {
			out->list[out->n] = &out->v[out->n];
			out->n++;
		} else if (why.code == ERR_NOMEM) {
			*err = why;
			history_summaries_release(out);
			return -1;
		} else if (h->nunread++ < COMPLAINTS) {
			complain("%s", why.text);
		}
	}
	return 0;
}

void history_summaries_release(struct history_summaries *s)
{
	for (size_t i = 0; i < s->n; i++)
		summary_release(&s->v[i]);
	mem_free(s->v);
	mem_free(s->list);
	memset(s, 0, sizeof *s);
}
