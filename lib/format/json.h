/* json.h -- JSON in (a tree in an arena) and out (into a buf). RFC 8259; depth
 * at most 64; a repeated key keeps the last value. The web process writes it,
 * and must link nothing, hence ours.
 */
#ifndef CPROF_FORMAT_JSON_H
#define CPROF_FORMAT_JSON_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	enum json_type type;
	const char *key;  /* in an object; UTF-8, else NULL */
	bool boolean;
	double number;
	bool is_int;      /* written without fraction or exponent and fits */
	int64_t integer;
	const char *string; /* UTF-8, NUL-terminated; an escaped NUL is refused */
	struct json *first; /* of an array or object */
	struct json *next;  /* sibling */
};

/* The document, in `arena`; NULL with err ("line 3: ..."). */
struct json *json_parse(struct arena *arena, struct bytes in, struct error *err);

/* Member of an object, or NULL (also for NULL or another type). */
struct json *json_get(const struct json *object, const char *key);

/* The member's value, or the fallback where it is missing or of another type. */
const char *json_str(const struct json *object, const char *key, const char *fallback);
int64_t json_int(const struct json *object, const char *key, int64_t fallback);
double json_num(const struct json *object, const char *key, double fallback);
bool json_bool(const struct json *object, const char *key, bool fallback);

/* Appends text in quotes. What is not UTF-8 becomes U+FFFD, what a terminal would
 * obey \u001b. */
void json_text(struct buf *out, const char *s);

/* Writing: a cursor that places commas, newlines and two-space indents. `key`
 * is NULL inside an array. */
struct json_writer {
	struct buf *out;
	unsigned depth;
	bool first;
};

void json_begin(struct json_writer *w, struct buf *out); /* begins an object */
void json_end(struct json_writer *w);                    /* ends it, with a newline */
void json_open_object(struct json_writer *w, const char *key);
void json_open_array(struct json_writer *w, const char *key);
void json_close_object(struct json_writer *w);
void json_close_array(struct json_writer *w);
void json_add_string(struct json_writer *w, const char *key, const char *value); /* NULL: null */
void json_add_int(struct json_writer *w, const char *key, int64_t value);
void json_add_number(struct json_writer *w, const char *key, double value); /* not finite: null */
void json_add_bool(struct json_writer *w, const char *key, bool value);
void json_add_null(struct json_writer *w, const char *key);
/* Places a value that the caller then appends to the buffer itself, in one line. */
void json_place(struct json_writer *w, const char *key);
/* A parsed value, as it was: what a newer version wrote survives us. */
void json_add_value(struct json_writer *w, const char *key, const struct json *value);

#endif
