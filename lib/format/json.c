#include "format/json.h"

#include <math.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/number.h"

enum { MAX_DEPTH = 64 };

/* Where a key was seen, so that its next value replaces the first one without
 * walking the object: a hostile document has a hundred thousand keys. */
struct member {
	const struct json *object;
	struct json *value;
};

struct parser {
	struct arena *arena;
	const uint8_t *start, *at, *end;
	unsigned depth;
	struct map index; /* object and key -> members */
	struct member *members;
	size_t nmembers, members_cap;
	struct buf text; /* the string being read */
	struct error *err;
};

static int fail(struct parser *p, const char *what)
{
	unsigned line = 1;

	for (const uint8_t *s = p->start; s < p->at; s++)
		line += *s == '\n';
	return error_set(p->err, ERR_FORMAT, "line %u: %s", line, what);
}

static void skip_space(struct parser *p)
{
	while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' ||
				  *p->at == '\r'))
		p->at++;
}

/* The next character that is no space, or -1 at the end. */
static int peek(struct parser *p)
{
	skip_space(p);
	return p->at < p->end ? *p->at : -1;
}

static int hex4(struct parser *p, uint32_t *code)
{
	*code = 0;
	if (p->end - p->at < 4)
		return fail(p, "the text ends inside a string");
	for (int i = 0; i < 4; i++) {
		uint8_t c = *p->at++;
		uint32_t digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (c | 0x20) - 'a' + 10u;
		else
			return fail(p, "\\u wants four hexadecimal digits");
		*code = *code << 4 | digit;
	}
	return 0;
}

static void add_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_addc(out, (char)c);
	} else if (c < 0x800) {
		buf_addc(out, (char)(0xC0 | c >> 6));
		buf_addc(out, (char)(0x80 | (c & 0x3F)));
	} else if (c < 0x10000) {
		buf_addc(out, (char)(0xE0 | c >> 12));
		buf_addc(out, (char)(0x80 | (c >> 6 & 0x3F)));
		buf_addc(out, (char)(0x80 | (c & 0x3F)));
	} else {
		buf_addc(out, (char)(0xF0 | c >> 18));
		buf_addc(out, (char)(0x80 | (c >> 12 & 0x3F)));
		buf_addc(out, (char)(0x80 | (c >> 6 & 0x3F)));
		buf_addc(out, (char)(0x80 | (c & 0x3F)));
	}
}

/* Behind "\u". Half a surrogate pair, which Python writes for bytes that were
 * no UTF-8, becomes U+FFFD. */
static int parse_code(struct parser *p)
{
	uint32_t code, low;

	if (hex4(p, &code) < 0)
		return -1;
	if (code == 0)
		return fail(p, "a NUL character in a string");
	if (code >= 0xD800 && code <= 0xDBFF && p->end - p->at >= 6 && p->at[0] == '\\' &&
	    p->at[1] == 'u') {
		const uint8_t *back = p->at;

		p->at += 2;
		if (hex4(p, &low) < 0)
			return -1;
		if (low >= 0xDC00 && low <= 0xDFFF)
			code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		else
			p->at = back;
	}
	if (code >= 0xD800 && code <= 0xDFFF)
		code = 0xFFFD;
	add_utf8(&p->text, code);
	return 0;
}

static int parse_escape(struct parser *p)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *found;
	uint8_t c;

	if (p->at == p->end)
		return fail(p, "the text ends inside a string");
	c = *p->at++;
	if (c == 'u')
		return parse_code(p);
	found = c ? strchr(names, c) : NULL;
	if (found == NULL)
		return fail(p, "an unknown escape in a string");
	buf_addc(&p->text, values[found - names]);
	return 0;
}

