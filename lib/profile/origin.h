/* origin.h -- whose code a function is, and what it is called apart from where the
 * interpreter stands.
 *
 *     .../lib/python3.11/site-packages/flask/app.py  ORIGIN_PACKAGE  flask/app.py
 *     /usr/lib/python3/dist-packages/six.py          ORIGIN_PACKAGE  six.py
 *     .../lib/python3.11/json/__init__.py            ORIGIN_STDLIB   json/__init__.py
 *     .../lib/python311.zip/json/decoder.py          ORIGIN_STDLIB   json/decoder.py
 *     <frozen importlib._bootstrap>                  ORIGIN_STDLIB   as it is
 *     <string>                                       ORIGIN_PACKAGE  as it is: mostly a
 *                           library's doing (dataclasses, named tuples, attrs)
 *     ~                                              ORIGIN_BUILTIN  as it is
 *     all else                                       ORIGIN_APP      as it is
 *
 * A C function is called what cProfile calls it, an address and all:
 *
 *     <built-in method builtins.len>
 *     <method 'execute' of 'sqlite3.Cursor' objects>
 *     <built-in method __new__ of type object at 0x7f31aa>
 */
#ifndef CPROF_PROFILE_ORIGIN_H
#define CPROF_PROFILE_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"

enum origin { ORIGIN_APP, ORIGIN_PACKAGE, ORIGIN_STDLIB, ORIGIN_BUILTIN };

/* Of a function's file. *rest, unless NULL, is the part of it that is named above. */
enum origin origin_of_file(const char *file, const char **rest);

/* "flask/app.py" -> "flask.app", "json/__init__.py" -> "json"; what is no Python file
 * (a template) stays as it is. */
void origin_add_module(struct buf *out, const char *path);

/* "make.<locals>.inner" -> "make.inner". */
void origin_add_qualname(struct buf *out, const char *qualname);

/* The parts of a C function's name, borrowed from it; false where it has none.
 *
 *     len of builtins (a module), execute of sqlite3.Cursor, __new__ of type
 */
struct c_name {
	const char *owner, *name;
	size_t owner_len, name_len; /* owner_len 0: there is none */
	bool of_module;
};

bool c_name_parse(struct c_name *out, const char *s);

/* "<... at 0x7f31>" -> "<... at 0x>": objects stand elsewhere in each process. `name`
 * itself where there is nothing to leave out; NULL without memory. */
const char *name_without_addresses(struct arena *arena, const char *name);

#endif
