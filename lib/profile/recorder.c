#include "profile/recorder.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_NODES = 32, FIRST_FRAMES = 32, FIRST_INDEX_BITS = 7 };

/* The rows beside the nodes and frames; those that are new are cleared. */
static int grow_extra(int64_t **rows, uint32_t nextra, size_t old_cap, size_t cap)
{
	int64_t *grown;

	if (nextra == 0 || cap == old_cap)
		return 0;
	grown = mem_array(*rows, cap * nextra, sizeof **rows);
	if (grown == NULL)
		return -1;
	memset(grown + old_cap * nextra, 0, (cap - old_cap) * nextra * sizeof *grown);
	*rows = grown;
	return 0;
}

static size_t places(const struct recorder *rec)
{
	return (size_t)1 << (64 - rec->index_shift);
}

static void put_in_index(struct recorder *rec, uint32_t node)
{
	size_t at = recorder_place(rec, rec->parents[node], rec->nodes[node].function);

	while (rec->index[at] != 0)
		at = (at + 1) & (places(rec) - 1);
	rec->index[at] = node;
}

static int grow_index(struct recorder *rec, unsigned bits)
{
	uint32_t *grown = mem_zalloc(((size_t)1 << bits) * sizeof *grown);

	if (grown == NULL)
		return -1;
	mem_free(rec->index);
	rec->index = grown;
	rec->index_shift = 64 - bits;
	for (uint32_t node = 1; node < rec->nnodes; node++)
		put_in_index(rec, node);
	return 0;
}

static int reserve_index(struct recorder *rec, uint32_t nnodes)
{
	unsigned bits = 64 - rec->index_shift;

	while (nnodes > (size_t)1 << (bits - 2))
		bits++;
	return bits == 64 - rec->index_shift ? 0 : grow_index(rec, bits);
}

/* Frames point at nodes and at their guesses. */
static void move_frames(struct recorder *rec, uintptr_t by)
{
	for (struct recorder_frame *f = rec->frames; f <= rec->top; f++) {
		f->node = (void *)((uintptr_t)f->node + by);
		f->expect = (void *)((uintptr_t)f->expect + by);
	}
}

static struct recorder_node *first_whole(void *block)
{
	const uintptr_t size = RECORDER_NODE_SIZE;

	return (void *)(((uintptr_t)block + size - 1) / size * size);
}

/* With one node more than there is room for, so that none lies in two lines. */
static int grow_nodes(struct recorder *rec, uint32_t need)
{
	size_t old_cap = rec->nodes_cap, cap = old_cap ? old_cap + 1 : 0;
	uintptr_t old = (uintptr_t)rec->nodes;
	size_t offset = old - (uintptr_t)rec->node_block;
	uint32_t *parents;
	void *grown;

	if (need <= old_cap)
		return 0;
	grown = mem_grow(rec->node_block, &cap, (size_t)need + 1, sizeof *rec->nodes);
	if (grown == NULL)
		return -1;
	rec->node_block = grown;
	rec->nodes = first_whole(grown);
	if (rec->nnodes != 0) {
		memmove(rec->nodes, (char *)grown + offset, rec->nnodes * sizeof *rec->nodes);
		move_frames(rec, (uintptr_t)rec->nodes - old);
	}
	/* The nodes may have grown without what belongs to them: then they are grown again. */
	parents = mem_array(rec->parents, cap - 1, sizeof *parents);
	if (parents == NULL)
		return -1;
	rec->parents = parents;
	if (grow_extra(&rec->node_extra, rec->nextra, old_cap, cap - 1) < 0)
		return -1;
	rec->nodes_cap = cap - 1;
	return 0;
}

struct recorder *recorder_new(uint32_t max_nodes, uint32_t nextra)
{
	struct recorder *rec = mem_zalloc(sizeof *rec);

	if (rec == NULL)
		return NULL;
	rec->max_nodes = max_nodes ? max_nodes : RECORDER_MAX_NODES;
	rec->frames = mem_grow(NULL, &rec->frames_cap, FIRST_FRAMES, sizeof *rec->frames);
	rec->nextra = nextra;
	if (rec->frames == NULL || grow_nodes(rec, FIRST_NODES) < 0 ||
	    grow_index(rec, FIRST_INDEX_BITS) < 0 ||
	    grow_extra(&rec->frame_extra, nextra, 0, rec->frames_cap) < 0) {
		recorder_free(rec);
		return NULL;
	}
	rec->nodes[0] = (struct recorder_node){ .function = RECORDER_NONE };
	rec->parents[0] = 0;
	rec->nnodes = 1;
	rec->frames[0] = (struct recorder_frame){ .expect = rec->nodes->guesses, .node = rec->nodes,
						  .state = RECORDER_ROOT };
	rec->top = rec->frames;
	rec->last = rec->frames + rec->frames_cap - 1;
	return rec;
}

