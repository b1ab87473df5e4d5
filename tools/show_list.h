/* show_list.h -- the rows of `cprof show`, as pstats has them, in the order and
 * with the restrictions that were asked for. */
#ifndef CPROF_TOOLS_SHOW_LIST_H
#define CPROF_TOOLS_SHOW_LIST_H

#include "base/arena.h"
#include "base/bytes.h"
#include "show.h"

/* Of a function, or of an arc. */
struct show_numbers {
	int64_t ncalls, nprimitive;
	double self, cum; /* in seconds, where they are times */
};

struct show_row {
	struct function f; /* its name is that which is printed */
	const char *bare;  /* the name less its class */
	struct show_numbers n;
	const char *printed; /* file:line(name), not escaped; see show_list_name */
	const struct totals *totals; /* of the profile, with all metrics; or NULL */
};

struct show_arc {
	uint32_t caller, callee; /* rows */
	struct show_numbers n;
};

struct show_list {
	/* rows[nlisted..] only call: they have no numbers of their own. */
	struct show_row *rows;
	uint32_t nlisted, nrows;
	struct show_arc *arcs; /* those of a callee in their order */
	uint32_t narcs;
	uint32_t *order; /* rows to print */
	uint32_t norder;
	struct buf message; /* "   Ordered by: ...\n   List reduced ...\n" */
	uint64_t ncalls, nprimitive;
	double total, beside; /* seconds; what ran beside the request is no part of it */
	bool counts_only; /* of arcs nothing but calls is known */

	struct table table; /* what had to be derived for them */
	struct arena arena;
};

#define SHOW_LIST_INIT { .table = TABLE_INIT, .arena = ARENA_INIT, .message = BUF_INIT }

/* Rows in the order of the file, with arcs where `calls` are wanted. */
int show_list_fill(struct show_list *l, const struct profile *p, uint32_t metric, bool calls,
		   struct error *err);

/* Of a sum, of which then only the texts stay. */
int show_list_fill_sum(struct show_list *l, struct pstats_sum *s, bool calls,
		       struct error *err);
void show_list_release(struct show_list *l);

/* Orders all rows as the file has them. */
void show_list_reset(struct show_list *l);

/* Without folders in the names of files: what then is one is added up. */
int show_list_strip(struct show_list *l, struct error *err);

/* By --sort's keys, equal ones in the order of the file; then --reverse. */
int show_list_sort(struct show_list *l, const struct opt_list *keys, bool reverse,
		   struct error *err);

/* Keeps what a restriction lets through: "20" lines, the part ".5" of them, or
 * those whose name a pattern is found in. */
int show_list_restrict(struct show_list *l, const char *restriction, struct error *err);
void show_list_limit(struct show_list *l, uint64_t limit);

/* For each row its callers, or its callees, by file, line and name:
 * arcs[from[row]..from[row + 1]). */
struct show_index {
	bool callees;
	uint32_t *arcs, *from;
};

int show_index_fill(struct show_index *x, const struct show_list *l, bool callees,
		    struct error *err);
void show_index_release(struct show_index *x);

/* Never NULL; "" without memory. */
const char *show_list_name(struct show_list *l, uint32_t row);

#endif
