/* config.h -- cprof.toml as a tree of plain structs, each part with its place in the
 * file for who has something to say about it. What reads the text is the plug-in toml.so
 * (tools/plugin_toml.cc), by a library of C++; nothing else knows of it.
 *
 *     [[rule]]                  table ""
 *     route = "GET /"             array "rule", 1:1
 *     sql = 3                       table, 1:1
 *                                     text "route", 2:1, value at 2:9
 *                                     integer "sql", 3:1, value at 3:7
 */
#ifndef CPROF_CHANGE_CONFIG_H
#define CPROF_CHANGE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

enum config_kind {
	CONFIG_TABLE, CONFIG_ARRAY, CONFIG_TEXT, CONFIG_INTEGER, CONFIG_FLOAT, CONFIG_BOOL, CONFIG_TIME
};

struct config {
	enum config_kind kind;
	const char *key;       /* in a table; UTF-8, without a NUL inside; else NULL */
	unsigned line, column; /* of the key, in an array of the value; from 1 */
	unsigned value_line, value_column;
	const char *text;      /* UTF-8, without a NUL inside */
	int64_t integer;
	double number;
	bool boolean;
	struct config *first;    /* of a table, in the order of the file; of an array */
	struct config *next;     /* sibling */
};

/* The document's table, in `arena`; NULL with err ("7:3: what is wrong"). */
typedef struct config *config_reader(struct arena *arena, struct bytes in, struct error *err);

#endif
