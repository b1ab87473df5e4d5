/* profile.prof: marshal (see marshal.h) of
 *
 *     { (file, line, name): (cc, nc, tt, ct, callers), ... }
 *     callers = { (file, line, name): (nc, cc, tt, ct), ... }
 *
 * Traps. The counts change places: a function's tuple begins with its primitive
 * calls, a caller's with all calls. tt is tottime (our self), ct cumtime (our
 * cum), both in seconds as doubles. Callers may be missing from the outer
 * dict; the pure Python profiler writes only a number for each. Code objects
 * that share the key (every dataclass has an ('<string>', 2, '__init__')) are
 * one entry here: they are grouped before recursion is looked at, so that
 * their sums are right. */
#include "format/pstats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "format/marshal.h"
#include "profile/derive.h"

enum { SMALLEST_ARC = 10 }; /* bytes in a file: two references */

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

/* --- writing */

struct writer {
	struct marshal_writer marshal;
	const struct profile *p;
	const struct pstats_groups *groups;
	const struct table *table;
	int metric;         /* the time, or -1 when none is */
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
		w->arcs_from[t->arcs[i].callee + 1]++;
	for (uint32_t g = 0; g < n; g++)
		w->arcs_from[g + 1] += w->arcs_from[g];
	/* Placing from the last moves each end back to its beginning. */
	for (uint32_t i = t->narcs; i-- > 0;)
		w->arcs[--w->arcs_from[t->arcs[i].callee + 1]] = i;
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
	int m = w->metric;

	marshal_float(&w->marshal, m < 0 ? 0 : pstats_seconds(t->self[m]));
	marshal_float(&w->marshal, m < 0 ? 0 : pstats_seconds(t->cum[m]));
}

