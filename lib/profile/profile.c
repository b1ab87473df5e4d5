#include "profile/profile.h"

#include <string.h>

#include "base/mem.h"

/* What a function, a node and an arc take at most while a command works with them,
 * in bytes; a node besides for each metric, and its place among children. */
enum {
	FUNCTION_COST = 400,
	NODE_COST = sizeof(struct node) + 2 * sizeof(uint32_t), /* and its links in a walk */
	ARC_COST = 300,
	BESIDE_MAX = PROFILE_ROOM - (4 << 20)
};

struct profile *profile_new(void)
{
	struct profile *p = mem_zalloc(sizeof *p);

	return p;
}

void profile_drop_costs(struct profile *p)
{
	mem_free(p->nodes);
	mem_free(p->cum);
	mem_free(p->children);
	table_release(&p->table);
	p->nodes = NULL;
	p->cum = NULL;
	p->children = NULL;
	p->nnodes = 0;
	p->nodes_cap = p->cum_cap = p->nchildren = p->children_size = 0;
}

void profile_free(struct profile *p)
{
	if (p == NULL)
		return;
	profile_drop_costs(p);
	strtab_release(&p->strings);
	mem_free(p->functions);
	map_release(&p->function_index);
	mem_free(p);
}

void profile_limit(struct profile *p, size_t nbytes, size_t beside)
{
	p->room = PROFILE_ROOM - (beside < BESIDE_MAX ? beside : BESIDE_MAX) + nbytes;
}

/* Twice as much from when it may soon be moved to a place twice as large. */
static size_t children_cost(const struct profile *p)
{
	size_t cost = p->children_size * sizeof *p->children;

	return p->nchildren > p->children_size / 2 ? 2 * cost : cost;
}

bool profile_is_too_large(const struct profile *p, size_t narcs)
{
	return p->room != 0 &&
	       p->strings.arena.total + children_cost(p) +
	       (size_t)p->nfunctions * FUNCTION_COST +
	       p->nnodes * (NODE_COST + p->nmetrics * sizeof *p->cum) + narcs * ARC_COST > p->room;
}

int profile_add_metric(struct profile *p, const char *name, const char *unit)
{
	struct metric *m = &p->metrics[p->nmetrics];

	if (p->nmetrics == PROFILE_MAX_METRICS || p->nnodes != 0 || p->table.nfunctions != 0 ||
	    p->table.arcs_cap != 0)
		return -1;
	m->name = strtab_add(&p->strings, name, strlen(name));
	m->unit = strtab_add(&p->strings, unit, strlen(unit));
	if (m->name == NULL || m->unit == NULL)
		return -1;
	p->table.nmetrics = p->nmetrics + 1;
	return (int)p->nmetrics++;
}

int profile_metric(const struct profile *p, const char *name)
{
	for (uint32_t i = 0; i < p->nmetrics; i++)
		if (strcmp(p->metrics[i].name, name) == 0)
			return (int)i;
	return -1;
}

bool function_is_strand(const struct function *f)
{
	return f->line == 0 && strcmp(f->file, "~") == 0 &&
	       (strcmp(f->name, PROFILE_JOB) == 0 || strcmp(f->name, PROFILE_THREAD) == 0 ||
		strcmp(f->name, PROFILE_TASK) == 0);
}

/* Texts are interned, so their addresses are their identity. */
static uint64_t function_key(const char *file, uint32_t line, const char *name,
			     const char *qualname)
{
	uint64_t h = map_mix((uintptr_t)file);

	h = map_mix(h ^ (uintptr_t)name);
	h = map_mix(h ^ (uintptr_t)qualname);
	return map_mix(h ^ line);
}

static uint32_t add_function(struct profile *p, const struct function *f)
{
	struct function *grown;

	if (p->nfunctions == PROFILE_NONE - 1)
		return PROFILE_NONE;
	grown = mem_grow(p->functions, &p->functions_cap, p->nfunctions + 1u, sizeof *grown);
	if (grown == NULL)
		return PROFILE_NONE;
	p->functions = grown;
	grown[p->nfunctions] = *f;
	return p->nfunctions++;
}

