#include "format/format.h"

#include <string.h>

#include "base/mem.h"
#include "format/callgrind.h"
#include "format/callstack.h"
#include "format/collapsed.h"
#include "format/csv.h"
#include "format/number.h"
#include "format/pprof.h"
#include "format/profile_json.h"
#include "format/pstats.h"
#include "format/speedscope.h"
#include "profile/derive.h"
#include "profile/pair.h"

enum {
	STATS = HOLDS_CUM | HOLDS_CALLS | HOLDS_RECURSION | HOLDS_UNITS | HOLDS_NEGATIVES,
	STACKS = HOLDS_CUM | HOLDS_TREE | HOLDS_ARCS | HOLDS_RECURSION | HOLDS_OWN,
	ALL = STATS | STACKS | HOLDS_METRICS | HOLDS_NAMES | HOLDS_LOSSES
};

const struct format formats[] = {
	{ "pstats", "profile.prof", STATS | HOLDS_ARCS | HOLDS_OWN, pstats_sniff, pstats_read,
	  pstats_write },
	{ "callstack", "callstack.txt", STATS, NULL, NULL, callstack_write },
	{ "callgrind", "profile.kgrind",
	  HOLDS_ARCS | HOLDS_CALLS | HOLDS_METRICS | HOLDS_UNITS, callgrind_sniff, callgrind_read,
	  callgrind_write },
	{ "pprof", "profile.pb.gz", ALL, pprof_sniff, pprof_read, pprof_write },
	{ "speedscope", "profile.speedscope.json", STACKS | HOLDS_METRICS | HOLDS_UNITS,
	  speedscope_sniff, speedscope_read, speedscope_write },
	{ "json", "profile.json", ALL, NULL, NULL, profile_json_write },
	{ "csv", "profile.csv", HOLDS_CUM | HOLDS_CALLS | HOLDS_RECURSION | HOLDS_METRICS |
	  HOLDS_NAMES | HOLDS_NEGATIVES, NULL, NULL, csv_write },
	/* Last, for it is text like any other. */
	{ "collapsed", "profile.collapsed.txt", STACKS, collapsed_sniff,
	  collapsed_read, collapsed_write },
	{ NULL, NULL, 0, NULL, NULL, NULL }
};

