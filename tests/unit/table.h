/* table.h -- a profile's functions and arcs as text, for golden files; and made by hand. */
#ifndef CPROF_TESTS_TABLE_H
#define CPROF_TESTS_TABLE_H

#include <check.h>

#include "base/buf.h"
#include "profile/derive.h"

/* Of one metric. */
static inline void table_set_totals(struct totals *t, uint64_t ncalls, uint64_t nprimitive,
				    int64_t self, int64_t cum)
{
	t->ncalls = ncalls;
	t->nprimitive = nprimitive;
	t->costs[0].self = self;
	t->costs[0].cum = cum;
}

static inline void table_assert_equal(const struct totals *a, const struct totals *b)
{
	ck_assert_uint_eq(a->ncalls, b->ncalls);
	ck_assert_uint_eq(a->nprimitive, b->nprimitive);
	ck_assert_int_eq(a->costs[0].self, b->costs[0].self);
	ck_assert_int_eq(a->costs[0].cum, b->costs[0].cum);
}

static inline void table_add_totals(struct buf *out, const struct profile *p,
				    const struct totals *t)
{
	buf_printf(out, "%llu/%llu", (unsigned long long)t->ncalls,
		   (unsigned long long)t->nprimitive);
	for (uint32_t m = 0; m < p->nmetrics; m++)
		buf_printf(out, "  %s self %lld cum %lld", p->metrics[m].name,
			   (long long)t->costs[m].self, (long long)t->costs[m].cum);
	buf_addc(out, '\n');
}

static inline void table_add(struct buf *out, const struct profile *p)
{
	struct error err;
	struct table t;

	ck_assert_int_eq(derive_table(&t, p, NULL, 0, &err), 0);
	for (uint32_t m = 0; m < p->nmetrics; m++)
		buf_printf(out, "metric %s in %s\n", p->metrics[m].name, p->metrics[m].unit);
	buf_printf(out, "%s%s, %u nodes\n", p->sampled ? "sampled" : "traced",
		   profile_has_tree(p) ? "" : ", no tree", p->nnodes);
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct function *f = &p->functions[i];

		buf_printf(out, "%s:%u %s (%s)  ", f->file, f->line, f->qualname, f->name);
		table_add_totals(out, p, table_function(&t, i));
		for (uint32_t k = 0; k < t.narcs; k++) {
			const struct arc *arc = table_arc_at(&t, k);

			if (arc->callee != i)
				continue;
			buf_printf(out, "    from %s  ", p->functions[arc->caller].qualname);
			table_add_totals(out, p, &arc->totals);
		}
	}
	table_release(&t);
}

#endif
