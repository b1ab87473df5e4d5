/* What has changed in a log, from each commit to the next. */
#include "base/mem.h"
#include "change/stats.h"
#include "log.h"

/* Of a long history the noise is that of the commits nearby. */
enum { NEARBY = 10 };

static enum verdict verdict_of_ranges(const struct log_value *old, const struct log_value *new)
{
	if (!old->counted || !new->counted)
		return VERDICT_SAME;
	if (new->calls.min > old->calls.max)
		return VERDICT_WORSE;
	return new->calls.max < old->calls.min ? VERDICT_BETTER : VERDICT_SAME;
}

/* Runs of the commits around, to tell the noise by. */
static size_t nearby(const struct log *log, size_t at, const struct summary **out)
{
	size_t first = at > NEARBY ? at - NEARBY : 0, n = 0;

	for (size_t i = first; i < log->nread && i <= at + NEARBY; i++)
		for (size_t k = 0; k < log->points[i].nruns; k++)
			if (out != NULL)
				out[n++] = &log->points[i].runs[k];
			else
				n++;
	return n;
}

static struct change_side side_of(const struct log_point *p, const struct summary **list)
{
	for (size_t i = 0; i < p->nruns; i++)
		list[i] = &p->runs[i];
	return (struct change_side){ list, p->nruns };
}

static void judge(struct log_point *new, const struct log_point *old,
		  const struct request_change *c)
{
	double delta = c->metrics[0].delta;

	new->evidence = c->evidence;
	new->p = c->p;
	if (c->evidence == EVIDENCE_PROVEN || c->evidence == EVIDENCE_BEYOND_NOISE)
		new->request.time_verdict = delta > 0   ? VERDICT_WORSE
					    : delta < 0 ? VERDICT_BETTER
							: VERDICT_SAME;
	new->request.calls_verdict = verdict_of_ranges(&old->request, &new->request);
	new->function.calls_verdict = verdict_of_ranges(&old->function, &new->function);
}

/* Of a function's time only what can be tested is said. */
static int judge_function(struct log_point *new, const struct log_point *old)
{
	double *v;
	double up, down;

	if (new->nruns < CHANGE_RUNS_TO_PROVE || old->nruns < CHANGE_RUNS_TO_PROVE)
		return 0;
	v = mem_array(NULL, new->nruns + old->nruns, sizeof *v);
	if (v == NULL)
		return -1;
	for (size_t i = 0; i < old->nruns; i++)
		v[i] = old->of_function[i].self_ns;
	for (size_t i = 0; i < new->nruns; i++)
		v[old->nruns + i] = new->of_function[i].self_ns;
	up = stats_permutation_p(v, old->nruns, v + old->nruns, new->nruns);
	down = stats_permutation_p(v + old->nruns, new->nruns, v, old->nruns);
	if (up < CHANGE_ALPHA || down < CHANGE_ALPHA)
		new->function.time_verdict = up < down ? VERDICT_WORSE : VERDICT_BETTER;
	mem_free(v);
	return 0;
}

static int compare(struct log *log, size_t i, struct error *err)
{
	struct log_point *new = &log->points[i];
	const struct log_point *old = &log->points[i + 1];
	size_t nnoise = nearby(log, i, NULL);
	const struct summary **lists = mem_array(NULL, nnoise + new->nruns + old->nruns,
						 sizeof *lists);
	struct change_options options = { .noise = lists, .nnoise = nnoise };
	struct change_side before, after;
	struct error why = ERROR_INIT;
	struct change change;
	int rc = -1;

	if (lists == NULL)
		return error_nomem(err);
	nearby(log, i, lists);
	before = side_of(old, lists + nnoise);
	after = side_of(new, lists + nnoise + old->nruns);
	if (change_between(&change, &before, &after, &options, &why) == 0) {
		if (change.nrequests == 1)
			judge(new, old, &change.requests[0]);
		rc = change.took_turns ? judge_function(new, old) : 0;
		change_release(&change);
	} else if (why.code == ERR_REFUSED) {
		new->not_compared = arena_strdup(&log->arena, why.text);
		rc = new->not_compared == NULL ? -1 : 0;
	} else {
		*err = why;
		mem_free(lists);
		return -1;
	}
	mem_free(lists);
	return rc < 0 ? error_nomem(err) : 0;
}

int log_compare(struct log *log, struct error *err)
{
	for (size_t i = 0; i + 1 < log->nread; i++)
		if (compare(log, i, err) < 0)
			return -1;
	return 0;
}
