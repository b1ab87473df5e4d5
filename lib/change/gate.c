#include "change/gate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/judge.h"

const char *const skip_texts[] = {
	[SKIP_NONE] = "",
	[SKIP_NEW] = "the baseline has no such request",
	[SKIP_COLD] = "no process had served one like it before, and the rule is about warm ones",
	[SKIP_WARMTH] = "on one side only the first of its kind in a process is there",
	[SKIP_BROKE] = "on one side alone it ended in an error",
	[SKIP_LOST] = "calls were not counted, or not all",
	[SKIP_METRIC] = "it was not measured on both sides",
	[SKIP_MACHINE] = "the runs are of unlike machines",
	[SKIP_FEW] = "to prove a time takes five runs a side",
	[SKIP_TURNS] = "the runs of the two sides did not take turns",
};

size_t judge_metric(const struct judging *j, const char *name)
{
	size_t i = 0;

	while (i < j->change->nmetrics && strcmp(j->change->metrics[i].name, name) != 0)
		i++;
	return i;
}

bool patterns_match(const struct patterns *p, const struct function_change *c)
{
	for (size_t i = 0; i < p->n; i++)
		if ((c->after != NULL && identity_matches(&c->after->id, p->v[i])) ||
		    (c->before != NULL && identity_matches(&c->before->id, p->v[i])))
			return true;
	return p->n == 0;
}

/* Which of them are there: both kinds only where runs of one side are unlike. */
static void look_at(const struct summary_group *const *groups, size_t n, bool *warm, bool *cold,
		    bool *failed)
{
	for (size_t i = 0; groups != NULL && i < n; i++)
		if (groups[i] != NULL) {
			*(groups[i]->warm ? warm : cold) = true;
			*failed |= groups[i]->failed;
		}
}

/* "At most 3" asks for no baseline. */
static bool needs_baseline(const struct rule *r)
{
	return r->kind == RULE_TIME || r->kind == RULE_NEW_CALLEES || r->limit.kind != LIMIT_MOST;
}

/* What speaks against any judgement, whatever the rule is about. */
static enum skip skip_of(const struct finding *f, const struct judging *j)
{
	bool warm = false, cold = false, old_failed = false, new_failed = false;
	const struct request_change *r = f->request;

	look_at(r->new_groups, j->after->nruns, &warm, &cold, &new_failed);
	if (f->rule->of->warm && cold)
		return SKIP_COLD;
	if (!needs_baseline(f->rule))
		return SKIP_NONE;
	if (r->state == REQUEST_NEW)
		return SKIP_NEW;
	look_at(r->old_groups, j->before->nruns, &warm, &cold, &old_failed);
	if (warm && cold)
		return SKIP_WARMTH;
	return old_failed != new_failed ? SKIP_BROKE : SKIP_NONE;
}

static int judge(struct finding *f, struct judging *j)
{
	f->skip = skip_of(f, j);
	if (f->skip != SKIP_NONE) {
		f->verdict = VERDICT_SKIPPED;
		return 0;
	}
	switch (f->rule->kind) {
	case RULE_TIME:
		return judge_time(f, j);
	case RULE_NEW_CALLEES:
		return judge_new_callees(f, j);
	default:
		return judge_counts(f, j);
	}
}

/* Nobody asked for what a default rule is about. */
static bool has_subject(const struct rule *r, const struct judging *j)
{
	return r->line != 0 || r->kind != RULE_TIME ||
	       judge_metric(j, r->metric) < j->change->nmetrics;
}

/* What became of a request by all rules together. */
struct told {
	bool failed, judged;
};

static void count(struct gate *out, const struct finding *f, struct told *told)
{
	out->npassed += f->verdict == VERDICT_PASSED;
	out->nfailed += f->verdict == VERDICT_FAILED;
	out->nskipped += f->verdict == VERDICT_SKIPPED;
	if (f->verdict == VERDICT_SKIPPED)
		return;
	out->nworse += f->verdict == VERDICT_FAILED && !told->failed;
	out->njudged += !told->judged;
	told->failed |= f->verdict == VERDICT_FAILED;
	told->judged = true;
}

static int judge_all(struct gate *out, const struct rules *rules, struct judging *j)
{
	struct told *told = arena_zalloc(&j->scratch, (j->change->nrequests + 1) * sizeof *told);

	if (told == NULL)
		return -1;
	for (size_t r = 0; r < rules->n; r++)
		for (size_t i = 0; i < j->change->nrequests; i++) {
			const struct request_change *request = &j->change->requests[i];
			struct finding *f = &out->findings[out->n];

			if (request->state == REQUEST_GONE || !has_subject(&rules->rules[r], j) ||
			    !rule_is_about(&rules->rules[r], request->after))
				continue;
			*f = (struct finding){ .rule = &rules->rules[r], .request = request,
					       .p = (double)NAN };
			if (judge(f, j) < 0)
				return -1;
			out->n++;
			count(out, f, &told[i]);
		}
	return 0;
}

int gate_judge(struct gate *out, const struct rules *rules, const struct change *change,
	       const struct change_side *before, const struct change_side *after,
	       struct error *err)
{
	struct judging j = { .change = change, .before = before, .after = after,
			     .scratch = ARENA_INIT };
	int rc = -1;

	*out = (struct gate){ .findings = NULL };
	j.family = arena_zalloc(&j.scratch, change->nmetrics * sizeof *j.family + 1);
	out->findings = mem_array(NULL, rules->n * change->nrequests + 1, sizeof *out->findings);
	if (j.family != NULL && out->findings != NULL)
		rc = judge_all(out, rules, &j);
	arena_release(&j.scratch);
	if (rc < 0) {
		gate_release(out);
		return error_nomem(err);
	}
	return 0;
}

static int by_rule_and_request(const void *a, const void *b)
{
	const struct finding *x = a, *y = b;

	if (x->rule != y->rule)
		return x->rule < y->rule ? -1 : 1;
	return x->request < y->request ? -1 : x->request > y->request;
}

const struct finding *gate_find(const struct gate *g, const struct rule *rule,
				const struct request_change *r)
{
	const struct finding key = { .rule = rule, .request = r };

	return bsearch(&key, g->findings, g->n, sizeof key, by_rule_and_request);
}

void gate_release(struct gate *g)
{
	mem_free(g->findings);
	*g = (struct gate){ .findings = NULL };
}
