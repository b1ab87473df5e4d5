#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "change/renamed.h"
#include "diff_past.h"
#include "output.h"
#include "picture.h"
#include "plugin.h"
#include "profile/diff.h"
#include "snapshot/pick.h"

static const char *const sort_keys[] = { "cost", "calls", "tottime", "cumtime", "name", NULL };

enum { LIMIT = 20 };
#define UNSET UINT_MAX

struct diff_options {
	struct subject_options from;
	const char *png, *repo;
	unsigned sort, limit, color;
	bool exit_code, json, markdown, force, wide;
};

static const struct opt rows[] = {
	{ 0, "exit-code", OPT_FLAG, offsetof(struct diff_options, exit_code), NULL, NULL,
	  "exit with 1 when calls differ, or a time is proven to" },
	{ 's', "sort", OPT_CHOICE, offsetof(struct diff_options, sort), "KEY", sort_keys,
	  "order of the functions: cost (the default: what makes up the difference), or all "
	  "that differ by what changed most in calls, tottime, cumtime; or by name" },
	{ 'n', "limit", OPT_NUMBER, offsetof(struct diff_options, limit), "N", NULL,
	  "at most N requests that changed, and N functions of each (20, in JSON all; 0: all, "
	  "also what did not change)" },
	{ 'w', "wide", OPT_FLAG, offsetof(struct diff_options, wide), NULL, NULL,
	  "all columns, however narrow the terminal" },
	{ 'f', "force", OPT_FLAG, offsetof(struct diff_options, force), NULL, NULL,
	  "compare what unlike Pythons or modes measured, too; comprehensions then count as "
	  "part of their functions" },
	{ 0, "png", OPT_TEXT, offsetof(struct diff_options, png), "FILE", NULL,
	  "also draw the call graph of the difference; of runs that of the first request in "
	  "the list" },
	{ 0, "markdown", OPT_FLAG, offsetof(struct diff_options, markdown), NULL, NULL,
	  "print Markdown for the summary of a job or a comment: under 60 KB" },
	OPT_ROW_JSON(diff_options),
	OPT_ROW_SUBJECT_DIR(diff_options),
	OPT_ROW_REPO(diff_options),
	OPT_ROW_COLOR(diff_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage diff_usage = {
	"OLD NEW | A..B", 1, 2, "what", rows,
	"Says what changed between two runs, or two snapshots or profile files: which\n"
	"requests, by how much, where in the call tree, and by which functions.\n"
	"\n"
	"Several runs of one commit, RUN,RUN,..., are one side; so is a commit, with all\n"
	"runs that are tagged with it or stored in the repository. A..B are two commits,\n"
	"A...B the merge base and B.\n"
	"\n"
	"Requests pair by their label in a test suite, else by method and route;\n"
	"functions by file and qualified name, wherever their lines have moved, and by\n"
	"what the commits renamed. Of a function's difference it is said how much is due\n"
	"to more calls (at the old cost of a call) and how much to dearer ones; the two\n"
	"add up.\n"
	"\n"
	"A request is\n"
	"  slower, faster      proven: p < 0.01 by five runs or more a side that took\n"
	"                      turns, old, new, old, new, ...\n"
	"  more, fewer calls   the least that it makes now is more than the most that it\n"
	"                      made before, or the contrary\n"
	"  slower?, faster?    not to be proven, for want of runs or turns, but further\n"
	"                      apart than runs of one commit are\n"
	"  other calls         as many, but of other functions\n"
	"  new, gone, same\n"
	"Counts of calls are exact, so one run a side is enough for them.\n"
	"\n"
	"Of a test suite what changed alike is one entry: requests of one test or of\n"
	"many, of the same method and route, whose changes are of the same functions.\n"
	"Its times are medians. JSON has each request by itself.\n",
	"  schema  2\n"
	"  kind    \"runs\" or \"profiles\"\n"
	"  different  what --exit-code judges by\n"
	"  before, after   path, commit, branch, runs (how many)\n"
	"  other_machine, took_turns (false: no time is proven), forced\n"
	"          what makes the comparison doubtful\n"
	"  unit    of wall, self and cum\n"
	"  requests  of each: label, ordinal, method, route, verdict, runs, requests,\n"
	"          calls, wall, metrics, evidence, p, noise, interval, typical (paths of\n"
	"          the two snapshots), where (the way down the call tree to where the\n"
	"          difference enters), functions (empty where nothing changed)\n"
	"  functions  of each: file, line, name, match, was, calls, self, cum, interval,\n"
	"          more_calls and dearer_calls (which add up to self's delta), metrics\n"
	"  Every quantity is {old, new, delta, ratio}; ratio is null where old is 0.\n",
	"  cprof diff 2026-11-21_18:20:37 2026-11-21_18:25:01\n"
	"                                    what a push changed\n"
	"  cprof diff main..HEAD             what a branch changed\n"
	"  cprof diff --exit-code OLD NEW    fail a build on it\n"
	"  cprof diff a1,a2,a3,a4,a5 b1,b2,b3,b4,b5\n"
	"                                    enough runs to prove a time, if in turn\n"
	"  cprof diff old.prof new.prof --sort tottime\n"
	"                                    two profiles, by time\n"
	"  cprof diff OLD NEW --png diff.png\n"
};

/* --- the picture */

/* What stands for one side in it. */
struct drawn {
	struct snapshot snapshot;
	struct profile *profile;
	struct captioned caption;
};

static int open_drawn(struct drawn *out, const struct report_side *side, const char *path,
		      struct error *err)
{
	struct error ignored = ERROR_INIT;

	out->profile = snapshot_profile(path, err);
	if (out->profile == NULL)
		return -1;
	/* A profile's file has no manifest. */
	if (snapshot_read(&out->snapshot, path, &ignored) < 0)
		out->snapshot = (struct snapshot){ .path = NULL };
	caption_fill(&out->caption, &out->snapshot, strcmp(side->path, "-") ? path : "-");
	return 0;
}

static void close_drawn(struct drawn *d)
{
	caption_release(&d->caption);
	snapshot_release(&d->snapshot);
	profile_free(d->profile);
}

static int draw(const char *file, const struct report *r, const struct request_change *c,
		const struct change_options *how, struct error *err)
{
	struct picture_options options = PICTURE_OPTIONS_INIT;
	const struct draw_plugin *plugin = plugin_draw(err);
	struct drawn old = { .profile = NULL }, new = { .profile = NULL };
	struct buf png = BUF_INIT, less = BUF_INIT;
	int rc = -1;

	if (plugin == NULL || open_drawn(&old, &r->before, c->before->typical, err) < 0 ||
	    open_drawn(&new, &r->after, c->after->typical, err) < 0 ||
	    renamed_profile(old.profile, new.profile, &how->roots, how->renames, err) < 0)
		goto done;
	options.graph.metric = profile_time_metric(new.profile);
	options.less = &less;
	options.find_font = picture_find_font;
	rc = plugin->draw_diff(&png, old.profile, new.profile, &old.caption.caption,
			       &new.caption.caption, &options, err);
	if (rc == 0)
		rc = output_file(file, buf_bytes(&png), err);
	if (rc == 0 && less.len != 0)
		complain("%s: %s", file, buf_str(&less));
done:
	close_drawn(&old);
	close_drawn(&new);
	buf_release(&png);
	buf_release(&less);
	return rc;
}

/* Of runs the first that both have: what is worse comes first. */
static int draw_first(const char *file, const struct report *r, const struct change_options *how,
		      struct error *err)
{
	struct buf name = BUF_INIT;

	for (size_t i = 0; i < r->change->nrequests; i++) {
		const struct request_change *c = &r->change->requests[i];

		if (c->state != REQUEST_BOTH || c->before->typical == NULL ||
		    c->after->typical == NULL)
			continue;
		if (draw(file, r, c, how, err) < 0)
			return -1;
		request_name(&name, c);
		if (!r->single)
			complain("%s shows %s", file, buf_str(&name));
		buf_release(&name);
		return 0;
	}
	return error_set(err, ERR_NOT_FOUND, "diff: the runs have no request in common that "
			 "could be drawn");
}

/* --- the command */

static int print(const struct diff_options *o, const struct report *r, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = o->json ? report_json(&out, r, err)
		 : o->markdown ? report_markdown(&out, r, err) : report_text(&out, r, err);

	if (rc == 0)
		out_write(&out);
	buf_release(&out);
	return rc;
}

/* Says whether force would help. */
static int refuse(const struct diff_side *old, const struct diff_side *new,
		  const struct change_options *options, const struct error *why)
{
	struct change_options forced = *options;
	struct error ignored = ERROR_INIT;
	struct change c;

	forced.force = true;
	if (why->code != ERR_REFUSED ||
	    change_between(&c, &old->report.runs, &new->report.runs, &forced, &ignored) < 0)
		return complain("diff: %s", why->text);
	change_release(&c);
	return complain("diff: %s; --force compares them all the same", why->text);
}

/* All that a comparison is made of. */
struct diffing {
	const struct diff_options *options;
	struct diff_past past;
	struct diff_side old, new;
	bool left_out; /* a profile could not be read */
};

static int compare(struct diffing *d)
{
	const struct diff_options *o = d->options;
	struct change_options options = { .force = o->force, .single = d->old.single,
					  .roots = { d->old.root, d->new.root } };
	struct report r = { .before = d->old.report, .after = d->new.report,
			    .single = d->old.single, .sort = o->sort, .limit = o->limit };
	struct error err = ERROR_INIT;
	int status = EXIT_COULD_NOT;
	struct change c;

	diff_past_prepare(&d->past, &d->old, &d->new);
	options.renames = &d->past.renames;
	options.noise = d->past.noise;
	options.nnoise = d->past.nnoise;
	if (change_between(&c, &d->old.report.runs, &d->new.report.runs, &options, &err) < 0)
		return refuse(&d->old, &d->new, &options, &err);
	r.change = &c;
	term_init(&r.term, o->color);
	if (o->wide)
		r.term.width = 0;
	if (print(o, &r, &err) < 0 ||
	    (o->png != NULL && draw_first(o->png, &r, &options, &err) < 0))
		complain("%s", err.text);
	else
		status = o->exit_code && report_differs(&c) ? EXIT_JUDGED : EXIT_DONE;
	change_release(&c);
	/* What could not be read may be what differs. */
	return d->left_out ? EXIT_COULD_NOT : status;
}

static bool is_there(const struct diff_options *o, const char *what)
{
	struct error ignored = ERROR_INIT;
	enum path_kind kind;
	char *found = NULL;
	int rc = archive_find(archive_folder(o->from.dir), what, &kind, &found, &ignored);

	mem_free(found);
	return rc == 0 || ignored.code != ERR_NOT_FOUND || strcmp(what, "-") == 0;
}

/* A path or a name, a request, else a commit. */
static int find_side(struct diffing *d, struct diff_side *side, const char *what)
{
	const char *commit = is_there(d->options, what) || pick_is_pattern(what)
				     ? NULL : diff_past_commit(&d->past, what);

	return commit != NULL ? diff_past_side(&d->past, side, what, commit)
			      : diff_side_find(side, "diff", &d->options->from, what);
}

static int find_range(struct diffing *d, const char *text)
{
	const char *from, *to;

	if (diff_past_range(&d->past, text, &from, &to) < 0)
		return -1;
	return diff_past_side(&d->past, &d->old, from, from) < 0 ||
	       diff_past_side(&d->past, &d->new, to, to) < 0 ? -1 : 0;
}

static const char *side_kind(const struct diff_side *side)
{
	if (side->nsubjects == 0)
		return "a commit";
	return side->nsubjects > 1 ? "several runs" : path_kind_name(side->subjects[0].kind);
}

/* A commit's side has been read as it was found. */
static int read_side(struct diffing *d, struct diff_side *side)
{
	return side->nsubjects == 0 ? 0 : diff_side_read(side, &d->left_out);
}

static int diff(struct diffing *d, int n, char **what)
{
	if (n == 1)
		return find_range(d, what[0]) < 0 ? EXIT_COULD_NOT : compare(d);
	if (find_side(d, &d->old, what[0]) < 0 || find_side(d, &d->new, what[1]) < 0)
		return EXIT_COULD_NOT;
	if (d->old.single != d->new.single)
		return complain("diff: %s is %s and %s is %s; name two runs, or two snapshots or "
				"profile files", what[0], side_kind(&d->old), what[1],
				side_kind(&d->new));
	if (read_side(d, &d->old) < 0 || read_side(d, &d->new) < 0)
		return EXIT_COULD_NOT;
	return compare(d);
}

int cmd_diff(int argc, char **argv)
{
	struct diff_options o = { .limit = UNSET };
	struct diffing d = { .options = &o, .old = { .title = BUF_INIT },
			     .new = { .title = BUF_INIT } };
	int status, n = command_options("diff", &o, argc, argv, &status);

	if (n < 0)
		return status;
	if (o.limit == UNSET)
		o.limit = o.json ? 0 : LIMIT;
	if (o.json && o.markdown)
		return complain("diff: --json and --markdown exclude each other");
	if (o.png != NULL && strcmp(o.png, "-") == 0)
		return complain("diff: --png needs a file: standard output has the text");
	diff_past_init(&d.past, archive_folder(o.from.dir), o.repo);
	status = diff(&d, n, argv);
	diff_side_release(&d.old);
	diff_side_release(&d.new);
	diff_past_release(&d.past);
	return status;
}
