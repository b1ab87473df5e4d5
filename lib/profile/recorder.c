#include "profile/recorder.h"

#include <math.h>
#include <stdint.h>

#include "base/mem.h"

struct recorder *recorder_new(uint32_t max_nodes)
{
	struct recorder *rec = mem_zalloc(sizeof *rec);

	if (rec == NULL)
		return NULL;
	rec->max_nodes = max_nodes ? max_nodes : RECORDER_MAX_NODES;
	rec->nodes = mem_grow(NULL, &rec->nodes_cap, 256, sizeof *rec->nodes);
	rec->frames = mem_grow(NULL, &rec->frames_cap, 64, sizeof *rec->frames);
	if (rec->nodes == NULL || rec->frames == NULL) {
		recorder_free(rec);
		return NULL;
	}
	rec->nodes[0] = (struct recorder_node){ .function = RECORDER_NONE };
	rec->nnodes = 1;
	rec->frames[0] = (struct recorder_frame){ .expect = &rec->nodes[0].expect[0] };
	rec->top = rec->frames;
	rec->last = rec->frames + rec->frames_cap - 1;
	return rec;
}

void recorder_free(struct recorder *rec)
{
	if (rec == NULL)
		return;
	mem_free(rec->nodes);
	mem_free(rec->frames);
	map_release(&rec->index);
	mem_free(rec);
}

size_t recorder_size(const struct recorder *rec)
{
	return sizeof *rec + rec->nodes_cap * sizeof *rec->nodes +
	       rec->frames_cap * sizeof *rec->frames +
	       rec->index.size * sizeof *rec->index.entries;
}

void recorder_start(struct recorder *rec, uint64_t now)
{
	rec->frames[0].start = now;
}

void recorder_stop(struct recorder *rec, uint64_t now)
{
	rec->nodes[0].cum += (int64_t)(now - rec->frames[0].start);
}

/* Frames point at guesses inside the nodes: they move along. */
static int grow_nodes(struct recorder *rec)
{
	struct recorder_node *old = rec->nodes;
	uintptr_t from = (uintptr_t)old;
	struct recorder_node *grown;

	grown = mem_grow(old, &rec->nodes_cap, rec->nnodes + 1u, sizeof *grown);
	if (grown == NULL)
		return -1;
	rec->nodes = grown;
	if ((uintptr_t)grown == from)
		return 0;
	for (struct recorder_frame *f = rec->frames; f <= rec->top; f++)
		f->expect = (uint32_t *)((char *)grown + ((uintptr_t)f->expect - from));
	return 0;
}

static int grow_frames(struct recorder *rec)
{
	size_t depth = (size_t)(rec->top - rec->frames);
	struct recorder_frame *grown;

	grown = mem_grow(rec->frames, &rec->frames_cap, depth + 2, sizeof *grown);
	if (grown == NULL)
		return -1;
	rec->frames = grown;
	rec->top = grown + depth;
	rec->last = grown + rec->frames_cap - 1;
	return 0;
}

static uint64_t node_key(uint32_t parent, uint64_t function)
{
	return map_mix(function) ^ parent;
}

static uint32_t find_node(const struct recorder *rec, uint32_t parent, uint64_t function)
{
	uint64_t key = node_key(parent, function);
	uint32_t node;
	size_t at = 0;

	while ((node = map_find(&rec->index, key, &at)) != MAP_NONE)
		if (rec->nodes[node].function == function && rec->nodes[node].parent == parent)
			return node;
	return PROFILE_NONE;
}

static uint32_t add_node(struct recorder *rec, uint32_t parent, uint64_t function)
{
	if (rec->nnodes >= rec->max_nodes || grow_nodes(rec) < 0)
		return PROFILE_NONE;
	if (map_add(&rec->index, node_key(parent, function), rec->nnodes) < 0)
		return PROFILE_NONE;
	rec->nodes[rec->nnodes] = (struct recorder_node){ .function = function, .parent = parent };
	return rec->nnodes++;
}

static uint32_t nearest_on_stack(const struct recorder *rec, uint64_t function)
{
	for (const struct recorder_frame *f = rec->top; f > rec->frames; f--)
		if (rec->nodes[f->node].function == function)
			return f->node;
	return PROFILE_NONE;
}

