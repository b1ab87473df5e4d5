#include "change/group.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/compare.h"
#include "change/select.h"
#include "snapshot/pick.h"

/* A row of a request's digest, sorted by what it is of. */
struct cell {
	uint32_t request, row;
};

/* All rows of a group's requests: those of i are cells[first[i]..first[i + 1]). */
struct rows {
	struct cell *cells;
	uint32_t *first;
};

struct filling {
	struct summary_group *g;
	struct summary *s;
	const struct gathered *names;
	const struct request *requests; /* those that count */
	size_t n;
	/* Of each request, where its metrics are among the summary's. */
	uint8_t (*metric_of)[PROFILE_MAX_METRICS];
	struct rows functions, arcs;
	uint32_t *index;   /* of what is gathered -> the group's own function */
	int64_t *scratch;  /* n */
};

int request_compare(const struct request *a, const struct request *b)
{
	const struct manifest *x = &a->snapshot->manifest, *y = &b->snapshot->manifest;
	int order = compare_texts(x->label, y->label);

	if (order == 0 && x->label != NULL && x->ordinal != y->ordinal)
		order = x->ordinal < y->ordinal ? -1 : 1;
	if (order == 0)
		order = compare_texts(x->method, y->method);
	if (order == 0)
		order = compare_texts(x->route, y->route);
	/* A path that is written like a template is none. */
	return order != 0 ? order : (int)x->route_is_template - (int)y->route_is_template;
}

/* --- rows by what they are of */

typedef uint32_t row_of(const struct request *r, uint32_t row);
typedef uint32_t row_count(const struct request *r);

static uint32_t function_at(const struct request *r, uint32_t row)
{
	return r->function_of[r->digest->functions[row]];
}

static uint32_t function_count(const struct request *r)
{
	return r->digest->nfunctions;
}

static uint32_t arc_at(const struct request *r, uint32_t row)
{
	return r->arc_of[r->digest->arcs[row]];
}

static uint32_t arc_count(const struct request *r)
{
	return r->digest->narcs;
}

/* Sorts by counting. */
static int rows_sort(struct rows *out, const struct filling *f, uint32_t nkinds, row_of *of,
		     row_count *count)
{
	size_t total = 0;
	uint32_t sum = 0;

	for (size_t i = 0; i < f->n; i++)
		total += count(&f->requests[i]);
	if (total >= UINT32_MAX)
		return -1;
	out->cells = mem_array(NULL, total, sizeof *out->cells);
	out->first = mem_zalloc(((size_t)nkinds + 2) * sizeof *out->first);
	if (out->cells == NULL || out->first == NULL)
		return -1;
	for (size_t i = 0; i < f->n; i++)
		for (uint32_t row = 0; row < count(&f->requests[i]); row++)
			out->first[of(&f->requests[i], row) + 2]++;
	for (uint32_t kind = 0; kind <= nkinds; kind++)
		out->first[kind + 1] = sum += out->first[kind + 1];
	/* first[kind + 1] now is where kind begins, and comes to be where it ends. */
	for (size_t i = 0; i < f->n; i++)
		for (uint32_t row = 0; row < count(&f->requests[i]); row++)
			out->cells[out->first[of(&f->requests[i], row) + 1]++] =
				(struct cell){ (uint32_t)i, row };
	return 0;
}

static uint32_t rows_kinds(const struct rows *r, uint32_t nkinds)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < nkinds; i++)
		n += r->first[i] != r->first[i + 1];
	return n;
}

/* --- functions and arcs */

static struct count_range range_of(int64_t *v, size_t n)
{
	int64_t min = v[0], max = v[0], median;

	for (size_t i = 1; i < n; i++) {
		min = v[i] < min ? v[i] : min;
		max = v[i] > max ? v[i] : max;
	}
	median = min == max ? min : select_nth(v, n, (n - 1) / 2);
	return (struct count_range){ (uint64_t)min, (uint64_t)median, (uint64_t)max };
}

