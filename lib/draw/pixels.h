/* pixels.h -- a canvas of pixels. Inside draw/ alone. */
#ifndef CPROF_DRAW_PIXELS_H
#define CPROF_DRAW_PIXELS_H

#include "draw/paint.h"

struct pixel_canvas {
	struct canvas canvas;
	struct paint paint;
};

extern const struct canvas_ops canvas_pixel_ops;

#endif
