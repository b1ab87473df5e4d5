/* name.h -- what a snapshot's folder is called: METHOD.route.NNNNNNms
 *
 *     GET  /                   GET.root.000738ms
 *     GET  /user/<int:id>      GET.user.{id}.002123ms      (a template)
 *     GET  /user/7             GET.user.7.002123ms         (no template known)
 *     GET  /a/../{id}          GET.a.%2E%2E.%7Bid%7D.000001ms
 *     GET  /nowhere            GET.{unmatched}.000001ms    (a routed framework's 404)
 *
 * Everything outside [A-Za-z0-9_.~-] is percent-encoded, and so are a dot or
 * slash that would make a second dot in a row, a leading or trailing dot, slash,
 * '-' or '~' of the method or of the route, the dots of a method, and a raw
 * path's braces: no path, method or template can leave the run folder, hide, pass
 * for a template or break a shell.
 *
 *     GET /a//b        GET.a.%2Fb.000001ms       GET /a/       GET.a%2F.000001ms
 *     GET /.git/x      GET.%2Egit.x.000001ms     GET /root     GET.%72oot.000001ms
 *
 * Over 200 bytes the route is cut and ends in '~' and 16 hex digits of its hash;
 * a method over 64 too. No method at all is "_".
 */
#ifndef CPROF_SNAPSHOT_NAME_H
#define CPROF_SNAPSHOT_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { SNAPSHOT_NAME_MAX = 200 };

/* Rewrites a framework's template in the common form: Flask, Bottle and Django
 * "<int:id>", "<id>", "<path:rest>", Django's regular expressions "(?P<id>...)",
 * Pyramid's "{id}" and "{id:\d+}" all become "{id}", a group without a name
 * "{1}". The result begins with a slash, but for "{unmatched}", which stays what
 * it is. Appends to out. */
void route_normalise(struct buf *out, const char *rule);

/* Appends the folder's name. `route` is a normalised template or, with
 * is_template false, a path as WSGI gives it (percent-decoded bytes; need not be
 * UTF-8). `method` may be any token. */
void snapshot_name(struct buf *out, const char *method, const char *route, bool is_template,
		   int64_t wall_ms);

/* Reads a name back: false when it is none. wall_ms may be NULL; the method ends
 * at the first '.', the route before the last ".NNNNNNms"; a ".2" behind it is
 * allowed. Offsets into name. A name with other characters than snapshot_name
 * makes is none. */
bool snapshot_name_parse(const char *name, size_t *method_len, size_t *route_at,
			 size_t *route_len, int64_t *wall_ms);

bool snapshot_is_name(const char *name);

#endif
