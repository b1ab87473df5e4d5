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
 * A frame remembers where its next child is expected: its node's first child at
 * entry, then the one that followed the child that just returned, last time.
 * If that is not the callee, a hash of (parent, function) finds it. Nothing is
 * allocated once a path has been seen.
 *
 * Beside the time, up to RECORDER_MAX_EXTRA other quantities that only go up can be
 * recorded: the caller writes their readings into rec->extra_now before each event.
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

struct recorder_node {
	uint64_t function;
	uint64_t ncalls;
	int64_t cum;
	uint32_t parent;
	/* Guesses: expect[0] the first child, expect[1] the sibling called after
	 * this node the last time. 0, the root, means none: nobody calls it. */
	uint32_t expect[2];
};

struct recorder_frame {
	uint64_t start;
	uint32_t *expect; /* one of a node's guesses: the child to come */
	uint32_t node;
	bool folded; /* the node's own frame is further down the stack */
};

struct recorder {
	struct recorder_node *nodes;
	struct recorder_frame *top;    /* the innermost frame */
	struct recorder_frame *last;   /* the last there is room for */
	size_t lost_depth;             /* calls above them that were lost */
	uint64_t nevents;              /* calls and returns, unmatched ones too */
	struct recorder_frame *frames; /* frames[0] is the root's */
	size_t frames_cap;
	size_t nodes_cap;
	uint32_t nnodes;
	uint32_t max_nodes;
	struct map index; /* parent, function -> node; collisions are looked at */
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
void recorder_free(struct recorder *rec);

/* The root's clock runs between start and stop: the time served. */
void recorder_start(struct recorder *rec, uint64_t now);
void recorder_stop(struct recorder *rec, uint64_t now);

/* Everything that is not the way of nearly all events. */
void recorder_call_slowly(struct recorder *rec, uint64_t function, uint64_t now);
void recorder_return_slowly(struct recorder *rec, uint64_t now);
void recorder_extra_call(struct recorder *rec);
void recorder_extra_return(struct recorder *rec);

/* The node that recorder_call(rec, function, ...) would find where it is expected,
 * 0 if it would not: then the caller has seen the function before. */
static inline uint32_t recorder_expects(const struct recorder *rec, uint64_t function)
{
	uint32_t node = *rec->top->expect;

	return rec->nodes[node].function == function && rec->lost_depth == 0 ? node : 0;
}

/* The function that called last and has not returned; RECORDER_NONE outside all. */
static inline uint64_t recorder_innermost(const struct recorder *rec)
{
	return rec->nodes[rec->top->node].function;
}

/* A call of the node that recorder_expects, in a recorder without extras. */
static inline void recorder_enter(struct recorder *rec, uint32_t node, uint64_t now)
{
	struct recorder_frame *f = rec->top + 1;

	rec->nevents++;
	f->start = now;
	f->expect = &rec->nodes[node].expect[0];
	f->node = node;
	f->folded = false;
	rec->top = f;
}

static inline bool recorder_has_room(const struct recorder *rec)
{
	return rec->top != rec->last;
}

static inline void recorder_call(struct recorder *rec, uint64_t function, uint64_t now)
{
	uint32_t node = recorder_expects(rec, function);

	if (node == 0 || !recorder_has_room(rec)) {
		recorder_call_slowly(rec, function, now);
		return;
	}
	recorder_enter(rec, node, now);
	if (rec->nextra != 0)
		recorder_extra_call(rec);
}

/* Whether the innermost frame can be left by recorder_leave. */
static inline bool recorder_leaves(const struct recorder *rec)
{
	return rec->lost_depth == 0 && rec->top != rec->frames && !rec->top->folded;
}

/* A return, in a recorder without extras. */
static inline void recorder_leave(struct recorder *rec, uint64_t now)
{
	struct recorder_frame *f = rec->top;
	struct recorder_node *node = &rec->nodes[f->node];

	rec->nevents++;
	node->ncalls++;
	node->cum += (int64_t)(now - f->start);
	f[-1].expect = &node->expect[1];
	rec->top = f - 1;
}

static inline void recorder_return(struct recorder *rec, uint64_t now)
{
	if (!recorder_leaves(rec)) {
		recorder_return_slowly(rec, now);
		return;
	}
	if (rec->nextra != 0)
		recorder_extra_return(rec);
	recorder_leave(rec, now);
}

/* Closes what is open, as returns at `now` would. */
void recorder_finish(struct recorder *rec, uint64_t now);

/* Calls open above the root. */
static inline size_t recorder_depth(const struct recorder *rec)
{
	return (size_t)(rec->top - rec->frames) + rec->lost_depth;
}

/* Bytes it holds. */
size_t recorder_size(const struct recorder *rec);

/* Who a function is, for recorder_profile. Texts are borrowed for the call. */
typedef void recorder_lookup(void *arg, uint64_t function, struct function *out);

/* An extra quantity in the profile: readings are multiplied by `scale`. */
struct recorder_metric {
	const char *name, *unit;
	double scale;
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
