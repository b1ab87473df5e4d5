#include "change/digest.h"

#include <string.h>

#include "base/mem.h"
#include "profile/derive.h"
#include "profile/diff.h"
#include "profile/walk.h"

/* Of one profile. */
struct digesting {
	struct book *book;
	const struct profile *p;
	uint32_t *function_of; /* of the profile -> of the book */
	uint32_t *group_of;    /* of the profile -> row of the digest */
	uint32_t *rows;        /* of the book's functions -> row, or MAP_NONE */
	uint32_t nrows;
};

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
			file_hash = book_hash(file);
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

		out->metrics[m] = (struct book_metric){ book_text(b, of->name), book_text(b, of->unit) };
		if (out->metrics[m].name == NULL || out->metrics[m].unit == NULL)
			return -1;
	}
	out->nmetrics = n;
	return 0;
}

/* --- from the call tree */

struct walk {
	const struct profile *p;
	struct digest *out;
	const struct digesting *d;
	const uint32_t *order;
	uint32_t *on_stack;  /* per row: its frames on the stack */
	uint32_t *arc_row;   /* of the book's arcs -> row, or MAP_NONE */
	size_t narc_rows, arc_rows_cap;
	/* Of the digest, until their number is known. */
	uint32_t *arcs;
	uint64_t *arc_calls;
	size_t arcs_cap, arc_calls_cap;
};

static int add_arc_row(struct walk *w, uint32_t arc)
{
	struct digest *out = w->out;
	uint32_t *arcs = mem_grow(w->arcs, &w->arcs_cap, out->narcs + 1u, sizeof *arcs);
	uint64_t *calls;

	if (arcs == NULL)
		return -1;
	w->arcs = arcs;
	calls = mem_grow(w->arc_calls, &w->arc_calls_cap, out->narcs + 1u, sizeof *calls);
	if (calls == NULL)
		return -1;
	w->arc_calls = calls;
	arcs[out->narcs] = arc;
	calls[out->narcs] = 0;
	w->arc_row[arc] = out->narcs++;
	return 0;
}

static int reserve_arc_rows(struct walk *w)
{
	size_t n = w->d->book->narcs;
	uint32_t *grown = mem_grow(w->arc_row, &w->arc_rows_cap, n, sizeof *grown);

	if (grown == NULL)
		return -1;
	w->arc_row = grown;
	memset(grown + w->narc_rows, 0xff, (n - w->narc_rows) * sizeof *grown);
	w->narc_rows = n;
	return 0;
}

static int count_arc(struct walk *w, uint32_t caller, uint32_t callee, uint64_t ncalls)
{
	uint32_t arc = book_arc(w->d->book, caller, callee);

	if (arc == MAP_NONE || (arc >= w->narc_rows && reserve_arc_rows(w) < 0))
		return -1;
	if (w->arc_row[arc] == MAP_NONE && add_arc_row(w, arc) < 0)
		return -1;
	w->arc_calls[w->arc_row[arc]] += ncalls;
	return 0;
}

/* A node's cum is its function's self less what it calls has. In between sums may be
 * larger than any number that a file can mean, hence unsigned. */
static int enter(void *arg, uint32_t i)
{
	struct walk *w = arg;
	const struct profile *p = w->p;
	struct digest *out = w->out;
	const struct node *n = &p->nodes[i];
	const int64_t *cum = profile_node_cum(p, i);
	uint32_t row = w->d->group_of[n->function], caller = BOOK_REQUEST;
	int64_t *costs = &out->costs[(size_t)row * 2 * out->nmetrics], *above = NULL;
	bool outermost = w->on_stack[row]++ == 0;

	if (n->parent != 0) {
		uint32_t caller_row = w->d->group_of[p->nodes[n->parent].function];

		caller = out->functions[caller_row];
		above = &out->costs[(size_t)caller_row * 2 * out->nmetrics];
	}
	out->ncalls[row] += n->ncalls;
	out->calls += n->ncalls;
	for (uint32_t m = 0; m < out->nmetrics; m++) {
		int64_t value = cum[w->order[m]];

		costs[m] = (int64_t)((uint64_t)costs[m] + (uint64_t)value);
		if (above != NULL)
			above[m] = (int64_t)((uint64_t)above[m] - (uint64_t)value);
		if (outermost)
			costs[out->nmetrics + m] += value;
	}
	return count_arc(w, caller, out->functions[row], n->ncalls);
}

static void leave(void *arg, uint32_t i)
{
	struct walk *w = arg;

	w->on_stack[w->d->group_of[w->p->nodes[i].function]]--;
}

static int keep_arcs(struct digest *out, struct arena *arena, const struct walk *w)
{
	out->arcs = arena_alloc(arena, out->narcs * sizeof *out->arcs);
	out->arc_calls = arena_alloc(arena, out->narcs * sizeof *out->arc_calls);
	if (out->arcs == NULL || out->arc_calls == NULL)
		return -1;
	if (out->narcs != 0) {
		memcpy(out->arcs, w->arcs, out->narcs * sizeof *out->arcs);
		memcpy(out->arc_calls, w->arc_calls, out->narcs * sizeof *out->arc_calls);
	}
	return 0;
}

/* What derive_table does, less what is not wanted here: half the time of a summary was
 * spent on it. */