void recorder_free(struct recorder *rec)
{
	if (rec == NULL)
		return;
	mem_free(rec->node_block);
	mem_free(rec->parents);
	mem_free(rec->frames);
	mem_free(rec->node_extra);
	mem_free(rec->frame_extra);
	mem_free(rec->index);
	mem_free(rec);
}

size_t recorder_size(const struct recorder *rec)
{
	return sizeof *rec + (rec->nodes_cap + rec->frames_cap) * rec->nextra * sizeof(int64_t) +
	       (rec->nodes_cap + 1) * sizeof *rec->nodes + rec->nodes_cap * sizeof *rec->parents +
	       rec->frames_cap * sizeof *rec->frames +
	       places(rec) * sizeof *rec->index;
}

void recorder_start(struct recorder *rec, uint64_t now)
{
	rec->frames[0].start = now;
	recorder_extra_call(rec);
}

void recorder_stop(struct recorder *rec, uint64_t now)
{
	rec->nodes[0].cum += (int64_t)(now - rec->frames[0].start);
	recorder_extra_return(rec);
}

void recorder_extra_call(struct recorder *rec)
{
	int64_t *begun;

	if (rec->nextra == 0)
		return;
	begun = rec->frame_extra + (size_t)(rec->top - rec->frames) * rec->nextra;
	for (uint32_t i = 0; i < rec->nextra; i++)
		begun[i] = rec->extra_now[i];
}

/* The innermost frame ends. */
void recorder_extra_return(struct recorder *rec)
{
	const int64_t *begun;
	int64_t *cum;

	if (rec->nextra == 0)
		return;
	begun = rec->frame_extra + (size_t)(rec->top - rec->frames) * rec->nextra;
	cum = rec->node_extra + (size_t)(rec->top->node - rec->nodes) * rec->nextra;
	for (uint32_t i = 0; i < rec->nextra; i++)
		cum[i] += rec->extra_now[i] - begun[i];
}

static int grow_frames(struct recorder *rec)
{
	size_t depth = (size_t)(rec->top - rec->frames);
	size_t old_cap = rec->frames_cap, cap = old_cap;
	struct recorder_frame *grown;

	grown = mem_grow(rec->frames, &cap, depth + 2, sizeof *grown);
	if (grown == NULL)
		return -1;
	rec->frames = grown;
	rec->top = grown + depth;
	rec->last = grown + old_cap - 1;
	if (grow_extra(&rec->frame_extra, rec->nextra, old_cap, cap) < 0)
		return -1;
	rec->frames_cap = cap;
	rec->last = grown + cap - 1;
	return 0;
}

/* Below the innermost frame, or NULL. Whoever has its first place makes room: that one can
 * still be found from there. */
static struct recorder_node *find_node(struct recorder *rec, uint64_t function)
{
	uint32_t parent = recorder_number(rec, rec->top->node), node;
	size_t first = recorder_place(rec, parent, function), at = first;

	for (; (node = rec->index[at]) != 0; at = (at + 1) & (places(rec) - 1)) {
		if (rec->nodes[node].function == function && rec->parents[node] == parent) {
			rec->index[at] = rec->index[first];
			rec->index[first] = *rec->top->expect = node;
			return &rec->nodes[node];
		}
	}
	return NULL;
}

static struct recorder_node *add_node(struct recorder *rec, uint64_t function)
{
	uint32_t node = rec->nnodes;

	if (node >= rec->max_nodes || grow_nodes(rec, node + 1u) < 0 ||
	    reserve_index(rec, node + 1u) < 0)
		return NULL;
	rec->nnodes++;
	rec->nodes[node] = (struct recorder_node){ .function = function };
	rec->parents[node] = recorder_number(rec, rec->top->node);
	put_in_index(rec, node);
	*rec->top->expect = node;
	return &rec->nodes[node];
}

