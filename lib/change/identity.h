/* identity.h -- by what name a function is the same one at another commit, in another
 * checkout, on another machine.
 *
 *     file                                          origin          file of the identity
 *     /srv/shop/app/views.py, root /srv/shop        ORIGIN_APP      app/views.py
 *     .../site-packages/flask/app.py                ORIGIN_PACKAGE  flask/app.py
 *     .../lib/python3.12/json/decoder.py            ORIGIN_STDLIB   json/decoder.py
 *     ~, <frozen importlib._bootstrap>, <string>    see profile/origin.h    as it is
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
#include "profile/origin.h"

struct identity {
	enum origin origin;
	const char *file; /* UTF-8, relative as above */
	const char *name; /* qualified */
	uint32_t nth;     /* from 0: of several with this file and name */
};

/* Where `file` comes from, and its relative form, in `arena` or a part of `file` itself;
 * "a/../b/./c.py" is "b/c.py". root: the work tree's absolute path, or NULL: then what is
 * neither a package's nor the library's keeps its path. A package or an interpreter that
 * lies in the work tree (".venv/lib/python3.12/site-packages/...") is one all the same; a
 * work tree in a folder of packages is one, too. NULL without memory. */
const char *identity_file(struct arena *arena, const char *file, const char *root,
			  enum origin *origin);

/* The qualified name without addresses; `name` itself where it has none; NULL without
 * memory. */
const char *identity_name(struct arena *arena, const char *name);

/* By file, name, nth; 0 for the same function. The origin is not looked at: code that
 * moved from a package into the work tree under the same path is the same. */
int identity_compare(const struct identity *a, const struct identity *b);

/* Appends the dotted form, "app.views:show"; of a C function what its text says,
 * "sqlite3.Cursor.execute". Of the application's own files a leading "src" is left out, as
 * their imports do; "make.<locals>.inner" is "make.inner". */
void identity_dotted(struct buf *out, const struct identity *id);

/* Whether a pattern of a rule means this function: dotted, with "*", "?" and "[a-z]" as
 * in a shell ("*" takes dots too), ":" and "." alike; a module or a package alone
 * ("sqlite3", "app.views", "app") and a C type ("sqlite3.Cursor") mean all within. */
bool identity_matches(const struct identity *id, const char *pattern);

/* Whether calling it executes SQL, by DB-API 2.0 (PEP 249): execute, executemany,
 * executescript, callproc of the drivers listed in identity_sql.c, C and Python ones. Each
 * statement is counted once: of methods that call one another, the innermost through which
 * every statement goes. Where it is a C function, mode fast does not see it. */
bool identity_is_sql(const struct identity *id);

#endif
