/* name.h -- what a function is called in a picture: its qualified name, and
 * module and line, made out of the path of its file.
 *
 *     .../site-packages/flask/app.py:904  wsgi_app        flask.app:904       library
 *     .../lib/python3.11/json/__init__.py:183  loads      json:183            stdlib
 *     <frozen importlib._bootstrap>:1022                  importlib._bootstrap:1022
 *     /srv/shop/views/user.py:12                          views.user:12       own
 *     ~:0  <method 'append' of 'list' objects>            list.append, built-in
 *
 * Own code is named from the deepest folder that holds all of it. Names come
 * from anywhere: what is returned is printable UTF-8 of at most NAME_MAX_CHARS
 * characters, the middle of longer ones left out.
 */
#ifndef CPROF_GRAPH_NAME_H
#define CPROF_GRAPH_NAME_H

#include "base/buf.h"
#include "graph/graph.h"

enum { NAME_MAX_CHARS = 120 };

/* The part of a path that own code has in common with all other own code:
 * start with NAME_BASE_INIT and add every function's file. */
struct name_base {
	const char *path;
	size_t len;
};

#define NAME_BASE_INIT { NULL, 0 }

void name_base_add(struct name_base *base, const char *file);

/* Appends where the library lies that the file is of (".../site-packages/flask"), or a
 * like path for a module of the standard library; false where it is of none: own code,
 * built-in. */
bool name_package(struct buf *out, const char *file);

/* Fills name, place and origin of the node from its function; -1 without
 * memory. */
int name_node(struct graph_node *node, const struct name_base *base, struct arena *arena);

#endif