static void put_entry(struct writer *w, uint32_t group)
{
	const struct totals *t = &w->table->functions[group];

	put_key(w, group);
	marshal_tuple(&w->marshal, 5);
	marshal_int(&w->marshal, (int64_t)t->nprimitive);
	marshal_int(&w->marshal, (int64_t)t->ncalls);
	put_times(w, t);
	marshal_open_dict(&w->marshal);
	for (uint32_t i = w->arcs_from[group]; i < w->arcs_from[group + 1]; i++) {
		const struct arc *arc = &w->table->arcs[w->arcs[i]];

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
	struct writer w = { .p = p, .groups = &groups, .table = &table, .metric = pstats_time_metric(p) };
	int rc = -1;

	(void)info;
	marshal_begin(&w.marshal, out);
	if (pstats_group(&groups, p, err) < 0 ||
	    derive_table(&table, p, groups.of, groups.ngroups, err) < 0 || sort_arcs(&w, err) < 0)
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

struct reader {
	struct profile *p;
	struct map known; /* key's offset -> function: references come back often */
	size_t max_arcs;
	double sum; /* of all times, in seconds and without their signs */
	struct error *err;
};

bool pstats_sniff(struct bytes in)
{
	uint8_t first = in.len > 0 ? in.data[0] & 0x7F : 0;
	uint8_t second = in.len > 1 ? in.data[1] & 0x7F : '0';

	return first == '{' && (second == '0' || second == ')' || second == '(');
}

static int bad(struct reader *r, const struct marshal_value *v, const char *what)
{
	return error_set(r->err, ERR_FORMAT, "not a pstats file: byte %zu: %s", v->offset, what);
}

static int get_count(struct reader *r, const struct marshal_value *v, uint64_t *count)
{
	if (v->type != MARSHAL_INT)
		return bad(r, v, "no number where calls are counted");
	if (v->integer < 0)
		return bad(r, v, "fewer than no calls");
	*count = (uint64_t)v->integer;
	return 0;
}

static int get_time(struct reader *r, const struct marshal_value *v, int64_t *ns)
{
	double seconds;

	if (v->type == MARSHAL_INT)
		seconds = (double)v->integer;
	else if (v->type == MARSHAL_FLOAT)
		seconds = v->number;
	else
		return bad(r, v, "no number where a time should be");
	if (!isfinite(seconds))
		return bad(r, v, "a time that is not finite");
	/* Half of what fits, so that whoever adds or subtracts stays in range. */
	r->sum += fabs(seconds);
	if (r->sum > 4e9)
		return bad(r, v, "times that add up to over a century");
	*ns = llround(seconds * 1e9);
	return 0;
}

/* PROFILE_NONE with err filled. */
static uint32_t get_function(struct reader *r, const struct marshal_value *key)
{
	uint32_t f = map_get(&r->known, key->offset);
	const struct marshal_value *file, *line, *name;

	if (f != MAP_NONE)
		return f;
	if (key->type != MARSHAL_TUPLE || key->nitems != 3) {
		bad(r, key, "no (file, line, name)");
		return PROFILE_NONE;
	}
	file = key->items->value;
	line = key->items->next->value;
	name = key->items->next->next->value;
	if (file->type != MARSHAL_TEXT || line->type != MARSHAL_INT || name->type != MARSHAL_TEXT ||
	    line->integer < 0 || line->integer > UINT32_MAX) {
		bad(r, key, "no (file, line, name)");
		return PROFILE_NONE;
	}
	f = profile_function(r->p, file->text, (uint32_t)line->integer, name->text, NULL);
	if (f == PROFILE_NONE || map_add(&r->known, key->offset, f) < 0) {
		error_nomem(r->err);
		return PROFILE_NONE;
	}
	return f;
}

static int read_arc(struct reader *r, uint32_t caller, uint32_t callee,
		    const struct marshal_value *v)
{
	struct arc *arc = table_arc(&r->p->table, caller, callee);
	struct totals *t;
	const struct marshal_item *item = v->type == MARSHAL_TUPLE ? v->items : NULL;

	if (arc == NULL)
		return error_nomem(r->err);
	t = &arc->totals;
	if (v->type == MARSHAL_INT) { /* the pure Python profiler's */
		t->nprimitive = v->integer < 0 ? 0 : (uint64_t)v->integer;
		return get_count(r, v, &t->ncalls);
	}
	if (item == NULL || v->nitems != 4)
		return bad(r, v, "no (nc, cc, tt, ct) of a caller");
	if (get_count(r, item->value, &t->ncalls) < 0 ||
	    get_count(r, item->next->value, &t->nprimitive) < 0 ||
	    get_time(r, item->next->next->value, &t->self[0]) < 0 ||
	    get_time(r, item->next->next->next->value, &t->cum[0]) < 0)
		return -1;
	/* A function's time in its own direct recursion is its time anyway. */
	arc->below[0] = caller == callee ? 0 : t->cum[0];
	return 0;
}

static int read_callers(struct reader *r, uint32_t callee, const struct marshal_value *callers)
{
	if (callers->type != MARSHAL_DICT)
		return bad(r, callers, "no dict of callers");
	for (struct marshal_item *i = callers->items; i != NULL; i = i->next->next) {
		uint32_t caller = get_function(r, i->value);

		if (caller == PROFILE_NONE)
			return -1;
		/* References could make a small file stand for a huge table. */
		if (r->p->table.narcs >= r->max_arcs)
			return bad(r, callers, "more callers than the file can hold");
		if (table_find_arc(&r->p->table, caller, callee) != NULL)
			return bad(r, i->value, "a caller that comes twice");
		if (read_arc(r, caller, callee, i->next->value) < 0)
			return -1;
	}
	return 0;
}

static int read_entry(struct reader *r, uint32_t function, const struct marshal_value *v)
{
	struct totals *t = &r->p->table.functions[function];
	const struct marshal_item *item = v->type == MARSHAL_TUPLE ? v->items : NULL;

	if (item == NULL || v->nitems != 5)
		return bad(r, v, "no (cc, nc, tt, ct, callers)");
	if (get_count(r, item->value, &t->nprimitive) < 0)
		return -1;
	item = item->next;
	if (get_count(r, item->value, &t->ncalls) < 0)
		return -1;
	item = item->next;
	if (get_time(r, item->value, &t->self[0]) < 0)
		return -1;
	item = item->next;
	if (get_time(r, item->value, &t->cum[0]) < 0)
		return -1;
	return read_callers(r, function, item->next->value);
}

/* First all that have an entry, so that functions stand in the file's order. */
static int read_functions(struct reader *r, const struct marshal_value *stats)
{
	if (stats->type != MARSHAL_DICT)
		return bad(r, stats, "no dict");
	for (struct marshal_item *i = stats->items; i != NULL; i = i->next->next) {
		uint32_t before = r->p->nfunctions, f = get_function(r, i->value);

		if (f == PROFILE_NONE)
			return -1;
		if (f < before)
			return bad(r, i->value, "a function that comes twice");
	}
	if (table_resize(&r->p->table, r->p->nfunctions) < 0)
		return error_nomem(r->err);
	for (struct marshal_item *i = stats->items; i != NULL; i = i->next->next)
		if (read_entry(r, get_function(r, i->value), i->next->value) < 0)
			return -1;
	/* Callers without an entry of their own have no totals. */
	if (table_resize(&r->p->table, r->p->nfunctions) < 0)
		return error_nomem(r->err);
	return 0;
}

struct profile *pstats_read(struct bytes in, struct error *err)
{
	struct arena arena = ARENA_INIT;
	struct reader r = { profile_new(), MAP_INIT, in.len / SMALLEST_ARC, 0, err };
	const struct marshal_value *stats;
	int rc = -1;

	if (r.p == NULL || profile_add_metric(r.p, "wall", "nanoseconds") < 0) {
		error_nomem(err);
		goto done;
	}
	if (!pstats_sniff(in)) {
		error_set(err, ERR_FORMAT, in.len ? "not a pstats file: byte 0: no dict" :
						    "not a pstats file: it is empty");
		goto done;
	}
	stats = marshal_parse(&arena, in, err);
	if (stats != NULL)
		rc = read_functions(&r, stats);
done:
	arena_release(&arena);
	map_release(&r.known);
	if (rc < 0) {
		profile_free(r.p);
		return NULL;
	}
	return r.p;
}
