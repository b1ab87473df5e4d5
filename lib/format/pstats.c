/* profile.prof: marshal (see marshal.h) of
 *
 *     { (file, line, name): (cc, nc, tt, ct, callers), ... }
 *     callers = { (file, line, name): (nc, cc, tt, ct), ... }
 *
 * Traps. The counts change places: a function's tuple begins with its primitive
 * calls, a caller's with all calls. tt is tottime (our self), ct cumtime (our
 * cum), both in seconds as doubles. Callers may be missing from the outer
 * dict; the pure Python profiler writes only a number for each. Sampled are
 * pyinstrument's files, where all counts are -1; CPython 3.15's, which have a key
 * ("__sampled__",) besides, samples in place of calls (cc: with the function on
 * top, nc: with it anywhere) and a number of samples for each caller; and ours of
 * sampled profiles, where all counts are 0. Code objects
 * that share the key (every dataclass has an ('<string>', 2, '__init__')) are
 * one entry here: they are grouped before recursion is looked at, so that
 * their sums are right. */
#include "format/pstats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "format/marshal.h"
#include "format/pstats_sum.h"
#include "profile/derive.h"

/* --- what pstats can tell apart */

double pstats_seconds(int64_t ns)
{
	return (double)ns / 1e9;
}

void pstats_name(struct buf *out, const struct function *f)
{
	size_t len = strlen(f->name);

	if (strcmp(f->file, "~") != 0 || f->line != 0) {
		buf_adds(out, f->file);
		buf_addc(out, ':');
		buf_addu(out, f->line);
		buf_addc(out, '(');
		buf_add(out, f->name, len);
		buf_addc(out, ')');
	} else if (len >= 2 && f->name[0] == '<' && f->name[len - 1] == '>') {
		buf_addc(out, '{');
		buf_add(out, f->name + 1, len - 2);
		buf_addc(out, '}');
	} else {
		buf_adds(out, f->name);
	}
}

/* Texts are interned: their addresses are their identity. */
static uint64_t group_key(const struct function *f)
{
	return map_mix(map_mix((uintptr_t)f->file) ^ (uintptr_t)f->name) ^ f->line;
}

static uint32_t find_group(const struct map *index, const struct pstats_groups *g,
			   const struct profile *p, const struct function *f)
{
	uint32_t i;
	size_t at = 0;

	while ((i = map_find(index, group_key(f), &at)) != MAP_NONE) {
		const struct function *first = &p->functions[g->first[i]];

		if (first->file == f->file && first->line == f->line && first->name == f->name)
			return i;
	}
	return PROFILE_NONE;
}

int pstats_group(struct pstats_groups *out, const struct profile *p, struct error *err)
{
	struct map index = MAP_INIT;
	int rc = -1;

	out->ngroups = 0;
	out->of = mem_array(NULL, p->nfunctions, sizeof *out->of);
	out->first = mem_array(NULL, p->nfunctions, sizeof *out->first);
	if (out->of == NULL || out->first == NULL)
		goto done;
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct function *f = &p->functions[i];
		uint32_t group = find_group(&index, out, p, f);

		if (group == PROFILE_NONE) {
			group = out->ngroups++;
			out->first[group] = i;
			if (map_add(&index, group_key(f), group) < 0)
				goto done;
		}
		out->of[i] = group;
	}
	rc = 0;
done:
	map_release(&index);
	if (rc < 0) {
		pstats_groups_release(out);
		error_nomem(err);
	}
	return rc;
}

void pstats_groups_release(struct pstats_groups *g)
{
	mem_free(g->of);
	mem_free(g->first);
	*g = (struct pstats_groups){ NULL, NULL, 0 };
}

int pstats_derive(const struct table **out, struct table *own, const struct profile *p,
		  const struct pstats_groups *g, struct error *err)
{
	/* As many as functions, and by their first ones: each is for itself. */
	return derive_view(out, own, p, g->ngroups == p->nfunctions ? NULL : g->of, g->ngroups,
			   err);
}

/* --- writing */

struct writer {
	struct marshal_writer marshal;
	const struct profile *p;
	const struct pstats_groups *groups;
	const struct table *table;
	int metric;         /* the time */
	uint32_t *arcs;     /* by callee, in their order */
	uint32_t *arcs_from; /* ngroups + 1: where each callee's begin */
};

int pstats_time_metric(const struct profile *p)
{
	int wall = profile_metric(p, "wall");

	for (uint32_t i = 0; i < p->nmetrics && wall < 0; i++)
		if (strcmp(p->metrics[i].unit, "nanoseconds") == 0)
			wall = (int)i;
	return wall;
}