/* All functions that are not in the index yet. */
static int index_functions(struct profile *p)
{
	for (uint32_t i = (uint32_t)p->function_index.used; i < p->nfunctions; i++) {
		const struct function *f = &p->functions[i];

		if (map_add(&p->function_index,
			    function_key(f->file, f->line, f->name, f->qualname), i) < 0)
			return -1;
	}
	return 0;
}

uint32_t profile_function(struct profile *p, const char *file, uint32_t line,
			  const char *name, const char *qualname)
{
	if (qualname == NULL)
		qualname = name;
	file = strtab_add(&p->strings, file, strlen(file));
	name = strtab_add(&p->strings, name, strlen(name));
	qualname = strtab_add(&p->strings, qualname, strlen(qualname));
	if (file == NULL || name == NULL || qualname == NULL)
		return PROFILE_NONE;
	return profile_function_of(p, file, line, name, qualname);
}

uint32_t profile_function_of(struct profile *p, const char *file, uint32_t line,
			     const char *name, const char *qualname)
{
	uint64_t key = function_key(file, line, name, qualname);
	uint32_t i;
	size_t at = 0;

	if (index_functions(p) < 0)
		return PROFILE_NONE;
	while ((i = map_find(&p->function_index, key, &at)) != MAP_NONE) {
		const struct function *f = &p->functions[i];

		if (f->file == file && f->line == line && f->name == name &&
		    f->qualname == qualname)
			return i;
	}
	return add_function(p, &(struct function){ file, name, qualname, line });
}

uint32_t profile_add_function(struct profile *p, const char *file, uint32_t line,
			      const char *name)
{
	return add_function(p, &(struct function){ file, name, name, line });
}

int profile_reserve(struct profile *p, size_t nfunctions)
{
	struct function *functions = mem_reserve(p->functions, &p->functions_cap, nfunctions,
						 sizeof *functions);

	if (functions == NULL)
		return -1;
	p->functions = functions;
	return 0;
}

uint32_t profile_append_node(struct profile *p, uint32_t parent, uint32_t function)
{
	struct node *nodes;
	int64_t *cum;

	if (p->nnodes == PROFILE_NONE - 1)
		return PROFILE_NONE;
	nodes = mem_grow(p->nodes, &p->nodes_cap, p->nnodes + 1u, sizeof *nodes);
	if (nodes == NULL)
		return PROFILE_NONE;
	p->nodes = nodes;
	cum = mem_grow(p->cum, &p->cum_cap, ((size_t)p->nnodes + 1) * p->nmetrics, sizeof *cum);
	if (cum == NULL)
		return PROFILE_NONE;
	p->cum = cum;
	nodes[p->nnodes] = (struct node){ parent, function, 0 };
	memset(profile_node_cum(p, p->nnodes), 0, p->nmetrics * sizeof *cum);
	return p->nnodes++;
}

int profile_add_root(struct profile *p)
{
	if (p->nnodes != 0)
		return 0;
	return profile_append_node(p, PROFILE_NONE, PROFILE_NONE) == PROFILE_NONE ? -1 : 0;
}

/* Where the child is in the table, or the free place where it belongs. */
static size_t place_of_child(const struct profile *p, uint32_t parent, uint32_t function)
{
	size_t mask = p->children_size - 1, i = map_mix(map_pair(parent, function)) & mask;

	for (;; i = (i + 1) & mask) {
		const struct node *n;

		if (p->children[i] == PROFILE_NONE)
			return i;
		n = &p->nodes[p->children[i]];
		if (n->parent == parent && n->function == function)
			return i;
	}
}

