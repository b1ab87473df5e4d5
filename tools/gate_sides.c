/* The two sides of a gate: runs that are named, or HEAD's and a baseline's. */
#include "gate.h"

#include <string.h>

#include "base/text.h"

/* Further back nobody looks for a baseline. */
enum { ANCESTORS = 10000 };

static void put_title(struct gate_side *side)
{
	const struct summary *s = side->runs.runs[0];
	struct buf *title = &side->title;

	if (s->commit != NULL) {
		buf_printf(title, "%.7s", s->commit);
		if (s->branch != NULL) {
			buf_addc(title, ' ');
			text_printable(title, s->branch);
		}
		buf_adds(title, s->dirty ? ", dirty, " : ", ");
	} else if (side->runs.nruns == 1) {
		text_printable(title, s->name);
		buf_adds(title, ", ");
	}
	plural(title, side->runs.nruns, "run");
}

/* --- runs by their names */

static int find_runs(struct gate_side *side, const struct gate_options *o, const char *what)
{
	if (diff_side_find(&side->named, "gate", &o->from, what) < 0)
		return -1;
	if (side->named.single)
		return complain("gate: %s is %s; name a run, or several as RUN,RUN", what,
				path_kind_name(side->named.subjects[0].kind)), -1;
	return 0;
}

static int read_runs(struct gate_side *side)
{
	bool left_out = false;

	if (diff_side_read(&side->named, &left_out) < 0)
		return -1;
	/* What could not be read may be what is worse. */
	if (left_out)
		return -1;
	side->runs = side->named.report.runs;
	put_title(side);
	return 0;
}

int gate_sides_of_runs(struct gate_sides *out, const struct gate_options *o, const char *old,
		       const char *new)
{
	*out = (struct gate_sides){ .arena = ARENA_INIT };
	if (find_runs(&out->old, o, old) < 0 || find_runs(&out->new, o, new) < 0 ||
	    read_runs(&out->old) < 0 || read_runs(&out->new) < 0)
		return -1;
	out->roots = (struct roots){ out->old.named.root, out->new.named.root };
	return 0;
}

/* --- runs by their commits */

typedef bool run_test(const struct summary *s);

static bool is_clean(const struct summary *s)
{
	return !s->dirty;
}

static bool is_dirty(const struct summary *s)
{
	return s->dirty;
}

static bool is_baseline(const struct summary *s)
{
	return run_can_be_baseline(s->outcome);
}

static void keep(struct change_side *side, const struct summary **list, run_test *is)
{
	size_t n = 0;

	for (size_t i = 0; i < side->nruns; i++)
		if (is(list[i]))
			list[n++] = list[i];
	side->nruns = n;
}

static int read_commit(struct gate_sides *s, struct gate_side *side, const char *commit,
		       struct error *err)
{
	if (history_of_commit(&s->history, commit, &side->summaries, err) < 0)
		return -1;
	side->runs = (struct change_side){ side->summaries.list, side->summaries.n };
	return 0;
}

/* Of the newest's kind: with uncommitted changes or without. */
static int read_new(struct gate_sides *s, const char *head, struct error *err)
{
	struct change_side *runs = &s->new.runs;

	if (read_commit(s, &s->new, head, err) < 0)
		return -1;
	if (runs->nruns == 0)
		return error_set(err, ERR_NOT_FOUND, "there is no run of HEAD, %.7s: profile one, "
				 "and stamp it by 'cprof tag'", head);
	keep(runs, s->new.summaries.list,
	     runs->runs[runs->nruns - 1]->dirty ? is_dirty : is_clean);
	put_title(&s->new);
	return 0;
}

static int read_old(struct gate_sides *s, const char *commit, struct error *err)
{
	struct change_side *runs = &s->old.runs;
	const struct summary **list;

	if (read_commit(s, &s->old, commit, err) < 0)
		return -1;
	list = s->old.summaries.list;
	keep(runs, list, is_baseline);
	for (size_t i = 0; i < runs->nruns; i++)
		if (is_clean(list[i])) {
			keep(runs, list, is_clean);
			break;
		}
	if (runs->nruns == 0)
		return error_set(err, ERR_NOT_FOUND, "none of the runs of %.7s can be read", commit);
	put_title(&s->old);
	return 0;
}

/* Looking for the nearest commit that can be a baseline. */
struct looking {
	const struct history *history;
	const char *not_this; /* HEAD, while its own runs are judged */
	struct arena *arena;
	const char *found;
	bool no_memory;
};