/* The range over all requests. */
static struct count_range count_cells(const struct filling *f, const struct cell *cells, size_t n,
				      bool arcs)
{
	memset(f->scratch, 0, f->n * sizeof *f->scratch);
	for (size_t i = 0; i < n; i++) {
		const struct digest *d = f->requests[cells[i].request].digest;
		uint64_t calls = arcs ? d->arc_calls[cells[i].row] : d->ncalls[cells[i].row];

		f->scratch[cells[i].request] = calls < INT64_MAX ? (int64_t)calls : INT64_MAX;
	}
	return range_of(f->scratch, f->n);
}

static int64_t median_cost(const struct filling *f, const struct cell *cells, size_t n,
			   size_t metric, bool cum)
{
	memset(f->scratch, 0, f->n * sizeof *f->scratch);
	for (size_t i = 0; i < n; i++) {
		uint32_t request = cells[i].request;
		const struct digest *d = f->requests[request].digest;
		const int64_t *costs = &d->costs[(size_t)cells[i].row * 2 * d->nmetrics];

		f->scratch[request] = costs[(cum ? d->nmetrics : 0) + f->metric_of[request][metric]];
	}
	return select_median(f->scratch, f->n);
}

static void fill_function(const struct filling *f, struct summary_function *to, uint32_t which,
			  int64_t *costs)
{
	const struct rows *rows = &f->functions;
	const struct cell *cells = &rows->cells[rows->first[which]];
	size_t n = rows->first[which + 1] - rows->first[which];
	size_t nmetrics = f->s->nmetrics;

	*to = (struct summary_function){ .id = f->names->functions[which],
					 .line = f->names->lines[which],
					 .calls = count_cells(f, cells, n, false),
					 .self = costs, .cum = costs + nmetrics };
	for (size_t m = 0; m < nmetrics; m++) {
		to->self[m] = median_cost(f, cells, n, m, false);
		to->cum[m] = median_cost(f, cells, n, m, true);
	}
}

static int fill_functions(struct filling *f)
{
	struct summary_group *g = f->g;
	uint32_t n = f->names->nfunctions;
	size_t row = 2 * f->s->nmetrics;
	int64_t *costs;

	if (rows_sort(&f->functions, f, n, function_at, function_count) < 0)
		return -1;
	g->nfunctions = rows_kinds(&f->functions, n);
	g->functions = arena_alloc(&f->s->arena, g->nfunctions * sizeof *g->functions);
	costs = arena_alloc(&f->s->arena, g->nfunctions * row * sizeof *costs);
	f->index = mem_array(NULL, n, sizeof *f->index);
	if (g->functions == NULL || costs == NULL || f->index == NULL)
		return -1;
	g->nfunctions = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (f->functions.first[i] == f->functions.first[i + 1])
			continue;
		f->index[i] = (uint32_t)g->nfunctions;
		fill_function(f, &g->functions[g->nfunctions], i, &costs[g->nfunctions * row]);
		g->nfunctions++;
	}
	return 0;
}

/* Arcs are gathered by caller, then callee, and the group's functions stand in the same
 * order as all do. */
static int fill_arcs(struct filling *f)
{
	struct summary_group *g = f->g;
	const struct rows *rows = &f->arcs;
	uint32_t n = f->names->narcs;

	if (rows_sort(&f->arcs, f, n, arc_at, arc_count) < 0)
		return -1;
	g->narcs = rows_kinds(rows, n);
	g->arcs = arena_alloc(&f->s->arena, g->narcs * sizeof *g->arcs);
	if (g->arcs == NULL)
		return -1;
	g->narcs = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct book_arc *arc = &f->names->arcs[i];

		if (rows->first[i] == rows->first[i + 1])
			continue;
		g->arcs[g->narcs++] = (struct summary_arc){
			arc->caller == BOOK_REQUEST ? BOOK_REQUEST : f->index[arc->caller],
			f->index[arc->callee],
			count_cells(f, &rows->cells[rows->first[i]],
				    rows->first[i + 1] - rows->first[i], true)
		};
	}
	return 0;
}

/* --- requests */

static bool has_failed(const struct manifest *m)
{
	return m->exception != NULL || (m->status != NULL && m->status[0] == '5');
}

