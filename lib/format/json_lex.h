/* json_lex.h -- the words of JSON, for json.c, which makes a tree of them, and for
 * readers of files so large that they had better not be one (json_walk.h). */
#ifndef CPROF_FORMAT_JSON_LEX_H
#define CPROF_FORMAT_JSON_LEX_H

#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "format/json.h"

struct json_lexer {
	const uint8_t *start, *at, *end;
	struct buf text; /* of the string read last */
	struct error *err;
};

void json_lex_begin(struct json_lexer *l, struct bytes in, struct error *err);
void json_lex_end(struct json_lexer *l);

/* "line 3: what"; returns -1. */
int json_fail(struct json_lexer *l, const char *what);

/* The next character that is no space, or -1 at the end. */
int json_peek(struct json_lexer *l);

/* What begins with a quote, a digit or '-', a letter, according to json_peek. A
 * string goes to l->text. */
int json_lex_string(struct json_lexer *l);
int json_lex_number(struct json_lexer *l, struct json *v);
int json_lex_word(struct json_lexer *l, struct json *v);

#endif
