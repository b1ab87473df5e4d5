#include "change/rules.h"

#include <fnmatch.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

void rules_release(struct rules *r)
{
	for (struct selector *s = r->selectors; s != NULL; s = s->next)
		for (size_t i = 0; i < s->nroutes; i++)
			pick_pattern_release(&s->routes[i]);
	mem_free(r->rules);
	arena_release(&r->arena);
	*r = (struct rules){ .arena = ARENA_INIT };
}

static bool any_label(const struct patterns *p, const char *label)
{
	for (size_t i = 0; i < p->n; i++)
		/* A test's id holds brackets, of its parameters: as it stands it matches. */
		if (label != NULL && (strcmp(p->v[i], label) == 0 ||
				      fnmatch(p->v[i], label, FNM_NOESCAPE) == 0))
			return true;
	return p->n == 0;
}

static bool any_route(const struct selector *s, const struct summary_group *g)
{
	for (size_t i = 0; i < s->nroutes; i++)
		if (pick_matches_route(&s->routes[i], g->method, g->route))
			return true;
	return s->nroutes == 0;
}

bool rule_is_about(const struct rule *r, const struct summary_group *g)
{
	return any_route(r->of, g) && any_label(&r->of->labels, g->label);
}

static void put_patterns(struct buf *out, const struct patterns *p)
{
	for (size_t i = 0; i < p->n; i++) {
		buf_adds(out, i == 0 ? "" : i + 1 == p->n ? " and " : ", ");
		text_printable(out, p->v[i]);
	}
}

static void put_new_callees(struct buf *out, const struct rule *r)
{
	buf_adds(out, "no new callees");
	if (r->functions.n != 0) {
		buf_adds(out, " in ");
		put_patterns(out, &r->functions);
	}
	buf_adds(out, " from ");
	if (r->from.n != 0)
		put_patterns(out, &r->from);
	else
		buf_adds(out, "the application");
}

void rule_text(struct buf *out, const struct rule *r)
{
	switch (r->kind) {
	case RULE_CALLS:
		buf_adds(out, "calls of ");
		put_patterns(out, &r->functions);
		break;
	case RULE_TOTAL_CALLS:
		buf_adds(out, "total calls");
		break;
	case RULE_SQL:
		buf_adds(out, "SQL statements");
		break;
	case RULE_METRIC:
	case RULE_TIME:
		buf_adds(out, r->metric);
		break;
	case RULE_NEW_CALLEES:
		put_new_callees(out, r);
		return;
	}
	buf_adds(out, ": ");
	limit_text(out, &r->limit, r->kind == RULE_METRIC && strcmp(r->metric, "alloc_bytes") == 0);
	if (r->kind == RULE_TIME && r->floor_ns > 0) {
		buf_adds(out, ", from ");
		text_time(out, (int64_t)r->floor_ns);
		buf_adds(out, " on");
	}
}
