/* canvas.h -- what pictures are made of, whatever they are drawn on: pixels, SVG or
 * PDF. Coordinates are pixels at 100 %, y downwards.
 *
 * Shapes that belong together stand between `open` and `close`: a box or a line with
 * its label, which SVG makes one thing with a tooltip.
 */
#ifndef CPROF_DRAW_CANVAS_H
#define CPROF_DRAW_CANVAS_H

#include "draw/fonts.h"
#include "draw/theme.h"
#include "graph/graph.h"

struct canvas;

struct pen {
	struct colour colour;
	double width;
	double dash[2]; /* on, off; 0, 0: none */
	double dash_from; /* how much of the line went before */
};

enum part { PART_NODE, PART_EDGE };

struct canvas_ops {
	void (*rect)(struct canvas *c, const struct box *box, struct colour fill, double alpha);
	/* Fills a box with round corners and, with a pen, strokes its edge inside. */
	void (*rounded)(struct canvas *c, const struct box *box, double radius,
			struct colour fill, const struct pen *edge);
	/* Cubic Bezier pieces, 1 + 3 * n points. */
	void (*curve)(struct canvas *c, const struct point *points, size_t npoints,
		      const struct pen *pen);
	void (*triangle)(struct canvas *c, const struct point corners[3], struct colour fill);
	/* Fills it and strokes its edge. */
	void (*polygon)(struct canvas *c, const struct point *corners, size_t n,
			struct colour fill, const struct pen *edge);
	/* Left upper corner at x, y. */
	void (*text)(struct canvas *c, enum style style, double x, double y,
		     struct colour colour, const char *s);
	/* The origin of what follows. */
	void (*move)(struct canvas *c, double x, double y);
	void (*open)(struct canvas *c, enum part part, uint32_t index);
	void (*close)(struct canvas *c);
};

struct canvas {
	const struct canvas_ops *ops;
	const struct theme *theme;
	struct fonts *fonts;
};

/* `open` and `close` of what has no parts: pixels. */
void canvas_open_nothing(struct canvas *c, enum part part, uint32_t index);
void canvas_close_nothing(struct canvas *c);

#endif
