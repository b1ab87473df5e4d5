/* line.h -- edges: their weight, colour, arrow head and label. */
#ifndef CPROF_DRAW_LINE_H
#define CPROF_DRAW_LINE_H

#include "draw/canvas.h"

/* "66.8% . 12x"; in a difference the change; as gprof2dot writes it, two lines.
 * NULL without memory. */
const char *line_text(const struct graph *g, uint32_t edge, const struct theme *theme,
		      struct arena *arena);
void line_label_size(struct fonts *fonts, const char *text, double *w, double *h);

struct colour line_colour(const struct theme *t, const struct graph *g, uint32_t edge);

/* In this order for all edges: nothing that must be seen is hidden then. */
/* Of the line itself what lies between top and bottom, or all of it. */
void line_draw(struct canvas *c, const struct graph *g, uint32_t edge,
	       const struct layout_edge *at, double top, double bottom);
void line_clear_label(struct canvas *c, const struct layout_edge *at);
void line_draw_head(struct canvas *c, const struct graph *g, uint32_t edge,
		    const struct layout_edge *at);
void line_draw_label(struct canvas *c, const struct graph *g, uint32_t edge, const char *text,
		     const struct layout_edge *at);

#endif
