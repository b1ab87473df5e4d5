/* theme.h -- how a picture looks: its colours, and which of two kinds of boxes.
 *
 *     light      what is drawn unless asked otherwise
 *     dark       the same on a dark ground
 *     print      greys only: heat and origins are told apart without colour
 *     gprof2dot  that program's colours and boxes, without a legend
 */
#ifndef CPROF_DRAW_THEME_H
#define CPROF_DRAW_THEME_H

#include "draw/colour.h"
#include "graph/graph.h"

enum { HEAT_STOPS = 6, CHANGE_STOPS = 7 };

struct theme {
	const char *name;
	struct colour paper, ink, dim, line;
	struct colour hot;           /* the hot path's lines ... */
	struct colour hot_text;      /* ... and numbers */
	struct colour heavy;         /* what lines turn into with their weight */
	struct colour faster, slower;
	struct colour heat[HEAT_STOPS];     /* from nothing to all of the total */
	struct colour change[CHANGE_STOPS]; /* from much faster to much slower */
	struct colour origins[4];    /* marks, by enum origin */
	bool foreign; /* gprof2dot's boxes and scale */
};

/* NULL when there is no such theme; themes[] ends with name NULL. */
extern const struct theme themes[];
const struct theme *theme_find(const char *name);

/* The nearest of forty steps from 0 to 1. Nobody tells more shades apart, and so the
 * palette of a PNG has room for the blends at the edges of lines and letters. */
double theme_step(double part);

/* The fill for a share of 0 to 1. The scale is a root: most functions of a request
 * have few per cent, and must differ too. */
struct colour theme_heat(const struct theme *t, double share);

/* The difference as a part of the whole, -1 to 1: faster is green, slower red,
 * equal grey. */
struct colour theme_change(const struct theme *t, double delta);

/* Ink, or where that is too near to the fill black or white; and the same nearer to
 * the fill where contrast allows. gprof2dot's text is white on any fill. */
struct colour theme_text_on(const struct theme *t, struct colour fill);
struct colour theme_dim_on(const struct theme *t, struct colour fill);

#endif
