#include "change/digest.h"

#include <string.h>

#include "base/mem.h"
#include "profile/derive.h"
#include "profile/diff.h"

/* A function as a profile has it. */
struct book_raw {
	const char *file, *name; /* in book.texts */
	uint32_t line;
	uint32_t function;
};

/* Of one profile. */
struct digesting {
	struct book *book;
	const struct profile *p;
	uint32_t *function_of; /* of the profile -> of the book */
	uint32_t *group_of;    /* of the profile -> row of the digest */
	uint32_t *rows;        /* of the book's functions -> row, or MAP_NONE */
	uint32_t nrows;
	struct table table;
};

/* --- the book */

static uint64_t text_hash(const char *text)
{
	return map_hash_text(text, strlen(text));
}

static const char *intern(struct book *b, const char *text)
{
	return strtab_add(&b->texts, text, strlen(text));
}

static uint32_t find_function(const struct book *b, uint64_t key, const char *file,
			      const char *name, uint32_t line)
{
	size_t at = 0;
	uint32_t i;

	while ((i = map_find(&b->function_index, key, &at)) != MAP_NONE)
		if (b->functions[i].file == file && b->functions[i].name == name &&
		    b->functions[i].line == line)
			break;
	return i;
}

/* By what it is known elsewhere; MAP_NONE without memory. */
static uint32_t add_function(struct book *b, const char *raw_file, const char *raw_name,
			     uint32_t line)
{
	enum origin origin;
	const char *file = identity_file(&b->arena, raw_file, b->root, &origin);
	const char *name = identity_name(&b->arena, raw_name);
	struct book_function *grown;
	uint64_t key;
	uint32_t i;

	if (file == NULL || name == NULL || (file = intern(b, file)) == NULL ||
	    (name = intern(b, name)) == NULL)
		return MAP_NONE;
	key = map_mix((uintptr_t)file) ^ (uintptr_t)name ^ line;
	i = find_function(b, key, file, name, line);
	if (i != MAP_NONE)
		return i;
	grown = mem_grow(b->functions, &b->functions_cap, b->nfunctions + 1, sizeof *grown);
	if (grown == NULL)
		return MAP_NONE;
	b->functions = grown;
	i = (uint32_t)b->nfunctions;
	grown[i] = (struct book_function){ file, name, origin, line };
	if (map_add(&b->function_index, key, i) < 0)
		return MAP_NONE;
	b->nfunctions++;
	return i;
}

/* The book's function for the profile's; MAP_NONE without memory. */
static uint32_t book_function(struct book *b, const struct function *f, uint64_t file_hash)
{
	uint64_t key = file_hash ^ (text_hash(f->qualname) + f->line);
	struct book_raw *grown, raw = { .line = f->line };
	size_t at = 0;
	uint32_t i;

	while ((i = map_find(&b->raw_index, key, &at)) != MAP_NONE)
		if (b->raws[i].line == f->line && strcmp(b->raws[i].name, f->qualname) == 0 &&
		    strcmp(b->raws[i].file, f->file) == 0)
			return b->raws[i].function;
	raw.file = intern(b, f->file);
	raw.name = intern(b, f->qualname);
	if (raw.file == NULL || raw.name == NULL)
		return MAP_NONE;
	raw.function = add_function(b, raw.file, raw.name, f->line);
	grown = mem_grow(b->raws, &b->raws_cap, b->nraws + 1, sizeof *grown);
	if (grown != NULL)
		b->raws = grown;
	if (grown == NULL || raw.function == MAP_NONE ||
	    map_add(&b->raw_index, key, (uint32_t)b->nraws) < 0)
		return MAP_NONE;
	b->raws[b->nraws++] = raw;
	return raw.function;
}

static uint32_t book_arc(struct book *b, uint32_t caller, uint32_t callee)
{
	uint64_t key = map_pair(caller, callee);
	uint32_t i = map_get(&b->arc_index, key);
	struct book_arc *grown;

	if (i != MAP_NONE)
		return i;
	grown = mem_grow(b->arcs, &b->arcs_cap, b->narcs + 1, sizeof *grown);
	if (grown == NULL)
		return MAP_NONE;
	b->arcs = grown;
	i = (uint32_t)b->narcs;
	grown[i] = (struct book_arc){ caller, callee };
	if (map_add(&b->arc_index, key, i) < 0)
		return MAP_NONE;
	b->narcs++;
	return i;
}

