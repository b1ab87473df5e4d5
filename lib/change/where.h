/* where.h -- where in the call tree a difference enters: two trees walked in parallel,
 * from the request down to the deepest node that holds most of it.
 *
 *     GET /user/{id}      100 -> 160   +60
 *      `- show             90 -> 150   +60
 *          |- template     40 ->  41    +1
 *          `- lines        50 -> 109   +59
 *              |- parse    20 ->  22    +2
 *              `- execute  25 ->  80   +55    here
 *
 * A function that only one tree has between two that both have (a new decorator) is passed
 * through: below it the other tree is looked for where it was.
 */
#ifndef CPROF_CHANGE_WHERE_H
#define CPROF_CHANGE_WHERE_H

#include "change/identity.h"
#include "profile/profile.h"

struct rename_map;

/* The work tree of each side, or NULL. */
struct roots {
	const char *before, *after;
};

/* One step of the way down. */
struct place {
	struct identity id;
	uint32_t line;
	/* Cum, or calls in it and below; with what is passed through, of what stands below. */
	int64_t old_value, new_value;
	uint64_t old_calls, new_calls; /* of itself, there */
};

enum { WHERE_CALLS = -1 };

/* The way from right below the request to the node, in `arena`; *n 0 where a profile has
 * no tree, or nothing changed. renames may be NULL. Metrics are
 * indices into each profile's, or both WHERE_CALLS: where calls come from, which no noise
 * hides. -1 without memory. */
int where_between(struct place **out, size_t *n, const struct profile *before,
		  int old_metric, const struct profile *after, int new_metric,
		  const struct roots *roots, const struct rename_map *renames,
		  struct arena *arena, struct error *err);

#endif
