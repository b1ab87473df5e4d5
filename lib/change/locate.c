/* Where in the call trees of the typical snapshots the differences enter. */
#include <math.h>

#include "change/build.h"
#include "profile/diff.h"

/* Whether it is worth while to read both typical snapshots. */
static bool worth_locating(const struct request_change *r)
{
	if (r->state != REQUEST_BOTH || r->before->typical == NULL || r->after->typical == NULL)
		return false;
	return request_standing(r) != STANDING_SAME ||
	       (r->evidence == EVIDENCE_UNKNOWN && fabs(r->metrics[0].ratio - 1) >= 0.1);
}

/* By calls where these differ and time proves nothing: the trees are of two requests only. */
static int find_place(struct request_change *r, struct building *b, const struct profile *old,
		      const struct profile *new, struct error *err)
{
	const struct change_options *o = b->options;
	bool timed = r->evidence == EVIDENCE_PROVEN || r->evidence == EVIDENCE_BEYOND_NOISE;
	const struct place *last;

	r->where_is_calls = !timed && r->nrecounted != 0;
	if (where_between(&r->where, &r->nwhere, old,
			  r->where_is_calls ? WHERE_CALLS : (int)profile_time_metric(old), new,
			  r->where_is_calls ? WHERE_CALLS : (int)profile_time_metric(new),
			  &o->roots, o->renames, &b->out->arena, err) < 0)
		return -1;
	last = r->nwhere != 0 ? &r->where[r->nwhere - 1] : NULL;
	/* Two requests that differ the other way than all of them tell nothing. */
	if (last != NULL && !r->where_is_calls &&
	    (last->new_value > last->old_value) != (r->metrics[0].delta > 0))
		r->nwhere = 0;
	return 0;
}

static int locate(struct request_change *r, struct building *b, struct error *err)
{
	struct profile *old = snapshot_profile(r->before->typical, err);
	struct profile *new = old ? snapshot_profile(r->after->typical, err) : NULL;
	int rc = 0;

	if (new != NULL)
		rc = find_place(r, b, old, new, err);
	/* Snapshots that were read a moment ago and are gone now cost the place alone. */
	else if (err->code == ERR_NOMEM)
		rc = -1;
	profile_free(old);
	profile_free(new);
	return rc;
}

int locate_all(struct building *b, struct error *err)
{
	size_t n = 0;

	for (size_t i = 0; i < b->out->nrequests && n < CHANGE_LOCATED; i++) {
		struct request_change *r = &b->out->requests[i];

		if (!worth_locating(r))
			continue;
		n++;
		if (locate(r, b, err) < 0)
			return -1;
	}
	return 0;
}
