/* identity.h -- by what name a function is the same one at another commit, in another
 * checkout, on another machine.
 *
 *     file                                          origin          file of the identity
 *     /srv/shop/app/views.py, root /srv/shop        ORIGIN_APP      app/views.py
 *     .../site-packages/flask/app.py                ORIGIN_PACKAGE  flask/app.py
 *     .../lib/python3.12/json/decoder.py            ORIGIN_STDLIB   json/decoder.py
 *     ~, <frozen importlib._bootstrap>, <string>    ORIGIN_BUILTIN  as it is
 *
 * The name is the qualified one, without addresses ("... at 0x7f31>" -> "... at 0x>").
 * Lines are no part of it: of several with one file and name the n-th by line matches
 * the n-th.
 *
 * People and rules write a dotted name instead:
 *
 *     app.views:show, app.views.show                      of app/views.py
 *     sqlite3.Cursor.execute                              a method of a C type
 *     psycopg2.extensions.cursor.execute
 *     builtins.len
 */
#ifndef CPROF_CHANGE_IDENTITY_H
#define CPROF_CHANGE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"

enum origin { ORIGIN_APP, ORIGIN_PACKAGE, ORIGIN_STDLIB, ORIGIN_BUILTIN };

struct identity {
	enum origin origin;
	const char *file; /* UTF-8, relative as above */
	const char *name; /* qualified */
	uint32_t nth;     /* from 0: of several with this file and name */
};

/* Where `file` comes from, and its relative form, in `arena` or a part of `file` itself.
 * root: the work tree's absolute path, or NULL: then what is neither a package's nor the
 * library's keeps its path. NULL without memory. */
const char *identity_file(struct arena *arena, const char *file, const char *root,
			  enum origin *origin);

/* The qualified name without addresses; `name` itself where it has none; NULL without
 * memory. */
const char *identity_name(struct arena *arena, const char *name);

/* By file, name, nth; 0 for the same function. The origin is not looked at: code that
 * moved from a package into the work tree under the same path is the same. */
int identity_compare(const struct identity *a, const struct identity *b);

/* Appends the dotted form, "app.views:show"; of a C function what its text says,
 * "sqlite3.Cursor.execute". */
void identity_dotted(struct buf *out, const struct identity *id);

/* Whether a pattern of a rule means this function: dotted, with "*", "?" and "[a-z]" as
 * in a shell, ":" and "." alike; a module alone ("sqlite3", "app.views") or a package
 * ("app.*") means all within. */
bool identity_matches(const struct identity *id, const char *pattern);

/* Whether calling it executes SQL, by DB-API 2.0 (PEP 249): execute, executemany,
 * executescript, callproc of the drivers listed in identity_sql.c, C and Python ones. Each
 * statement is counted once: of a driver whose Python method calls a C one, the inner. */
bool identity_is_sql(const struct identity *id);

#endif
