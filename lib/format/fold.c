#include "format/fold.h"

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
	unsigned limit;
	struct place {
		uint32_t depth;
		uint32_t base; /* the node on which its callees are put */
	} *places; /* per node of out */
	size_t places_cap;
};

static bool is_on_path(const struct fold *f, uint32_t node, uint32_t function)
{
	for (; node != 0; node = f->out->nodes[node].parent)
		if (f->out->nodes[node].function == function)
			return true;
	return false;
}

/* The nearest frame of the same function, when no function would be missing from
 * the path if it ended there; else the node itself. */
static uint32_t find_base(const struct fold *f, uint32_t node)
{
	const struct node *nodes = f->out->nodes;
	uint32_t base = nodes[node].parent;

	while (f->places[base].depth >= f->limit && nodes[base].function != nodes[node].function)
		base = nodes[base].parent;
	if (f->places[base].depth < f->limit)
		return node;
	for (uint32_t i = node; i != base; i = nodes[i].parent)
		if (!is_on_path(f, base, nodes[i].function))
			return node;
	return base;
}

/* The node for a call of `function` whose caller is at `parent`. */
static uint32_t place(struct fold *f, uint32_t parent, uint32_t function)
{
	uint32_t before = f->out->nnodes, node = profile_child(f->out, parent, function);
	struct place *grown;

	if (node == PROFILE_NONE || node < before)
		return node;
	grown = mem_grow(f->places, &f->places_cap, (size_t)node + 1, sizeof *grown);
	if (grown == NULL)
		return PROFILE_NONE;
	f->places = grown;
	grown[node].depth = grown[parent].depth + 1;
	grown[node].base = grown[node].depth > f->limit ? find_base(f, node) : node;
	return node;
}

/* `to` takes the node of out for each of p. */
static int fold_nodes(struct fold *f, const struct profile *p, const int64_t *self, uint32_t *to)
{
	for (uint32_t i = 0; i < p->nnodes; i++) {
		const struct node *n = &p->nodes[i];

		to[i] = i == 0 ? 0 : place(f, f->places[to[n->parent]].base, n->function);
		if (to[i] == PROFILE_NONE)
			return -1;
		f->out->nodes[to[i]].ncalls += n->ncalls;
		for (uint32_t m = 0; m < p->nmetrics; m++)
			profile_node_cum(f->out, to[i])[m] += self[(size_t)i * p->nmetrics + m];
	}
	return 0;
}

struct profile *fold_tree(const struct profile *p, const int64_t *self, unsigned limit)
{
	struct fold f = { .out = profile_new(), .limit = limit };
	uint32_t *to = mem_array(NULL, p->nnodes, sizeof *to);
	int rc = -1;

	if (f.out == NULL || to == NULL)
		goto done;
	for (uint32_t m = 0; m < p->nmetrics; m++)
		if (profile_add_metric(f.out, p->metrics[m].name, p->metrics[m].unit) < 0)
			goto done;
	f.places = mem_grow(NULL, &f.places_cap, 1, sizeof *f.places);
	if (f.places == NULL || profile_add_root(f.out) < 0)
		goto done;
	f.places[0] = (struct place){ 0, 0 };
	rc = fold_nodes(&f, p, self, to);
done:
	mem_free(to);
	mem_free(f.places);
	if (rc < 0) {
		profile_free(f.out);
		return NULL;
	}
	return f.out;
}
