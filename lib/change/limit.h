/* limit.h -- how much is too much, as people write it.
 *
 *     3  "3"  "8 MB"        at most so much, whatever the baseline did
 *     "+3"  "+100 kB"       at most so much more than the baseline
 *     "+10%"  "10%"         at most 10 % more than the baseline
 */
#ifndef CPROF_CHANGE_LIMIT_H
#define CPROF_CHANGE_LIMIT_H

#include <stdbool.h>

#include "base/buf.h"

enum limit_kind { LIMIT_MOST, LIMIT_MORE, LIMIT_PERCENT };

struct limit {
	enum limit_kind kind;
	double value; /* of LIMIT_PERCENT: 10 for "+10%" */
};

/* A count, or with `bytes` a size: B, kB, MB, GB, KiB, MiB, GiB. False for what is none. */
bool limit_parse(struct limit *out, const char *text, bool bytes);

/* "1 ms", "200us", "0.5 s", "300 ns" */
bool limit_time(const char *text, double *ns);

/* Whether what was `before` and is `now` is over it. */
bool limit_is_exceeded(const struct limit *l, double before, double now);

/* "at most 3", "at most 3 more", "at most 10 % more", "no more". Appends. */
void limit_text(struct buf *out, const struct limit *l, bool bytes);

#endif
