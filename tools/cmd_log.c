#include "base/mem.h"
#include "cmd.h"
#include "log.h"
#include "output.h"

struct log_options {
	const char *dir, *repo, *rev, *png;
	bool json;
	unsigned limit, color;
};

enum { LIMIT = 100 };

static const struct opt rows[] = {
	{ 0, "rev", OPT_TEXT, offsetof(struct log_options, rev), "REVISION", NULL,
	  "the branch or commit to begin at, else HEAD" },
	{ 'n', "limit", OPT_NUMBER, offsetof(struct log_options, limit), "N", NULL,
	  "at most N commits (100; 0: all)" },
	{ 0, "png", OPT_TEXT, offsetof(struct log_options, png), "FILE", NULL,
	  "draw the series instead, as a PNG; \"-\" is standard output" },
	OPT_ROW_JSON(log_options),
	OPT_ROW_REPO(log_options),
	OPT_ROW_DIR(log_options),
	OPT_ROW_COLOR(log_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage log_usage = {
	"REQUEST [FUNCTION]", 1, 2, NULL, rows,
	"Follows a request over the commits of a branch, newest first: its runs, their\n"
	"median time, the 95th percentile of all its requests, and its calls, from\n"
	"least to most where they vary. Runs are those of the archive that are tagged\n"
	"and those stored in the repository (cprof store, cprof fetch). REQUEST is a\n"
	"method and route, or a test's label, \"LABEL#2\" its second request. FUNCTION,\n"
	"as in app.views:show or sqlite3.Cursor.execute, is followed too; a module alone\n"
	"means all in it.\n"
	"\n"
	"What changed is said against the next older commit that has runs of it: calls\n"
	"when no request of the one makes as many or few as any of the other; time when\n"
	"that is proven (five runs a side that took turns, p < 0.01), or else more than\n"
	"runs of one commit differ by. A function's time only when it is proven.\n",
	"  schema  1\n"
	"  request, function   what is followed; function is null where none was named\n"
	"  shallow  whether the history goes on beyond what a shallow clone has\n"
	"  commits  newest first; of each: commit, date, subject, runs, requests, failed\n"
	"          (a run's suite did), request (wall_ns, calls), p95_ns, function\n"
	"          (self_ns, calls; null where it was not called), evidence and p of the\n"
	"          change of wall time, not_compared (why, as another Python; or null).\n"
	"          calls are {min, median, max}, or null where not known; time_changed\n"
	"          and calls_changed are 1 for more, -1 for less, 0 for no change\n",
	"  cprof log 'GET /user/{id}'                       a line for each commit\n"
	"  cprof log 'GET /user/{id}' sqlite3.Cursor.execute\n"
	"                                    and how often that was called\n"
	"  cprof log 'GET /user/{id}' --png user.png        a chart\n"
	"  cprof log --rev main -n 20 tests/test_user.py::test_show\n"
};

static int draw(const struct log *log, const char *file, struct error *err)
{
	const struct page_plugin *plugin = plugin_page(err);
	struct arena arena = ARENA_INIT;
	struct buf png = BUF_INIT;
	struct series series;
	int rc = -1;

	if (plugin == NULL)
		return -1;
	if (log_series(&series, log, &arena) < 0)
		error_nomem(err);
	else if (plugin->series(&png, &series, err) == 0)
		rc = output_file(file, buf_bytes(&png), err);
	buf_release(&png);
	arena_release(&arena);
	return rc;
}

static int put(const struct log *log, const struct log_options *o, struct error *err)
{
	struct buf out = BUF_INIT;
	struct term term;
	int rc = 0;

	if (o->png != NULL)
		return draw(log, o->png, err);
	term_init(&term, o->color);
	if (o->json)
		log_json(&out, log);
	else
		log_text(&out, log, &term);
	if (out.failed)
		rc = error_nomem(err);
	else
		out_write(&out);
	buf_release(&out);
	return rc;
}

/* True also where none was named. */
static bool is_function_found(const struct log *log)
{
	for (size_t i = 0; i < log->npoints; i++)
		if (log->points[i].has_function)
			return true;
	return log->pattern == NULL;
}

int cmd_log(int argc, char **argv)
{
	struct log_options o = { .limit = LIMIT, .rev = "HEAD" };
	struct error err = ERROR_INIT;
	struct history history;
	struct log log;
	int status, n = command_options("log", &o, argc, argv, &status);

	if (n < 0)
		return status;
	if (history_open(&history, archive_folder(o.dir), o.repo, &err) < 0)
		return complain("log: %s", err.text);
	status = EXIT_COULD_NOT;
	if (log_read(&log, &history, argv[0], n == 2 ? argv[1] : NULL, o.rev, o.limit, &err) == 0) {
		if (put(&log, &o, &err) == 0)
			status = EXIT_DONE;
		if (status == EXIT_DONE && log.shallow)
			complain("log: older commits are beyond the border of a shallow clone: "
				 "git fetch --unshallow");
		if (status == EXIT_DONE && !o.json && !is_function_found(&log))
			complain("log: %s: none of these requests called such a function; names are "
				 "whole, as app.views:show or sqlite3.Cursor.execute, or patterns: '*execute'",
				 log.pattern);
		log_release(&log);
	}
	if (status != EXIT_DONE)
		complain("log: %s", err.text);
	history_close(&history);
	return status;
}
