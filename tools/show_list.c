#include "show_list.h"

#include <string.h>

#include "base/mem.h"
#include "format/pstats.h"
#include "profile/derive.h"

static void numbers_of(struct show_numbers *n, const struct totals *t, const struct metric *metric,
		       uint32_t m)
{
	bool time = strcmp(metric->unit, "nanoseconds") == 0;

	n->ncalls = (int64_t)t->ncalls;
	n->nprimitive = (int64_t)t->nprimitive;
	n->self = time ? pstats_seconds(t->costs[m].self) : (double)t->costs[m].self;
	n->cum = time ? pstats_seconds(t->costs[m].cum) : (double)t->costs[m].cum;
}

static int reserve(struct show_list *l, size_t nrows, size_t narcs, struct error *err)
{
	l->rows = mem_array(NULL, nrows, sizeof *l->rows);
	l->arcs = mem_array(NULL, narcs, sizeof *l->arcs);
	l->order = mem_array(NULL, nrows, sizeof *l->order);
	return l->rows && l->arcs && l->order ? 0 : error_nomem(err);
}

void show_list_reset(struct show_list *l)
{
	l->norder = l->nlisted;
	for (uint32_t i = 0; i < l->nlisted; i++)
		l->order[i] = i;
}

int show_list_fill(struct show_list *l, const struct profile *p, uint32_t metric, bool calls,
		   struct error *err)
{
	const struct table *t;

	if (derive_view(&t, &l->table, p, NULL, 0, err) < 0 ||
	    reserve(l, p->nfunctions, calls ? t->narcs : 0, err) < 0)
		return -1;
	l->narcs = calls ? t->narcs : 0;
	l->nlisted = l->nrows = p->nfunctions;
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		struct show_row *row = &l->rows[i];

		*row = (struct show_row){ .f = p->functions[i], .totals = table_function(t, i) };
		row->bare = row->f.name;
		row->f.name = row->f.qualname;
		numbers_of(&row->n, row->totals, &p->metrics[metric], metric);
		l->ncalls += row->totals->ncalls;
		l->nprimitive += row->totals->nprimitive;
	}
	for (uint32_t i = 0; i < l->narcs; i++) {
		const struct arc *arc = table_arc_at(t, i);

		l->arcs[i] = (struct show_arc){ .caller = arc->caller, .callee = arc->callee };
		numbers_of(&l->arcs[i].n, &arc->totals, &p->metrics[metric], metric);
	}
	l->total = (double)profile_total(p, t, metric) / 1e9;
	l->beside = (double)table_total(t, metric) / 1e9 - l->total;
	show_list_reset(l);
	return 0;
}

static struct show_numbers numbers_of_file(const struct pstats_row *row)
{
	return (struct show_numbers){ row->ncalls, row->nprimitive, row->tottime, row->cumtime };
}

static void add_key(struct show_list *l, const struct pstats_key *key)
{
	l->rows[l->nrows++] = (struct show_row){ .bare = key->name,
						 .f = { key->file, key->name, key->name, key->line } };
}

static void add_arcs(struct show_list *l, const struct pstats_sum *s, const uint32_t *row_of)
{
	for (uint32_t i = 0; i < s->nentries; i++)
		for (uint32_t c = s->entries[i].first; c != MAP_NONE; c = s->callers[c].next)
			l->arcs[l->narcs++] = (struct show_arc){
				row_of[s->callers[c].key], i, numbers_of_file(&s->callers[c].row)
			};
}

int show_list_fill_sum(struct show_list *l, struct pstats_sum *s, bool calls,
		       struct error *err)
{
	uint32_t *row_of = mem_array(NULL, s->nkeys, sizeof *row_of);

	if (row_of == NULL || reserve(l, s->nkeys, calls ? s->ncallers : 0, err) < 0) {
		mem_free(row_of);
		return error_nomem(err);
	}
	memset(row_of, 0xFF, s->nkeys * sizeof *row_of);
	for (uint32_t i = 0; i < s->nentries; i++) {
		const struct pstats_entry *e = &s->entries[i];

		row_of[e->key] = l->nrows;
		add_key(l, &s->keys[e->key]);
		l->rows[i].n = numbers_of_file(&e->row);
		l->ncalls += (uint64_t)e->row.ncalls;
		l->nprimitive += (uint64_t)e->row.nprimitive;
		l->total += e->row.tottime;
	}
	l->nlisted = l->nrows;
	for (uint32_t k = 0; k < s->nkeys; k++) {
		if (row_of[k] != PROFILE_NONE)
			continue;
		row_of[k] = l->nrows;
		add_key(l, &s->keys[k]);
	}
	if (calls)
		add_arcs(l, s, row_of);
	mem_free(row_of);
	pstats_sum_keep_texts(s);
	l->counts_only = s->kind.counts_only;
	show_list_reset(l);
	return 0;
}