void recorder_call_slowly(struct recorder *rec, uint64_t function, uint64_t now)
{
	bool folded = false;
	uint32_t node;

	rec->nevents++;
	/* Calls made by a lost one are lost too: nothing is booked under a
	 * caller that did not make it. */
	if (rec->lost_depth != 0 || (rec->top == rec->last && grow_frames(rec) < 0))
		goto lost;
	node = find_node(rec, rec->top->node, function);
	if (node == PROFILE_NONE)
		node = add_node(rec, rec->top->node, function);
	if (node == PROFILE_NONE) {
		node = nearest_on_stack(rec, function);
		if (node == PROFILE_NONE)
			goto lost;
		folded = true;
		rec->nfolded++;
	} else {
		*rec->top->expect = node;
	}
	*++rec->top = (struct recorder_frame){ now, &rec->nodes[node].expect[0], node, folded };
	return;
lost:
	rec->nlost++;
	rec->lost_depth++;
}

/* So far the time is its caller's and that of all above it in the tree; it has to
 * be its own node's and that of all above. A parent's index is the smaller. */
static void return_folded(struct recorder *rec, const struct recorder_frame *f, uint64_t now)
{
	int64_t ticks = (int64_t)(now - f->start);
	uint32_t from = f[-1].node, to = f->node;

	rec->nodes[to].ncalls++;
	while (from != to) {
		if (from > to) {
			rec->nodes[from].cum -= ticks;
			from = rec->nodes[from].parent;
		} else {
			rec->nodes[to].cum += ticks;
			to = rec->nodes[to].parent;
		}
	}
}

void recorder_return_slowly(struct recorder *rec, uint64_t now)
{
	rec->nevents++;
	if (rec->lost_depth != 0)
		rec->lost_depth--;
	else if (rec->top == rec->frames)
		rec->nunmatched++;
	else
		return_folded(rec, rec->top--, now);
}

void recorder_finish(struct recorder *rec, uint64_t now)
{
	while (recorder_depth(rec) != 0) {
		recorder_return(rec, now);
		rec->nevents--;
		rec->ncut++;
	}
}

/* Two of the caller's functions may turn out to be one. */
static uint32_t profile_id(struct profile *p, struct map *ids, uint64_t function,
			   recorder_lookup *lookup, void *arg)
{
	uint32_t id = map_get(ids, function);
	struct function f;

	if (id != MAP_NONE)
		return id;
	lookup(arg, function, &f);
	id = profile_function(p, f.file, f.line, f.name, f.qualname);
	if (id == PROFILE_NONE || map_add(ids, function, id) < 0)
		return PROFILE_NONE;
	return id;
}

static int64_t in_ns(int64_t ticks, double ns_per_tick)
{
	return ns_per_tick == 1 ? ticks : (int64_t)floor((double)ticks * ns_per_tick);
}

static int copy_tree(struct profile *p, const struct recorder *rec, double ns_per_tick,
		     recorder_lookup *lookup, void *arg, uint32_t *to, struct map *ids)
{
	to[0] = 0;
	p->cum[0] = in_ns(rec->nodes[0].cum, ns_per_tick);
	for (uint32_t i = 1; i < rec->nnodes; i++) {
		const struct recorder_node *from = &rec->nodes[i];
		uint32_t function = profile_id(p, ids, from->function, lookup, arg);
		uint32_t node;

		if (function == PROFILE_NONE)
			return -1;
		node = profile_child(p, to[from->parent], function);
		if (node == PROFILE_NONE)
			return -1;
		to[i] = node;
		p->nodes[node].ncalls += from->ncalls;
		profile_node_cum(p, node)[0] += in_ns(from->cum, ns_per_tick);
	}
	p->nlost = rec->nlost;
	p->nfolded = rec->nfolded;
	return 0;
}

struct profile *recorder_profile(const struct recorder *rec, double ns_per_tick,
				 recorder_lookup *lookup, void *arg, struct error *err)
{
	struct profile *p = profile_new();
	struct map ids = MAP_INIT;
	uint32_t *to = mem_array(NULL, rec->nnodes, sizeof *to);
	int rc = -1;

	if (p != NULL && to != NULL && profile_add_metric(p, "wall", "nanoseconds") == 0 &&
	    profile_add_root(p) == 0)
		rc = copy_tree(p, rec, ns_per_tick, lookup, arg, to, &ids);
	map_release(&ids);
	mem_free(to);
	if (rc == 0)
		return p;
	error_nomem(err);
	profile_free(p);
	return NULL;
}