static int take_tree(struct digest *out, const struct digesting *d, const uint32_t order[])
{
	const struct profile *p = d->p;
	struct walk w = { .p = p, .out = out, .d = d, .order = order };
	struct tree_link *links = mem_array(NULL, p->nnodes, sizeof *links);
	int rc = -1;

	w.on_stack = mem_zalloc((size_t)d->nrows * sizeof *w.on_stack);
	if (links != NULL && w.on_stack != NULL && reserve_arc_rows(&w) == 0) {
		tree_link(links, p);
		if (tree_walk(p, links, enter, leave, &w) == 0)
			rc = keep_arcs(out, &d->book->arena, &w);
	}
	for (uint32_t m = 0; m < out->nmetrics; m++)
		out->totals[m] = profile_node_cum(p, 0)[order[m]];
	mem_free(links);
	mem_free(w.on_stack);
	mem_free(w.arc_row);
	mem_free(w.arcs);
	mem_free(w.arc_calls);
	return rc;
}

/* --- from a table, without a tree */

static void take_functions(struct digest *out, const struct digesting *d, const struct table *t,
			   const uint32_t order[])
{
	for (uint32_t i = 0; i < d->nrows; i++) {
		int64_t *costs = &out->costs[(size_t)i * 2 * out->nmetrics];
		const struct totals *f = table_function(t, i);

		out->ncalls[i] = f->ncalls;
		out->calls += out->ncalls[i];
		for (uint32_t m = 0; m < out->nmetrics; m++) {
			costs[m] = f->costs[order[m]].self;
			costs[out->nmetrics + m] = f->costs[order[m]].cum;
		}
	}
}

/* What pstats would add up, less what went on beside the request. */
static void take_totals(struct digest *out, const struct digesting *d)
{
	size_t row = 2 * out->nmetrics;

	for (uint32_t m = 0; m < out->nmetrics; m++) {
		out->totals[m] = 0;
		for (uint32_t i = 0; i < d->nrows; i++)
			out->totals[m] += out->costs[i * row + m];
		for (uint32_t i = 0; i < d->p->nfunctions; i++)
			if (function_is_strand(&d->p->functions[i]))
				out->totals[m] -= out->costs[d->group_of[i] * row + out->nmetrics + m];
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

/* The request itself calls what nobody else is known to have called. */
static int take_arcs(struct digest *out, const struct digesting *d, const struct table *t)
{
	uint64_t *entries = mem_array(NULL, d->nrows, sizeof *entries);
	size_t most = (size_t)t->narcs + d->nrows;
	int rc = -1;

	out->arcs = arena_alloc(&d->book->arena, most * sizeof *out->arcs);
	out->arc_calls = arena_alloc(&d->book->arena, most * sizeof *out->arc_calls);
	if (entries == NULL || out->arcs == NULL || out->arc_calls == NULL)
		goto done;
	for (uint32_t i = 0; i < d->nrows; i++)
		entries[i] = table_function(t, i)->ncalls;
	for (uint32_t i = 0; i < t->narcs; i++) {
		const struct arc *arc = table_arc_at(t, i);
		uint64_t *left = &entries[arc->callee];

		*left -= *left < arc->totals.ncalls ? *left : arc->totals.ncalls;
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

static int take_table(struct digest *out, const struct digesting *d, const uint32_t order[],
		      struct error *err)
{
	struct table t;
	int rc;

	if (derive_table(&t, d->p, d->group_of, d->nrows, err) < 0)
		return -1;
	take_functions(out, d, &t, order);
	take_totals(out, d);
	rc = take_arcs(out, d, &t);
	table_release(&t);
	return rc < 0 ? error_nomem(err) : 0;
}

static int make_room(struct digest *out, struct arena *arena, const struct digesting *d)
{
	size_t row = 2 * out->nmetrics * sizeof *out->costs;

	out->nfunctions = d->nrows;
	out->totals = arena_alloc(arena, out->nmetrics * sizeof *out->totals);
	out->functions = arena_alloc(arena, d->nrows * sizeof *out->functions);
	out->ncalls = arena_zalloc(arena, d->nrows * sizeof *out->ncalls);
	out->costs = arena_zalloc(arena, d->nrows * row);
	if (out->totals == NULL || out->functions == NULL || out->ncalls == NULL ||
	    out->costs == NULL)
		return -1;
	for (uint32_t i = 0; i < d->p->nfunctions; i++)
		out->functions[d->group_of[i]] = d->function_of[i];
	return 0;
}

int digest_profile(struct digest *out, struct book *book, const struct profile *p,
		   struct error *err)
{
	struct digesting d = { .book = book, .p = p };
	uint32_t order[PROFILE_MAX_METRICS] = { 0 };
	int rc = -1;

	*out = (struct digest){ .sampled = p->sampled, .nlost = p->nlost };
	if (p->nmetrics == 0)
		return error_set(err, ERR_FORMAT, "a profile without values");
	if (find_functions(&d, err) < 0)
		goto done;
	if (take_metrics(out, order, book, p) < 0 || make_room(out, &book->arena, &d) < 0)
		error_nomem(err);
	else if (profile_has_tree(p))
		rc = take_tree(out, &d, order) < 0 ? error_nomem(err) : 0;
	else
		rc = take_table(out, &d, order, err);
done:
	mem_free(d.function_of);
	mem_free(d.group_of);
	mem_free(d.rows);
	return rc;
}
