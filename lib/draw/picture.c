#include "draw/picture.h"

#include "draw/scene.h"
#include "graph/gprof2dot.h"

static int write_scene(struct buf *out, struct title_input *in,
		       const struct picture_options *options, struct error *err)
{
	const struct picture_format *format = options->format ? options->format : &picture_png;
	struct scene s = { 0 };
	size_t start = out->len;
	int rc = -1;

	if (scene_make(&s, in, format->most_side, options->find_font, err) == 0)
		rc = format->write(out, &s, err);
	if (rc == 0 && options->less != NULL)
		title_say_less(options->less, in);
	scene_release(&s);
	if (rc < 0)
		out->len = start;
	return rc;
}

/* Without a bound a layout can take hours. */
static struct graph_options bounded(const struct graph_options *options)
{
	struct graph_options o = *options;

	if (o.budget_ms == 0)
		o.budget_ms = 10000;
	return o;
}

static int find_theme(const struct theme **theme, const struct picture_options *options,
		      struct error *err)
{
	*theme = theme_find(options->theme ? options->theme : "light");
	if (*theme == NULL)
		return error_set(err, ERR_NOT_FOUND, "there is no theme '%s'", options->theme);
	return 0;
}

static const struct caption no_caption;

int picture_draw(struct buf *out, const struct profile *p, const struct caption *caption,
		 const struct picture_options *options, struct error *err)
{
	struct graph_options graph = bounded(&options->graph);
	struct graph g;
	struct title_input in = { .graph = &g, .profile = p, .options = &graph };
	int rc;

	in.caption = caption ? caption : &no_caption;
	if (find_theme(&in.theme, options, err) < 0)
		return -1;
	rc = in.theme->foreign ? gprof2dot_build(&g, p, &graph, err)
			       : graph_build(&g, p, &graph, err);
	if (rc < 0)
		return -1;
	if (options->graph_made != NULL)
		options->graph_made(options->arg);
	rc = write_scene(out, &in, options, err);
	graph_release(&g);
	return rc;
}

int picture_draw_diff(struct buf *out, const struct profile *before, const struct profile *after,
		      const struct caption *old_caption, const struct caption *new_caption,
		      const struct picture_options *options, struct error *err)
{
	struct graph_options graph = bounded(&options->graph);
	struct graph g;
	struct title_input in = { .graph = &g, .profile = after, .options = &graph };
	int rc;

	in.caption = new_caption ? new_caption : &no_caption;
	in.old_caption = old_caption ? old_caption : &no_caption;
	if (find_theme(&in.theme, options, err) < 0)
		return -1;
	if (in.theme->foreign)
		return error_set(err, ERR_REFUSED, "gprof2dot's theme has no differences");
	if (graph_build_diff(&g, before, after, &graph, err) < 0)
		return -1;
	rc = write_scene(out, &in, options, err);
	graph_release(&g);
	return rc;
}
