/* recorder.h -- call and return events with their time in, a call tree out.
 *
 * The recorder never reads a clock: time is an argument, in ticks of whatever
 * clock the caller has, and never goes back. A function is any number that is the
 * caller's name for it, an address perhaps. The hot path returns nothing: what
 * cannot be kept is counted (nlost) and depth still matches, so that returns find
 * their call.
 *
 *     recorder_call(rec, F, 100);      F begins at 100
 *     recorder_call(rec, G, 120);        G begins
 *     recorder_return(rec, 150);         G ends: cum 30
 *     recorder_return(rec, 200);       F ends: cum 100, self 70
 *
 * A frame remembers where its next child is expected: its node's first child at entry,
 * then the one that followed the child that just returned, last time. That is right for
 * four calls in five of a request, and who comes next lies next in memory, mostly. Else a
 * hash of (parent, function) finds it, at the first place for nearly all, for those that
 * were last asked for have the first places. Nothing is allocated once a path has been
 * seen.
 *
 * Beside the time, up to RECORDER_MAX_EXTRA other quantities that only go up can be
 * recorded: the caller writes their readings into rec->extra_now before each event,
 * or, of one that changes seldom, books each change.
 *
 * Bounds: past `max_nodes` a call of a function that is on the stack is booked
 * on its nearest frame there (nfolded; its time is that frame's, not that of
 * what stands between); any other is lost, its time its caller's own.
 *
 * One thread at a time; free with recorder_free.
 */
#ifndef CPROF_PROFILE_RECORDER_H
#define CPROF_PROFILE_RECORDER_H

#include "profile/profile.h"

/* No function: the root's. */
#define RECORDER_NONE UINT64_MAX

enum { RECORDER_MAX_EXTRA = PROFILE_MAX_METRICS - 1 };

/* Half a line of the cache, which it has to share with the interpreter. */
enum { RECORDER_NODE_SIZE = 32 };

struct recorder_node {
	_Alignas(RECORDER_NODE_SIZE) uint64_t function;
	uint64_t ncalls;
	int64_t cum;
	/* Guesses, by RECORDER_CHILD and RECORDER_SIBLING: the first child, and the
	 * sibling called after this node. Who that was the last time; the root means
	 * nobody: it is never called. */
	uint32_t guesses[2];
};

enum { RECORDER_CHILD, RECORDER_SIBLING };

_Static_assert(sizeof(struct recorder_node) == RECORDER_NODE_SIZE, "half a line");

/* What a frame is, and why it is not left as nearly all are. */
enum recorder_state {
	RECORDER_FOLDED = 1, /* the node's own frame is further down the stack */
	RECORDER_LOSING = 2, /* what it called was lost, and has not returned */
	RECORDER_ROOT = 4,
	RECORDER_C = 8       /* a C function's, where who calls and returns says so */
};

struct recorder_frame {
	uint64_t start;
	uint32_t *expect; /* one of a node's guesses: the child to come */
	struct recorder_node *node;
	uint32_t state; /* of enum recorder_state */
};

struct recorder {
	struct recorder_node *nodes;   /* within node_block */
	struct recorder_frame *top;    /* the innermost frame */
	struct recorder_frame *last;   /* the last there is room for; the innermost while
	                                  it is losing: no call finds room */
	size_t lost_depth;             /* calls above them that were lost */
	uint64_t nslow_events;         /* that left no call in a node: lost, unmatched */
	struct recorder_frame *frames; /* frames[0] is the root's */
	size_t frames_cap;
	void *node_block;
	uint32_t *parents;             /* of the nodes */
	size_t nodes_cap;
	uint32_t nnodes;
	uint32_t max_nodes;
	/* By a hash of parent and function: the node, 0 where there is none; the next
	 * free place where two meet. A quarter of the places at most are taken. */
	uint32_t *index;
	unsigned index_shift;          /* 2^(64 - index_shift) places */
	uint64_t nlost;
	uint64_t nfolded;
	uint64_t nunmatched; /* returns without a call: ignored */
	uint64_t ncut;       /* frames recorder_finish had to close */

