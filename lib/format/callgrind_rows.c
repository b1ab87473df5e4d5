#include "format/callgrind_rows.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "format/foreign.h"
#include "profile/derive.h"

uint32_t callgrind_text(struct callgrind_rows *r, struct bytes raw)
{
	const char *text, **grown;
	uint32_t i;

	buf_clear(&r->name);
	foreign_name(&r->name, raw);
	if (r->name.failed)
		return MAP_NONE;
	text = strtab_add(&r->p->strings, r->name.data ? r->name.data : "", r->name.len);
	if (text == NULL)
		return MAP_NONE;
	i = map_get(&r->text_index, (uintptr_t)text);
	if (i != MAP_NONE)
		return i;
	grown = mem_grow(r->texts, &r->texts_cap, r->ntexts + 1, sizeof *grown);
	if (grown == NULL || map_add(&r->text_index, (uintptr_t)text, (uint32_t)r->ntexts) < 0) {
		if (grown != NULL)
			r->texts = grown;
		return MAP_NONE;
	}
	r->texts = grown;
	grown[r->ntexts] = text;
	return (uint32_t)r->ntexts++;
}

uint32_t callgrind_row(struct callgrind_rows *r, uint32_t file, uint32_t name)
{
	uint32_t row = map_get(&r->row_index, map_pair(file, name));
	struct callgrind_row *grown;

	if (row != MAP_NONE)
		return row;
	grown = mem_grow(r->rows, &r->rows_cap, r->nrows + 1, sizeof *grown);
	if (grown == NULL)
		return MAP_NONE;
	r->rows = grown;
	if (map_add(&r->row_index, map_pair(file, name), (uint32_t)r->nrows) < 0)
		return MAP_NONE;
	memset(&grown[r->nrows], 0, sizeof *grown);
	grown[r->nrows].file = file;
	grown[r->nrows].name = name;
	grown[r->nrows].rank = MAP_NONE;
	return (uint32_t)r->nrows++;
}

/* Writers tell functions of one name apart by their lines, "f:12", or by files as
 * well, "f app.py:12": the name is f. */
static size_t bare_name(const char *name, const char *file, uint32_t line)
{
	char end[16];
	size_t len = strlen(name), n = (size_t)snprintf(end, sizeof end, ":%u", (unsigned)line);
	size_t nfile = strlen(file);

	if (len <= n || strcmp(name + len - n, end) != 0)
		return len;
	len -= n;
	if (nfile != 0 && len > nfile + 1 && memcmp(name + len - nfile, file, nfile) == 0 &&
	    name[len - nfile - 1] == ' ')
		len -= nfile + 1;
	return len;
}

static uint32_t add_function(struct callgrind_rows *r, const struct callgrind_row *row)
{
	const char *file = r->texts[row->file], *name = r->texts[row->name];
	size_t len = bare_name(name, file, row->line);
	uint32_t before = r->p->nfunctions, f;

	buf_clear(&r->name);
	/* As pstats prints what is written in C. */
	if (strcmp(file, "~") == 0 && len > 2 && name[0] == '{' && name[len - 1] == '}') {
		buf_addc(&r->name, '<');
		buf_add(&r->name, name + 1, len - 2);
		buf_addc(&r->name, '>');
	} else {
		buf_add(&r->name, name, len);
	}
	if (r->name.failed)
		return PROFILE_NONE;
	/* What we write of a function without a file. */
	if (strcmp(file, "?") == 0)
		file = "";
	f = profile_function(r->p, file, row->line, buf_str(&r->name), NULL);
	/* Somebody else's name, when shortened. */
	return f != PROFILE_NONE && f < before ? profile_function(r->p, file, row->line, name, NULL)
					       : f;
}

/* Rows in the order of their blocks, then those that have none. */
static uint32_t *sort_rows(struct callgrind_rows *r)
{
	uint32_t *order = mem_array(NULL, r->nrows, sizeof *order);
	size_t n = r->nblocks;

	for (uint32_t i = 0; order != NULL && i < r->nrows; i++) {
		if (r->rows[i].rank == MAP_NONE)
			r->rows[i].rank = (uint32_t)n++;
		order[r->rows[i].rank] = i;
	}
	return order;
}

