#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "diff_view.h"
#include "picture.h"
#include "plugin.h"

static const char *const sort_keys[] = { "calls", "tottime", "cumtime", "name", NULL };

enum { LIMIT = 20 };
#define UNSET UINT_MAX

static const struct opt rows[] = {
	{ 0, "exit-code", OPT_FLAG, offsetof(struct diff_options, exit_code), NULL, NULL,
	  "exit with 1 when the calls differ" },
	{ 's', "sort", OPT_CHOICE, offsetof(struct diff_options, sort), "KEY", sort_keys,
	  "order of the functions, by what changed most: calls (the default; shows only "
	  "those that changed in calls), tottime, cumtime; or name" },
	{ 'n', "limit", OPT_NUMBER, offsetof(struct diff_options, limit), "N", NULL,
	  "at most N functions each time (20, in JSON all; 0: all)" },
	{ 'w', "wide", OPT_FLAG, offsetof(struct diff_options, wide), NULL, NULL,
	  "all columns, however narrow the terminal" },
	{ 0, "png", OPT_TEXT, offsetof(struct diff_options, png), "FILE", NULL,
	  "also draw the call graph coloured by the difference; of two runs that of the "
	  "route that changed most" },
	OPT_ROW_JSON(diff_options),
	OPT_ROW_SUBJECT_DIR(diff_options),
	OPT_ROW_COLOR(diff_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage diff_usage = {
	"OLD NEW", 2, 2, "what", rows,
	"Compares two runs, or two snapshots or profile files. Functions match by file\n"
	"and qualified name, wherever their lines have moved.\n"
	"\n"
	"Two runs are compared request by request: what has the same method and route\n"
	"belongs together, its numbers are medians over its requests, and its functions\n"
	"those of the request of median wall time. Each route is said to be\n"
	"  changed   in calls: it makes more or fewer than before\n"
	"  other     as many calls, but by other functions\n"
	"  varies    its calls differ, but no more than among requests of one run\n"
	"  same      in calls; its time may differ, as time does\n"
	"  new, gone\n"
	"and for each that changed the functions are listed that did.\n",
	"  schema  1\n"
	"  kind    \"runs\" or \"profiles\"\n"
	"  different  what --exit-code judges by\n"
	"  before, after   path, commit, branch\n"
	"  unit    of tottime and cumtime\n"
	"  routes  of runs; of each: method, route, verdict, requests, wall_ns and calls\n"
	"          (both medians), typical (paths of the two requests of median wall),\n"
	"          functions (empty where the calls are the same)\n"
	"  calls, functions   of profiles; of each function: file, line, name, qualname,\n"
	"          calls, tottime, cumtime\n"
	"  Every number is {old, new, delta, ratio}; ratio is null where old is 0.\n",
	"  cprof diff 2026-11-21_18:20:37 2026-11-21_18:25:01\n"
	"                                    what a push changed\n"
	"  cprof diff --exit-code OLD NEW    fail a build on it\n"
	"  cprof diff old.prof new.prof --sort tottime\n"
	"                                    two profiles, by time\n"
	"  cprof diff OLD NEW --png diff.png\n"
};

static int side_read(struct diff_side *side, const struct subject *s)
{
	side->profile = subject_profile(s, "diff");
	side->snapshot = subject_snapshot(s);
	side->path = s->path;
	return side->profile ? 0 : -1;
}

static int draw(const char *file, const struct profile *before, const struct snapshot *old,
		const struct profile *after, const struct snapshot *new, const char *old_path,
		const char *new_path, struct error *err)
{
	struct picture_options options = PICTURE_OPTIONS_INIT;
	const struct draw_plugin *plugin = plugin_draw(err);
	struct captioned old_caption, new_caption;
	struct buf png = BUF_INIT;
	int rc;

	if (plugin == NULL)
		return -1;
	options.graph.metric = profile_time_metric(after);
	caption_fill(&old_caption, old, old_path);
	caption_fill(&new_caption, new, new_path);
	rc = plugin->draw_diff(&png, before, after, &old_caption.caption, &new_caption.caption,
			       &options, err);
	if (rc == 0)
		rc = output_file(file, buf_bytes(&png), err);
	caption_release(&old_caption);
	caption_release(&new_caption);
	buf_release(&png);
	return rc;
}

static int diff_two_profiles(struct diff_view *view, const struct subject *old,
			     const struct subject *new)
{
	const struct diff_options *o = view->options;
	struct diff_side before = { 0 }, after = { 0 };
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	struct diff d = { 0 };
	int status = EXIT_COULD_NOT, rc;

	if (side_read(&before, old) < 0 || side_read(&after, new) < 0)
		goto done;
	if (diff_profiles(&d, before.profile, after.profile, &err) < 0) {
		error_prefix(&err, "diff: ");
		goto fail;
	}
	rc = o->json ? diff_json_profiles(&out, view, &before, &after, &d, &err)
		     : diff_text_profiles(&out, view, &before, &after, &d, &err);
	if (rc < 0)
		goto fail;
	out_write(&out);
	if (o->png != NULL && draw(o->png, before.profile, before.snapshot, after.profile,
				   after.snapshot, before.path, after.path, &err) < 0)
		goto fail;
	status = o->exit_code && diff_differs(&d) ? EXIT_JUDGED : EXIT_DONE;
	goto done;
fail:
	complain("%s", err.text);
done:
	buf_release(&out);
	diff_release(&d);
	profile_free(before.profile);
	profile_free(after.profile);
	return status;
}

struct watcher {
	struct progress progress;
	bool failed;
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
	w->failed = true;
}

/* The picture of the route that changed most, and that both runs have. */
static int draw_route(const char *file, const struct comparison *c, struct error *err)
{
	const struct route_change *r = c->routes;
	const struct snapshot *old, *new;
	struct profile *p = NULL, *q = NULL;
	int rc = -1;

	while (r < c->routes + c->nroutes && (r->verdict == ROUTE_NEW || r->verdict == ROUTE_GONE))
		r++;
	if (r == c->routes + c->nroutes)
		return error_set(err, ERR_NOT_FOUND, "diff: the runs have no route in common "
				 "that could be drawn");
	old = r->before.typical;
	new = r->after.typical;
	p = snapshot_profile(old->path, err);
	q = p ? snapshot_profile(new->path, err) : NULL;
	if (q == NULL)
		goto done;
	rc = draw(file, p, old, q, new, old->path, new->path, err);
	if (rc == 0)
		complain("%s shows %s %s", file, r->method, r->route);
done:
	profile_free(p);
	profile_free(q);
	return rc;
}

static int diff_two_runs(struct diff_view *view, const struct run_info *before,
			 const struct run_info *after)
{
	const struct diff_options *o = view->options;
	struct watcher watcher = { .failed = false };
	struct compare_watch watch = { on_progress, on_problem, &watcher };
	struct comparison c = { .arena = ARENA_INIT };
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	int status = EXIT_COULD_NOT, rc;

	progress_begin(&watcher.progress, "reading");
	rc = compare_runs(&c, before, after, &watch, &err);
	progress_end(&watcher.progress);
	if (rc < 0)
		goto fail;
	rc = o->json ? diff_json_runs(&out, view, before, after, &c, &err)
		     : diff_text_runs(&out, view, before, after, &c, &err);
	if (rc < 0)
		goto fail;
	out_write(&out);
	if (o->png != NULL && draw_route(o->png, &c, &err) < 0)
		goto fail;
	if (!watcher.failed)
		status = o->exit_code && comparison_differs(&c) ? EXIT_JUDGED : EXIT_DONE;
	goto done;
fail:
	complain("%s", err.text);
done:
	buf_release(&out);
	comparison_release(&c);
	return status;
}

static bool is_profile(enum path_kind kind)
{
	return kind == PATH_SNAPSHOT || kind == PATH_FILE;
}

static int diff(struct diff_view *view, const char *what_old, const char *what_new)
{
	const struct subject_options *from = &view->options->from;
	struct subject old = { .what = NULL }, new = { .what = NULL };
	int status = EXIT_COULD_NOT;

	if (subject_find(&old, from, what_old) < 0 || subject_find(&new, from, what_new) < 0)
		goto done;
	if (old.kind == PATH_ARCHIVE || new.kind == PATH_ARCHIVE)
		complain("diff: %s is an archive; name two of its runs ('cprof ls' lists them)",
			 old.kind == PATH_ARCHIVE ? what_old : what_new);
	else if (old.kind == PATH_RUN && new.kind == PATH_RUN)
		status = diff_two_runs(view, &old.run, &new.run);
	else if (is_profile(old.kind) && is_profile(new.kind))
		status = diff_two_profiles(view, &old, &new);
	else
		complain("diff: %s is %s and %s is %s; name two runs, or two snapshots or "
			 "profile files", what_old, path_kind_name(old.kind), what_new,
			 path_kind_name(new.kind));
done:
	subject_release(&old);
	subject_release(&new);
	return status;
}

int cmd_diff(int argc, char **argv)
{
	struct diff_options o = { .limit = UNSET };
	struct diff_view view = { .options = &o };
	int status, n = command_options("diff", &o, argc, argv, &status);

	if (n < 0)
		return status;
	if (o.limit == UNSET)
		o.limit = o.json ? 0 : LIMIT;
	if (o.png != NULL && strcmp(o.png, "-") == 0)
		return complain("diff: --png needs a file: standard output has the text");
	term_init(&view.term, o.color);
	return diff(&view, argv[0], argv[1]);
}