static int sort_arcs(struct writer *w, struct error *err)
{
	const struct table *t = w->table;
	uint32_t n = w->groups->ngroups;

	w->arcs = mem_array(NULL, t->narcs, sizeof *w->arcs);
	w->arcs_from = mem_array(NULL, (size_t)n + 1, sizeof *w->arcs_from);
	if (w->arcs == NULL || w->arcs_from == NULL)
		return error_nomem(err);
	memset(w->arcs_from, 0, ((size_t)n + 1) * sizeof *w->arcs_from);
	for (uint32_t i = 0; i < t->narcs; i++)
		w->arcs_from[table_arc_at(t, i)->callee + 1]++;
	for (uint32_t g = 0; g < n; g++)
		w->arcs_from[g + 1] += w->arcs_from[g];
	/* Placing from the last moves each end back to its beginning. */
	for (uint32_t i = t->narcs; i-- > 0;)
		w->arcs[--w->arcs_from[table_arc_at(t, i)->callee + 1]] = i;
	for (uint32_t g = 0; g < n; g++)
		w->arcs_from[g] = w->arcs_from[g + 1];
	w->arcs_from[n] = t->narcs;
	return 0;
}

static void put_text(struct writer *w, const char *text)
{
	if (!marshal_again(&w->marshal, (uintptr_t)text))
		marshal_text(&w->marshal, text);
}

static void put_key(struct writer *w, uint32_t group)
{
	const struct function *f = &w->p->functions[w->groups->first[group]];

	if (marshal_again(&w->marshal, (uintptr_t)f))
		return;
	marshal_tuple(&w->marshal, 3);
	put_text(w, f->file);
	marshal_int(&w->marshal, f->line);
	put_text(w, f->name);
}

static void put_times(struct writer *w, const struct totals *t)
{
	marshal_float(&w->marshal, pstats_seconds(t->costs[w->metric].self));
	marshal_float(&w->marshal, pstats_seconds(t->costs[w->metric].cum));
}

static void put_entry(struct writer *w, uint32_t group)
{
	const struct totals *t = table_function(w->table, group);

	put_key(w, group);
	marshal_tuple(&w->marshal, 5);
	marshal_int(&w->marshal, (int64_t)t->nprimitive);
	marshal_int(&w->marshal, (int64_t)t->ncalls);
	put_times(w, t);
	marshal_open_dict(&w->marshal);
	for (uint32_t i = w->arcs_from[group]; i < w->arcs_from[group + 1]; i++) {
		const struct arc *arc = table_arc_at(w->table, w->arcs[i]);

		put_key(w, arc->caller);
		marshal_tuple(&w->marshal, 4);
		marshal_int(&w->marshal, (int64_t)arc->totals.ncalls);
		marshal_int(&w->marshal, (int64_t)arc->totals.nprimitive);
		put_times(w, &arc->totals);
	}
	marshal_close_dict(&w->marshal);
}

int pstats_write(struct buf *out, const struct profile *p, const struct format_info *info,
		 struct error *err)
{
	struct pstats_groups groups = { NULL, NULL, 0 };
	struct table table = TABLE_INIT;
	struct writer w = { .p = p, .groups = &groups, .metric = pstats_time_metric(p) };
	int rc = -1;

	(void)info;
	if (w.metric < 0)
		return error_set(err, ERR_REFUSED,
				 "there are no times to write: pstats' format holds seconds");
	marshal_begin(&w.marshal, out);
	if (pstats_group(&groups, p, err) < 0 ||
	    pstats_derive(&w.table, &table, p, &groups, err) < 0 || sort_arcs(&w, err) < 0)
		goto done;
	marshal_open_dict(&w.marshal);
	for (uint32_t g = 0; g < groups.ngroups; g++)
		put_entry(&w, g);
	marshal_close_dict(&w.marshal);
	rc = out->failed ? error_nomem(err) : 0;
done:
	marshal_release(&w.marshal);
	mem_free(w.arcs);
	mem_free(w.arcs_from);
	table_release(&table);
	pstats_groups_release(&groups);
	return rc;
}

/* --- reading */

bool pstats_sniff(struct bytes in)
{
	uint8_t first = in.len > 0 ? in.data[0] & 0x7F : 0;
	uint8_t second = in.len > 1 ? in.data[1] & 0x7F : '0';

	return first == '{' && (second == '0' || second == ')' || second == '(' || second == 'r');
}

/* So many at a time: some megabytes. */
enum { CALLERS_FORGOTTEN = 1 << 16 };

/* From seconds to ns. Half of what fits is the limit, so that whoever adds or
 * subtracts stays in range. */
static int64_t to_ns(double seconds)
{
	return llround(seconds * 1e9);
}

/* Functions in the file's order; those that only call have no totals. */
static int add_functions(struct profile *p, const struct pstats_sum *s, uint32_t *function_of)
{
	if (profile_reserve(p, s->nkeys) < 0)
		return -1;
	for (size_t i = 0; i < s->nkeys; i++)
		function_of[i] = PROFILE_NONE;
	for (size_t i = 0; i < s->nentries + s->ncallers; i++) {
		uint32_t k = i < s->nentries ? s->entries[i].key : s->callers[i - s->nentries].key;

		if (function_of[k] == PROFILE_NONE)
			function_of[k] = profile_add_function(p, s->keys[k].file, s->keys[k].line,
							      s->keys[k].name);
		if (function_of[k] == PROFILE_NONE)
			return -1;
	}
	return 0;
}

