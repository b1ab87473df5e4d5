/* --root and --leaf: of the nodes that are heavy enough, those that can be reached
 * from a function, and those from which one can be reached. */
#include <fnmatch.h>
#include <string.h>

#include "base/mem.h"
#include "graph/build.h"
#include "graph/gprof2dot.h"

enum { DOWN, UP };

/* 1, 0, or -1 without memory. */
static int matches(const char *pattern, const struct graph_node *n)
{
	const struct function *f = n->function;
	struct buf full = BUF_INIT;
	int found;

	if (fnmatch(pattern, f->qualname, 0) == 0 || fnmatch(pattern, f->name, 0) == 0)
		return 1;
	gprof2dot_name(&full, f);
	found = full.failed ? -1 : fnmatch(pattern, buf_str(&full), 0) == 0;
	buf_release(&full);
	return found;
}

/* Marks what the functions named lead to. */
static int mark(const struct graph *g, double least, const char *pattern, int way,
		const bool *kept, bool *marked, struct error *err)
{
	bool any = false, more = true;

	for (uint32_t i = 0; i < g->nnodes; i++) {
		int found = kept[i] ? matches(pattern, &g->nodes[i]) : 0;

		if (found < 0)
			return error_nomem(err);
		marked[i] = found;
		any = any || found;
	}
	while (more) {
		more = false;
		for (uint32_t i = 0; i < g->nedges; i++) {
			const struct graph_edge *e = &g->edges[i];
			uint32_t from = way == DOWN ? e->caller : e->callee;
			uint32_t to = way == DOWN ? e->callee : e->caller;

			if (marked[from] && !marked[to] && kept[to] && e->share >= least)
				marked[to] = more = true;
		}
	}
	if (any)
		return 0;
	return error_set(err, ERR_NOT_FOUND,
			 "none of the functions that could be shown is called '%s'", pattern);
}

int graph_reach(const struct graph *g, const struct graph_options *options, bool *kept,
		struct error *err)
{
	const char *patterns[] = { options->root, options->leaf };
	double least = options->min_edge / 100;
	bool *marked;
	int rc = -1;

	if (patterns[DOWN] == NULL && patterns[UP] == NULL)
		return 0;
	marked = mem_array(NULL, g->nnodes, sizeof *marked);
	if (marked == NULL)
		return error_nomem(err);
	for (int way = DOWN; way <= UP; way++) {
		if (patterns[way] == NULL)
			continue;
		if (mark(g, least, patterns[way], way, kept, marked, err) < 0)
			goto done;
		for (uint32_t i = 0; i < g->nnodes; i++)
			kept[i] = kept[i] && marked[i];
	}
	rc = 0;
done:
	mem_free(marked);
	return rc;
}
