#include "profile/check.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "profile/derive.h"

/* Seconds are rounded to nanoseconds, each for itself, and what adds them up in
 * between may have rounded before. */
enum { ROUNDING_NS = 1000 };

enum finding { TOO_PRIMITIVE, NEGATIVE, SELF_OVER_CUM, ARCS_OVER_CALLS, NFINDINGS };

static const char *const texts[NFINDINGS] = {
	"primitive calls outnumber the calls", "time is less than none",
	"its own time is more than that with all it calls", "callers called it more often than it was called",
};

struct found {
	uint32_t first, n;
};

static void note(struct found *f, uint32_t function)
{
	if (f->n++ == 0)
		f->first = function;
}

static void check_function(struct found *found, const struct profile *p, const struct totals *t,
			   uint32_t function, uint64_t by_callers)
{
	bool negative = false, over = false;

	for (uint32_t m = 0; m < p->nmetrics; m++) {
		const struct metric_cost *c = &t->costs[m];

		negative = negative || c->self < -ROUNDING_NS || c->cum < -ROUNDING_NS;
		over = over || c->self > c->cum + ROUNDING_NS;
	}
	if (t->nprimitive > t->ncalls)
		note(&found[TOO_PRIMITIVE], function);
	if (negative)
		note(&found[NEGATIVE], function);
	if (over)
		note(&found[SELF_OVER_CUM], function);
	if (by_callers > t->ncalls && !p->sampled)
		note(&found[ARCS_OVER_CALLS], function);
}

static void put(struct buf *out, const struct profile *p, const struct found *f, const char *what)
{
	const struct function *function = &p->functions[f->first];

	if (f->n == 0)
		return;
	text_printable(out, function->qualname);
	buf_adds(out, " (");
	text_printable(out, function->file);
	buf_printf(out, ":%u): %s", (unsigned)function->line, what);
	if (f->n > 1)
		buf_printf(out, "; so with %u more", (unsigned)(f->n - 1));
	buf_addc(out, '\n');
}

int profile_check(struct buf *out, const struct profile *p, struct error *err)
{
	struct found found[NFINDINGS] = { { 0, 0 } };
	uint64_t *by_callers = NULL;
	struct table t;

	if (derive_table(&t, p, NULL, 0, err) < 0)
		return -1;
	by_callers = mem_zalloc(t.nfunctions * sizeof *by_callers);
	if (by_callers == NULL) {
		table_release(&t);
		return error_nomem(err);
	}
	for (uint32_t i = 0; i < t.narcs; i++) {
		const struct arc *arc = table_arc_at(&t, i);

		by_callers[arc->callee] += arc->totals.ncalls;
	}
	/* Without an entry of its own a caller has no totals to compare. */
	for (uint32_t i = 0; i < t.nfunctions; i++)
		check_function(found, p, table_function(&t, i), i, by_callers[i]);
	for (int i = 0; i < NFINDINGS; i++)
		put(out, p, &found[i], texts[i]);
	mem_free(by_callers);
	table_release(&t);
	return out->failed ? error_nomem(err) : 0;
}