/* Makes room for one more: 2 free places of 5 at least. */
static int reserve_child(struct profile *p)
{
	uint32_t *old = p->children;
	size_t old_size = p->children_size, size = old_size ? old_size * 2 : 64;

	if (p->nchildren < old_size / 8 * 5)
		return 0;
	p->children = mem_array(NULL, size, sizeof *p->children);
	if (p->children == NULL) {
		p->children = old;
		return -1;
	}
	p->children_size = size;
	memset(p->children, 0xFF, size * sizeof *p->children);
	for (size_t i = 0; i < old_size; i++) {
		const struct node *n = old[i] == PROFILE_NONE ? NULL : &p->nodes[old[i]];

		if (n != NULL)
			p->children[place_of_child(p, n->parent, n->function)] = old[i];
	}
	mem_free(old);
	return 0;
}

uint32_t profile_child(struct profile *p, uint32_t parent, uint32_t function)
{
	uint32_t node;
	size_t at;

	if (reserve_child(p) < 0)
		return PROFILE_NONE;
	at = place_of_child(p, parent, function);
	if (p->children[at] != PROFILE_NONE)
		return p->children[at];
	node = profile_append_node(p, parent, function);
	if (node == PROFILE_NONE)
		return PROFILE_NONE;
	p->children[at] = node;
	p->nchildren++;
	return node;
}

int table_resize(struct table *t, uint32_t nfunctions)
{
	size_t size = table_totals_size(t);
	char *grown;

	if (nfunctions <= t->nfunctions)
		return 0;
	grown = mem_array(t->functions, nfunctions, size);
	if (grown == NULL)
		return -1;
	memset(grown + t->nfunctions * size, 0, (nfunctions - t->nfunctions) * size);
	t->functions = grown;
	t->nfunctions = nfunctions;
	return 0;
}

struct arc *table_find_arc(const struct table *t, uint32_t caller, uint32_t callee)
{
	uint32_t i = map_get(&t->arc_index, map_pair(caller, callee));

	if (i != MAP_NONE)
		return table_arc_at(t, i);
	for (i = (uint32_t)t->arc_index.used; i < t->narcs; i++) {
		struct arc *arc = table_arc_at(t, i);

		if (arc->caller == caller && arc->callee == callee)
			return arc;
	}
	return NULL;
}

int table_reserve(struct table *t, size_t narcs)
{
	void *arcs = mem_reserve(t->arcs, &t->arcs_cap, narcs, table_arc_size(t));

	if (arcs == NULL)
		return -1;
	t->arcs = arcs;
	return 0;
}

struct arc *table_add_arc(struct table *t, uint32_t caller, uint32_t callee)
{
	size_t size = table_arc_size(t);
	void *grown = mem_grow(t->arcs, &t->arcs_cap, t->narcs + 1u, size);
	struct arc *arc;

	if (grown == NULL)
		return NULL;
	t->arcs = grown;
	arc = table_arc_at(t, t->narcs++);
	memset(arc, 0, size);
	arc->caller = caller;
	arc->callee = callee;
	return arc;
}

/* All arcs that are not in the index yet. */
static int index_arcs(struct table *t)
{
	for (uint32_t i = (uint32_t)t->arc_index.used; i < t->narcs; i++) {
		const struct arc *arc = table_arc_at(t, i);

		if (map_add(&t->arc_index, map_pair(arc->caller, arc->callee), i) < 0)
			return -1;
	}
	return 0;
}

uint32_t table_arc_index(struct table *t, uint32_t caller, uint32_t callee)
{
	uint32_t i;

	if (index_arcs(t) < 0)
		return PROFILE_NONE;
	i = map_get(&t->arc_index, map_pair(caller, callee));
	if (i != MAP_NONE)
		return i;
	if (table_add_arc(t, caller, callee) == NULL || index_arcs(t) < 0)
		return PROFILE_NONE;
	return t->narcs - 1;
}

void table_release(struct table *t)
{
	mem_free(t->functions);
	mem_free(t->arcs);
	map_release(&t->arc_index);
	*t = (struct table)TABLE_INIT;
}