void recorder_reserve(struct recorder *rec, uint32_t nnodes)
{
	if (nnodes > rec->max_nodes)
		nnodes = rec->max_nodes;
	if (grow_nodes(rec, nnodes) == 0)
		(void)reserve_index(rec, nnodes);
}

struct recorder_node *recorder_recalls(struct recorder *rec, uint64_t function)
{
	return rec->lost_depth != 0 ? NULL : find_node(rec, function);
}

static struct recorder_node *nearest_on_stack(const struct recorder *rec, uint64_t function)
{
	for (const struct recorder_frame *f = rec->top; f > rec->frames; f--)
		if (f->node->function == function)
			return f->node;
	return NULL;
}

/* Calls made by a lost one are lost too: nothing is booked under a caller that did
 * not make it. */
static void lose_call(struct recorder *rec)
{
	rec->nlost++;
	rec->nslow_events++;
	if (rec->lost_depth++ != 0)
		return;
	rec->last = rec->top;
	rec->top->state |= RECORDER_LOSING;
}

static void lose_return(struct recorder *rec)
{
	rec->nslow_events++;
	if (--rec->lost_depth != 0)
		return;
	rec->last = rec->frames + rec->frames_cap - 1;
	rec->top->state &= ~(uint32_t)RECORDER_LOSING;
}

void recorder_call_slowly(struct recorder *rec, uint64_t function, uint64_t now, uint32_t state)
{
	struct recorder_node *node;

	if (rec->lost_depth != 0 || (rec->top == rec->last && grow_frames(rec) < 0)) {
		lose_call(rec);
		return;
	}
	node = find_node(rec, function);
	if (node == NULL)
		node = add_node(rec, function);
	if (node == NULL) {
		node = nearest_on_stack(rec, function);
		if (node == NULL) {
			lose_call(rec);
			return;
		}
		state |= RECORDER_FOLDED;
		rec->nfolded++;
	}
	*++rec->top = (struct recorder_frame){ now, node->guesses, node, state };
	recorder_extra_call(rec);
}

/* By the tree, not the stack: the cost of a folded call is that of its node. */
void recorder_book(struct recorder *rec, uint32_t i, int64_t amount)
{
	uint32_t node = (uint32_t)(rec->top->node - rec->nodes);

	for (;; node = rec->parents[node]) {
		rec->node_extra[(size_t)node * rec->nextra + i] += amount;
		if (node == 0)
			break;
	}
}

static void move_cost(struct recorder *rec, uint32_t node, int64_t ticks, const int64_t *extra,
		      int sign)
{
	rec->nodes[node].cum += sign * ticks;
	for (uint32_t i = 0; i < rec->nextra; i++)
		rec->node_extra[(size_t)node * rec->nextra + i] += sign * extra[i];
}

/* So far the cost is its caller's and that of all above it in the tree; it has to
 * be its own node's and that of all above. A parent's index is the smaller. */
static void return_folded(struct recorder *rec, uint64_t now)
{
	const struct recorder_frame *f = rec->top;
	size_t row = (size_t)(f - rec->frames) * rec->nextra;
	int64_t ticks = (int64_t)(now - f->start), extra[RECORDER_MAX_EXTRA];
	uint32_t from = (uint32_t)(f[-1].node - rec->nodes), to = (uint32_t)(f->node - rec->nodes);

	for (uint32_t i = 0; i < rec->nextra; i++)
		extra[i] = rec->extra_now[i] - rec->frame_extra[row + i];
	rec->top--;
	rec->nodes[to].ncalls++;
	while (from != to) {
		if (from > to) {
			move_cost(rec, from, ticks, extra, -1);
			from = rec->parents[from];
		} else {
			move_cost(rec, to, ticks, extra, 1);
			to = rec->parents[to];
		}
	}
}

void recorder_return_slowly(struct recorder *rec, uint64_t now)
{
	if (rec->lost_depth != 0) {
		lose_return(rec);
	} else if (rec->top == rec->frames) {
		rec->nunmatched++;
		rec->nslow_events++;
	} else {
		return_folded(rec, now);
	}
}

void recorder_finish(struct recorder *rec, uint64_t now)
{
	while (recorder_depth(rec) != 0) {
		recorder_return(rec, now);
		rec->ncut++;
	}
}

