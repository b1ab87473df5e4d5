/* pick.h -- requests by their method and route, as people name them:
 *
 *     GET /user/{id}     the template, as `cprof ls` prints it
 *     GET /user/<int:id> the same as a framework writes it
 *     GET /us*           "*", "?" and "[a-z]" as in a shell; "*" takes slashes too
 *     /user/7            any method; a path that was asked for will do
 *     * *                whatever there is
 */
#ifndef CPROF_SNAPSHOT_PICK_H
#define CPROF_SNAPSHOT_PICK_H

#include "snapshot/archive.h"

/* Whether the word has the form of one of these. It may be a path as well. */
bool pick_is_pattern(const char *what);

struct pick_pattern {
	char *method;     /* NULL: any */
	char *route;      /* as it was typed */
	char *normalised; /* a framework's template in the common form, or NULL */
};

/* `what` is a pattern; -1 without memory. */
int pick_pattern_init(struct pick_pattern *out, const char *what, struct error *err);
void pick_pattern_release(struct pick_pattern *p);
bool pick_matches(const struct pick_pattern *p, const struct snapshot *s);
/* A request of which no more is known; route: the template or the path. */
bool pick_matches_route(const struct pick_pattern *p, const char *method, const char *route);

/* Of v[0..n), n > 0, that of median wall time (of two in the middle the faster),
 * and the slowest; equal times by start, then by name. Sorts v by wall time. */
const struct snapshot *pick_median(const struct snapshot **v, size_t n);
const struct snapshot *pick_slowest(const struct snapshot **v, size_t n);

#endif