const struct format *format_find(const char *name)
{
	for (const struct format *f = formats; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

const struct format *format_of(struct bytes in)
{
	for (const struct format *f = formats; f->name != NULL; f++)
		if (f->sniff != NULL && f->sniff(in))
			return f;
	return NULL;
}

struct profile *format_read(struct bytes in, struct error *err)
{
	const struct format *f;

	if (in.len == 0) {
		error_set(err, ERR_FORMAT, "empty");
		return NULL;
	}
	f = format_of(in);
	if (f != NULL)
		return f->read(in, err);
	error_set(err, ERR_FORMAT, "not a profile in a format that cprof reads: pstats, "
		  "callgrind, pprof, collapsed stacks, speedscope (pyinstrument -r speedscope, "
		  "profiling.sampling --pstats, yappi's save(type=\"pstat\"))");
	return NULL;
}

static bool has_qualnames(const struct profile *p)
{
	for (uint32_t i = 0; i < p->nfunctions; i++)
		if (p->functions[i].name != p->functions[i].qualname)
			return true;
	return false;
}

/* Of a profile without a tree: with one, that says it. */
static bool has_recursion(const struct profile *p)
{
	const struct table *t = &p->table;

	for (uint32_t i = 0; i < t->nfunctions; i++)
		if (table_function(t, i)->nprimitive != table_function(t, i)->ncalls)
			return true;
	for (uint32_t i = 0; i < t->narcs; i++)
		if (table_arc_at(t, i)->caller == table_arc_at(t, i)->callee)
			return true;
	return false;
}

/* More calls of a function than its callers made. */
static bool has_calls_of_nobody(const struct profile *p, bool *failed)
{
	const struct table *t = &p->table;
	uint64_t *ncalls = mem_zalloc(t->nfunctions * sizeof *ncalls);
	bool any = false;

	*failed = *failed || ncalls == NULL;
	for (uint32_t i = 0; ncalls != NULL && i < t->narcs; i++) {
		const struct arc *arc = table_arc_at(t, i);

		ncalls[arc->callee] += arc->totals.ncalls;
	}
	for (uint32_t i = 0; ncalls != NULL && i < t->nfunctions; i++)
		any = any || table_function(t, i)->ncalls > ncalls[i];
	mem_free(ncalls);
	return any;
}

static bool has_own_times(const struct profile *p)
{
	for (uint32_t i = 0; i < p->table.narcs; i++)
		for (uint32_t m = 0; m < p->nmetrics; m++)
			if (table_arc_at(&p->table, i)->totals.costs[m].self != 0)
				return true;
	return false;
}

/* Of callers Python's own `profile` keeps counts alone. What adds a function's time up from
 * its calls, as callgrind's viewers do, then has each one's own. */
static bool has_calls_without_time(const struct profile *p)
{
	const struct table *t = &p->table;

	for (uint32_t i = 0; i < t->narcs; i++)
		for (uint32_t m = 0; m < p->nmetrics; m++)
			if (table_arc_at(t, i)->totals.costs[m].cum != 0)
				return false;
	for (uint32_t i = 0; i < t->nfunctions; i++)
		for (uint32_t m = 0; m < p->nmetrics; m++)
			if (table_function(t, i)->costs[m].cum != table_function(t, i)->costs[m].self)
				return true;
	return false;
}

static bool is_any_less_than_none(const int64_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (values[i] < 0)
			return true;
	return false;
}

/* As in a difference that pprof has taken. */
static bool has_negatives(const struct profile *p, bool *failed)
{
	const struct table *t = &p->table;
	bool any = false;
	int64_t *self;

	if (profile_has_tree(p)) {
		self = derive_node_self(p);
		*failed = *failed || self == NULL;
		any = self != NULL &&
		      is_any_less_than_none(self, (size_t)p->nnodes * p->nmetrics);
		mem_free(self);
		return any;
	}
	for (uint32_t i = 0; i < t->nfunctions && !any; i++)
		for (uint32_t m = 0; m < p->nmetrics; m++)
			any = any || table_function(t, i)->costs[m].self < 0;
	return any;
}

static void add(struct buf *out, const char *what)
{
	if (out->len != 0)
		buf_adds(out, ", ");
	buf_adds(out, what);
}

void format_losses(struct buf *out, const struct format *f, const struct profile *p)
{
	struct buf list = BUF_INIT;

	if (!(f->holds & HOLDS_TREE) && profile_has_tree(p))
		add(&list, "the call tree");
	if (!(f->holds & HOLDS_ARCS) && (profile_has_tree(p) || p->table.narcs != 0))
		add(&list, "who called whom");
	if (!(f->holds & HOLDS_CALLS) && !p->sampled)
		add(&list, "numbers of calls");
	if (!(f->holds & HOLDS_METRICS) && p->nmetrics > 1 &&
	    !(f->write == collapsed_write && profile_is_pair(p)))
		add(&list, "more than one kind of values");
	if (!(f->holds & HOLDS_RECURSION) && has_recursion(p))
		add(&list, "which calls are recursive");
	if (!(f->holds & HOLDS_RECURSION) && has_calls_of_nobody(p, &list.failed))
		add(&list, "calls that no function made");
	if ((f->holds & (HOLDS_ARCS | HOLDS_OWN)) == HOLDS_ARCS && has_own_times(p))
		add(&list, "own times by caller");
	if (!(f->holds & HOLDS_CUM) && has_calls_without_time(p))
		add(&list, "cumulative times, for calls have none");
	/* Fractions of a count are a count, where they are written as such. */
	if (!(f->holds & HOLDS_UNITS) && p->nmetrics != 0 &&
	    strcmp(p->metrics[0].unit, "count") != 0 &&
	    !(f->write == collapsed_write && strcmp(p->metrics[0].unit, UNIT_MILLIONTHS) == 0))
		add(&list, "the unit of values");
	if (!(f->holds & HOLDS_NEGATIVES) && has_negatives(p, &list.failed))
		add(&list, "values below zero");
	if (!(f->holds & HOLDS_NAMES) && has_qualnames(p))
		add(&list, "both names of a function");
	if (!(f->holds & HOLDS_LOSSES) && p->nlost + p->nfolded != 0)
		add(&list, "that calls are missing");
	buf_add(out, list.data, list.len);
	out->failed = out->failed || list.failed;
	buf_release(&list);
}
