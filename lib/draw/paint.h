/* paint.h -- shapes on pixels, their edges smoothed by the exact part of each pixel that
 * they cover, in steps of a twelfth. What cairo does as well, in a tenth of the time:
 * it need not know of operators, clips and patterns, and a pixel is a byte, its colour's
 * number in a palette, as PNG wants it. Inside draw/ alone.
 *
 * Shapes may lie outside of the pixels.
 */
#ifndef CPROF_DRAW_PAINT_H
#define CPROF_DRAW_PAINT_H

#include <stdint.h>

#include "draw/canvas.h"
#include "draw/palette.h"

/* In pixels, y downwards. */
struct paint_edge { double x, y, to_x, to_y; };

/* Which cells of a row there are. */
struct paint_row {
	int32_t from, to;
	size_t cells; /* where they begin */
};

struct paint {
	uint8_t *pixels; /* indices into the palette; the paper's is 0 */
	struct palette *palette; /* to which blends are added */
	size_t stride;           /* in pixels */
	uint32_t width, height;
	double scale, x, y; /* where a shape's point comes to lie: by scale, then x and y off */
	struct paint_edge *edges; /* of the shape that is being put together */
	size_t nedges, edges_cap;
	struct point *corners; /* of a line's outline */
	size_t corners_cap;
	struct paint_row *rows; /* `height` of them */
	float *cells; /* how much is covered from each pixel on to the right; all 0 */
	size_t cells_cap;
	bool failed; /* no memory: something is missing */
};

/* Nothing to draw on yet; -1 without memory. */
int paint_init(struct paint *p, uint32_t height);
void paint_release(struct paint *p);

/* Before anything else: all of it paper. */
void paint_all(struct paint *p);

/* A contour of a shape, closed; where it has several, what lies within two that run the
 * other way round is a hole. */
void paint_add(struct paint *p, const struct point *corners, size_t n);
void paint_fill(struct paint *p, struct colour colour, double alpha);

/* The same for a box, which most are, in a fifth of the time. */
void paint_box(struct paint *p, const struct box *box, struct colour colour, double alpha);

/* The edge of such a contour, half of it outside. */
void paint_ring(struct paint *p, const struct point *corners, size_t n, const struct pen *pen);

/* Cubic Bezier pieces, 1 + 3 * n points. */
void paint_curve(struct paint *p, const struct point *points, size_t npoints,
		 const struct pen *pen);

/* A letter that stands at x, y, in pixels as they are. */
void paint_mask(struct paint *p, const struct mask *mask, int x, int y, struct colour colour);

#endif
