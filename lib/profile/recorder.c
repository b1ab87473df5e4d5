#include "profile/recorder.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST_NODES = 32, FIRST_FRAMES = 32, FIRST_INDEX_BITS = 6 };

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

/* Multiplied, every bit of either makes a difference to the highest ones. */
static size_t place_of(const struct recorder *rec, uint32_t parent, uint64_t function)
{
	uint64_t x = function ^ (uint64_t)parent << 40;

	return (size_t)(x * 0x9E3779B97F4A7C15u >> (64 - rec->index_bits));
}

static void put_in_index(struct recorder *rec, uint32_t node)
{
	size_t mask = ((size_t)1 << rec->index_bits) - 1;
	size_t at = place_of(rec, rec->nodes[node].parent, rec->nodes[node].function);

	while (rec->index[at] != 0)
		at = (at + 1) & mask;
	rec->index[at] = node;
}

static int grow_index(struct recorder *rec, unsigned bits)
{
	uint32_t *grown = mem_zalloc(((size_t)1 << bits) * sizeof *grown);

	if (grown == NULL)
		return -1;
	mem_free(rec->index);
	rec->index = grown;
	rec->index_bits = bits;
	for (uint32_t node = 1; node < rec->nnodes; node++)
		put_in_index(rec, node);
	return 0;
}

static struct recorder_node new_node(const struct recorder *rec, uint32_t parent,
				     uint64_t function)
{
	return (struct recorder_node){ .function = function, .parent = parent,
				       .child = { rec->nodes, rec->nodes },
				       .sibling = { rec->nodes, rec->nodes } };
}

static uint32_t number_of(const struct recorder *rec, const struct recorder_node *node)
{
	return (uint32_t)(node - rec->nodes);
}

struct recorder *recorder_new(uint32_t max_nodes, uint32_t nextra)
{
	struct recorder *rec = mem_zalloc(sizeof *rec);

	if (rec == NULL)
		return NULL;
	rec->max_nodes = max_nodes ? max_nodes : RECORDER_MAX_NODES;
	rec->nodes = mem_grow(NULL, &rec->nodes_cap, FIRST_NODES, sizeof *rec->nodes);
	rec->frames = mem_grow(NULL, &rec->frames_cap, FIRST_FRAMES, sizeof *rec->frames);
	rec->nextra = nextra;
	if (rec->nodes == NULL || rec->frames == NULL || grow_index(rec, FIRST_INDEX_BITS) < 0 ||
	    grow_extra(&rec->node_extra, nextra, 0, rec->nodes_cap) < 0 ||
	    grow_extra(&rec->frame_extra, nextra, 0, rec->frames_cap) < 0) {
		recorder_free(rec);
		return NULL;
	}
	rec->nodes[0] = new_node(rec, 0, RECORDER_NONE);
	rec->nnodes = 1;
	rec->frames[0] = (struct recorder_frame){ .expect = &rec->nodes[0].child,
						  .node = rec->nodes, .slow = RECORDER_ROOT };
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
	mem_free(rec->node_extra);
	mem_free(rec->frame_extra);
	mem_free(rec->index);
	mem_free(rec);
}

size_t recorder_size(const struct recorder *rec)
{
	return sizeof *rec + (rec->nodes_cap + rec->frames_cap) * rec->nextra * sizeof(int64_t) +
	       rec->nodes_cap * sizeof *rec->nodes +
	       rec->frames_cap * sizeof *rec->frames +
	       ((size_t)1 << rec->index_bits) * sizeof *rec->index;
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
	cum = rec->node_extra + (size_t)number_of(rec, rec->top->node) * rec->nextra;
	for (uint32_t i = 0; i < rec->nextra; i++)
		cum[i] += rec->extra_now[i] - begun[i];
}

static void move_guess(struct recorder_guess *guess, uintptr_t by)
{
	guess->last = (void *)((uintptr_t)guess->last + by);
	guess->other = (void *)((uintptr_t)guess->other + by);
}

/* Nodes point at each other, and frames at them and their guesses. */
static void move_nodes(struct recorder *rec, struct recorder_node *to)
{
	uintptr_t by = (uintptr_t)to - (uintptr_t)rec->nodes;

	rec->nodes = to;
	for (uint32_t i = 0; i < rec->nnodes; i++) {
		move_guess(&to[i].child, by);
		move_guess(&to[i].sibling, by);
	}
	for (struct recorder_frame *f = rec->frames; f <= rec->top; f++) {
		f->node = (void *)((uintptr_t)f->node + by);
		f->expect = (void *)((uintptr_t)f->expect + by);
	}
}