static int add_functions(struct callgrind_rows *r, uint32_t *function_of)
{
	uint32_t *order = sort_rows(r);
	struct profile *p = r->p;

	for (size_t i = 0; order != NULL && i < r->nrows; i++) {
		const struct callgrind_row *row = &r->rows[order[i]];
		uint32_t f = add_function(r, row);
		struct totals *t;

		if (f == PROFILE_NONE || table_resize(&p->table, f + 1) < 0) {
			mem_free(order);
			return -1;
		}
		function_of[order[i]] = f;
		t = table_function(&p->table, f);
		t->ncalls += p->sampled ? 0 : row->ncalls;
		t->nprimitive += p->sampled ? 0 : row->nprimitive;
		for (uint32_t m = 0; m < p->nmetrics; m++) {
			t->costs[m].self += row->self[m];
			t->costs[m].cum += row->self[m];
		}
	}
	mem_free(order);
	return order == NULL ? -1 : 0;
}

/* In place: there may be many, and a table of its own would be as large again. Arcs
 * move to the front as two rows turn out to be one function. */
static int add_arcs(struct callgrind_rows *r, const uint32_t *function_of)
{
	struct profile *p = r->p;
	struct table *t = &p->table;
	uint32_t n = r->calls.narcs;
	size_t size = table_arc_size(t);

	t->arcs = r->calls.arcs;
	t->arcs_cap = r->calls.arcs_cap;
	t->arc_index = r->calls.arc_index;
	r->calls = (struct table)TABLE_INIT;
	map_clear(&t->arc_index);
	for (uint32_t i = 0; i < n; i++) {
		struct arc *arc = table_arc_at(t, i), *same;

		arc->caller = function_of[arc->caller];
		arc->callee = function_of[arc->callee];
		if (p->sampled)
			arc->totals.ncalls = arc->totals.nprimitive = 0;
		for (uint32_t m = 0; m < t->nmetrics; m++)
			table_function(t, arc->caller)->costs[m].cum += arc->totals.costs[m].below;
		same = table_find_arc(t, arc->caller, arc->callee);
		if (same != NULL) {
			totals_add(&same->totals, &arc->totals, t->nmetrics);
			continue;
		}
		if (map_add(&t->arc_index, map_pair(arc->caller, arc->callee), t->narcs) < 0)
			return -1;
		memmove(table_arc_at(t, t->narcs), arc, size);
		t->narcs++;
	}
	return 0;
}

static void cap(struct totals *t, const int64_t *most, uint32_t nmetrics)
{
	for (uint32_t m = 0; m < nmetrics; m++)
		if (t->costs[m].cum > most[m])
			t->costs[m].cum = most[m];
}

static void cap_all(struct profile *p)
{
	int64_t total[PROFILE_MAX_METRICS];
	struct table *t = &p->table;

	for (uint32_t m = 0; m < t->nmetrics; m++)
		total[m] = table_total(t, m);
	for (uint32_t i = 0; i < t->nfunctions; i++)
		cap(table_function(t, i), total, t->nmetrics);
	for (uint32_t i = 0; i < t->narcs; i++)
		cap(&table_arc_at(t, i)->totals, total, t->nmetrics);
}

int callgrind_rows_finish(struct callgrind_rows *r)
{
	uint32_t *function_of = mem_array(NULL, r->nrows, sizeof *function_of);
	int rc = function_of == NULL ? -1 : add_functions(r, function_of);

	if (rc == 0)
		rc = add_arcs(r, function_of);
	mem_free(function_of);
	if (rc == 0)
		cap_all(r->p);
	return rc;
}

void callgrind_rows_release(struct callgrind_rows *r)
{
	mem_free(r->texts);
	map_release(&r->text_index);
	mem_free(r->rows);
	map_release(&r->row_index);
	table_release(&r->calls);
	buf_release(&r->name);
}
