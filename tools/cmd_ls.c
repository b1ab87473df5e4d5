#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "format/json.h"
#include "grid.h"
#include "subject.h"

struct ls_options {
	const char *dir;
	bool all, runs, json;
	unsigned color;
};

static const struct opt rows[] = {
	{ 'a', "all", OPT_FLAG, offsetof(struct ls_options, all), NULL, NULL,
	  "every snapshot of every run, not only the newest ten" },
	{ 'r', "runs", OPT_FLAG, offsetof(struct ls_options, runs), NULL, NULL,
	  "the runs alone" },
	OPT_ROW_JSON(ls_options),
	OPT_ROW_DIR(ls_options),
	OPT_ROW_COLOR(ls_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage ls_usage = {
	"[WHAT]", 0, 1, "what", rows,
	"Lists runs and their snapshots, newest last. WHAT is a run, whose snapshots\n"
	"are all listed, a snapshot, an archive, or a route ('GET /user/*': its requests\n"
	"in the newest run that has such). A run's line says how many requests\n"
	"its processes saw, kept, and dropped: measured, but not written; and that the\n"
	"suite it is of failed, or is unfinished: it still runs, or was killed. A label\n"
	"is the test that sent the request, and the number of the request in that.\n"
	"A picture is old when the snapshot was tagged since.\n",
	"  schema  1\n"
	"  runs    of each: name, path (null where WHAT is a snapshot), seen, kept,\n"
	"          dropped, processes (null where run.json does not say), outcome\n"
	"          (\"passed\", \"failed\", \"unfinished\" or null), snapshots\n"
	"  snapshots  of each: name, path, size, picture (\"none\", \"current\", \"old\"),\n"
	"          problem (null, or why snapshot.json cannot be read, and the rest is\n"
	"          null), method, route, status, label, ordinal, start (RFC 3339),\n"
	"          wall_ns, cpu_ns, lost, exception, commit, branch, dirty\n",
	"  cprof ls                          the archive\n"
	"  cprof ls 2026-11-21_18:20:37      all of one run\n"
	"  cprof ls 'GET /user/*'            of the newest run the requests of a route\n"
	"  cprof ls --json | jq '.runs[-1].name'\n"
	"                                    the newest run's name\n"
};

enum { NEWEST = 10 };

static const struct column columns[] = {
	{ .head = "STARTED", .drop = 4 },
	{ .head = "WALL", .right = true },
	{ .head = "STATUS" },
	{ .head = "PICTURE" },
	{ .head = "COMMIT", .drop = 2 },
	{ .head = "SNAPSHOT" },
	{ .head = "ROUTE", .least = 12, .drop = 3 },
	{ .head = "LABEL", .drop = 5 },
};
enum { NCOLUMNS = sizeof columns / sizeof columns[0] };

/* The commit that all tagged snapshots of a run share; NULL when they do not. */
static const struct manifest_git *common_commit(const struct run_info *run, size_t *ntagged)
{
	const struct manifest_git *common = NULL;
	bool same = true;

	*ntagged = 0;
	for (size_t i = 0; i < run->nsnapshots; i++) {
		const struct manifest_git *git = &run->snapshots[i].manifest.git;

		if (!run->snapshots[i].has_manifest || git->commit == NULL)
			continue;
		++*ntagged;
		if (common == NULL)
			common = git;
		else if (strcmp(common->commit, git->commit) != 0)
			same = false;
	}
	return same ? common : NULL;
}

static void put_run(struct buf *out, const struct term *t, const struct run_info *run)
{
	struct buf text = BUF_INIT;
	const struct manifest_git *git;
	size_t ntagged;
	uint64_t size = 0;

	text_printable(&text, run->name);
	term_put(t, out, STYLE_BOLD, buf_str(&text));
	buf_adds(out, "  ");
	plural(out, run->nsnapshots, "snapshot");
	git = common_commit(run, &ntagged);
	buf_clear(&text);
	if (git != NULL)
		commit_title(&text, git);
	else if (ntagged != 0)
		buf_adds(&text, "several commits");
	if (ntagged < run->nsnapshots && run->nsnapshots != 0) {
		if (ntagged != 0)
			buf_printf(&text, ", %zu ", run->nsnapshots - ntagged);
		buf_adds(&text, "untagged");
	}
	if (text.len != 0) {
		buf_adds(out, "  ");
		term_put(t, out, git ? STYLE_GREEN : STYLE_YELLOW, buf_str(&text));
	}
	if (run->has_counts) {
		buf_printf(out, "  seen %llu, kept %llu", (unsigned long long)run->seen,
			   (unsigned long long)run->kept);
		buf_clear(&text);
		buf_printf(&text, ", dropped %llu", (unsigned long long)run->dropped);
		if (run->dropped != 0)
			term_put(t, out, STYLE_RED, buf_str(&text));
	}
	if (run->outcome == RUN_FAILED || run->outcome == RUN_UNFINISHED) {
		buf_adds(out, "  ");
		term_put(t, out, STYLE_RED, run_outcome_name(run->outcome));
	}
	for (size_t i = 0; i < run->nsnapshots; i++)
		size += run->snapshots[i].size;
	buf_adds(out, "  ");
	text_size(out, size);
	buf_addc(out, '\n');
	buf_release(&text);
}

static enum style status_style(const char *status)
{
	if (status == NULL || status[0] == '5')
		return STYLE_RED;
	return status[0] == '4' ? STYLE_YELLOW : STYLE_PLAIN;
}

static void add_snapshot(struct grid *g, const struct snapshot *s, const struct term *t,
			 const struct manifest_git *of_run)
{
	const struct manifest *m = &s->manifest;
	struct buf text = BUF_INIT;

	if (!s->has_manifest) {
		for (int i = 0; i < 5; i++)
			grid_add(g, STYLE_DIM, i == 0 ? "" : t->signs->none);
		grid_add(g, STYLE_PLAIN, s->name);
		grid_add(g, STYLE_RED, "unreadable");
		grid_add(g, STYLE_PLAIN, "");
		return;
	}
	local_time(&text, m->start_ns);
	grid_add(g, STYLE_DIM, text.len > 11 ? buf_str(&text) + 11 : "");
	buf_clear(&text);
	text_time(&text, m->wall_ns);
	grid_add_buf(g, STYLE_PLAIN, &text);
	grid_addf(g, status_style(m->status), "%.3s", m->status ? m->status : t->signs->none);
	grid_add(g, s->picture_is_old ? STYLE_YELLOW : STYLE_PLAIN,
		 !s->has_picture ? t->signs->none : s->picture_is_old ? "old" : "yes");
	if (of_run == NULL)
		commit_title(&text, &m->git);
	grid_add_buf(g, STYLE_GREEN, &text);
	grid_add(g, STYLE_PLAIN, s->name);
	request_title(&text, s);
	grid_add_buf(g, STYLE_DIM, &text);
	label_title(&text, m);
	grid_add_buf(g, STYLE_DIM, &text);
	buf_release(&text);
}

static void put_snapshots(struct buf *out, const struct term *t, const struct run_info *run,
			  const struct ls_options *o, bool heads)
{
	size_t ntagged, from = 0;
	const struct manifest_git *common = common_commit(run, &ntagged);
	struct grid g;

	if (ntagged < run->nsnapshots)
		common = NULL;
	if (!o->all && !heads && run->nsnapshots > NEWEST)
		from = run->nsnapshots - NEWEST;
	if (from != 0) {
		struct buf text = BUF_INIT;

		buf_printf(&text, "  %zu earlier: cprof ls ", from);
		text_printable(&text, run->name);
		term_put(t, out, STYLE_DIM, buf_str(&text));
		buf_addc(out, '\n');
		buf_release(&text);
	}
	grid_init(&g, columns, NCOLUMNS);
	g.indent = "  ";
	g.headless = !heads;
	for (size_t i = from; i < run->nsnapshots; i++)
		add_snapshot(&g, &run->snapshots[i], t, common);
	if (run->nsnapshots != 0)
		grid_print(&g, t, out, false);
	grid_release(&g);
}

static void json_count(struct json_writer *w, const char *key, bool known, uint64_t n)
{
	if (known)
		json_add_int(w, key, (int64_t)n);
	else
		json_add_null(w, key);
}

static void json_snapshot(struct json_writer *w, const struct snapshot *s)
{
	const struct manifest *m = &s->manifest;
	struct buf start = BUF_INIT;

	json_open_object(w, NULL);
	json_add_string(w, "name", s->name);
	json_add_string(w, "path", s->path);
	json_add_int(w, "size", (int64_t)s->size);
	json_add_string(w, "picture", !s->has_picture ? "none"
				      : s->picture_is_old ? "old" : "current");
	json_add_string(w, "problem", s->has_manifest ? NULL : s->problem.text);
	if (s->has_manifest) {
		time_format(&start, m->start_ns);
		json_add_string(w, "method", m->method);
		json_add_string(w, "route", m->route);
		json_add_string(w, "status", m->status);
		json_add_string(w, "label", m->label);
		json_count(w, "ordinal", m->ordinal != 0, m->ordinal);
		json_add_string(w, "start", buf_str(&start));
		json_add_int(w, "wall_ns", m->wall_ns);
		if (m->cpu_ns >= 0)
			json_add_int(w, "cpu_ns", m->cpu_ns);
		else
			json_add_null(w, "cpu_ns");
		json_add_int(w, "lost", (int64_t)m->lost);
		json_add_string(w, "exception", m->exception);
		json_add_string(w, "commit", m->git.commit);
		json_add_string(w, "branch", m->git.branch);
		if (m->git.commit != NULL && m->git.dirty >= 0)
			json_add_bool(w, "dirty", m->git.dirty == 1);
		else
			json_add_null(w, "dirty");
	} else {
		static const char *const keys[] = { "method", "route", "status", "label",
						    "ordinal", "start", "wall_ns", "cpu_ns", "lost", "exception",
						    "commit", "branch", "dirty" };

		for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
			json_add_null(w, keys[i]);
	}
	json_close_object(w);
	buf_release(&start);
}

static void json_runs(struct buf *out, const struct run_info *runs, size_t nruns, bool only_runs)
{
	struct json_writer w;

	json_begin(&w, out);
	json_add_int(&w, "schema", 1);
	json_open_array(&w, "runs");
	for (size_t i = 0; i < nruns; i++) {
		const struct run_info *run = &runs[i];

		json_open_object(&w, NULL);
		json_add_string(&w, "name", run->name);
		json_add_string(&w, "path", run->path);
		json_count(&w, "seen", run->has_counts, run->seen);
		json_count(&w, "kept", run->has_counts, run->kept);
		json_count(&w, "dropped", run->has_counts, run->dropped);
		json_count(&w, "processes", run->has_counts, run->nprocesses);
		json_add_string(&w, "outcome", run_outcome_name(run->outcome));
		if (!only_runs) {
			json_open_array(&w, "snapshots");
			for (size_t k = 0; k < run->nsnapshots; k++)
				json_snapshot(&w, &run->snapshots[k]);
			json_close_array(&w);
		}
		json_close_object(&w);
	}
	json_close_array(&w);
	json_end(&w);
}

/* Says on standard error which snapshots could not be read. */
static int report_problems(const struct run_info *runs, size_t nruns)
{
	int status = EXIT_DONE;

	for (size_t i = 0; i < nruns; i++)
		for (size_t k = 0; k < runs[i].nsnapshots; k++)
			if (!runs[i].snapshots[k].has_manifest)
				status = complain("%s", runs[i].snapshots[k].problem.text);
	return status;
}

static int list(const struct run_info *runs, size_t nruns, enum path_kind kind,
		const struct ls_options *o)
{
	struct buf out = BUF_INIT;
	struct term t;

	term_init(&t, o->color);
	if (o->json) {
		json_runs(&out, runs, nruns, o->runs);
	} else {
		for (size_t i = 0; i < nruns; i++) {
			if (kind != PATH_SNAPSHOT)
				put_run(&out, &t, &runs[i]);
			if (!o->runs)
				put_snapshots(&out, &t, &runs[i], o, kind != PATH_ARCHIVE);
		}
	}
	out_write(&out);
	buf_release(&out);
	return report_problems(runs, nruns);
}

/* One snapshot, as if it were all there is in its run. */
static int list_snapshot(const char *path, const struct ls_options *o, struct error *err)
{
	struct snapshot s;
	struct run_info run = { 0 };
	int status;

	if (snapshot_read(&s, path, err) < 0)
		return -1;
	run.name = s.run;
	run.snapshots = &s;
	run.nsnapshots = 1;
	status = list(&run, 1, PATH_SNAPSHOT, o);
	snapshot_release(&s);
	return status;
}

static int list_run(const char *path, const struct ls_options *o, struct error *err)
{
	struct run_info run;
	int status;

	if (run_read(&run, path, err) < 0)
		return -1;
	status = list(&run, 1, PATH_RUN, o);
	if (complain_closed(&run.closed))
		status = EXIT_COULD_NOT;
	run_info_release(&run);
	return status;
}

/* 0 when `what` is no route, 1 with *status. */
static int list_route(const char *what, const struct ls_options *o, int *status)
{
	struct subject s;
	struct run_info run;
	int rc = subject_route_run(&s, &run, o->dir, what);

	*status = EXIT_COULD_NOT;
	if (rc > 0) {
		*status = list(&run, 1, PATH_RUN, o);
		mem_free(run.snapshots);
	}
	subject_release(&s);
	return rc != 0;
}

static int list_archive(const char *path, const struct ls_options *o, struct error *err)
{
	struct archive archive;
	int status;

	if (archive_read(&archive, path, err) < 0)
		return -1;
	status = list(archive.runs, archive.nruns, PATH_ARCHIVE, o);
	if (complain_closed_in(&archive))
		status = EXIT_COULD_NOT;
	archive_release(&archive);
	return status;
}

int cmd_ls(int argc, char **argv)
{
	struct ls_options o = { 0 };
	struct error err = ERROR_INIT;
	enum path_kind kind = PATH_ARCHIVE;
	char *path = NULL;
	int status, n = command_options("ls", &o, argc, argv, &status);

	if (n < 0)
		return status;
	if (n == 1) {
		if (list_route(argv[0], &o, &status))
			return status;
		path = find_what(o.dir, argv[0], &kind);
		if (path == NULL)
			return EXIT_COULD_NOT;
	}
	switch (kind) {
	case PATH_ARCHIVE:
		status = list_archive(path ? path : archive_folder(o.dir), &o, &err);
		break;
	case PATH_RUN:
		status = list_run(path, &o, &err);
		break;
	case PATH_SNAPSHOT:
		status = list_snapshot(path, &o, &err);
		break;
	case PATH_FILE:
		complain("ls: %s is a file; 'cprof show' prints it", argv[0]);
		status = EXIT_COULD_NOT;
		break;
	}
	if (status < 0)
		status = complain("%s", err.text);
	mem_free(path);
	return status;
}