	uint32_t nextra;
	int64_t extra_now[RECORDER_MAX_EXTRA]; /* at the coming event */
	int64_t *node_extra;  /* nodes_cap rows of nextra: inclusive, as cum */
	int64_t *frame_extra; /* frames_cap rows of nextra: when the frame began */
};

enum { RECORDER_MAX_NODES = 1000000 };

/* NULL without memory. max_nodes 0: RECORDER_MAX_NODES. nextra: how many
 * quantities beside the time. */
struct recorder *recorder_new(uint32_t max_nodes, uint32_t nextra);
/* Makes room for so many nodes at once; without memory they come as they are met. */
void recorder_reserve(struct recorder *rec, uint32_t nnodes);
void recorder_free(struct recorder *rec);

/* The root's clock runs between start and stop: the time served. */
void recorder_start(struct recorder *rec, uint64_t now);
void recorder_stop(struct recorder *rec, uint64_t now);

/* Everything that is not the way of nearly all events. */
struct recorder_node *recorder_recalls(struct recorder *rec, uint64_t function);
void recorder_call_slowly(struct recorder *rec, uint64_t function, uint64_t now, uint32_t state);
void recorder_return_slowly(struct recorder *rec, uint64_t now);
void recorder_extra_call(struct recorder *rec);
void recorder_extra_return(struct recorder *rec);

/* Multiplied, every bit of either makes a difference to the highest ones. */
static inline size_t recorder_place(const struct recorder *rec, uint32_t parent, uint64_t function)
{
	uint64_t x = function ^ (uint64_t)parent << 40;

	return (size_t)(x * 0x9E3779B97F4A7C15u >> rec->index_shift);
}

static inline uint32_t recorder_number(const struct recorder *rec,
				       const struct recorder_node *node)
{
	return (uint32_t)(node - rec->nodes);
}

/* The node of that function below the innermost frame's, if it has the first place. */
static inline struct recorder_node *recorder_finds(const struct recorder *rec, uint64_t function)
{
	uint32_t parent = recorder_number(rec, rec->top->node);
	uint32_t number = rec->index[recorder_place(rec, parent, function)];
	struct recorder_node *node = rec->nodes + number;

	return node->function == function && rec->parents[number] == parent ? node : NULL;
}

/* The node that recorder_call(rec, function, ...) would find at once, NULL if it would not. */
static inline struct recorder_node *recorder_expects(struct recorder *rec, uint64_t function)
{
	uint32_t *expect = rec->top->expect;
	struct recorder_node *node = rec->nodes + *expect;

	if (__builtin_expect(node->function == function, 1))
		return node;
	node = recorder_finds(rec, function);
	if (node != NULL)
		*expect = recorder_number(rec, node);
	return node;
}

/* Whether the innermost function has called this one before. */
static inline bool recorder_knows(struct recorder *rec, uint64_t function)
{
	return recorder_expects(rec, function) != NULL || recorder_recalls(rec, function) != NULL;
}

/* The function that called last and has not returned; RECORDER_NONE outside all. */
static inline uint64_t recorder_innermost(const struct recorder *rec)
{
	return rec->top->node->function;
}

/* A call of the node that recorder_expects, in a recorder without readings. `state`:
 * RECORDER_C or 0. */
static inline void recorder_enter(struct recorder *rec, struct recorder_node *node, uint64_t now,
				  uint32_t state)
{
	struct recorder_frame *f = rec->top + 1;

	f->start = now;
	f->expect = &node->guesses[RECORDER_CHILD];
	f->node = node;
	f->state = state;
	rec->top = f;
}

static inline bool recorder_has_room(const struct recorder *rec)
{
	return rec->top != rec->last;
}

