#include "change/gather.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct entry {
	const struct book_function *function;
	uint32_t *to; /* where its index goes */
};

struct arc_entry {
	uint64_t key;
	uint32_t *to;
};

static int compare_names(const struct book_function *x, const struct book_function *y)
{
	int order = x->file == y->file ? 0 : strcmp(x->file, y->file);

	if (order == 0 && x->name != y->name)
		order = strcmp(x->name, y->name);
	return order;
}

static int by_name_and_line(const void *a, const void *b)
{
	const struct book_function *x = ((const struct entry *)a)->function;
	const struct book_function *y = ((const struct entry *)b)->function;
	int order = compare_names(x, y);

	return order != 0 ? order : x->line < y->line ? -1 : x->line > y->line;
}

static int by_key(const void *a, const void *b)
{
	uint64_t x = ((const struct arc_entry *)a)->key, y = ((const struct arc_entry *)b)->key;

	return x < y ? -1 : x > y;
}

static int make_maps(struct gathered *g, const struct book *books, size_t *nfunctions,
		     size_t *narcs)
{
	*nfunctions = *narcs = 0;
	g->function_of = mem_zalloc(g->nbooks * sizeof *g->function_of);
	g->arc_of = mem_zalloc(g->nbooks * sizeof *g->arc_of);
	if (g->function_of == NULL || g->arc_of == NULL)
		return -1;
	for (size_t b = 0; b < g->nbooks; b++) {
		g->function_of[b] = mem_array(NULL, books[b].nfunctions, sizeof **g->function_of);
		g->arc_of[b] = mem_array(NULL, books[b].narcs, sizeof **g->arc_of);
		if (g->function_of[b] == NULL || g->arc_of[b] == NULL)
			return -1;
		*nfunctions += books[b].nfunctions;
		*narcs += books[b].narcs;
	}
	return 0;
}

static struct entry *list_functions(const struct gathered *g, const struct book *books, size_t n)
{
	struct entry *v = mem_array(NULL, n, sizeof *v);
	size_t at = 0;

	if (v == NULL)
		return NULL;
	for (size_t b = 0; b < g->nbooks; b++)
		for (size_t i = 0; i < books[b].nfunctions; i++)
			v[at++] = (struct entry){ &books[b].functions[i], &g->function_of[b][i] };
	if (n != 0)
		qsort(v, n, sizeof *v, by_name_and_line);
	return v;
}

/* Equal texts stay one. */
static int add_function(struct gathered *g, struct arena *texts,
			const struct book_function *before, const struct book_function *f)
{
	struct identity *id = &g->functions[g->nfunctions];

	*id = (struct identity){ .origin = f->origin };
	g->lines[g->nfunctions] = f->line;
	if (before != NULL && strcmp(before->file, f->file) == 0)
		id->file = id[-1].file;
	if (id->file != NULL && strcmp(before->name, f->name) == 0) {
		id->name = id[-1].name;
		id->nth = id[-1].nth + 1;
	}
	if (id->file == NULL)
		id->file = arena_strdup(texts, f->file);
	if (id->name == NULL)
		id->name = arena_strdup(texts, f->name);
	g->nfunctions++;
	return id->file != NULL && id->name != NULL ? 0 : -1;
}

static int gather_functions(struct gathered *g, struct arena *texts, const struct book *books,
			    size_t n)
{
	struct entry *v = list_functions(g, books, n);
	int rc = -1;

	g->functions = mem_array(NULL, n, sizeof *g->functions);
	g->lines = mem_array(NULL, n, sizeof *g->lines);
	if (v == NULL || g->functions == NULL || g->lines == NULL)
		goto done;
	for (size_t i = 0; i < n; i++) {
		if ((i == 0 || by_name_and_line(&v[i - 1], &v[i]) != 0) &&
		    add_function(g, texts, i == 0 ? NULL : v[i - 1].function, v[i].function) < 0)
			goto done;
		*v[i].to = g->nfunctions - 1;
	}
	rc = 0;
done:
	mem_free(v);
	return rc;
}

static uint32_t end_of(const uint32_t *function_of, uint32_t function)
{
	return function == BOOK_REQUEST ? BOOK_REQUEST : function_of[function];
}

static int gather_arcs(struct gathered *g, const struct book *books, size_t n)
{
	struct arc_entry *v = mem_array(NULL, n, sizeof *v);
	size_t at = 0;

	g->arcs = mem_array(NULL, n, sizeof *g->arcs);
	if (v == NULL || g->arcs == NULL) {
		mem_free(v);
		return -1;
	}
	for (size_t b = 0; b < g->nbooks; b++) {
		for (size_t i = 0; i < books[b].narcs; i++) {
			const struct book_arc *a = &books[b].arcs[i];
			uint64_t key = map_pair(end_of(g->function_of[b], a->caller),
						end_of(g->function_of[b], a->callee));

			v[at++] = (struct arc_entry){ key, &g->arc_of[b][i] };
		}
	}
	if (n != 0)
		qsort(v, n, sizeof *v, by_key);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || v[i - 1].key != v[i].key)
			g->arcs[g->narcs++] = (struct book_arc){ (uint32_t)(v[i].key >> 32),
								 (uint32_t)v[i].key };
		*v[i].to = g->narcs - 1;
	}
	mem_free(v);
	return 0;
}

int gather(struct gathered *out, struct arena *texts, const struct book *books, size_t nbooks,
	   struct error *err)
{
	size_t nfunctions, narcs;

	*out = (struct gathered){ .nbooks = nbooks };
	if (make_maps(out, books, &nfunctions, &narcs) < 0 ||
	    gather_functions(out, texts, books, nfunctions) < 0 ||
	    gather_arcs(out, books, narcs) < 0) {
		gathered_release(out);
		return error_nomem(err);
	}
	return 0;
}

void gathered_release(struct gathered *g)
{
	for (size_t b = 0; b < g->nbooks; b++) {
		if (g->function_of != NULL)
			mem_free(g->function_of[b]);
		if (g->arc_of != NULL)
			mem_free(g->arc_of[b]);
	}
	mem_free(g->function_of);
	mem_free(g->arc_of);
	mem_free(g->functions);
	mem_free(g->lines);
	mem_free(g->arcs);
	*g = (struct gathered){ 0 };
}
