/* judge.h -- the parts of gate_judge. Inside change/ alone. */
#ifndef CPROF_CHANGE_JUDGE_H
#define CPROF_CHANGE_JUDGE_H

#include "change/gate.h"

struct judging {
	const struct change *change;
	const struct change_side *before, *after;
	struct arena scratch;
	/* By metric of the change and request: p of stats_family_p, NaN where untested; the
	 * metric's is NULL until it is asked for. */
	double **family;
	const bool *guilty; /* of the request at hand, by function: a new callee */
};

/* Index of a metric of the change, or its nmetrics. */
size_t judge_metric(const struct judging *j, const char *name);

/* Each fills in verdict, values and, where it failed, whom to blame; -1 without memory. */
int judge_time(struct finding *f, struct judging *j);
int judge_counts(struct finding *f, struct judging *j);
int judge_new_callees(struct finding *f, struct judging *j);

/* How much a function weighs; not above 0: it is not to blame. */
typedef double blame_weight(const struct finding *f, const struct judging *j,
			    const struct function_change *c);
int blame(struct finding *f, struct judging *j, blame_weight *weight);

/* Whether a rule's patterns mean it. */
bool patterns_match(const struct patterns *p, const struct function_change *c);

#endif