static inline void recorder_call_as(struct recorder *rec, uint64_t function, uint64_t now,
				    uint32_t state)
{
	struct recorder_node *node = recorder_expects(rec, function);

	if (node == NULL || !recorder_has_room(rec)) {
		recorder_call_slowly(rec, function, now, state);
		return;
	}
	recorder_enter(rec, node, now, state);
	if (rec->nextra != 0)
		recorder_extra_call(rec);
}

static inline void recorder_call(struct recorder *rec, uint64_t function, uint64_t now)
{
	recorder_call_as(rec, function, now, 0);
}

/* Whether the innermost frame was entered as this, and can be left by recorder_leave. */
static inline bool recorder_leaves(const struct recorder *rec, uint32_t state)
{
	return rec->top->state == state;
}

/* A return, in a recorder without readings. */
static inline void recorder_leave(struct recorder *rec, uint64_t now)
{
	struct recorder_frame *f = rec->top;
	struct recorder_node *node = f->node;

	node->ncalls++;
	node->cum += (int64_t)(now - f->start);
	f[-1].expect = &node->guesses[RECORDER_SIBLING];
	rec->top = f - 1;
}

/* Whatever it was entered as. */
static inline void recorder_return(struct recorder *rec, uint64_t now)
{
	if ((rec->top->state & ~(uint32_t)RECORDER_C) != 0) {
		recorder_return_slowly(rec, now);
		return;
	}
	if (rec->nextra != 0)
		recorder_extra_return(rec);
	recorder_leave(rec, now);
}

/* More of the extra quantity i for all calls that are open. Its reading in extra_now
 * stays 0 then, and recorder_enter and recorder_leave do. */
void recorder_book(struct recorder *rec, uint32_t i, int64_t amount);

/* Closes what is open, as returns at `now` would. */
void recorder_finish(struct recorder *rec, uint64_t now);

/* Calls open above the root. */
static inline size_t recorder_depth(const struct recorder *rec)
{
	return (size_t)(rec->top - rec->frames) + rec->lost_depth;
}

/* Calls and returns so far, unmatched ones too; closed by recorder_finish. */
uint64_t recorder_nevents(const struct recorder *rec);

/* Bytes it holds. */
size_t recorder_size(const struct recorder *rec);

/* Who a function is, for recorder_profile. Texts are borrowed for the call. */
typedef void recorder_lookup(void *arg, uint64_t function, struct function *out);

/* An extra quantity in the profile: readings are multiplied by `scale`. */
struct recorder_metric {
	const char *name, *unit;
	double scale;
	bool rest; /* what was recorded, in ticks, is the time less this quantity */
};

/* A profile with the metric "wall", in nanoseconds, the nextra others, and the
 * tree; functions in the order of their first call. A tick is ns_per_tick; every
 * node is rounded down, so that children never add up to more than their parent.
 * NULL with err filled. */
struct profile *recorder_profile(const struct recorder *rec, double ns_per_tick,
				 const struct recorder_metric *extra, recorder_lookup *lookup,
				 void *arg, struct error *err);

/* Adds what another recorder has to a profile of that; `extra` are those of the
 * profile. -1 with err filled: p is then good for nothing but profile_free. */
int recorder_add(struct profile *p, const struct recorder *rec, double ns_per_tick,
		 const struct recorder_metric *extra, recorder_lookup *lookup, void *arg,
		 struct error *err);

/* Adds what was recorded on another thread for the same request: one more call of
 * the strand `name` (PROFILE_THREAD, PROFILE_JOB) below the root, which took as long
 * as the recorder's root. `extra` are those of the profile. -1 with err filled: p is
 * then good for nothing but profile_free. */
int recorder_add_strand(struct profile *p, const char *name, const struct recorder *rec,
			double ns_per_tick, const struct recorder_metric *extra,
			recorder_lookup *lookup, void *arg, struct error *err);

#endif