static int grow_nodes(struct recorder *rec, uint32_t need)
{
	size_t old_cap = rec->nodes_cap, cap = old_cap;
	struct recorder_node *grown;

	grown = mem_grow(rec->nodes, &cap, need, sizeof *grown);
	if (grown == NULL)
		return -1;
	if (cap == old_cap)
		return 0;
	move_nodes(rec, grown);
	/* The nodes may have grown without their rows: then they are grown again. */
	if (grow_extra(&rec->node_extra, rec->nextra, old_cap, cap) < 0)
		return -1;
	rec->nodes_cap = cap;
	return 0;
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

static uint32_t find_node(const struct recorder *rec, uint32_t parent, uint64_t function)
{
	size_t mask = ((size_t)1 << rec->index_bits) - 1;
	size_t at = place_of(rec, parent, function);
	uint32_t node;

	for (; (node = rec->index[at]) != 0; at = (at + 1) & mask)
		if (rec->nodes[node].function == function && rec->nodes[node].parent == parent)
			return node;
	return PROFILE_NONE;
}

static uint32_t add_node(struct recorder *rec, uint32_t parent, uint64_t function)
{
	if (rec->nnodes >= rec->max_nodes || grow_nodes(rec, rec->nnodes + 1u) < 0)
		return PROFILE_NONE;
	if (rec->nnodes > (size_t)1 << (rec->index_bits - 1) &&
	    grow_index(rec, rec->index_bits + 1) < 0)
		return PROFILE_NONE;
	rec->nodes[rec->nnodes] = new_node(rec, parent, function);
	put_in_index(rec, rec->nnodes);
	return rec->nnodes++;
}

void recorder_reserve(struct recorder *rec, uint32_t nnodes)
{
	unsigned bits = rec->index_bits;

	if (nnodes > rec->max_nodes)
		nnodes = rec->max_nodes;
	while (nnodes > (size_t)1 << (bits - 1))
		bits++;
	if (grow_nodes(rec, nnodes) == 0 && bits > rec->index_bits)
		(void)grow_index(rec, bits);
}

static void expect_next(struct recorder *rec, struct recorder_node *node)
{
	struct recorder_guess *guess = rec->top->expect;

	guess->other = guess->last;
	guess->last = node;
}

bool recorder_recalls(struct recorder *rec, uint64_t function)
{
	uint32_t node;

	if (rec->lost_depth != 0)
		return false;
	node = find_node(rec, number_of(rec, rec->top->node), function);
	if (node == PROFILE_NONE)
		return false;
	expect_next(rec, &rec->nodes[node]);
	return true;
}

static uint32_t nearest_on_stack(const struct recorder *rec, uint64_t function)
{
	for (const struct recorder_frame *f = rec->top; f > rec->frames; f--)
		if (f->node->function == function)
			return number_of(rec, f->node);
	return PROFILE_NONE;
}

/* Calls made by a lost one are lost too: nothing is booked under a caller that did
 * not make it. */
static void lose_call(struct recorder *rec)
{
	struct recorder_frame *f = rec->top;

	rec->nlost++;
	rec->nslow_events++;
	if (rec->lost_depth++ != 0)
		return;
	rec->losing_expect = f->expect;
	f->expect = &rec->nodes[0].sibling; /* nobody calls the root: none follows it */
	f->slow |= RECORDER_LOSING;
}

static void lose_return(struct recorder *rec)
{
	rec->nslow_events++;
	if (--rec->lost_depth != 0)
		return;
	rec->top->expect = rec->losing_expect;
	rec->top->slow &= ~(uint32_t)RECORDER_LOSING;
}

void recorder_call_slowly(struct recorder *rec, uint64_t function, uint64_t now)
{
	uint32_t slow = 0, caller, node;

	if (rec->lost_depth != 0 || (rec->top == rec->last && grow_frames(rec) < 0)) {
		lose_call(rec);
		return;
	}
	caller = number_of(rec, rec->top->node);
	node = find_node(rec, caller, function);
	if (node == PROFILE_NONE)
		node = add_node(rec, caller, function);
	if (node == PROFILE_NONE) {
		node = nearest_on_stack(rec, function);
		if (node == PROFILE_NONE) {
			lose_call(rec);
			return;
		}
		slow = RECORDER_FOLDED;
		rec->nfolded++;
	} else {
		expect_next(rec, &rec->nodes[node]);
	}
	*++rec->top = (struct recorder_frame){ now, &rec->nodes[node].child,
					       &rec->nodes[node], slow };
	recorder_extra_call(rec);
}

/* By the tree, not the stack: the cost of a folded call is that of its node. */
void recorder_book(struct recorder *rec, uint32_t i, int64_t amount)
{
	uint32_t node = number_of(rec, rec->top->node);

	for (;; node = rec->nodes[node].parent) {
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
	uint32_t from = number_of(rec, f[-1].node), to = number_of(rec, f->node);

	for (uint32_t i = 0; i < rec->nextra; i++)
		extra[i] = rec->extra_now[i] - rec->frame_extra[row + i];
	rec->top--;
	rec->nodes[to].ncalls++;
	while (from != to) {
		if (from > to) {
			move_cost(rec, from, ticks, extra, -1);
			from = rec->nodes[from].parent;
		} else {
			move_cost(rec, to, ticks, extra, 1);
			to = rec->nodes[to].parent;
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
		node = profile_child(p, to[from->parent], function);
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
