/* title.h -- what stands above the graph: the request, how long it took, when
 * and at which commit, what is shown and hidden; below it the legend.
 */
#ifndef CPROF_DRAW_TITLE_H
#define CPROF_DRAW_TITLE_H

#include "draw/canvas.h"
#include "draw/picture.h"

enum { TITLE_LINES = 7, LEGEND_ITEMS = 12 };

struct title_line {
	enum style style;
	struct colour colour;
	const char *text;
};

enum legend_kind { LEGEND_HEAT, LEGEND_CHANGE, LEGEND_ORIGIN, LEGEND_BAR, LEGEND_HOT,
		   LEGEND_SKIPS, LEGEND_GONE,
		   LEGEND_SLOWER, LEGEND_FASTER, LEGEND_NEW };

struct legend_item {
	enum legend_kind kind;
	enum origin origin;
	const char *text;
	struct box box;
};

struct title {
	struct title_line lines[TITLE_LINES];
	int nlines;
	const char *status; /* behind the first line */
	struct legend_item items[LEGEND_ITEMS];
	int nitems;
	double w, h;
};

struct title_input {
	const struct graph *graph;
	const struct profile *profile;
	const struct caption *caption;     /* never NULL */
	const struct caption *old_caption; /* of a difference, else NULL */
	const struct graph_options *options;
	const struct theme *theme;
	double scale; /* 1, or less where the picture had to be made smaller */
};

/* Writes the texts, elided to `width`, in `arena`; -1 without memory. */
int title_make(struct title *title, const struct title_input *in, double width,
	       struct fonts *fonts, struct arena *arena);

/* Appends what of the graph was left out for want of time or room, and by how much all of
 * it is smaller; nothing where neither is so. */
void title_say_less(struct buf *out, const struct title_input *in);
void title_draw(struct canvas *c, const struct title *title, double x, double y);

/* legend.c: which marks the graph has, each with its place in rows of `width`
 * below y; returns where they end. */
double legend_make(struct title *title, const struct graph *g, double y, double width,
		   struct fonts *fonts);
void legend_draw(struct canvas *c, const struct title *title, double x, double y);

#endif
