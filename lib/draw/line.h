/* line.h -- edges: their weight, colour, arrow head and label. */
#ifndef CPROF_DRAW_LINE_H
#define CPROF_DRAW_LINE_H

#include "draw/canvas.h"

/* "66.8% . 12x"; in a difference the change. NULL without memory. */
const char *line_text(const struct graph *g, uint32_t edge, struct arena *arena);

/* In this order for all edges: nothing that must be seen is hidden then. */
void line_draw(cairo_t *cr, const struct graph *g, uint32_t edge, const struct layout_edge *at);
void line_clear_label(cairo_t *cr, const struct layout_edge *at);
void line_draw_head(cairo_t *cr, const struct graph *g, uint32_t edge,
		    const struct layout_edge *at);
void line_draw_label(cairo_t *cr, const struct graph *g, uint32_t edge, const char *text,
		     const struct layout_edge *at, const struct fonts *fonts);

/* Room about a label's text. */
enum { LABEL_PAD_X = 2 };

#endif
