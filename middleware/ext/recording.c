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

static const struct {
	const char *name, *function;
} kinds[] = {
	[FOLLOWED_THREAD] = { "thread", PROFILE_THREAD },
	[FOLLOWED_JOB] = { "job", PROFILE_JOB },
	[FOLLOWED_TASK] = { "task", PROFILE_TASK },
};

const char *followed_kind_name(enum followed_kind kind)
{
	return kinds[kind].name;
}

int followed_add(const struct followed *f, struct profile *p, struct error *err)
{
	const struct recording *r = &f->recording;

	return recorder_add_strand(p, kinds[f->kind].function, r->rec,
				   r->ns_per_tick, r->extra, lookup, (void *)&r->functions,
				   err);
}
