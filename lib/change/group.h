/* group.h -- the requests of a run that are of one kind, as one group of a summary. */
#ifndef CPROF_CHANGE_GROUP_H
#define CPROF_CHANGE_GROUP_H

#include "change/gather.h"
#include "change/summary.h"

/* A request whose profile was read. */
struct request {
	const struct snapshot *snapshot;
	const struct digest *digest;
	const uint32_t *function_of, *arc_of; /* from the digest's book to what is gathered */
	size_t order; /* in the run, oldest first */
	bool cold;
};

/* Whose group a request belongs to: by label, ordinal, method, route; 0: the same. */
int request_compare(const struct request *a, const struct request *b);

/* Fills g from requests of one kind, n > 0, in the order in which they came. All but
 * numbers lives in the run's snapshots, or in s->arena. s has its metrics. */
int group_fill(struct summary_group *g, struct summary *s, const struct gathered *names,
	       const struct request *requests, size_t n, struct error *err);

#endif