static bool can_be_baseline(const struct history *h, const char *commit)
{
	size_t n;
	const struct history_run *runs = history_find(h, commit, &n);

	for (size_t i = 0; i < n; i++)
		if (run_can_be_baseline(runs[i].outcome))
			return true;
	return false;
}

static bool visit(void *arg, const char *commit, const char *subject, int64_t time_s)
{
	struct looking *l = arg;

	(void)subject;
	(void)time_s;
	if ((l->not_this != NULL && strcmp(commit, l->not_this) == 0) ||
	    !can_be_baseline(l->history, commit))
		return true;
	l->found = arena_strdup(l->arena, commit);
	l->no_memory = l->found == NULL;
	return false;
}

static bool any_other_runs(const struct history *h, const char *head)
{
	for (size_t i = 0; i < h->nruns; i++)
		if (strcmp(h->runs[i].commit, head) != 0)
			return true;
	return false;
}

/* The commit, or NULL: with err, or with why there is nothing to compare. */
static const char *find_baseline(struct gate_sides *s, const char *baseline, const char *commit,
				 const char *head, struct error *err)
{
	const struct git_plugin *git = s->history.git;
	struct looking l = { .history = &s->history, .arena = &s->arena };
	const char *base = git->merge_base(s->history.repo, head, commit, &s->arena, err);
	bool shallow = false;

	if (base == NULL)
		return NULL;
	l.not_this = s->new.runs.runs[0]->dirty ? NULL : head;
	if (git->walk(s->history.repo, base, ANCESTORS, visit, &l, &shallow, err) < 0)
		return NULL;
	if (l.no_memory)
		error_nomem(err);
	else if (l.found == NULL && shallow && any_other_runs(&s->history, head))
		error_set(err, ERR_NOT_FOUND, "no commit before %.7s has runs, as far as this "
			  "shallow clone reaches: git fetch --unshallow", base);
	else if (l.found == NULL)
		buf_printf(&s->nothing, "neither %.7s, where HEAD and %s part, nor a commit "
			   "before it has runs that passed", base, baseline);
	return l.found;
}

static int find_sides(struct gate_sides *s, const char *baseline, struct error *err)
{
	const struct git_plugin *git = s->history.git;
	const char *commit = git->commit(s->history.repo, baseline, &s->arena, err), *base, *head;
	const char *tree = git->worktree(s->history.repo);
	struct error ignored = ERROR_INIT;

	if (commit == NULL && err->code == ERR_NOT_FOUND) {
		ignored = *err;
		return error_set(err, ERR_NOT_FOUND, "--baseline %s; 'git branch -a' lists what "
				 "there is, 'git fetch origin NAME:NAME' gets a branch", ignored.text);
	}
	if (commit == NULL)
		return -1;
	head = git->commit(s->history.repo, "HEAD", &s->arena, err);
	if (head == NULL || read_new(s, head, err) < 0)
		return -1;
	base = find_baseline(s, baseline, commit, head, err);
	if (base == NULL)
		return s->nothing.len != 0 ? 0 : -1;
	if (read_old(s, base, err) < 0)
		return -1;
	s->roots = (struct roots){ tree, tree };
	/* Without them what was renamed is gone and new: worth a word, no more. */
	if (git->rename_find(s->history.repo, base, head, &s->renames, &s->arena, &ignored) < 0)
		complain("gate: %s; functions are matched by name alone", ignored.text);
	return 0;
}

int gate_sides_of_baseline(struct gate_sides *out, const struct gate_options *o,
			   const char *baseline)
{
	struct error err = ERROR_INIT;

	*out = (struct gate_sides){ .arena = ARENA_INIT };
	if (history_open(&out->history, archive_folder(o->from.dir), o->repo, &err) < 0 ||
	    find_sides(out, baseline, &err) < 0)
		return complain("gate: %s", err.text), -1;
	return 0;
}

static void release_side(struct gate_side *side)
{
	history_summaries_release(&side->summaries);
	diff_side_release(&side->named);
	buf_release(&side->title);
}

void gate_sides_release(struct gate_sides *s)
{
	release_side(&s->old);
	release_side(&s->new);
	if (s->history.git != NULL)
		history_close(&s->history);
	arena_release(&s->arena);
	buf_release(&s->nothing);
}
