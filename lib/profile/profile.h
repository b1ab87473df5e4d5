/* profile.h -- what was measured: functions, and either the call tree or, when
 * it comes from a format that has no tree, only totals and arcs.
 *
 *     main() calls load() twice and show() once; show() calls load() once.
 *
 *     the call tree                    the table derived from it
 *
 *     root                             function  ncalls   self   cum
 *      `- main      1 call  cum 100    main           1     20   100
 *          |- load  2 calls cum  50    show           1     10    30
 *          `- show  1 call  cum  30    load           3     70    70
 *              `- load  1   cum  20
 *                                      arc main -> load  2 calls  cum 50
 *     a stack: frame 0 is the root     arc main -> show  1 call   cum 30
 *     main; show; load                 arc show -> load  1 call   cum 20
 *
 * self (pstats: tottime) is the time in the function itself, cum (cumtime) the
 * time in it and all it calls. A node's self is its cum less its children's.
 * An arc goes from caller to callee.
 *
 * What the request handed on to other threads is a strand: a node right below the
 * root, of one of three made-up functions (file "~", line 0), and under it what ran
 * there, by the clock of that thread. It went on beside the request, so it is no
 * part of the root's cum, nor of any total that percentages are taken of: of that
 * it may be more than 100 %.
 *
 *     root                         cum 100, the request's own
 *      |- main                     cum 100
 *      `- <executor job>  2 calls  cum 150: two threads, 75 each
 *          `- fetch       2 calls  cum 148
 *
 * Values are integers in the unit of their metric; metric 0 of a traced profile
 * is "wall" in nanoseconds. Everything hangs on the profile: profile_free is
 * one call. One thread at a time.
 */
#ifndef CPROF_PROFILE_PROFILE_H
#define CPROF_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "base/strtab.h"

enum { PROFILE_MAX_METRICS = 8 };

/* The functions that stand for threads which the request started, for jobs it gave
 * to an executor, and for tasks it gave to another thread's event loop. */
#define PROFILE_THREAD "<started thread>"
#define PROFILE_JOB "<executor job>"
#define PROFILE_TASK "<asyncio task>"

/* No function, no node. */
#define PROFILE_NONE UINT32_MAX

struct metric {
	const char *name; /* "wall", "cpu", "alloc_bytes", ... */
	const char *unit; /* "nanoseconds", "bytes", "count" */
};

/* Who was called. Texts are UTF-8, borrowed from the profile's string table:
 * equal texts are one pointer. A C function has the file "~", line 0 and the
 * name that pstats gives it, "<built-in method builtins.len>". */
struct function {
	const char *file;
	const char *name;
	const char *qualname; /* = name where nothing better is known */
	uint32_t line;        /* first line, 1-based */
};

bool function_is_strand(const struct function *f);

/* One place in the call tree. nodes[0] is the root: it stands for the request,
 * has function PROFILE_NONE and ncalls 0. A parent stands before its children. */
struct node {
	uint32_t parent;
	uint32_t function;
	uint64_t ncalls;
};

/* Of one metric. */
struct metric_cost {
	int64_t self;
	int64_t cum; /* outermost calls only */
	/* Of an arc: what is below the callee while the caller is not on the stack
	 * again. For every function self plus the `below` of its outgoing arcs is its
	 * cum, recursive or not. Without a tree it is the arc's cum, and 0 for an arc
	 * from a function to itself. */
	int64_t below;
};

/* As long as a table's metrics make it: to be pointed at, never copied. */
struct totals {
	uint64_t ncalls;     /* all calls */
	uint64_t nprimitive; /* those with the function (or arc) not on the stack yet */
	struct metric_cost costs[]; /* by metric */
};

struct arc {
	uint32_t caller;
	uint32_t callee;
	struct totals totals;
};

/* Totals and arcs: derived from a tree (see derive.h), or read from a format
 * that has no more than this. Nearly all have one metric, and there may be a million
 * arcs: rows are as long as nmetrics says, which stays once there is one. */
struct table {
	uint32_t nmetrics;
	uint32_t nfunctions, narcs;
	void *functions; /* see table_function */
	void *arcs;      /* see table_arc_at */
	size_t arcs_cap;
	struct map arc_index; /* caller, callee -> arc, of the first `used` of them */
};

#define TABLE_INIT { 0, 0, 0, NULL, NULL, 0, MAP_INIT }

static inline size_t table_totals_size(const struct table *t)
{
	return sizeof(struct totals) + t->nmetrics * sizeof(struct metric_cost);
}

static inline size_t table_arc_size(const struct table *t)
{
	return sizeof(struct arc) + t->nmetrics * sizeof(struct metric_cost);
}

/* The totals of a function, by its index. */
static inline struct totals *table_function(const struct table *t, uint32_t function)
{
	return (struct totals *)((char *)t->functions + function * table_totals_size(t));
}

static inline uint32_t table_function_index(const struct table *t, const struct totals *row)
{
	return (uint32_t)((size_t)((const char *)row - (const char *)t->functions) /
			  table_totals_size(t));
}

/* The i-th arc. */
static inline struct arc *table_arc_at(const struct table *t, uint32_t i)
{
	return (struct arc *)((char *)t->arcs + i * table_arc_size(t));
}