uint64_t recorder_nevents(const struct recorder *rec)
{
	uint64_t ncalls = 0;

	for (uint32_t i = 1; i < rec->nnodes; i++)
		ncalls += rec->nodes[i].ncalls;
	return 2 * ncalls + rec->nslow_events - rec->ncut;
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

static void add_values(int64_t *to, const struct recorder *rec, uint32_t node,
		       double ns_per_tick, const struct recorder_metric *extra)
{
	int64_t ticks = rec->nodes[node].cum;

	to[0] += in_ns(ticks, ns_per_tick);
	for (uint32_t i = 0; i < rec->nextra; i++) {
		int64_t n = rec->node_extra[(size_t)node * rec->nextra + i];

		to[1 + i] += extra[i].rest ? in_ns(ticks - n, ns_per_tick) :
					     in_ns(n, extra[i].scale);
	}
}

/* The recorder's root becomes to[0]. */
static int copy_tree(struct profile *p, const struct recorder *rec, double ns_per_tick,
		     const struct recorder_metric *extra, recorder_lookup *lookup, void *arg,
		     uint32_t *to, struct map *ids)
{
	add_values(profile_node_cum(p, to[0]), rec, 0, ns_per_tick, extra);
	for (uint32_t i = 1; i < rec->nnodes; i++) {
		const struct recorder_node *from = &rec->nodes[i];
		uint32_t function = profile_id(p, ids, from->function, lookup, arg);
		uint32_t node;

		if (function == PROFILE_NONE)
			return -1;
		node = profile_child(p, to[rec->parents[i]], function);
		if (node == PROFILE_NONE)
			return -1;
		to[i] = node;
		p->nodes[node].ncalls += from->ncalls;
		add_values(profile_node_cum(p, node), rec, i, ns_per_tick, extra);
	}
	p->nlost += rec->nlost;
	p->nfolded += rec->nfolded;
	return 0;
}

/* The tree below `root`, a node of p. */
static int add_tree(struct profile *p, uint32_t root, const struct recorder *rec,
		    double ns_per_tick, const struct recorder_metric *extra,
		    recorder_lookup *lookup, void *arg)
{
	struct map ids = MAP_INIT;
	uint32_t *to = mem_array(NULL, rec->nnodes, sizeof *to);
	int rc = -1;

	if (to != NULL) {
		to[0] = root;
		rc = copy_tree(p, rec, ns_per_tick, extra, lookup, arg, to, &ids);
	}
	map_release(&ids);
	mem_free(to);
	return rc;
}

static int add_metrics(struct profile *p, const struct recorder_metric *extra, uint32_t nextra)
{
	if (profile_add_metric(p, "wall", "nanoseconds") < 0)
		return -1;
	for (uint32_t i = 0; i < nextra; i++)
		if (profile_add_metric(p, extra[i].name, extra[i].unit) < 0)
			return -1;
	return 0;
}

struct profile *recorder_profile(const struct recorder *rec, double ns_per_tick,
				 const struct recorder_metric *extra, recorder_lookup *lookup,
				 void *arg, struct error *err)
{
	struct profile *p = profile_new();

	if (p != NULL && add_metrics(p, extra, rec->nextra) == 0 && profile_add_root(p) == 0 &&
	    add_tree(p, 0, rec, ns_per_tick, extra, lookup, arg) == 0)
		return p;
	error_nomem(err);
	profile_free(p);
	return NULL;
}

int recorder_add(struct profile *p, const struct recorder *rec, double ns_per_tick,
		 const struct recorder_metric *extra, recorder_lookup *lookup, void *arg,
		 struct error *err)
{
	if (add_tree(p, 0, rec, ns_per_tick, extra, lookup, arg) < 0)
		return error_nomem(err);
	return 0;
}

int recorder_add_strand(struct profile *p, const char *name, const struct recorder *rec,
			double ns_per_tick, const struct recorder_metric *extra,
			recorder_lookup *lookup, void *arg, struct error *err)
{
	uint32_t function = profile_function(p, "~", 0, name, NULL);
	uint32_t node = PROFILE_NONE;

	if (function != PROFILE_NONE)
		node = profile_child(p, 0, function);
	if (node == PROFILE_NONE || add_tree(p, node, rec, ns_per_tick, extra, lookup, arg) < 0)
		return error_nomem(err);
	p->nodes[node].ncalls++;
	return 0;
}
