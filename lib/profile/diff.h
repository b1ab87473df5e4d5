/* diff.h -- two profiles function by function. Functions match by file and
 * qualified name, not by line: a blank line changes nothing. Of several with one
 * name in a file the n-th matches the n-th by line.
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

struct diff {
	const struct profile *before, *after; /* borrowed */
	struct table old_table, new_table;    /* derived */
	struct diff_row *rows;                /* what changed most comes first */
	size_t nrows;
};

/* Both profiles outlive the diff. Sampled and traced ones are not compared
 * (ERR_REFUSED). */
int diff_profiles(struct diff *out, const struct profile *before, const struct profile *after,
		  struct error *err);
void diff_release(struct diff *d);

#endif