void show_list_release(struct show_list *l)
{
	mem_free(l->rows);
	mem_free(l->arcs);
	mem_free(l->order);
	buf_release(&l->message);
	table_release(&l->table);
	arena_release(&l->arena);
}

const char *show_list_name(struct show_list *l, uint32_t row)
{
	struct show_row *r = &l->rows[row];
	struct buf name = BUF_INIT;

	if (r->printed == NULL) {
		pstats_name(&name, &r->f);
		r->printed = arena_strdup(&l->arena, buf_str(&name));
		buf_release(&name);
	}
	return r->printed ? r->printed : "";
}

/* --- order */

const char *const show_sort_keys[] = {
	"calls", "ncalls", "cumtime", "cumulative", "filename", "file", "line", "module", "name",
	"nfl", "pcalls", "stdname", "time", "tottime", "none", NULL
};
enum { SORT_NONE = 14 };

static const char *const sort_titles[] = {
	"call count", "call count", "cumulative time", "cumulative time", "file name", "file name",
	"line number", "file name", "function name", "name/file/line", "primitive call count",
	"standard name", "internal time", "internal time"
};

static int compare(double a, double b)
{
	return a < b ? -1 : a > b;
}

static int compare_counts(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_key(struct show_list *l, unsigned key, uint32_t a, uint32_t b)
{
	const struct show_row *x = &l->rows[a], *y = &l->rows[b];
	int order;

	switch (key) {
	case 0:
	case 1:
		return compare_counts(y->n.ncalls, x->n.ncalls);
	case 2:
	case 3:
		return compare(y->n.cum, x->n.cum);
	case 4:
	case 5:
	case 7:
		return strcmp(x->f.file, y->f.file);
	case 6:
		return compare_counts(x->f.line, y->f.line);
	case 8:
		return strcmp(x->f.name, y->f.name);
	case 9:
		order = strcmp(x->f.name, y->f.name);
		if (order == 0)
			order = strcmp(x->f.file, y->f.file);
		return order ? order : compare_counts(x->f.line, y->f.line);
	case 10:
		return compare_counts(y->n.nprimitive, x->n.nprimitive);
	case 11:
		return strcmp(show_list_name(l, a), show_list_name(l, b));
	default:
		return compare(y->n.self, x->n.self);
	}
}

static int by_keys(struct show_list *l, const struct opt_list *keys, uint32_t a, uint32_t b)
{
	for (unsigned i = 0; i < keys->n; i++) {
		int order = by_key(l, keys->at[i], a, b);

		if (order != 0)
			return order;
	}
	return 0;
}

/* Merges; qsort would need to be told of ties, and of the keys. */
static void sort(struct show_list *l, const struct opt_list *keys, uint32_t *v, uint32_t *room,
		 uint32_t n)
{
	uint32_t half = n / 2, i = 0, j = half, k = 0;

	if (n < 2)
		return;
	sort(l, keys, v, room, half);
	sort(l, keys, v + half, room, n - half);
	memcpy(room, v, half * sizeof *v);
	while (i < half && j < n)
		v[k++] = by_keys(l, keys, room[i], v[j]) <= 0 ? room[i++] : v[j++];
	while (i < half)
		v[k++] = room[i++];
}

int show_list_sort(struct show_list *l, const struct opt_list *keys, bool reverse,
		   struct error *err)
{
	static const struct opt_list by_self = { 1, { 13 } };
	uint32_t *room;

	if (keys->n == 0)
		keys = &by_self;
	if (keys->at[0] == SORT_NONE && keys->n == 1) {
		buf_adds(&l->message, "   Random listing order was used\n");
		return 0;
	}
	room = mem_array(NULL, l->norder, sizeof *room);
	if (room == NULL)
		return error_nomem(err);
	sort(l, keys, l->order, room, l->norder);
	mem_free(room);
	for (uint32_t i = 0, j = l->norder; reverse && i + 1 < j; i++) {
		uint32_t first = l->order[i];

		l->order[i] = l->order[--j];
		l->order[j] = first;
	}
	buf_adds(&l->message, "   Ordered by: ");
	for (unsigned i = 0; i < keys->n; i++)
		buf_printf(&l->message, "%s%s", i ? ", " : "", sort_titles[keys->at[i]]);
	buf_addc(&l->message, '\n');
	return 0;
}
