/* card.h -- a function's box: what stands in it, how large it is, how it looks.
 *
 *     |dispatch_request            |      bold; the edge's mark: whose code
 *     |flask.app:879            1x |      module and line, calls
 *     |88.2%               4.21 ms |      total
 *     |self 0.17%          8.2 us  |      self
 *     |itself 12.3%         176/1x |      only where it calls itself: that arc
 *     |====--------------------    |      total and, dark, self, of the whole
 *
 * In a difference the numbers are new with change, old beneath, and the box's shape says
 * what its colour does: corners are cut off above where it is slower, below where it is
 * faster, all four where it is new; dashed where it is gone. A package has the
 * number of its functions in its second row. gprof2dot's boxes are those four lines
 * centred, without a mark or a bar.
 */
#ifndef CPROF_DRAW_CARD_H
#define CPROF_DRAW_CARD_H

#include "draw/canvas.h"

struct card_row {
	const char *left, *right; /* right may be "" */
	enum style style, right_style;
	bool dim;
};

enum { CARD_ROWS = 5 };

struct card {
	struct card_row rows[CARD_ROWS];
	int nrows;
	bool centred;
	double w, h;
};

/* The text of a node, in `arena`, and its size; -1 without memory. */
int card_make(struct card *card, const struct graph *g, uint32_t node, const struct theme *theme,
	      struct fonts *fonts, struct arena *arena);

/* How a box of a difference looks; SHAPE_SAME of any other. What is within a hundredth of
 * the whole is the same. */
enum card_shape { SHAPE_SAME, SHAPE_SLOWER, SHAPE_FASTER, SHAPE_NEW, SHAPE_GONE };
enum card_shape card_shape(const struct graph *g, uint32_t node);

/* The shape alone, its corners cut off by `cut`; also in a legend. */
void card_draw_shape(struct canvas *c, enum card_shape shape, const struct box *box, double cut,
		     struct colour fill, struct pen *edge);

struct colour card_fill(const struct theme *t, const struct graph *g, uint32_t node);

enum { CARD_COLOURS = 5 };

/* The even ones it is drawn with: its fill, its text's, its bar's. */
void card_colours(struct colour to[CARD_COLOURS], const struct theme *t, const struct graph *g,
		  uint32_t node);

void card_draw(struct canvas *c, const struct card *card, const struct graph *g, uint32_t node,
	       const struct box *box);

#endif