void book_release(struct book *b)
{
	arena_release(&b->arena);
	strtab_release(&b->texts);
	mem_free(b->functions);
	mem_free(b->arcs);
	mem_free(b->raws);
	map_release(&b->function_index);
	map_release(&b->arc_index);
	map_release(&b->raw_index);
}

/* --- a profile's functions */

/* Fills function_of, and group_of with rows in the order of their first function. */
static int find_functions(struct digesting *d, struct error *err)
{
	const struct profile *p = d->p;
	const char *file = NULL;
	uint64_t file_hash = 0;

	d->function_of = mem_array(NULL, p->nfunctions, sizeof *d->function_of);
	d->group_of = mem_array(NULL, p->nfunctions, sizeof *d->group_of);
	if (d->function_of == NULL || d->group_of == NULL)
		return error_nomem(err);
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct function *f = &p->functions[i];

		if (f->file != file) {
			file = f->file;
			file_hash = text_hash(file);
		}
		d->function_of[i] = book_function(d->book, f, file_hash);
		if (d->function_of[i] == MAP_NONE)
			return error_nomem(err);
	}
	d->rows = mem_array(NULL, d->book->nfunctions, sizeof *d->rows);
	if (d->rows == NULL)
		return error_nomem(err);
	memset(d->rows, 0xff, d->book->nfunctions * sizeof *d->rows);
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		uint32_t *row = &d->rows[d->function_of[i]];

		if (*row == MAP_NONE)
			*row = d->nrows++;
		d->group_of[i] = *row;
	}
	return 0;
}

/* Its time comes first. */
static int take_metrics(struct digest *out, uint32_t order[], struct book *b,
			const struct profile *p)
{
	uint32_t n = 0;

	if (p->nmetrics != 0)
		order[n++] = profile_time_metric(p);
	for (uint32_t m = 0; m < p->nmetrics; m++)
		if (m != order[0])
			order[n++] = m;
	for (uint32_t m = 0; m < n; m++) {
		const struct metric *of = &p->metrics[order[m]];

		out->metrics[m] = (struct book_metric){ intern(b, of->name), intern(b, of->unit) };
		if (out->metrics[m].name == NULL || out->metrics[m].unit == NULL)
			return -1;
	}
	out->nmetrics = n;
	return 0;
}

static void take_functions(struct digest *out, const struct digesting *d, const uint32_t order[])
{
	for (uint32_t i = 0; i < d->p->nfunctions; i++)
		out->functions[d->group_of[i]] = d->function_of[i];
	for (uint32_t i = 0; i < d->nrows; i++) {
		const struct totals *t = &d->table.functions[i];
		int64_t *costs = &out->costs[(size_t)i * 2 * out->nmetrics];

		out->ncalls[i] = t->ncalls;
		out->calls += t->ncalls;
		for (uint32_t m = 0; m < out->nmetrics; m++) {
			costs[m] = t->self[order[m]];
			costs[out->nmetrics + m] = t->cum[order[m]];
		}
	}
}

static int add_arc(struct digest *out, struct book *b, uint32_t caller, uint32_t callee,
		   uint64_t ncalls)
{
	uint32_t arc = book_arc(b, caller, callee);

	if (arc == MAP_NONE)
		return -1;
	out->arcs[out->narcs] = arc;
	out->arc_calls[out->narcs++] = ncalls;
	return 0;
}

/* What the request itself calls: below the root, or without a tree what nobody else is
 * known to have called. */
static void count_entries(const struct digesting *d, uint64_t *entries)
{
	const struct profile *p = d->p;

	if (profile_has_tree(p)) {
		for (uint32_t i = 1; i < p->nnodes; i++)
			if (p->nodes[i].parent == 0)
				entries[d->group_of[p->nodes[i].function]] += p->nodes[i].ncalls;
		return;
	}
	for (uint32_t i = 0; i < d->nrows; i++)
		entries[i] = d->table.functions[i].ncalls;
	for (uint32_t i = 0; i < d->table.narcs; i++) {
		const struct arc *arc = &d->table.arcs[i];
		uint64_t *left = &entries[arc->callee];

		*left -= *left < arc->totals.ncalls ? *left : arc->totals.ncalls;
	}
}

