#include "diff_side.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/format.h"
#include "snapshot/files.h"

/* --- finding it */

static int add_subject(struct diff_side *side, const struct subject_options *o, const char *what)
{
	struct subject *grown = mem_grow(side->subjects, &side->subjects_cap,
					 side->nsubjects + 1, sizeof *grown);

	if (grown == NULL)
		return complain("out of memory"), -1;
	side->subjects = grown;
	return subject_find(&grown[side->nsubjects++], o, what);
}

static bool is_list(const char *what)
{
	return strchr(what, ',') != NULL && *what != ',' && access(what, F_OK) != 0;
}

/* Each of "a,b,c" must be a run. The texts stay with the side: subjects borrow them. */
static int add_list(struct diff_side *side, const struct subject_options *o, const char *what)
{
	for (const char *end; what != NULL; what = *end != '\0' ? end + 1 : NULL) {
		size_t len = strcspn(what, ",");
		char *name = mem_alloc(len + 1);
		struct subject *s;
		int rc;

		end = what + len;
		if (name == NULL)
			return complain("out of memory"), -1;
		memcpy(name, what, len);
		name[len] = '\0';
		rc = add_subject(side, o, name);
		s = rc == 0 ? &side->subjects[side->nsubjects - 1] : NULL;
		if (s != NULL && (s->kind != PATH_RUN || s->by_route)) {
			complain("%s: %s is %s; only runs can be several", side->command, name,
				 s->by_route ? "a request" : path_kind_name(s->kind));
			rc = -1;
		}
		if (s != NULL)
			s->what = NULL; /* it is freed below */
		mem_free(name);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* The nearest folder, it or one above, that is a repository's; of standard input by the
 * current one. To free(). */
static char *find_work_tree(const char *path)
{
	char *at = realpath(path == NULL || strcmp(path, "-") == 0 ? "." : path, NULL);

	while (at != NULL) {
		char *git = path_join(at, ".git"), *slash = strrchr(at, '/');
		bool found = git != NULL && access(git, F_OK) == 0;

		mem_free(git);
		if (found)
			return at;
		if (slash == NULL || slash == at)
			break;
		*slash = '\0';
	}
	free(at);
	return NULL;
}

int diff_side_find(struct diff_side *out, const char *command, const struct subject_options *o,
		   const char *what)
{
	const struct subject *first;

	*out = (struct diff_side){ .command = command, .title = BUF_INIT, .subject = BUF_INIT };
	if (is_list(what))
		return add_list(out, o, what);
	if (add_subject(out, o, what) < 0)
		return -1;
	first = &out->subjects[0];
	if (first->kind == PATH_ARCHIVE)
		return complain("%s: %s is an archive; name two of its runs ('cprof ls' lists "
				"them)", command, what), -1;
	out->single = first->kind != PATH_RUN || first->by_route;
	return 0;
}

/* --- reading it */

struct watcher {
	struct progress progress;
	bool left_out;
};

static void on_progress(void *arg, size_t done, size_t total)
{
	struct watcher *w = arg;

	progress_step(&w->progress, done, total);
}

static void on_problem(void *arg, const struct snapshot *s, const struct error *err)
{
	struct watcher *w = arg;

	(void)s; /* the text names the file */
	progress_end(&w->progress);
	complain("%s; left out", err->text);
	w->left_out = true;
}

/* Which request it was is not known then: it would be compared with none, or another's. */
static void look_at_manifests(struct watcher *w, const struct run_info *run)
{
	for (size_t i = 0; i < run->nsnapshots; i++) {
		const struct snapshot *s = &run->snapshots[i];

		if (s->has_manifest || s->problem.code == ERR_NOT_FOUND)
			continue;
		complain("%s; of that request only the folder's name is known", s->problem.text);
		w->left_out = true;
	}
}

static int read_run(struct summary *out, const struct subject *s, const char *root,
		    bool *left_out)
{
	struct watcher w = { .left_out = false };
	struct summary_watch watch = { on_progress, on_problem, &w };
	struct error err = ERROR_INIT;
	int rc;

	progress_begin(&w.progress, "reading");
	rc = summary_of_run(out, &s->run, root, &watch, &err);
	progress_end(&w.progress);
	if (rc < 0)
		complain("%s", err.text);
	else
		look_at_manifests(&w, &s->run);
	*left_out |= w.left_out || s->left_out;
	return rc;
}

/* A file of the bytes, which then stands for the subject. */
static int spool(struct diff_side *side, struct subject *s, struct bytes in, struct error *err)
{
	const char *dir = getenv("TMPDIR");
	struct buf name = BUF_INIT;
	int fd, errnum;

	buf_printf(&name, "%s/cprof-XXXXXX", dir != NULL && *dir != '\0' ? dir : "/tmp");
	fd = name.failed ? -1 : mkstemp((char *)(uintptr_t)buf_str(&name));
	if (fd < 0) {
		error_errno(err, errno, "%s", buf_str(&name));
		buf_release(&name);
		return -1;
	}
	mem_free(s->path);
	s->path = name.data;
	side->spool = s->path;
	errnum = file_write(fd, in);
	close(fd);
	return errnum != 0 ? error_errno(err, errnum, "%s", s->path) : 0;
}

/* Standard input can be read once, and is wanted more often. What is wrong with it is said
 * now: nobody knows the file that will stand for it. NULL after a complaint. */
static struct profile *read_input(struct diff_side *side, struct subject *s)
{
	struct error err = ERROR_INIT;
	struct profile *p = NULL;
	struct buf in = BUF_INIT;
	int rc = file_read(&in, "-", SNAPSHOT_FILE_MAX, &err);

	if (rc == 0) {
		p = format_read(buf_bytes(&in), &err);
		rc = p != NULL ? spool(side, s, buf_bytes(&in), &err)
			       : error_prefix(&err, "standard input: ");
	}
	buf_release(&in);
	if (rc == 0) {
		say_left_out("-", p);
		return p;
	}
	complain("%s", err.text);
	profile_free(p);
	return NULL;
}

static int read_single(struct diff_side *side, struct summary *out, struct subject *s)
{
	bool is_input = strcmp(s->path, "-") == 0;
	struct profile *p = is_input ? read_input(side, s) : subject_profile(s, side->command);
	struct snapshot file = { .path = s->path, .name = s->path };
	struct error err = ERROR_INIT;
	int rc;

	if (p == NULL)
		return -1;
	profile_free(p);
	rc = summary_of_snapshot(out, s->nsnapshots ? s->snapshots[0] : &file, side->root, &err);
	if (rc < 0)
		complain("%s", err.text);
	return rc;
}

static void put_commit(struct buf *out, const struct summary *s)
{
	if (s->commit == NULL)
		return;
	buf_adds(out, "  ");
	buf_printf(out, "%.7s", s->commit);
	if (s->branch != NULL) {
		buf_addc(out, ' ');
		text_printable(out, s->branch);
	}
	if (s->dirty)
		buf_adds(out, ", dirty");
}

static size_t count_requests(const struct change_side *side)
{
	size_t n = 0;

	for (size_t i = 0; i < side->nruns; i++)
		for (size_t g = 0; g < side->runs[i]->ngroups; g++)
			n += side->runs[i]->groups[g].nrequests + side->runs[i]->groups[g].ncold;
	return n;
}

static void title_runs(struct buf *title, const struct change_side *runs)
{
	if (runs->nruns == 1)
		text_printable(title, runs->runs[0]->name);
	else
		plural(title, runs->nruns, "run");
	buf_adds(title, "  ");
	plural(title, count_requests(runs), "request");
	put_commit(title, runs->runs[0]);
}

static void title_single(struct diff_side *side)
{
	const struct subject *s = &side->subjects[0];

	if (s->nsnapshots == 0 || !s->snapshots[0]->has_manifest) {
		text_printable(&side->title, side->spool ? "standard input" : s->path);
		return;
	}
	request_title(&side->title, s->snapshots[0]);
	buf_adds(&side->title, "  ");
	local_time(&side->title, s->snapshots[0]->manifest.start_ns);
	put_commit(&side->title, side->runs[0]);
}

/* Of the commit that the runs are tagged with. */
static void find_subject(struct diff_side *side)
{
	const struct subject *first = &side->subjects[0];
	const char *subject = NULL;

	for (size_t i = 0; i < first->nsnapshots && subject == NULL; i++)
		if (first->snapshots[i]->has_manifest)
			subject = first->snapshots[i]->manifest.git.subject;
	if (subject != NULL)
		buf_adds(&side->subject, subject);
}

void diff_side_take(struct diff_side *side, const char *path, const struct summary *const *runs,
		    size_t n)
{
	side->report.path = path;
	side->report.runs = (struct change_side){ runs, n };
	if (side->single)
		title_single(side);
	else
		title_runs(&side->title, &side->report.runs);
	side->report.title = buf_str(&side->title);
	side->report.subject = side->subject.len != 0 ? buf_str(&side->subject) : NULL;
}

static const char *path_of(const struct diff_side *side)
{
	const struct subject *first = &side->subjects[0];

	if (side->spool != NULL)
		return "-";
	return side->single && first->nsnapshots != 0 ? first->snapshots[0]->path : first->path;
}

int diff_side_read(struct diff_side *side, bool *left_out)
{
	side->summaries = mem_zalloc(side->nsubjects * sizeof *side->summaries);
	side->runs = mem_array(NULL, side->nsubjects, sizeof *side->runs);
	if (side->summaries == NULL || side->runs == NULL)
		return complain("out of memory"), -1;
	side->root = find_work_tree(side->subjects[0].path);
	if (side->root == NULL)
		side->root = find_work_tree(NULL); /* of an archive outside, as for --repo */
	for (size_t i = 0; i < side->nsubjects; i++) {
		struct subject *s = &side->subjects[i];
		struct summary *to = &side->summaries[i];

		if ((side->single ? read_single(side, to, s)
				  : read_run(to, s, side->root, left_out)) < 0)
			return -1;
		side->runs[side->nruns++] = to;
	}
	if (!side->single)
		find_subject(side);
	diff_side_take(side, path_of(side), side->runs, side->nruns);
	return side->title.failed ? complain("out of memory"), -1 : 0;
}

void diff_side_release(struct diff_side *side)
{
	if (side->spool != NULL)
		unlink(side->spool);
	for (size_t i = 0; i < side->nruns; i++)
		summary_release(&side->summaries[i]);
	for (size_t i = 0; i < side->nsubjects; i++)
		subject_release(&side->subjects[i]);
	mem_free(side->summaries);
	mem_free(side->runs);
	mem_free(side->subjects);
	history_summaries_release(&side->past);
	free(side->root);
	buf_release(&side->title);
	buf_release(&side->subject);
}
