#include "format/json_lex.h"

#include <string.h>

#include "base/text.h"
#include "format/number.h"

enum { LONG_LINE = 500 };

void json_lex_begin(struct json_lexer *l, struct bytes in, struct error *err)
{
	static const uint8_t nothing[1];
	const uint8_t *start = in.len ? in.data : nothing;

	*l = (struct json_lexer){ start, start, start + in.len, BUF_INIT, err };
}

void json_lex_end(struct json_lexer *l)
{
	buf_release(&l->text);
}

int json_fail(struct json_lexer *l, const char *what)
{
	const uint8_t *begin = l->start;
	unsigned line = 1;

	for (const uint8_t *s = l->start; s < l->at; s++) {
		if (*s != '\n')
			continue;
		line++;
		begin = s + 1;
	}
	/* Programs write all in one line. */
	if (l->at - begin > LONG_LINE)
		return error_set(l->err, ERR_FORMAT, "line %u, byte %zu of it: %s", line,
				 (size_t)(l->at - begin), what);
	return error_set(l->err, ERR_FORMAT, "line %u: %s", line, what);
}

static void skip_space(struct json_lexer *l)
{
	while (l->at < l->end && (*l->at == ' ' || *l->at == '\t' || *l->at == '\n' ||
				  *l->at == '\r'))
		l->at++;
}

/* The next character that is no space, or -1 at the end. */
int json_peek(struct json_lexer *l)
{
	skip_space(l);
	return l->at < l->end ? *l->at : -1;
}

static int hex4(struct json_lexer *l, uint32_t *code)
{
	*code = 0;
	if (l->end - l->at < 4)
		return json_fail(l, "the text ends inside a string");
	for (int i = 0; i < 4; i++) {
		uint8_t c = *l->at++;
		uint32_t digit;

		if (c >= '0' && c <= '9')
			digit = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (c | 0x20) - 'a' + 10u;
		else
			return json_fail(l, "\\u wants four hexadecimal digits");
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
static int parse_code(struct json_lexer *l)
{
	uint32_t code, low;

	if (hex4(l, &code) < 0)
		return -1;
	if (code == 0)
		return json_fail(l, "a NUL character in a string");
	if (code >= 0xD800 && code <= 0xDBFF && l->end - l->at >= 6 && l->at[0] == '\\' &&
	    l->at[1] == 'u') {
		const uint8_t *back = l->at;

		l->at += 2;
		if (hex4(l, &low) < 0)
			return -1;
		if (low >= 0xDC00 && low <= 0xDFFF)
			code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
		else
			l->at = back;
	}
	if (code >= 0xD800 && code <= 0xDFFF)
		code = 0xFFFD;
	add_utf8(&l->text, code);
	return 0;
}

static int parse_escape(struct json_lexer *l)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *found;
	uint8_t c;

	if (l->at == l->end)
		return json_fail(l, "the text ends inside a string");
	c = *l->at++;
	if (c == 'u')
		return parse_code(l);
	found = c ? strchr(names, c) : NULL;
	if (found == NULL)
		return json_fail(l, "an unknown escape in a string");
	buf_addc(&l->text, values[found - names]);
	return 0;
}

/* The opening quote was seen. */
int json_lex_string(struct json_lexer *l)
{
	buf_clear(&l->text);
	l->at++;
	for (;;) {
		size_t left = (size_t)(l->end - l->at), len;
		uint32_t code;

		if (left == 0)
			return json_fail(l, "the text ends inside a string");
		if (*l->at == '"')
			break;
		if (*l->at == '\\') {
			l->at++;
			if (parse_escape(l) < 0)
				return -1;
			continue;
		}
		len = text_utf8((const char *)l->at, left, &code);
		if (len == 0 || code < 0x20)
			return json_fail(l, len ? "a control character in a string"
						: "text that is not UTF-8");
		buf_add(&l->text, l->at, len);
		l->at += len;
	}
	l->at++;
	return l->text.failed ? error_nomem(l->err) : 0;
}

static size_t digits(struct json_lexer *l)
{
	const uint8_t *from = l->at;

	while (l->at < l->end && *l->at >= '0' && *l->at <= '9')
		l->at++;
	return (size_t)(l->at - from);
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

int json_lex_number(struct json_lexer *l, struct json *v)
{
	const char *from = (const char *)l->at;
	bool whole = true;
	size_t len;

	if (*l->at == '-')
		l->at++;
	if (l->at < l->end && *l->at == '0')
		l->at++;
	else if (digits(l) == 0)
		return json_fail(l, "a number without digits");
	if (l->at < l->end && *l->at == '.') {
		whole = false;
		l->at++;
		if (digits(l) == 0)
			return json_fail(l, "a number without digits behind its point");
	}
	if (l->at < l->end && (*l->at | 0x20) == 'e') {
		whole = false;
		l->at++;
		if (l->at < l->end && (*l->at == '+' || *l->at == '-'))
			l->at++;
		if (digits(l) == 0)
			return json_fail(l, "a number without digits in its exponent");
	}
	len = (size_t)((const char *)l->at - from);
	v->type = JSON_NUMBER;
	if (!number_parse(from, len, &v->number))
		return json_fail(l, "a number too large");
	v->is_int = whole && parse_integer(from, len, &v->integer);
	return 0;
}

int json_lex_word(struct json_lexer *l, struct json *v)
{
	static const struct { const char *text; enum json_type type; bool value; } words[] = {
		{ "null", JSON_NULL, false }, { "true", JSON_BOOL, true },
		{ "false", JSON_BOOL, false }
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t len = strlen(words[i].text);

		if ((size_t)(l->end - l->at) >= len && memcmp(l->at, words[i].text, len) == 0) {
			l->at += len;
			v->type = words[i].type;
			v->boolean = words[i].value;
			return 0;
		}
	}
	return json_fail(l, "not JSON");
}
