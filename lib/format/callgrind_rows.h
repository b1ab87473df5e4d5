/* callgrind_rows.h -- what a callgrind file says of functions, gathered line by line:
 * a function's line, and with it who it is, is known only once its block was read.
 */
#ifndef CPROF_FORMAT_CALLGRIND_ROWS_H
#define CPROF_FORMAT_CALLGRIND_ROWS_H

#include "base/buf.h"
#include "base/bytes.h"
#include "profile/profile.h"

struct callgrind_row {
	uint32_t file, name; /* of texts */
	uint32_t line;       /* 0: not known yet */
	uint32_t rank;       /* by its first own block; then by mention */
	uint64_t ncalls, nprimitive;
	int64_t self[PROFILE_MAX_METRICS];
};

struct callgrind_rows {
	struct profile *p; /* borrowed; texts are in its table */
	const char **texts;
	size_t ntexts, texts_cap;
	struct map text_index; /* address -> text */

	struct callgrind_row *rows;
	size_t nrows, rows_cap, nblocks;
	struct map row_index; /* file, name -> row */
	struct table calls;   /* its arcs alone, between rows */

	struct buf name; /* one at a time */
};

/* The number of a text, of a row; MAP_NONE without memory. */
uint32_t callgrind_text(struct callgrind_rows *r, struct bytes raw);
uint32_t callgrind_row(struct callgrind_rows *r, uint32_t file, uint32_t name);

/* Makes functions and arcs of p's table of them; -1 without memory. */
int callgrind_rows_finish(struct callgrind_rows *r);
void callgrind_rows_release(struct callgrind_rows *r);

#endif
