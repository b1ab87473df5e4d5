/* canvas_cairo.h -- a canvas on a cairo context, whose state it leaves as it finds it but
 * for the source and the font.
 */
#ifndef CPROF_DRAW_PAGE_CANVAS_CAIRO_H
#define CPROF_DRAW_PAGE_CANVAS_CAIRO_H

#include "draw/canvas.h"
#include "draw/page/show.h"

struct cairo_canvas {
	struct canvas canvas;
	cairo_t *cr;
	struct show show;
};

extern const struct canvas_ops canvas_cairo_ops;

#endif
