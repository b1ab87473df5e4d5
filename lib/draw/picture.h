/* picture.h -- the call graph as a picture, from the profile to the file's bytes:
 * prune (graph/), lay out (graph/), draw on pixels, as SVG, or (page/) as PDF.
 */
#ifndef CPROF_DRAW_PICTURE_H
#define CPROF_DRAW_PICTURE_H

#include "base/buf.h"
#include "base/error.h"
#include "draw/face.h"
#include "graph/graph.h"
#include "profile/profile.h"

/* What the title and the text chunks say. All may be NULL. */
struct caption {
	const char *request; /* "GET /user/{id}"; else a file's name */
	const char *status;  /* "200 OK" */
	const char *date;    /* "2026-11-21 18:20:37" */
	const char *commit;  /* full hash; drawn short */
	const char *branch;
	const char *subject;
	int dirty;           /* 1: the work tree was */
	int64_t wall_ns;     /* as served; 0: the profile's own total */
};

struct scene;

struct picture_format {
	double most_side; /* in pixels; 0: no limit */
	/* Appends the whole file. */
	int (*write)(struct buf *out, struct scene *s, struct error *err);
};

/* PNG and SVG are pixels at 100 %; a PNG is never larger than viewers open. An SVG has
 * tooltips, links to the source files and a search of its own. */
extern const struct picture_format picture_png, picture_svg;

struct picture_options {
	struct graph_options graph;
	const char *theme; /* see theme.h; NULL: "light" */
	const struct picture_format *format; /* NULL: picture_png */
	font_finder *find_font;              /* or NULL: only what lies in the usual places */
	/* When there is the graph, and of the profile only its functions and texts are
	 * looked at any more, for a caller who then has no use for the rest; or NULL. */
	void (*graph_made)(void *arg);
	void *arg;
	/* To append in what the picture is less than was asked for: functions left out for want
	 * of time, a smaller scale; or NULL. */
	struct buf *less;
};

#define PICTURE_OPTIONS_INIT { GRAPH_OPTIONS_INIT, NULL, NULL, NULL, NULL, NULL, NULL }

/* Appends the file. A PNG has the text chunks Commit, Request and Software. A theme
 * that there is not is ERR_NOT_FOUND. */
int picture_draw(struct buf *out, const struct profile *p, const struct caption *caption,
		 const struct picture_options *options, struct error *err);

/* The newer profile's graph together with what is gone, coloured by the
 * difference: red slower, green faster, grey unchanged, dashed gone. */
int picture_draw_diff(struct buf *out, const struct profile *before, const struct profile *after,
		      const struct caption *old_caption, const struct caption *new_caption,
		      const struct picture_options *options, struct error *err);

#endif
