#include "diff_past.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* Commits and runs of each that are read to tell the noise by. */
enum { OTHER_COMMITS = 3, SHORT_HASH = 7 };

void diff_past_init(struct diff_past *p, const char *archive, const char *repo_option)
{
	*p = (struct diff_past){ .archive = archive, .repo_option = repo_option,
				 .arena = ARENA_INIT };
}

static int open_history(struct diff_past *p, struct error *err)
{
	if (p->open)
		return 0;
	if (history_open(&p->history, p->archive, p->repo_option, err) < 0)
		return -1;
	p->open = true;
	return 0;
}

int diff_past_range(struct diff_past *p, const char *text, const char **from, const char **to)
{
	struct error err = ERROR_INIT;
	bool is_range = false;

	if (open_history(p, &err) < 0)
		return complain("diff: %s", err.text), -1;
	if (p->history.git->range(p->history.repo, text, &is_range, from, to, &p->arena, &err) < 0)
		return complain("diff: %s%s", err.text, err.code == ERR_NOT_FOUND
				? "; 'git branch -a' lists what there is" : ""), -1;
	if (!is_range)
		return complain("diff: %s is one side; name OLD NEW, or two commits, A..B", text),
		       -1;
	return 0;
}

const char *diff_past_commit(struct diff_past *p, const char *word)
{
	struct error ignored = ERROR_INIT;

	if (open_history(p, &ignored) < 0)
		return NULL;
	return p->history.git->commit(p->history.repo, word, &p->arena, &ignored);
}

static bool note_subject(void *arg, const char *commit, const char *subject, int64_t time_s)
{
	struct diff_side *side = arg;

	(void)commit;
	(void)time_s;
	buf_adds(&side->subject, subject ? subject : "");
	return false;
}

int diff_past_side(struct diff_past *p, struct diff_side *out, const char *word,
		   const char *commit)
{
	const char *root;
	struct error err = ERROR_INIT;

	*out = (struct diff_side){ .title = BUF_INIT, .subject = BUF_INIT };
	if (history_of_commit(&p->history, commit, &out->past, &err) < 0)
		return complain("diff: %s", err.text), -1;
	if (out->past.n == 0)
		return complain("diff: there is no run of %.*s%s%s%s: run it with profiling and "
				"'cprof tag' the run, or 'cprof fetch' what others stored",
				SHORT_HASH, commit, word != commit ? " (" : "",
				word != commit ? word : "", word != commit ? ")" : ""), -1;
	root = p->history.git->worktree(p->history.repo);
	out->root = root != NULL ? strdup(root) : NULL;
	p->history.git->walk(p->history.repo, commit, 1, note_subject, out, NULL, &err);
	diff_side_take(out, word, out->past.list, out->past.n);
	return out->title.failed ? complain("out of memory"), -1 : 0;
}

/* The commit of all runs of a side, or NULL. */
static const char *commit_of(const struct diff_side *side)
{
	const struct change_side *runs = &side->report.runs;
	const char *commit = runs->runs[0]->commit;

	for (size_t i = 1; i < runs->nruns && commit != NULL; i++)
		if (runs->runs[i]->commit == NULL || strcmp(runs->runs[i]->commit, commit) != 0)
			commit = NULL;
	return commit;
}

/* Without the history: of two runs in an archive the repository around them is enough. */
static void find_renames(struct diff_past *p, const char *old, const char *new, const char *root)
{
	const struct git_plugin *git;
	struct repository *repo;
	struct error ignored = ERROR_INIT;

	if (p->open) {
		p->history.git->rename_find(p->history.repo, old, new, &p->renames, &p->arena,
					    &ignored);
		return;
	}
	git = root != NULL ? plugin_git(&ignored) : NULL;
	repo = git != NULL ? git->open(root, &ignored) : NULL;
	if (repo == NULL)
		return;
	git->rename_find(repo, old, new, &p->renames, &p->arena, &ignored);
	git->close(repo);
}

/* The newest other commits with two runs or more. */
static void find_noise(struct diff_past *p, const char *old, const char *new)
{
	struct history *h = &p->history;
	struct error ignored = ERROR_INIT;
	size_t n = 0, nruns;

	p->others = mem_zalloc(OTHER_COMMITS * sizeof *p->others);
	for (size_t i = h->nruns; p->others != NULL && n < OTHER_COMMITS && i-- > 0;) {
		const char *commit = h->runs[i].commit;
		const struct history_run *first = history_find(h, commit, &nruns);

		i = (size_t)(first - h->runs);
		if (nruns < 2 || strcmp(commit, old) == 0 || strcmp(commit, new) == 0)
			continue;
		if (history_of_commit(h, commit, &p->others[n], &ignored) < 0)
			break;
		p->nnoise += p->others[n++].n;
	}
	p->nothers = n;
	p->noise = mem_array(NULL, p->nnoise, sizeof *p->noise);
	p->nnoise = 0;
	for (size_t i = 0; p->noise != NULL && i < n; i++)
		for (size_t j = 0; j < p->others[i].n; j++)
			p->noise[p->nnoise++] = p->others[i].list[j];
}

void diff_past_prepare(struct diff_past *p, const struct diff_side *old,
		       const struct diff_side *new)
{
	const char *x = commit_of(old), *y = commit_of(new);

	if (x == NULL || y == NULL || old->single != new->single)
		return;
	if (strcmp(x, y) != 0)
		find_renames(p, x, y, new->root);
	if (p->open && (old->report.runs.nruns < CHANGE_RUNS_TO_PROVE ||
			new->report.runs.nruns < CHANGE_RUNS_TO_PROVE ||
			!sides_took_turns(&old->report.runs, &new->report.runs)))
		find_noise(p, x, y);
}

void diff_past_release(struct diff_past *p)
{
	for (size_t i = 0; i < p->nothers; i++)
		history_summaries_release(&p->others[i]);
	mem_free(p->others);
	mem_free(p->noise);
	arena_release(&p->arena);
	if (p->open)
		history_close(&p->history);
}
