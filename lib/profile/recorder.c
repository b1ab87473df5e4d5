#include "profile/recorder.h"

#include <string.h>

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
	rec->nodes[0] = (struct recorder_node){
		PROFILE_NONE, PROFILE_NONE, { PROFILE_NONE, PROFILE_NONE }, 0, 0
	};
	rec->nnodes = 1;
	rec->frames[0] = (struct recorder_frame){ 0, 0, 0, false };
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

void recorder_start(struct recorder *rec, uint64_t now_ns)
{
	rec->frames[0].start_ns = now_ns;
}

void recorder_stop(struct recorder *rec, uint64_t now_ns)
{
	rec->nodes[0].cum_ns += (int64_t)(now_ns - rec->frames[0].start_ns);
}

static uint32_t add_node(struct recorder *rec, uint32_t parent, uint32_t function)
{
	struct recorder_node *grown;

	if (rec->nnodes >= rec->max_nodes)
		return PROFILE_NONE;
	grown = mem_grow(rec->nodes, &rec->nodes_cap, rec->nnodes + 1u, sizeof *grown);
	if (grown == NULL)
		return PROFILE_NONE;
	rec->nodes = grown;
	if (map_add(&rec->index, map_pair(parent, function), rec->nnodes) < 0)
		return PROFILE_NONE;
	grown[rec->nnodes] = (struct recorder_node){
		parent, function, { PROFILE_NONE, PROFILE_NONE }, 0, 0
	};
	return rec->nnodes++;
}

/* The child for `function` where the frame expects it, or by the hash, or new. */
static uint32_t child_node(struct recorder *rec, const struct recorder_frame *f, uint32_t function)
{
	uint32_t *expect = &rec->nodes[f->expect_at / 2].expect[f->expect_at % 2];
	uint32_t node = *expect;

	if (node != PROFILE_NONE && rec->nodes[node].function == function &&
	    rec->nodes[node].parent == f->node)
		return node;
	node = map_get(&rec->index, map_pair(f->node, function));
	if (node == MAP_NONE)
		node = add_node(rec, f->node, function);
	if (node != PROFILE_NONE) /* add_node may have moved the nodes */
		rec->nodes[f->expect_at / 2].expect[f->expect_at % 2] = node;
	return node;
}

static uint32_t nearest_on_stack(const struct recorder *rec, uint32_t function)
{
	for (size_t i = rec->depth; i > 0; i--)
		if (rec->nodes[rec->frames[i].node].function == function)
			return rec->frames[i].node;
	return PROFILE_NONE;
}

void recorder_call(struct recorder *rec, uint32_t function, uint64_t now_ns)
{
	struct recorder_frame *top, *grown;
	bool folded = false;
	uint32_t node;

	rec->nevents++;
	if (rec->lost_depth != 0)
		goto lost;
	top = &rec->frames[rec->depth];
	node = child_node(rec, top, function);
	if (node == PROFILE_NONE) {
		node = nearest_on_stack(rec, function);
		if (node == PROFILE_NONE)
			goto lost;
		folded = true;
	}
	if (rec->depth + 2 > rec->frames_cap) {
		grown = mem_grow(rec->frames, &rec->frames_cap, rec->depth + 2, sizeof *grown);
		if (grown == NULL)
			goto lost;
		rec->frames = grown;
	}
	if (folded)
		rec->nfolded++;
	rec->frames[++rec->depth] = (struct recorder_frame){ node, node * 2, now_ns, folded };
	return;
lost:
	/* Calls made by a lost one are lost too: nothing is booked under a
	 * caller that did not make it. */
	rec->nlost++;
	rec->lost_depth++;
}

/* The time of a folded call is its function's already, whose frame further down
 * is still running; it is taken from what stands between. */
static void return_folded(struct recorder *rec, const struct recorder_frame *f, int64_t ns)
{
	for (size_t i = rec->depth; i > 0 && rec->frames[i].node != f->node; i--)
		rec->nodes[rec->frames[i].node].cum_ns -= ns;
}

void recorder_return(struct recorder *rec, uint64_t now_ns)
{
	struct recorder_frame *f;
	struct recorder_node *node;
	int64_t ns;

	rec->nevents++;
	if (rec->lost_depth != 0) {
		rec->lost_depth--;
		return;
	}
	if (rec->depth == 0) {
		rec->nunmatched++;
		return;
	}
	f = &rec->frames[rec->depth--];
	node = &rec->nodes[f->node];
	ns = (int64_t)(now_ns - f->start_ns);
	node->ncalls++;
	if (f->folded) {
		return_folded(rec, f, ns);
		return;
	}
	node->cum_ns += ns;
	rec->frames[rec->depth].expect_at = f->node * 2 + 1;
}

void recorder_finish(struct recorder *rec, uint64_t now_ns)
{
	while (rec->depth != 0 || rec->lost_depth != 0) {
		recorder_return(rec, now_ns);
		rec->nevents--;
		rec->cut++;
	}
}

/* The profile's functions are few; the recorder's ids may be any. */
static uint32_t profile_id(struct profile *p, struct map *ids, uint32_t function,
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

struct profile *recorder_profile(const struct recorder *rec, recorder_lookup *lookup, void *arg,
				 struct error *err)
{
	struct profile *p = profile_new();
	struct map ids = MAP_INIT;
	uint32_t *to = mem_array(NULL, rec->nnodes, sizeof *to);
	bool done = false;

	if (p == NULL || to == NULL || profile_add_metric(p, "wall", "nanoseconds") < 0 ||
	    profile_add_root(p) < 0)
		goto done;
	to[0] = 0;
	p->cum[0] = rec->nodes[0].cum_ns;
	for (uint32_t i = 1; i < rec->nnodes; i++) {
		const struct recorder_node *from = &rec->nodes[i];
		uint32_t function = profile_id(p, &ids, from->function, lookup, arg);
		uint32_t node;

		if (function == PROFILE_NONE)
			goto done;
		/* Two ids may turn out to be one function: their nodes add up. */
		node = profile_child(p, to[from->parent], function);
		if (node == PROFILE_NONE)
			goto done;
		to[i] = node;
		p->nodes[node].ncalls += from->ncalls;
		profile_node_cum(p, node)[0] += from->cum_ns;
	}
	p->nlost = rec->nlost;
	p->nfolded = rec->nfolded;
	done = true;
done:
	map_release(&ids);
	mem_free(to);
	if (!done) {
		error_nomem(err);
		profile_free(p);
		return NULL;
	}
	return p;
}
