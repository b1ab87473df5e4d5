#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "picture.h"
#include "profile/diff.h"
#include "snapshot/write.h"
#include "subject.h"

struct render_options {
	struct subject_options from;
	const char *output;
	unsigned nodes;
	double min, min_edge;
};

static const struct opt rows[] = {
	{ 'o', "output", OPT_TEXT, offsetof(struct render_options, output), "FILE", NULL,
	  "write the picture of one profile there; - is standard output" },
	{ 'n', "nodes", OPT_NUMBER, offsetof(struct render_options, nodes), "N", NULL,
	  "show at most N functions, the heaviest (80; 0: all)" },
	{ 0, "min", OPT_PERCENT, offsetof(struct render_options, min), "PERCENT", NULL,
	  "leave out functions below this part of the total (0.5)" },
	{ 0, "min-edge", OPT_PERCENT, offsetof(struct render_options, min_edge), "PERCENT",
	  NULL, "leave out arcs below this part of the total (0.1)" },
	OPT_ROWS_SUBJECT(render_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage render_usage = {
	"[WHAT]", 0, 1, "what", rows,
	"Draws the call graph of a snapshot into dot.png in its folder. WHAT is a\n"
	"snapshot, a run (all its snapshots are drawn), or a profile's file, which needs\n"
	"--output. Without WHAT, or for an archive, every snapshot is drawn that lacks a\n"
	"picture or was tagged since. Prints the paths of the pictures made; a snapshot\n"
	"that cannot be drawn is named, the others are, and the exit status is 2.\n",
	NULL,
	"  cprof render                      all that lack a picture\n"
	"  cprof render GET.root.000738ms    one snapshot\n"
	"  cprof render app.prof -o app.png  a profile from elsewhere\n"
	"  cprof render --nodes 30 GET.root.000738ms\n"
	"                                    a smaller picture\n"
};

struct renderer {
	const struct render_options *options;
	struct progress progress;
	size_t done, total, ndrawn;
	bool failed;
};

static int draw(struct buf *png, const struct snapshot *s, const char *path,
		const struct render_options *o, struct error *err)
{
	struct graph_options graph = GRAPH_OPTIONS_INIT;
	struct profile *p = snapshot_profile(path, err);
	struct captioned c;
	int rc;

	if (p == NULL)
		return -1;
	graph.max_nodes = o->nodes;
	graph.min_node = o->min;
	graph.min_edge = o->min_edge;
	graph.metric = profile_time_metric(p);
	caption_fill(&c, s, path);
	rc = picture_png(png, p, &c.caption, &graph, err);
	if (rc < 0)
		error_prefix(err, "%s: ", path);
	caption_release(&c);
	profile_free(p);
	return rc;
}

static void put_path(const char *path)
{
	struct buf line = BUF_INIT;

	text_printable(&line, path);
	buf_addc(&line, '\n');
	out_write(&line);
	buf_release(&line);
}

/* Draws into `output`, or into the snapshot's folder when that is NULL. */
static void render_one(struct renderer *r, const struct snapshot *s, const char *path,
		       const char *output)
{
	struct buf png = BUF_INIT;
	struct error err = ERROR_INIT;
	char *place = NULL;
	int rc;

	progress_step(&r->progress, r->done++, r->total);
	rc = draw(&png, s, path, r->options, &err);
	if (rc == 0 && output != NULL)
		rc = output_file(output, buf_bytes(&png), &err);
	else if (rc == 0)
		rc = snapshot_replace_file(path, "dot.png", buf_bytes(&png), &err);
	buf_release(&png);
	if (rc < 0) {
		progress_end(&r->progress);
		complain("%s", err.text);
		r->failed = true;
		return;
	}
	r->ndrawn++;
	if (output != NULL && strcmp(output, "-") == 0)
		return;
	place = output ? NULL : path_join(path, "dot.png");
	if (output == NULL && place == NULL) {
		complain("out of memory");
		r->failed = true;
		return;
	}
	progress_end(&r->progress);
	put_path(output ? output : place);
	mem_free(place);
}

static bool wants_picture(const struct snapshot *s, bool all)
{
	return all || !s->has_picture || s->picture_is_old;
}

static void render_many(struct renderer *r, const struct subject *s)
{
	bool all = s->kind == PATH_RUN;

	for (size_t i = 0; i < s->nsnapshots; i++)
		r->total += wants_picture(s->snapshots[i], all);
	if (s->nsnapshots == 0)
		complain("%s: there is no snapshot in it", s->path);
	else if (r->total == 0)
		complain("nothing to draw: every snapshot has its picture");
	for (size_t i = 0; i < s->nsnapshots; i++)
		if (wants_picture(s->snapshots[i], all))
			render_one(r, s->snapshots[i], s->snapshots[i]->path, NULL);
}

static int render(struct renderer *r, const struct subject *s)
{
	const char *output = r->options->output;

	if (s->kind == PATH_FILE && output == NULL)
		return complain("render: %s is a file, so say where the picture goes: "
				"--output FILE", s->what);
	if (s->kind == PATH_FILE || s->kind == PATH_SNAPSHOT) {
		render_one(r, subject_snapshot(s), s->path, output);
		return EXIT_DONE;
	}
	if (output != NULL)
		return complain("render: --output takes one picture, and %s is %s; name a "
				"snapshot", s->path, path_kind_name(s->kind));
	render_many(r, s);
	return EXIT_DONE;
}

int cmd_render(int argc, char **argv)
{
	const struct graph_options graph = GRAPH_OPTIONS_INIT;
	struct render_options o = { .nodes = graph.max_nodes, .min = graph.min_node,
				    .min_edge = graph.min_edge };
	struct renderer r = { .options = &o };
	struct subject subject;
	int status, n = command_options("render", &o, argc, argv, &status);

	if (n < 0)
		return status;
	status = EXIT_COULD_NOT;
	progress_begin(&r.progress, "drawing");
	if (subject_find(&subject, &o.from, n ? argv[0] : NULL) == 0)
		status = render(&r, &subject);
	progress_end(&r.progress);
	subject_release(&subject);
	return r.failed ? EXIT_COULD_NOT : status;
}
