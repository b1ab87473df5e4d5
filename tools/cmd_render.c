#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "graph/gprof2dot.h"
#include "output.h"
#include "picture.h"
#include "plugin.h"
#include "profile/diff.h"
#include "snapshot/write.h"
#include "subject.h"
#include "workers.h"

enum { NODES_DEFAULT = ~0u };
/* What a picture of some hundred functions takes; one of a few takes less than one huge
 * page would, but many of them, one after the other, are drawn in the same. */
enum { PICTURE_BYTES = 16 << 20, FEW_FUNCTIONS = 1000 };
enum theme_choice { THEME_LIGHT, THEME_DARK, THEME_PRINT, THEME_GPROF2DOT };
/* The first three are enum picture_kind. */
enum format_choice { FORMAT_DOT = PICTURE_PDF + 1, FORMAT_BY_NAME };

static const char *const theme_names[] = { "light", "dark", "print", "gprof2dot", NULL };
static const char *const format_names[] = { "png", "svg", "pdf", "dot", NULL };
static const char *const collapse_names[] = { "none", "package", NULL };

struct render_options {
	struct subject_options from;
	const char *output, *metric, *root, *leaf, *budget;
	unsigned nodes, theme, format, collapse;
	double min_node, min_edge;
};

static const struct opt rows[] = {
	{ 'o', "output", OPT_TEXT, offsetof(struct render_options, output), "FILE", NULL,
	  "write the picture of one profile there; - is standard output" },
	{ 0, "format", OPT_CHOICE, offsetof(struct render_options, format), "FORMAT", format_names,
	  "png, svg, pdf or dot; without it by the ending of --output, png where it has none" },
	{ 0, "theme", OPT_CHOICE, offsetof(struct render_options, theme), "THEME", theme_names,
	  "light, dark, print (greys), or gprof2dot, whose boxes and colours it has" },
	{ 'n', "nodes", OPT_NUMBER, offsetof(struct render_options, nodes), "N", NULL,
	  "show at most N functions, the heaviest (80; gprof2dot: all; 0: all)" },
	{ 0, "min-node", OPT_PERCENT, offsetof(struct render_options, min_node), "PERCENT", NULL,
	  "leave out functions below this part of the total (0.5)" },
	{ 0, "min-edge", OPT_PERCENT, offsetof(struct render_options, min_edge), "PERCENT",
	  NULL, "leave out arcs below this part of the total (0.1)" },
	{ 0, "root", OPT_TEXT, offsetof(struct render_options, root), "NAME", NULL,
	  "only what is called from functions of this name (a pattern, as for files)" },
	{ 0, "leaf", OPT_TEXT, offsetof(struct render_options, leaf), "NAME", NULL,
	  "only what leads to functions of this name" },
	{ 0, "collapse", OPT_CHOICE, offsetof(struct render_options, collapse), "WHAT",
	  collapse_names, "package: one box for each library and standard module" },
	{ 0, "metric", OPT_TEXT, offsetof(struct render_options, metric), "NAME", NULL,
	  "draw by another metric than time: cpu, alloc_bytes, ..." },
	{ 0, "budget", OPT_TEXT, offsetof(struct render_options, budget), "TIME", NULL,
	  "CPU time for a picture (2s); what would take longer is left out, and said" },
	OPT_ROWS_SUBJECT(render_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage render_usage = {
	"[WHAT]", 0, 1, "what", rows,
	"Draws the call graph of a snapshot into dot.png in its folder. WHAT is a\n"
	"snapshot, a run (all its snapshots are drawn), or a profile's file, which needs\n"
	"--output. Without WHAT, or for an archive, every snapshot is drawn that lacks a\n"
	"picture or was tagged since. Prints the paths of the pictures made; a snapshot\n"
	"that cannot be drawn is named, the others are, and the exit status is 2.\n"
	"\n"
	"Snapshots are drawn by one process for each core. A dot file is what gprof2dot\n"
	"writes at the same thresholds, for programs that read it.\n",
	NULL,
	"  cprof render                      all that lack a picture\n"
	"  cprof render GET.root.000738ms    one snapshot\n"
	"  cprof render app.prof -o app.svg  a profile from elsewhere\n"
	"  cprof render app.prof -o app.dot  what gprof2dot makes of it\n"
	"  cprof render 'GET /user/*' -o user.png --root 'show_*'\n"
	"                                    what a view calls, of a typical request\n"
	"  cprof render --collapse package --nodes 30 GET.root.000738ms\n"
	"                                    a smaller picture\n"
};

struct render_job {
	const struct snapshot *snapshot;
	const char *path;
};

struct renderer {
	const struct render_options *options;
	unsigned format, budget_ms;
	struct render_job *jobs;
	size_t njobs;
	struct progress progress;
	bool failed;
};

/* "dot.png": the picture's name in a snapshot's folder. */
static void picture_name(char name[16], unsigned format)
{
	strcpy(name, "dot.");
	strcat(name, format_names[format]);
}

/* Each attempt shows less: what could not be laid out in time is no picture at all. */
static void fill_options(struct picture_options *to, const struct renderer *r, unsigned attempt)
{
	static const unsigned most[WORK_ATTEMPTS] = { ~0u, 40, 20 };
	const struct render_options *o = r->options;
	struct graph_options *g = &to->graph;

	to->theme = theme_names[o->theme];
	if (o->nodes != NODES_DEFAULT)
		g->max_nodes = o->nodes;
	else if (o->theme == THEME_GPROF2DOT || r->format == FORMAT_DOT)
		g->max_nodes = 0;
	g->min_node = o->min_node;
	g->min_edge = o->min_edge;
	g->root = o->root;
	g->leaf = o->leaf;
	g->collapse = o->collapse != 0;
	g->budget_ms = r->budget_ms / 2;
	if (attempt != 0) {
		g->collapse = true;
		if (g->max_nodes == 0 || g->max_nodes > most[attempt])
			g->max_nodes = most[attempt];
	}
}

static void drop_costs(void *profile)
{
	profile_drop_costs(profile);
	mem_reuse();
}

static int draw(struct buf *out, struct buf *less, const struct renderer *r,
		const struct render_job *job, unsigned attempt, struct error *err)
{
	struct picture_options options = PICTURE_OPTIONS_INIT;
	struct profile *p = snapshot_profile(job->path, err);
	picture_drawer *drawer;
	struct captioned c;
	int metric, rc = -1;

	if (p == NULL)
		return -1;
	fill_options(&options, r, attempt);
	options.less = less;
	metric = r->options->metric != NULL ? find_metric(p, r->options->metric, err)
					    : (int)profile_time_metric(p);
	options.graph.metric = metric < 0 ? 0 : (unsigned)metric;
	if (metric < 0) {
		error_prefix(err, "%s: ", file_called(job->path));
	} else if (r->format == FORMAT_DOT) {
		rc = gprof2dot_write(out, p, &options.graph, err);
		if (rc < 0)
			error_prefix(err, "%s: ", file_called(job->path));
	} else if ((drawer = picture_drawer_for(&options, (enum picture_kind)r->format, err)) != NULL) {
		caption_fill(&c, job->snapshot, job->path);
		if (p->nfunctions > FEW_FUNCTIONS || r->njobs > 1)
			mem_expect(PICTURE_BYTES);
		options.graph_made = drop_costs;
		options.arg = p;
		rc = drawer(out, p, &c.caption, &options, err);
		if (rc < 0)
			error_prefix(err, "%s: ", file_called(job->path));
		caption_release(&c);
	}
	left_out_add(less, p);
	profile_free(p);
	return rc;
}

static int draw_into_place(struct renderer *r, size_t number, unsigned attempt,
			   struct error *err)
{
	const struct render_job *job = &r->jobs[number];
	const char *output = r->options->output;
	struct buf content = BUF_INIT, less = BUF_INIT;
	char name[16];
	int rc = draw(&content, &less, r, job, attempt, err);

	picture_name(name, r->format);
	work_hold(true);
	if (rc == 0 && output != NULL)
		rc = output_file(output, buf_bytes(&content), err);
	else if (rc == 0)
		rc = snapshot_replace_file(job->path, name, buf_bytes(&content), err);
	work_hold(false);
	if (rc == 0)
		error_set(err, ERR_NONE, "%s", buf_str(&less));
	buf_release(&content);
	buf_release(&less);
	return rc;
}

static int run_job(void *arg, size_t number, unsigned attempt, struct error *err)
{
	struct renderer *r = arg;
	const char *output = r->options->output;

	if (draw_into_place(r, number, attempt, err) < 0)
		return -1;
	return output != NULL && strcmp(output, "-") == 0 ? output_finish(err) : 0;
}

static void put_path(const char *path)
{
	struct buf line = BUF_INIT;

	text_printable(&line, path);
	buf_addc(&line, '\n');
	out_write(&line);
	buf_release(&line);
}

static void job_done(void *arg, size_t number, int rc, const struct error *err)
{
	struct renderer *r = arg;
	const struct render_job *job = &r->jobs[number];
	const char *output = r->options->output;
	char name[16], *place;

	progress_end(&r->progress);
	if (rc < 0) {
		/* What ended the worker does not know the path. */
		if (strstr(err->text, job->path) != NULL || output != NULL)
			complain("%s", err->text);
		else
			complain("%s: %s", job->path, err->text);
		r->failed = true;
		return;
	}
	/* Of many pictures each says so itself. */
	if (err->text[0] != '\0' && r->njobs == 1)
		complain("%s: %s", output != NULL && strcmp(output, "-") != 0 ? output
			 : file_called(job->path),
			 err->text);
	if (output != NULL) {
		if (strcmp(output, "-") != 0)
			put_path(output);
	} else {
		picture_name(name, r->format);
		place = path_join(job->path, name);
		if (place != NULL)
			put_path(place);
		mem_free(place);
	}
}

static void show_progress(void *arg, size_t ndone)
{
	struct renderer *r = arg;

	progress_step(&r->progress, ndone, r->njobs);
}

static int work(struct renderer *r)
{
	/* The budget is kept by what is drawn; where that goes wrong, or the machine is a
	 * slow one, the process is ended. */
	struct work w = { .njobs = r->njobs, .limit_ms = 4 * r->budget_ms, .run = run_job,
			  .done = job_done, .progress = show_progress, .arg = r };
	struct error err = ERROR_INIT;
	int rc = 0;

	/* Text needs no process of its own. */
	if (r->njobs == 1 && r->format == FORMAT_DOT) {
		int drawn = draw_into_place(r, 0, 0, &err);

		job_done(r, 0, drawn, &err);
	} else {
		rc = work_all(&w, &err);
	}
	progress_end(&r->progress);
	if (rc < 0)
		return complain("%s", err.text);
	return r->failed ? EXIT_COULD_NOT : EXIT_DONE;
}

static bool wants_picture(const struct renderer *r, const struct snapshot *s, bool all)
{
	return all || r->format != PICTURE_PNG || !s->has_picture || s->picture_is_old;
}

static int render(struct renderer *r, const struct subject *s)
{
	const char *output = r->options->output;
	bool one = s->kind == PATH_FILE || s->kind == PATH_SNAPSHOT;

	if (s->kind == PATH_FILE && output == NULL)
		return complain("render: %s is a file, so say where the picture goes: "
				"--output FILE", s->what);
	if (!one && output != NULL)
		return complain("render: --output takes one picture, and %s is %s; name a "
				"snapshot", s->path, path_kind_name(s->kind));
	r->jobs = mem_array(NULL, one ? 1 : s->nsnapshots, sizeof *r->jobs);
	if (r->jobs == NULL)
		return complain("out of memory");
	if (one)
		r->jobs[r->njobs++] = (struct render_job){ subject_snapshot(s), s->path };
	for (size_t i = 0; !one && i < s->nsnapshots; i++)
		if (wants_picture(r, s->snapshots[i], s->kind == PATH_RUN))
			r->jobs[r->njobs++] = (struct render_job){ s->snapshots[i],
								   s->snapshots[i]->path };
	if (!one && s->nsnapshots == 0)
		complain("%s: there is no snapshot in it", s->path);
	else if (r->njobs == 0)
		complain("nothing to draw: every snapshot has its picture");
	r->failed = !one && s->left_out;
	return work(r);
}

/* "2s", "500ms", "1.5"; 0 when it is no time above none. */
static unsigned read_budget(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text)
		return 0;
	if (strcmp(end, "ms") == 0)
		seconds /= 1000;
	else if (*end != '\0' && strcmp(end, "s") != 0)
		return 0;
	return seconds >= 0.01 && seconds <= 86400 ? (unsigned)(seconds * 1000) : 0;
}

/* By its name where no option says it; -1 after a complaint about one that says nothing
 * known. */
static int find_format(const struct render_options *o)
{
	const char *name = o->output ? path_base(o->output) : "", *dot = strrchr(name, '.');

	if (o->format != FORMAT_BY_NAME)
		return (int)o->format;
	if (dot == NULL || dot == name)
		return PICTURE_PNG;
	for (int i = 0; format_names[i] != NULL; i++)
		if (strcasecmp(dot + 1, format_names[i]) == 0)
			return i;
	complain("render: '%s' ends in none of .png, .svg, .pdf and .dot; --format tells what "
		 "is to be in it", o->output);
	return -1;
}

int cmd_render(int argc, char **argv)
{
	const struct graph_options graph = GRAPH_OPTIONS_INIT;
	struct render_options o = { .nodes = NODES_DEFAULT, .min_node = graph.min_node,
				    .min_edge = graph.min_edge, .format = FORMAT_BY_NAME,
				    .budget = "2s" };
	struct renderer r = { .options = &o };
	struct subject subject;
	int format, status, n = command_options("render", &o, argc, argv, &status);

	if (n < 0)
		return status;
	r.budget_ms = read_budget(o.budget);
	if (r.budget_ms == 0)
		return complain("render: --budget %s is no time: 2s, 500ms", o.budget);
	format = find_format(&o);
	if (format < 0)
		return EXIT_COULD_NOT;
	r.format = (unsigned)format;
	if (r.format != FORMAT_DOT)
		plugin_host();
	status = EXIT_COULD_NOT;
	progress_begin(&r.progress, "drawing");
	if (subject_find(&subject, &o.from, n ? argv[0] : NULL) == 0)
		status = render(&r, &subject);
	progress_end(&r.progress);
	subject_release(&subject);
	mem_free(r.jobs);
	return status;
}
