#include "format/fold.h"

#include <string.h>

#include "base/mem.h"

enum {
	FOLD_DEPTH = 512,
	LEAST_DEPTH = 16,
	MAX_FRAMES = 1 << 24 /* in a file: some 40 MB before it is compressed */
};

static uint64_t count_frames(const uint32_t *depths, uint32_t n, uint32_t limit)
{
	uint64_t frames = 0;

	for (uint32_t i = 0; i < n; i++)
		frames += depths[i] < limit ? depths[i] : limit;
	return frames;
}

int fold_limit(const struct profile *p)
{
	uint32_t *depths = mem_array(NULL, p->nnodes, sizeof *depths);
	uint32_t deepest = 0;
	int limit = FOLD_DEPTH;

	if (depths == NULL)
		return -1;
	for (uint32_t i = 0; i < p->nnodes; i++) {
		depths[i] = i == 0 ? 0 : depths[p->nodes[i].parent] + 1;
		if (depths[i] > deepest)
			deepest = depths[i];
	}
	while (limit > LEAST_DEPTH && count_frames(depths, p->nnodes, (uint32_t)limit) > MAX_FRAMES)
		limit /= 2;
	mem_free(depths);
	return deepest > (uint32_t)limit ? limit : 0;
}

struct fold {
	struct profile *out;
	uint32_t *depths; /* per node of out */
	size_t depths_cap;
	struct map repeated; /* node of out, function -> whether it is on the path */
};

static uint32_t child(struct fold *f, uint32_t parent, uint32_t function)
{
	uint32_t node = profile_child(f->out, parent, function);
	uint32_t *grown;

	if (node == PROFILE_NONE)
		return PROFILE_NONE;
	grown = mem_grow(f->depths, &f->depths_cap, (size_t)node + 1, sizeof *grown);
	if (grown == NULL)
		return PROFILE_NONE;
	f->depths = grown;
	grown[node] = grown[parent] + 1;
	return node;
}

/* 1, 0, or -1 without memory. */
static int is_repeated(struct fold *f, uint32_t node, uint32_t function)
{
	uint64_t key = map_pair(node, function);
	uint32_t known = map_get(&f->repeated, key);
	bool found = false;

	if (known != MAP_NONE)
		return (int)known;
	for (uint32_t i = node; i != 0 && !found; i = f->out->nodes[i].parent)
		found = f->out->nodes[i].function == function;
	return map_add(&f->repeated, key, found) < 0 ? -1 : found;
}

/* Where a call of `function` goes whose caller's path is kept as *base, and in
 * *base the path that its own callees begin with. */
static uint32_t place(struct fold *f, uint32_t *base, uint32_t caller, uint32_t function,
		      unsigned limit)
{
	uint32_t at = *base;
	int repeated = 0;

	if (f->depths[at] >= limit)
		repeated = is_repeated(f, at, function);
	if (repeated < 0)
		return PROFILE_NONE;
	if (!repeated)
		return *base = child(f, at, function);
	if (f->out->nodes[at].function != caller)
		at = child(f, at, caller);
	return at == PROFILE_NONE ? at : child(f, at, function);
}

static int fold_nodes(struct fold *f, const struct profile *p, const int64_t *self,
		      uint32_t *bases, unsigned limit)
{
	bases[0] = 0;
	for (uint32_t i = 0; i < p->nnodes; i++) {
		uint32_t parent = p->nodes[i].parent, node = 0;

		if (i != 0) {
			bases[i] = bases[parent];
			node = place(f, &bases[i], p->nodes[parent].function,
				     p->nodes[i].function, limit);
		}
		if (node == PROFILE_NONE)
			return -1;
		f->out->nodes[node].ncalls += p->nodes[i].ncalls;
		for (uint32_t m = 0; m < p->nmetrics; m++)
			profile_node_cum(f->out, node)[m] += self[(size_t)i * p->nmetrics + m];
	}
	return 0;
}

struct profile *fold_tree(const struct profile *p, const int64_t *self, unsigned limit)
{
	struct fold f = { .out = profile_new() };
	uint32_t *bases = mem_array(NULL, p->nnodes, sizeof *bases);
	int rc = -1;

	if (f.out == NULL || bases == NULL)
		goto done;
	for (uint32_t m = 0; m < p->nmetrics; m++)
		if (profile_add_metric(f.out, p->metrics[m].name, p->metrics[m].unit) < 0)
			goto done;
	f.depths = mem_grow(NULL, &f.depths_cap, 1, sizeof *f.depths);
	if (f.depths == NULL || profile_add_root(f.out) < 0)
		goto done;
	f.depths[0] = 0;
	rc = fold_nodes(&f, p, self, bases, limit);
done:
	mem_free(bases);
	mem_free(f.depths);
	map_release(&f.repeated);
	if (rc < 0) {
		profile_free(f.out);
		return NULL;
	}
	return f.out;
}