static void set_counts(struct totals *t, const struct pstats_sum *s, const struct pstats_row *row)
{
	if (s->kind.sampled)
		return;
	t->ncalls = (uint64_t)row->ncalls;
	t->nprimitive = (uint64_t)row->nprimitive;
}

static void set_function(struct totals *t, const struct pstats_sum *s,
			 const struct pstats_row *row)
{
	set_counts(t, s, row);
	t->costs[0].self = to_ns(row->tottime);
	t->costs[0].cum = to_ns(row->cumtime);
	if (s->kind.marked) {
		t->costs[1].self = row->nprimitive;
		t->costs[1].cum = row->ncalls;
	}
}

/* A sample is worth the same everywhere, so an arc's samples tell its time. */
static void set_arc(struct arc *arc, const struct pstats_sum *s, const struct pstats_row *row,
		    const struct pstats_row *callee)
{
	struct totals *t = &arc->totals;

	set_counts(t, s, row);
	t->costs[0].self = to_ns(row->tottime);
	t->costs[0].cum = to_ns(row->cumtime);
	if (s->kind.marked) {
		int64_t n = row->ncalls < callee->ncalls ? row->ncalls : callee->ncalls;

		t->costs[1].cum = row->ncalls;
		/* No caller has more of them than there are. */
		if (n > 0)
			t->costs[0].cum = to_ns(callee->cumtime / (double)callee->ncalls *
						(double)n);
	}
	/* A function's time in its own direct recursion is its time anyway. */
	if (arc->caller != arc->callee)
		for (uint32_t m = 0; m < (s->kind.marked ? 2 : 1); m++)
			t->costs[m].below = t->costs[m].cum;
}

static int add_entry(struct profile *p, const struct pstats_sum *s, const struct pstats_entry *e,
		     const uint32_t *function_of)
{
	uint32_t callee = function_of[e->key];

	set_function(table_function(&p->table, callee), s, &e->row);
	for (uint32_t i = e->first; i != MAP_NONE; i = s->callers[i].next) {
		struct arc *arc = table_add_arc(&p->table, function_of[s->callers[i].key], callee);

		if (arc == NULL)
			return -1;
		set_arc(arc, s, &s->callers[i].row, &e->row);
	}
	return 0;
}

/* Of one file the callers were added in the order of their entries. */
static void forget_callers(struct pstats_sum *s, size_t *forgotten, uint32_t last)
{
	size_t n = last == MAP_NONE ? 0 : last + 1u - *forgotten;

	if (n < CALLERS_FORGOTTEN)
		return;
	mem_forget(&s->callers[*forgotten], n * sizeof *s->callers);
	*forgotten += n;
}

/* What of the sum is used up is freed: while it becomes a profile there are both. */
static int fill(struct profile *p, struct pstats_sum *s)
{
	size_t forgotten = 0;
	uint32_t *function_of = mem_array(NULL, s->nkeys, sizeof *function_of);
	int rc = -1;

	/* Texts that were looked up once need not be again. */
	p->strings = s->strings;
	s->strings = (struct strtab)STRTAB_INIT;
	p->sampled = s->kind.sampled;
	if (function_of == NULL || profile_add_metric(p, "wall", "nanoseconds") < 0 ||
	    (s->kind.marked && profile_add_metric(p, "samples", "count") < 0) ||
	    add_functions(p, s, function_of) < 0)
		goto done;
	pstats_sum_drop_keys(s);
	if (table_resize(&p->table, p->nfunctions) < 0 ||
	    table_reserve(&p->table, s->ncallers) < 0)
		goto done;
	for (size_t i = 0; i < s->nentries; i++) {
		if (add_entry(p, s, &s->entries[i], function_of) < 0)
			goto done;
		forget_callers(s, &forgotten, s->entries[i].last);
	}
	rc = 0;
done:
	mem_free(function_of);
	return rc;
}

/* What is read of a file are counts; what is made of them has to fit as well. */
static bool has_too_long_arcs(const struct profile *p, const struct pstats_sum *s)
{
	double seconds = s->seconds;

	for (uint32_t i = 0; s->kind.marked && i < p->table.narcs; i++)
		seconds += fabs((double)table_arc_at(&p->table, i)->totals.costs[0].cum) / 1e9;
	return seconds > PSTATS_SECONDS_MAX;
}

struct profile *pstats_read(struct bytes in, struct error *err)
{
	struct pstats_sum sum = PSTATS_SUM_INIT;
	struct profile *p = NULL;

	if (!pstats_sniff(in)) {
		error_set(err, ERR_FORMAT, in.len ? "not a pstats file: byte 0: no dict" :
						    "not a pstats file: it is empty");
		return NULL;
	}
	if (pstats_sum_add(&sum, in, err) == 0) {
		p = profile_new();
		if (p == NULL || fill(p, &sum) < 0)
			error_nomem(err);
		else if (has_too_long_arcs(p, &sum))
			error_set(err, ERR_FORMAT, "not a pstats file: times that add up to over a "
				  "century");
		if (err->code != ERR_NONE) {
			profile_free(p);
			p = NULL;
		}
	}
	pstats_sum_release(&sum);
	return p;
}
