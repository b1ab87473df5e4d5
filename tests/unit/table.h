/* table.h -- a profile's functions and arcs as text, for golden files. */
#ifndef CPROF_TESTS_TABLE_H
#define CPROF_TESTS_TABLE_H

#include <check.h>

#include "base/buf.h"
#include "profile/derive.h"

static inline void table_add_totals(struct buf *out, const struct profile *p,
				    const struct totals *t)
{
	buf_printf(out, "%llu/%llu", (unsigned long long)t->ncalls,
		   (unsigned long long)t->nprimitive);
	for (uint32_t m = 0; m < p->nmetrics; m++)
		buf_printf(out, "  %s self %lld cum %lld", p->metrics[m].name,
			   (long long)t->self[m], (long long)t->cum[m]);
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
		table_add_totals(out, p, &t.functions[i]);
		for (uint32_t k = 0; k < t.narcs; k++) {
			if (t.arcs[k].callee != i)
				continue;
			buf_printf(out, "    from %s  ", p->functions[t.arcs[k].caller].qualname);
			table_add_totals(out, p, &t.arcs[k].totals);
		}
	}
	table_release(&t);
}

#endif
