/* plugin.h -- what is loaded only by the commands that need it, for cairo, graphviz and
 * libgit2 take longer to load than a table takes to print:
 *
 *     PREFIX/bin/cprof              PREFIX/lib/cprof/draw.so     render, diff --render
 *                                   PREFIX/lib/cprof/tag.so      tag
 *
 * Each exports one table of functions, made for this very version.
 */
#ifndef CPROF_TOOLS_PLUGIN_H
#define CPROF_TOOLS_PLUGIN_H

#include "draw/picture.h"
#include "snapshot/tag.h"

struct draw_plugin {
	const char *version; /* the first member of each */
	int (*draw)(struct buf *out, const struct profile *p, const struct caption *caption,
		    const struct picture_options *options, struct error *err);
	int (*draw_diff)(struct buf *out, const struct profile *before,
			 const struct profile *after, const struct caption *old_caption,
			 const struct caption *new_caption,
			 const struct picture_options *options, struct error *err);
};

struct tag_plugin {
	const char *version;
	struct repository *(*open)(const char *dir, struct error *err);
	void (*close)(struct repository *r);
	int (*commit_at)(struct repository *r, int64_t unix_ns, bool force,
			 struct manifest_git *out, struct arena *arena, struct error *err);
};

/* Loaded when first asked for, and then for good; NULL with err. */
const struct draw_plugin *plugin_draw(struct error *err);
const struct tag_plugin *plugin_tag(struct error *err);

#define PLUGIN_EXPORT __attribute__((visibility("default")))

#endif
