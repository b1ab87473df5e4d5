/* recorder.h -- call and return events with their time in, a call tree out.
 *
 * The recorder never reads a clock: time is an argument, in nanoseconds, and
 * never goes back. The hot path returns nothing: what cannot be kept is counted
 * (nlost) and depth still matches, so that returns find their call.
 *
 *     recorder_call(rec, F, 100);      F begins at 100
 *     recorder_call(rec, G, 120);        G begins
 *     recorder_return(rec, 150);         G ends: cum 30
 *     recorder_return(rec, 200);       F ends: cum 100, self 70
 *
 * A frame remembers where its next child is expected: its node's first child at
 * entry, then the one that followed the child that just returned, last time.
 * If that is not the callee, a hash of (parent, function) finds it.
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

struct recorder_node {
	uint32_t parent;
	uint32_t function;
	/* Guesses: expect[0] the first child, expect[1] the sibling called after
	 * this node the last time. PROFILE_NONE at first. */
	uint32_t expect[2];
	uint64_t ncalls;
	int64_t cum_ns;
};

struct recorder_frame {
	uint32_t node;
	uint32_t expect_at; /* node * 2 + which of its guesses */
	uint64_t start_ns;
	bool folded; /* the node's own frame is further down the stack */
};

struct recorder {
	struct recorder_node *nodes;
	uint32_t nnodes;
	size_t nodes_cap;
	uint32_t max_nodes;
	struct map index; /* parent, function -> node */
	struct recorder_frame *frames; /* frames[0] is the root's */
	size_t depth;                  /* frames above the root */
	size_t frames_cap;
	size_t lost_depth;             /* calls above them that were lost */
	uint64_t nevents;              /* calls and returns, unmatched ones too */
	uint64_t nlost;
	uint64_t nfolded;
	uint64_t nunmatched;           /* returns without a call: ignored */
	int64_t cut;                   /* frames recorder_finish had to close */
};

enum { RECORDER_MAX_NODES = 1000000 };

/* NULL without memory. max_nodes 0: RECORDER_MAX_NODES. */
struct recorder *recorder_new(uint32_t max_nodes);
void recorder_free(struct recorder *rec);

/* The root's clock runs between start and stop: the time served. */
void recorder_start(struct recorder *rec, uint64_t now_ns);
void recorder_stop(struct recorder *rec, uint64_t now_ns);

void recorder_call(struct recorder *rec, uint32_t function, uint64_t now_ns);
void recorder_return(struct recorder *rec, uint64_t now_ns);

/* Closes what is open, as returns at now_ns would. */
void recorder_finish(struct recorder *rec, uint64_t now_ns);

/* Who a function id is, for recorder_profile. Texts are borrowed for the call. */
typedef void recorder_lookup(void *arg, uint32_t function, struct function *out);

/* A profile with the one metric "wall" and the tree; functions in the order of
 * their first call. NULL with err filled. */
struct profile *recorder_profile(const struct recorder *rec, recorder_lookup *lookup, void *arg,
				 struct error *err);

#endif