static int fill_requests(struct filling *f)
{
	struct summary_group *g = f->g;
	struct arena *arena = &f->s->arena;
	size_t nmetrics = f->s->nmetrics;

	g->nrequests = f->n;
	g->values = arena_alloc(arena, f->n * nmetrics * sizeof *g->values);
	g->calls = arena_alloc(arena, f->n * sizeof *g->calls);
	if (g->values == NULL || g->calls == NULL)
		return -1;
	for (size_t i = 0; i < f->n; i++) {
		const struct digest *d = f->requests[i].digest;
		const struct manifest *m = &f->requests[i].snapshot->manifest;

		for (size_t k = 0; k < nmetrics; k++)
			g->values[i * nmetrics + k] = d->totals[f->metric_of[i][k]];
		g->calls[i] = d->calls;
		g->nlost += d->nlost + m->followed_lost + m->interrupted;
		g->failed |= has_failed(m);
	}
	return 0;
}

static int fill_typical(struct filling *f)
{
	const struct snapshot **v = mem_array(NULL, f->n, sizeof *v);

	if (v == NULL)
		return -1;
	for (size_t i = 0; i < f->n; i++)
		v[i] = f->requests[i].snapshot;
	f->g->typical = arena_strdup(&f->s->arena, pick_median(v, f->n)->path);
	mem_free(v);
	return f->g->typical == NULL ? -1 : 0;
}

static int copy_text(struct arena *arena, const char **to, const char *text)
{
	*to = arena_strdup(arena, text != NULL ? text : "");
	return *to == NULL ? -1 : 0;
}

static int fill_names(struct filling *f)
{
	const struct manifest *m = &f->requests[0].snapshot->manifest;
	struct summary_group *g = f->g;
	struct arena *arena = &f->s->arena;

	g->route_is_template = m->route_is_template;
	g->ordinal = m->label != NULL ? m->ordinal : 0;
	if (m->label != NULL && copy_text(arena, &g->label, m->label) < 0)
		return -1;
	return copy_text(arena, &g->method, m->method) < 0 ? -1
							   : copy_text(arena, &g->route, m->route);
}

static void find_metrics(struct filling *f)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct digest *d = f->requests[i].digest;

		for (size_t m = 0; m < f->s->nmetrics; m++)
			for (uint32_t k = d->nmetrics; k-- > 0;)
				if (strcmp(d->metrics[k].name, f->s->metrics[m].name) == 0)
					f->metric_of[i][m] = (uint8_t)k;
	}
}

/* Leaves those that count: warm ones, where there are any. Returns them at the front
 * of `kept`. */
static size_t keep(struct request *kept, struct summary_group *g, const struct request *requests,
		   size_t n)
{
	size_t nkept = 0;

	for (size_t i = 0; i < n; i++)
		g->warm |= !requests[i].cold;
	for (size_t i = 0; i < n; i++)
		if (requests[i].cold != g->warm)
			kept[nkept++] = requests[i];
	g->ncold = n - nkept;
	return nkept;
}

int group_fill(struct summary_group *g, struct summary *s, const struct gathered *names,
	       const struct request *requests, size_t n, struct error *err)
{
	struct request *kept = mem_array(NULL, n, sizeof *kept);
	struct filling f = { .g = g, .s = s, .names = names, .requests = kept };
	int rc = -1;

	*g = (struct summary_group){ 0 };
	if (kept == NULL)
		goto done;
	f.n = keep(kept, g, requests, n);
	f.metric_of = mem_array(NULL, f.n, sizeof *f.metric_of);
	f.scratch = mem_array(NULL, f.n, sizeof *f.scratch);
	if (f.metric_of == NULL || f.scratch == NULL)
		goto done;
	find_metrics(&f);
	if (fill_names(&f) < 0 || fill_requests(&f) < 0 || fill_functions(&f) < 0 ||
	    fill_arcs(&f) < 0 || fill_typical(&f) < 0)
		goto done;
	rc = 0;
done:
	mem_free(kept);
	mem_free(f.metric_of);
	mem_free(f.scratch);
	mem_free(f.functions.cells);
	mem_free(f.functions.first);
	mem_free(f.arcs.cells);
	mem_free(f.arcs.first);
	mem_free(f.index);
	return rc < 0 ? error_nomem(err) : 0;
}
