/* json_walk.h -- JSON without a tree: a reader is called for each member or item and
 * takes the value itself, by one of these. Depth is the reader's own; what it skips
 * may be 64 deep. All return -1 with err.
 */
#ifndef CPROF_FORMAT_JSON_WALK_H
#define CPROF_FORMAT_JSON_WALK_H

#include "format/json_lex.h"

enum { JSON_KEY_MAX = 32 };

/* Calls `member` with the name of each member of the object; names longer than
 * JSON_KEY_MAX come as "". */
int json_walk_object(struct json_lexer *l, int (*member)(void *arg, const char *key), void *arg);

/* Calls `item` for each item of the array. */
int json_walk_array(struct json_lexer *l, int (*item)(void *arg), void *arg);

int json_skip(struct json_lexer *l);

/* The string is in l->text, *s borrowed from there; NULL where it is null. */
int json_take_string(struct json_lexer *l, const char **s);
int json_take_number(struct json_lexer *l, struct json *v);

#endif
