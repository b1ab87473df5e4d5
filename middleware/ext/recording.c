#include "recording.h"

#include "symbols.h"

void recording_release(struct recording *r)
{
	recorder_free(r->rec);
	map_release(&r->functions);
	*r = (struct recording)RECORDING_INIT;
}

size_t recording_size(const struct recording *r)
{
	return recorder_size(r->rec) + r->functions.size * sizeof *r->functions.entries;
}

static void lookup(void *arg, uint64_t function, struct function *out)
{
	const struct map *functions = arg;

	symbols_lookup(map_get(functions, function), out);
}

struct profile *recording_profile(const struct recording *r, struct error *err)
{
	return recorder_profile(r->rec, r->ns_per_tick, r->extra, lookup, (void *)&r->functions,
				err);
}

int recording_add(const struct recording *r, struct profile *p, struct error *err)
{
	return recorder_add(p, r->rec, r->ns_per_tick, r->extra, lookup, (void *)&r->functions,
			    err);
}

int followed_add(const struct followed *f, struct profile *p, struct error *err)
{
	const struct recording *r = &f->recording;

	return recorder_add_strand(p, f->is_job ? PROFILE_JOB : PROFILE_THREAD, r->rec,
				   r->ns_per_tick, r->extra, lookup, (void *)&r->functions,
				   err);
}