/* At the opening quote. */
static const char *parse_string(struct parser *p)
{
	const char *copy;

	buf_clear(&p->text);
	p->at++;
	for (;;) {
		size_t left = (size_t)(p->end - p->at), len;
		uint32_t code;

		if (left == 0) {
			fail(p, "the text ends inside a string");
			return NULL;
		}
		if (*p->at == '"')
			break;
		if (*p->at == '\\') {
			p->at++;
			if (parse_escape(p) < 0)
				return NULL;
			continue;
		}
		len = text_utf8((const char *)p->at, left, &code);
		if (len == 0 || code < 0x20) {
			fail(p, len ? "a control character in a string" : "text that is not UTF-8");
			return NULL;
		}
		buf_add(&p->text, p->at, len);
		p->at += len;
	}
	p->at++;
	copy = p->text.failed ? NULL : arena_strndup(p->arena, p->text.data ? p->text.data : "",
						     p->text.len);
	if (copy == NULL)
		error_nomem(p->err);
	return copy;
}

static size_t digits(struct parser *p)
{
	const uint8_t *from = p->at;

	while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
		p->at++;
	return (size_t)(p->at - from);
}

/* A whole number that fits; not "-0", whose sign an integer loses. */
static bool parse_integer(const char *s, size_t len, int64_t *value)
{
	bool negative = len != 0 && s[0] == '-';
	uint64_t n = 0;

	for (size_t i = negative; i < len; i++) {
		unsigned digit = (unsigned)(s[i] - '0');

		if (n > ((uint64_t)INT64_MAX + negative - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (negative && n == 0)
		return false;
	*value = negative ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

static int parse_number(struct parser *p, struct json *v)
{
	const char *from = (const char *)p->at;
	bool whole = true;
	size_t len;

	if (*p->at == '-')
		p->at++;
	if (p->at < p->end && *p->at == '0')
		p->at++;
	else if (digits(p) == 0)
		return fail(p, "a number without digits");
	if (p->at < p->end && *p->at == '.') {
		whole = false;
		p->at++;
		if (digits(p) == 0)
			return fail(p, "a number without digits behind its point");
	}
	if (p->at < p->end && (*p->at | 0x20) == 'e') {
		whole = false;
		p->at++;
		if (p->at < p->end && (*p->at == '+' || *p->at == '-'))
			p->at++;
		if (digits(p) == 0)
			return fail(p, "a number without digits in its exponent");
	}
	len = (size_t)((const char *)p->at - from);
	v->type = JSON_NUMBER;
	if (!number_parse(from, len, &v->number))
		return fail(p, "a number too large");
	v->is_int = whole && parse_integer(from, len, &v->integer);
	return 0;
}

static int parse_word(struct parser *p, struct json *v)
{
	static const struct { const char *text; enum json_type type; bool value; } words[] = {
		{ "null", JSON_NULL, false }, { "true", JSON_BOOL, true },
		{ "false", JSON_BOOL, false }
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t len = strlen(words[i].text);

		if ((size_t)(p->end - p->at) >= len && memcmp(p->at, words[i].text, len) == 0) {
			p->at += len;
			v->type = words[i].type;
			v->boolean = words[i].value;
			return 0;
		}
	}
	return fail(p, "not JSON");
}

static int parse_value(struct parser *p, struct json *v);

/* The value that `key` has in `object` already, or NULL. */
static struct json *find_member(const struct parser *p, uint64_t hash, const struct json *object,
				const char *key)
{
	uint32_t i;
	size_t at = 0;

	while ((i = map_find(&p->index, hash, &at)) != MAP_NONE)
		if (p->members[i].object == object && strcmp(p->members[i].value->key, key) == 0)
			return p->members[i].value;
	return NULL;
}

static int add_member(struct parser *p, uint64_t hash, const struct json *object,
		      struct json *value)
{
	struct member *grown = mem_grow(p->members, &p->members_cap, p->nmembers + 1,
					sizeof *grown);

	if (grown == NULL)
		return error_nomem(p->err);
	p->members = grown;
	grown[p->nmembers] = (struct member){ object, value };
	if (map_add(&p->index, hash, (uint32_t)p->nmembers) < 0)
		return error_nomem(p->err);
	p->nmembers++;
	return 0;
}

/* One "key": value. A key seen before gets the new value in its old place. */
static int parse_member(struct parser *p, struct json *object, struct json ***tail)
{
	struct json *v = arena_zalloc(p->arena, sizeof *v), *old;
	uint64_t hash;

	if (v == NULL)
		return error_nomem(p->err);
	if (peek(p) != '"')
		return fail(p, "a member without a name");
	v->key = parse_string(p);
	if (v->key == NULL)
		return -1;
	if (peek(p) != ':')
		return fail(p, "no colon behind a name");
	p->at++;
	if (parse_value(p, v) < 0)
		return -1;
	hash = map_hash(v->key, strlen(v->key)) ^ map_mix((uintptr_t)object);
	old = find_member(p, hash, object, v->key);
	if (old != NULL) {
		struct json *next = old->next;

		*old = *v;
		old->next = next;
		return 0;
	}
	**tail = v;
	*tail = &v->next;
	return add_member(p, hash, object, v);
}

static int parse_element(struct parser *p, struct json ***tail)
{
	struct json *v = arena_zalloc(p->arena, sizeof *v);

	if (v == NULL)
		return error_nomem(p->err);
	**tail = v;
	*tail = &v->next;
	return parse_value(p, v);
}

/* At the opening bracket. */
static int parse_container(struct parser *p, struct json *v)
{
	bool object = *p->at++ == '{';
	int close = object ? '}' : ']';
	struct json **tail = &v->first;

	v->type = object ? JSON_OBJECT : JSON_ARRAY;
	if (++p->depth > MAX_DEPTH)
		return fail(p, "nested too deeply");
	if (peek(p) == close) {
		p->at++;
		p->depth--;
		return 0;
	}
	for (;;) {
		if ((object ? parse_member(p, v, &tail) : parse_element(p, &tail)) < 0)
			return -1;
		if (peek(p) == close)
			break;
		if (peek(p) != ',')
			return fail(p, p->at == p->end ? "the text ends too early"
						       : "no comma between two values");
		p->at++;
	}
	p->at++;
	p->depth--;
	return 0;
}

static int parse_value(struct parser *p, struct json *v)
{
	int c = peek(p);

	if (c < 0)
		return fail(p, "the text ends too early");
	if (c == '{' || c == '[')
		return parse_container(p, v);
	if (c == '-' || (c >= '0' && c <= '9'))
		return parse_number(p, v);
	if (c != '"')
		return parse_word(p, v);
	v->type = JSON_STRING;
	v->string = parse_string(p);
	return v->string ? 0 : -1;
}

struct json *json_parse(struct arena *arena, struct bytes in, struct error *err)
{
	static const uint8_t nothing[1];
	const uint8_t *start = in.len ? in.data : nothing;
	struct parser p = { .arena = arena, .start = start, .at = start, .end = start + in.len,
			    .index = MAP_INIT, .text = BUF_INIT, .err = err };
	struct json *v = arena_zalloc(arena, sizeof *v);
	int rc;

	if (v == NULL) {
		error_nomem(err);
		return NULL;
	}
	rc = parse_value(&p, v);
	if (rc == 0 && peek(&p) >= 0)
		rc = fail(&p, "something stands behind the end");
	map_release(&p.index);
	mem_free(p.members);
	buf_release(&p.text);
	return rc == 0 ? v : NULL;
}

struct json *json_get(const struct json *object, const char *key)
{
	if (object == NULL || object->type != JSON_OBJECT)
		return NULL;
	for (struct json *v = object->first; v != NULL; v = v->next)
		if (strcmp(v->key, key) == 0)
			return v;
	return NULL;
}

static const struct json *get_typed(const struct json *object, const char *key,
				    enum json_type type)
{
	const struct json *v = json_get(object, key);

	return v != NULL && v->type == type ? v : NULL;
}

const char *json_str(const struct json *object, const char *key, const char *fallback)
{
	const struct json *v = get_typed(object, key, JSON_STRING);

	return v ? v->string : fallback;
}

int64_t json_int(const struct json *object, const char *key, int64_t fallback)
{
	const struct json *v = get_typed(object, key, JSON_NUMBER);

	return v && v->is_int ? v->integer : fallback;
}

double json_num(const struct json *object, const char *key, double fallback)
{
	const struct json *v = get_typed(object, key, JSON_NUMBER);

	return v ? v->number : fallback;
}

bool json_bool(const struct json *object, const char *key, bool fallback)
{
	const struct json *v = get_typed(object, key, JSON_BOOL);

	return v ? v->boolean : fallback;
}