/* Adds calls and costs. */
static inline void totals_add(struct totals *to, const struct totals *from, uint32_t nmetrics)
{
	to->ncalls += from->ncalls;
	to->nprimitive += from->nprimitive;
	for (uint32_t m = 0; m < nmetrics; m++) {
		to->costs[m].self += from->costs[m].self;
		to->costs[m].cum += from->costs[m].cum;
		to->costs[m].below += from->costs[m].below;
	}
}

struct profile {
	struct strtab strings;
	struct metric metrics[PROFILE_MAX_METRICS];
	uint32_t nmetrics;

	struct function *functions;
	uint32_t nfunctions;
	size_t functions_cap;
	struct map function_index; /* of the first `used` of them */

	/* The tree, or NULL and 0. cum has nnodes rows of nmetrics values. */
	struct node *nodes;
	int64_t *cum;
	uint32_t nnodes;
	size_t nodes_cap, cum_cap;
	uint32_t *children; /* a hash table of nodes, by parent and function, with
	                     * PROFILE_NONE in free places; of profile_child alone */
	size_t nchildren, children_size;

	/* The totals read from a format without a tree; with a tree unused. */
	struct table table;

	bool sampled;       /* weights are samples: there are no call counts */
	const char *left_out; /* what of its file is not here, for people; or NULL */
	uint64_t nlost;     /* calls that could not be recorded */
	uint64_t nfolded;   /* calls booked on an ancestor past the node limit */

	size_t room; /* for profile_is_too_large; 0 where nobody has to be distrusted */
};

/* An empty profile without metrics; NULL without memory. */
struct profile *profile_new(void);
void profile_free(struct profile *p);

/* Frees what was measured: functions and metrics stay, without a tree or totals. */
void profile_drop_costs(struct profile *p);

/* What there is for what is made of a small file, in bytes. */
enum { PROFILE_ROOM = 50 << 20 };

/* For a reader of files of unknown making, in which a few bytes may stand for a
 * function, a node or an arc: the file has so many bytes, and so many more are held
 * in memory besides. */
void profile_limit(struct profile *p, size_t nbytes, size_t beside);

/* Whether what was read, arcs that are kept or will be derived included, takes a
 * command more than what profile_limit allows: some 50 MB and the size of the file,
 * several times what any real file needs. */
bool profile_is_too_large(const struct profile *p, size_t narcs);
#define PROFILE_TOO_LARGE "more functions and calls than any profile of its size has"

/* Adds a metric; its index, or -1 (no memory, too many, or nodes or totals exist). */
int profile_add_metric(struct profile *p, const char *name, const char *unit);

/* The index of the function with this identity (file, line, name, qualname),
 * added when it is new; PROFILE_NONE without memory. qualname NULL: as name. */
uint32_t profile_function(struct profile *p, const char *file, uint32_t line,
			  const char *name, const char *qualname);

/* The same of texts that are in p->strings; qualname is not NULL. */
uint32_t profile_function_of(struct profile *p, const char *file, uint32_t line,
			     const char *name, const char *qualname);

/* Makes room for so many functions in all; -1 without memory. */
int profile_reserve(struct profile *p, size_t nfunctions);

/* Adds a function that is known to be new, of texts that are in p->strings; its
 * qualname is its name. It is in no index before profile_function is called. */
uint32_t profile_add_function(struct profile *p, const char *file, uint32_t line,
			      const char *name);

static inline bool profile_has_tree(const struct profile *p)
{
	return p->nnodes != 0;
}

static inline bool node_is_strand(const struct profile *p, uint32_t node)
{
	return node != 0 && p->nodes[node].parent == 0 &&
	       function_is_strand(&p->functions[p->nodes[node].function]);
}

/* Makes the root when there is none; -1 without memory. */
int profile_add_root(struct profile *p);

/* The child of `parent` for `function`, added when it is new; PROFILE_NONE
 * without memory. Calls and costs are for the caller to add. */
uint32_t profile_child(struct profile *p, uint32_t parent, uint32_t function);

/* Appends a node without looking for one that exists: for a source in which
 * (parent, function) is known to be unique. */
uint32_t profile_append_node(struct profile *p, uint32_t parent, uint32_t function);

/* Inclusive values of a node: nmetrics of them. */
static inline int64_t *profile_node_cum(const struct profile *p, uint32_t node)
{
	return &p->cum[(size_t)node * p->nmetrics];
}

/* The number of the arc caller -> callee of a table, added when it is new; PROFILE_NONE
 * without memory. */
uint32_t table_arc_index(struct table *t, uint32_t caller, uint32_t callee);

/* The arc itself, or NULL. The pointer is good until the next arc is added. */
static inline struct arc *table_arc(struct table *t, uint32_t caller, uint32_t callee)
{
	uint32_t i = table_arc_index(t, caller, callee);

	return i == PROFILE_NONE ? NULL : table_arc_at(t, i);
}

/* Makes room for so many arcs in all; -1 without memory. */
int table_reserve(struct table *t, size_t narcs);

/* Adds an arc that is known to be new; it is in no index before table_arc is called. */
struct arc *table_add_arc(struct table *t, uint32_t caller, uint32_t callee);

/* The arc if it is there, else NULL. */
struct arc *table_find_arc(const struct table *t, uint32_t caller, uint32_t callee);

/* Makes `functions` hold n cleared rows (those there are stay); -1 without
 * memory. */
int table_resize(struct table *t, uint32_t nfunctions);
void table_release(struct table *t);

/* The index of a metric, or -1. */
int profile_metric(const struct profile *p, const char *name);

#endif
