/* series.h -- quantities of one thing over commits, as a chart: a panel for each
 * quantity above the other, the commits from left to right.
 *
 *     20 ms |        +60 %                  the value, and around it, paler, a range
 *           |        ,--o---o               (up to the p95, or from least to most)
 *     10 ms | o--o--'                       a change is marked in red or green, with
 *         0 +------------------             its size
 *           1a1a1a1  3c3c3c3
 */
#ifndef CPROF_DRAW_PAGE_SERIES_H
#define CPROF_DRAW_PAGE_SERIES_H

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

enum series_unit { SERIES_TIME /* in nanoseconds */, SERIES_COUNT };

struct series_mark {
	const char *text; /* "+60 %"; NULL: no change here */
	int worse;        /* 1: more than before, -1: less */
};

struct series_panel {
	const char *name; /* "wall time: median, to p95" */
	enum series_unit unit;
	/* By point; NaN: not known there. */
	const double *value, *low, *high;
	const struct series_mark *marks; /* by point */
};

/* A point's two lines below the chart. */
struct series_label {
	const char *name, *note; /* "1a2b3c4", "11-21" */
};

/* A line below the chart, of one of the changes. */
struct series_note {
	const char *name, *change, *text; /* "1a2b3c4", "wall +60 %", "Load the lines" */
	int worse;
};

/* Texts are valid UTF-8. Points are oldest first. */
struct series {
	const char *title;    /* "GET /user/{id}" */
	const char *subtitle;
	size_t npoints;
	const struct series_label *labels;
	const struct series_panel *panels;
	size_t npanels;
	const struct series_note *notes;
	size_t nnotes;
};

/* Appends a PNG, with the title as its text "Request". At least one point and panel; of
 * more points than there are pixels the newest. */
int series_draw(struct buf *out, const struct series *s, struct error *err);

/* The ends of the scale of a quantity that reaches up to `most` (0 or more), and its steps:
 * 1, 2 or 5 times a power of ten, about five of them; of a count whole numbers. */
struct series_scale {
	double top, step;
};
struct series_scale series_scale(double most, enum series_unit unit);

/* Appends a number of the scale, "20 ms", "1,500"; all of a scale in one unit. */
void series_tick(struct buf *out, const struct series_scale *scale, enum series_unit unit,
		 double value);

#endif
