/* How far the change of a request's time may be trusted: a test, or the noise of runs of
 * one commit. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "change/build.h"
#include "change/compare.h"

/* How far the medians of runs of one commit are apart, by their median; NaN of fewer than
 * two. */
static double spread_of(double *v, size_t n)
{
	double middle;

	if (n < 2)
		return (double)NAN;
	middle = stats_median(v, n);
	return middle > 0 ? (v[n - 1] - v[0]) / middle : (double)NAN;
}

static int by_request(const void *a, const void *b)
{
	return group_order(*(const struct summary_group *const *)a,
			   *(const struct summary_group *const *)b);
}

static int open_run(struct noise_run *run, const struct summary *s, struct arena *arena)
{
	run->groups = arena_alloc(arena, s->ngroups * sizeof *run->groups);
	if (run->groups == NULL)
		return -1;
	for (size_t i = 0; i < s->ngroups; i++)
		if (s->groups[i].nrequests != 0)
			run->groups[run->n++] = &s->groups[i];
	if (run->n != 0)
		qsort(run->groups, run->n, sizeof *run->groups, by_request);
	return 0;
}

int open_noise(struct building *b)
{
	const struct change_options *o = b->options;

	b->noise = arena_zalloc(&b->scratch, o->nnoise * sizeof *b->noise);
	for (size_t i = 0; b->noise != NULL && i < o->nnoise; i++)
		if (open_run(&b->noise[i], o->noise[i], &b->scratch) < 0)
			return -1;
	return b->noise == NULL ? -1 : 0;
}

static const struct summary_group *same_group(const struct noise_run *run,
					      const struct summary_group *g)
{
	const struct summary_group **found = NULL;

	if (run->n != 0)
		found = bsearch(&g, run->groups, run->n, sizeof *run->groups, by_request);
	return found != NULL ? *found : NULL;
}

static void widen(double *noise, double spread)
{
	if (!isnan(spread) && (isnan(*noise) || spread > *noise))
		*noise = spread;
}

/* The widest spread of the commits among the runs that were given for it. */
static int spread_of_others(double *noise, const struct building *b,
			    const struct summary_group *g, struct arena *arena)
{
	const struct change_options *o = b->options;
	double *v = arena_alloc(arena, o->nnoise * sizeof *v);

	if (v == NULL)
		return -1;
	for (size_t i = 0; i < o->nnoise; i++) {
		const char *commit = o->noise[i]->commit;
		bool seen = commit == NULL;
		size_t n = 0;

		for (size_t j = 0; j < i && !seen; j++)
			seen = o->noise[j]->commit != NULL &&
			       strcmp(o->noise[j]->commit, commit) == 0;
		for (size_t j = i; j < o->nnoise && !seen; j++) {
			const struct summary *s = o->noise[j];
			const struct summary_group *same;

			if (s->commit == NULL || strcmp(s->commit, commit) != 0)
				continue;
			same = same_group(&b->noise[j], g);
			if (same != NULL &&
			    group_median(&v[n++], same, 0, (unsigned)s->nmetrics, arena) < 0)
				return -1;
		}
		widen(noise, spread_of(v, n));
	}
	return 0;
}

int judge_evidence(struct request_change *c, double *x, size_t nx, double *y, size_t ny,
		   struct building *b)
{
	double delta = c->metrics[0].delta;

	c->p = (double)NAN;
	c->noise = (double)NAN;
	widen(&c->noise, spread_of(x, nx));
	widen(&c->noise, spread_of(y, ny));
	if (spread_of_others(&c->noise, b, c->before, &b->brief) < 0)
		return -1;
	if (request_has_runs(c) && b->out->took_turns) {
		c->p = delta >= 0 ? stats_permutation_p(x, nx, y, ny)
				  : stats_permutation_p(y, ny, x, nx);
		c->evidence = c->p < CHANGE_ALPHA && delta != 0 ? EVIDENCE_PROVEN : EVIDENCE_NOT;
		return stats_shift(&c->interval, x, nx, y, ny, 1 - CHANGE_ALPHA);
	}
	if (isnan(c->noise))
		c->evidence = EVIDENCE_UNKNOWN;
	else
		c->evidence = fabs(delta) > c->noise * c->metrics[0].old_value
				      ? EVIDENCE_BEYOND_NOISE : EVIDENCE_WITHIN_NOISE;
	return 0;
}
