/* diff.h -- two profiles function by function. Functions match by file and
 * qualified name, not by line: a blank line changes nothing. Of several with one
 * name in a file the n-th matches the n-th by line.
 *
 * A file that only one profile has, because the work tree or the interpreter
 * stands elsewhere, is then matched with one that only the other has: by its last
 * two parts ("flask/app.py"), then by its last ("app.py").
 *
 * Addresses in names ("<built-in method __new__ of type object at 0x7f31>") are
 * not compared, and what differs in them alone counts as one function. Where one
 * profile has no qualified names (a foreign profile.prof), both are compared as
 * pstats would tell their functions apart: by file, line and plain name.
 */
#ifndef CPROF_PROFILE_DIFF_H
#define CPROF_PROFILE_DIFF_H

#include "profile/profile.h"

struct diff_row {
	uint32_t before; /* function of the older profile, or PROFILE_NONE: new */
	uint32_t after;  /* function of the newer profile, or PROFILE_NONE: gone */
	const struct totals *old_totals; /* of the tables; all zero where there is none */
	const struct totals *new_totals;
};

/* Where several functions count as one, `before` and `after` are its first, and
 * the tables, whose rows are such groups, are not indexed by them. */
struct diff {
	const struct profile *before, *after; /* borrowed */
	struct table old_table, new_table;    /* derived */
	uint32_t old_metric, new_metric;      /* the time: "wall", else the first */
	struct diff_row *rows;                /* what changed most comes first: by calls,
	                                         then by self time */
	size_t nrows;
};

/* Both profiles outlive the diff. Sampled and traced ones are not compared
 * (ERR_REFUSED), nor are metrics of different units. */
int diff_profiles(struct diff *out, const struct profile *before, const struct profile *after,
		  struct error *err);
void diff_release(struct diff *d);

/* Whether a row's calls differ; new and gone functions do. Sampled profiles have
 * no calls, hence never. */
bool diff_row_calls_differ(const struct diff *d, const struct diff_row *row);

/* What ran beside the older or the newer request (a strand, see profile.h): the
 * total of its table less this is the request's own. */
int64_t diff_strands(const struct diff *d, bool old);

/* The metric that stands for time: "wall", else the first in nanoseconds, else
 * the first. */
uint32_t profile_time_metric(const struct profile *p);

#endif
