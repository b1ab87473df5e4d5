/* grid.h -- rows of cells in aligned columns. In a terminal that is too narrow,
 * the one flexible column is shortened; when it would fall below its `least`,
 * columns with a `drop` are left out, those of the highest number first; where that is not
 * enough it has its `least`. A column without a text in any cell is not shown at all.
 */
#ifndef CPROF_TOOLS_GRID_H
#define CPROF_TOOLS_GRID_H

#include "base/arena.h"
#include "base/buf.h"
#include "term.h"

struct column {
	const char *head;
	const char *group; /* a heading over this and the next columns with the same */
	bool right;        /* aligned to the right */
	unsigned drop;
	unsigned least;    /* not 0: this is the flexible column */
	bool cut_left;     /* and loses its beginning */
};

struct cell {
	const char *text;
	enum style style;
};

struct grid {
	const struct column *columns;
	size_t ncolumns;
	struct arena arena;
	struct cell *cells; /* row by row */
	size_t ncells, cap;
	bool failed;  /* no memory: grid_print says so */
	bool dropped; /* set by grid_print: a column was left out */
	bool headless;
	const char *indent;
};

void grid_init(struct grid *g, const struct column *columns, size_t ncolumns);
void grid_release(struct grid *g);

/* The next cell; what is not printable in it is escaped. */
void grid_add(struct grid *g, enum style style, const char *text);
void grid_addf(struct grid *g, enum style style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Takes what is in `b`, and clears it. */
void grid_add_buf(struct grid *g, enum style style, struct buf *b);

/* Appends the grid; nothing but failed set in `out` without memory. */
void grid_print(struct grid *g, const struct term *t, struct buf *out, bool all_columns);

#endif
