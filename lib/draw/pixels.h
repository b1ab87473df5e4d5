/* pixels.h -- a canvas of pixels. Inside draw/ alone. */
#ifndef CPROF_DRAW_PIXELS_H
#define CPROF_DRAW_PIXELS_H

#include "draw/paint.h"

struct pixel_canvas {
	struct cairo_canvas cairo; /* for letters that are not in the usual font, and scaled ones */
	struct paint paint;
	cairo_surface_t *surface;
};

extern const struct canvas_ops canvas_pixel_ops;

#endif
