#include "format/json_walk.h"

#include <string.h>

enum { MAX_DEPTH = 64 };

/* Behind a value: 1 when another follows, 0 behind the end. */
static int go_on(struct json_lexer *l, int close)
{
	int c = json_peek(l);

	if (c != ',' && c != close)
		return json_fail(l, c < 0 ? "the text ends too early" : "no comma between two values");
	l->at++;
	return c == ',';
}

static int take_key(struct json_lexer *l, char *key)
{
	if (json_peek(l) != '"')
		return json_fail(l, "a member without a name");
	if (json_lex_string(l) < 0)
		return -1;
	key[0] = '\0';
	if (l->text.len < JSON_KEY_MAX) {
		memcpy(key, l->text.len ? l->text.data : "", l->text.len);
		key[l->text.len] = '\0';
	}
	if (json_peek(l) != ':')
		return json_fail(l, "no colon behind a name");
	l->at++;
	return 0;
}

/* Whether there is a first one; the bracket is taken, and the last too if not. */
static int begin(struct json_lexer *l, char open, char close, const char *what)
{
	if (json_peek(l) != open)
		return json_fail(l, what);
	l->at++;
	if (json_peek(l) != close)
		return 1;
	l->at++;
	return 0;
}

int json_walk_object(struct json_lexer *l, int (*member)(void *arg, const char *key), void *arg)
{
	char key[JSON_KEY_MAX];
	int more = begin(l, '{', '}', "no object where one should be");

	while (more > 0) {
		if (take_key(l, key) < 0 || member(arg, key) < 0)
			return -1;
		more = go_on(l, '}');
	}
	return more;
}

int json_walk_array(struct json_lexer *l, int (*item)(void *arg), void *arg)
{
	int more = begin(l, '[', ']', "no list where one should be");

	while (more > 0) {
		if (item(arg) < 0)
			return -1;
		more = go_on(l, ']');
	}
	return more;
}

static int skip_scalar(struct json_lexer *l, int c)
{
	struct json v;

	if (c < 0)
		return json_fail(l, "the text ends too early");
	if (c == '"')
		return json_lex_string(l);
	return c == '-' || (c >= '0' && c <= '9') ? json_lex_number(l, &v) : json_lex_word(l, &v);
}

int json_skip(struct json_lexer *l)
{
	char closes[MAX_DEPTH], key[JSON_KEY_MAX];
	unsigned depth = 0;
	int more;

	for (;;) {
		int c = json_peek(l);

		if (c == '{' || c == '[') {
			if (depth == MAX_DEPTH)
				return json_fail(l, "nested too deeply");
			closes[depth++] = c == '{' ? '}' : ']';
			l->at++;
			more = 1;
			if (json_peek(l) == closes[depth - 1]) {
				l->at++;
				depth--;
				more = 0;
			}
		} else {
			if (skip_scalar(l, c) < 0)
				return -1;
			more = 0;
		}
		while (more == 0 && depth != 0) {
			more = go_on(l, closes[depth - 1]);
			if (more < 0)
				return -1;
			depth -= more == 0;
		}
		if (depth == 0)
			return 0;
		if (closes[depth - 1] == '}' && take_key(l, key) < 0)
			return -1;
	}
}

int json_take_string(struct json_lexer *l, const char **s)
{
	*s = NULL;
	if (json_peek(l) != '"')
		return json_skip(l);
	if (json_lex_string(l) < 0)
		return -1;
	*s = buf_str(&l->text);
	return l->text.failed ? error_nomem(l->err) : 0;
}

int json_take_number(struct json_lexer *l, struct json *v)
{
	int c = json_peek(l);

	if (c != '-' && (c < '0' || c > '9'))
		return json_fail(l, "no number where one should be");
	return json_lex_number(l, v);
}