static int take_arcs(struct digest *out, const struct digesting *d)
{
	uint64_t *entries = mem_zalloc((size_t)d->nrows * sizeof *entries);
	int rc = -1;

	if (entries == NULL)
		return -1;
	count_entries(d, entries);
	for (uint32_t i = 0; i < d->table.narcs; i++) {
		const struct arc *arc = &d->table.arcs[i];

		if (add_arc(out, d->book, out->functions[arc->caller], out->functions[arc->callee],
			    arc->totals.ncalls) < 0)
			goto done;
	}
	for (uint32_t i = 0; i < d->nrows; i++)
		if (entries[i] != 0 &&
		    add_arc(out, d->book, BOOK_REQUEST, out->functions[i], entries[i]) < 0)
			goto done;
	rc = 0;
done:
	mem_free(entries);
	return rc;
}

/* Without a tree: what pstats would add up, less what went on beside the request. */
static int64_t table_time(const struct digest *out, const struct digesting *d, uint32_t m)
{
	size_t row = 2 * out->nmetrics;
	int64_t sum = 0;

	for (uint32_t i = 0; i < d->nrows; i++)
		sum += out->costs[i * row + m];
	for (uint32_t i = 0; i < d->p->nfunctions; i++)
		if (function_is_strand(&d->p->functions[i]))
			sum -= out->costs[d->group_of[i] * row + out->nmetrics + m];
	return sum;
}

static void take_totals(struct digest *out, const struct digesting *d, const uint32_t order[])
{
	for (uint32_t m = 0; m < out->nmetrics; m++)
		out->totals[m] = profile_has_tree(d->p) ? profile_node_cum(d->p, 0)[order[m]]
							: table_time(out, d, m);
}

static int make_room(struct digest *out, struct arena *arena, uint32_t nfunctions, size_t narcs)
{
	size_t row = 2 * out->nmetrics * sizeof *out->costs;

	out->nfunctions = nfunctions;
	out->totals = arena_alloc(arena, out->nmetrics * sizeof *out->totals);
	out->functions = arena_alloc(arena, nfunctions * sizeof *out->functions);
	out->ncalls = arena_alloc(arena, nfunctions * sizeof *out->ncalls);
	out->costs = arena_alloc(arena, nfunctions * row);
	out->arcs = arena_alloc(arena, narcs * sizeof *out->arcs);
	out->arc_calls = arena_alloc(arena, narcs * sizeof *out->arc_calls);
	return out->totals != NULL && out->functions != NULL && out->ncalls != NULL &&
	       out->costs != NULL && out->arcs != NULL && out->arc_calls != NULL ? 0 : -1;
}

int digest_profile(struct digest *out, struct book *book, const struct profile *p,
		   struct error *err)
{
	struct digesting d = { .book = book, .p = p, .table = TABLE_INIT };
	uint32_t order[PROFILE_MAX_METRICS] = { 0 };
	int rc = -1;

	*out = (struct digest){ .sampled = p->sampled, .nlost = p->nlost };
	if (p->nmetrics == 0)
		return error_set(err, ERR_FORMAT, "a profile without values");
	if (find_functions(&d, err) < 0 || derive_table(&d.table, p, d.group_of, d.nrows, err) < 0)
		goto done;
	if (take_metrics(out, order, book, p) < 0 ||
	    make_room(out, &book->arena, d.nrows, (size_t)d.table.narcs + d.nrows) < 0) {
		error_nomem(err);
		goto done;
	}
	take_functions(out, &d, order);
	take_totals(out, &d, order);
	rc = take_arcs(out, &d) < 0 ? error_nomem(err) : 0;
done:
	table_release(&d.table);
	mem_free(d.function_of);
	mem_free(d.group_of);
	mem_free(d.rows);
	return rc;
}
