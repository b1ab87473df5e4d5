/* picture.h -- the call graph as a PNG, from the profile to the file's bytes:
 * prune (graph/), lay out (graph/), draw (cairo), encode (libpng).
 */
#ifndef CPROF_DRAW_PICTURE_H
#define CPROF_DRAW_PICTURE_H

#include "base/buf.h"
#include "base/error.h"
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

/* Appends a PNG with the text chunks Commit, Request and Software. */
int picture_png(struct buf *out, const struct profile *p, const struct caption *caption,
		const struct graph_options *options, struct error *err);

/* The newer profile's graph together with what is gone, coloured by the
 * difference: red slower, green faster, grey unchanged, dashed gone. */
int picture_diff_png(struct buf *out, const struct profile *before, const struct profile *after,
		     const struct caption *old_caption, const struct caption *new_caption,
		     const struct graph_options *options, struct error *err);

#endif
