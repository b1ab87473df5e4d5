/* route.c -- the URL templates of the Python frameworks in one form.
 *
 *     Flask, werkzeug   /user/<int:id>  /<any("a", "b"):which>  /<path:rest>
 *     Bottle            /user/<id:int>  /<name:re:[a-z]+>  /:id  /:id#[0-9]+#
 *     Django path()     user/<int:id>/
 *     Django re_path()  ^user/(?P<id>[0-9]+)/$  ^user/([0-9]+)/$
 *     Pyramid           /user/{id:\d+}  and a last part *rest
 *     Starlette         /user/{id:int}
 *
 * Flask has the converter before the name and Bottle behind it; who is meant is
 * told by the filters that Bottle has built in. With a filter of the user's own
 * Bottle's "<id:mine>" becomes {mine}: it names the route as well.
 */
#include <string.h>

#include "snapshot/name.h"

struct rule {
	const char *s;  /* what is left of it */
	bool is_regex;  /* has a part that is Django's re_path() */
	unsigned unnamed; /* groups without a name so far */
	struct buf *out;
};

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static void add_parameter(struct rule *r, const char *name, size_t len)
{
	while (len != 0 && *name == ' ')
		name++, len--;
	while (len != 0 && name[len - 1] == ' ')
		len--;
	buf_addc(r->out, '{');
	buf_add(r->out, name, len);
	buf_addc(r->out, '}');
}

/* The end of a character class that begins at s, its ']' or the text's end. */
static const char *class_end(const char *s)
{
	s++;
	if (*s == '^')
		s++;
	if (*s == ']')
		s++;
	for (; *s != '\0' && *s != ']'; s++)
		if (*s == '\\' && s[1] != '\0')
			s++;
	return s;
}

/* The bracket that closes the one at s, or NULL. Escapes and, among regular
 * expressions, character classes are stepped over. */
static const char *closing(const char *s, char open, char close, bool classes)
{
	unsigned depth = 0;

	for (; *s != '\0'; s++) {
		if (*s == '\\' && s[1] != '\0')
			s++;
		else if (classes && *s == '[')
			s = class_end(s);
		else if (*s == open)
			depth++;
		else if (*s == close && --depth == 0)
			return s;
		if (*s == '\0')
			return NULL;
	}
	return NULL;
}

/* The first `stop` that is not in parentheses or quotes, or NULL. */
static const char *find_outside(const char *s, const char *end, char stop)
{
	unsigned depth = 0;
	char quote = '\0';

	for (; s != end && *s != '\0'; s++) {
		if (*s == '\\' && s + 1 != end && s[1] != '\0')
			s++;
		else if (quote != '\0')
			quote = *s == quote ? '\0' : quote;
		else if (depth != 0 && (*s == '"' || *s == '\''))
			quote = *s;
		else if (*s == '(')
			depth++;
		else if (*s == ')' && depth != 0)
			depth--;
		else if (*s == stop && depth == 0)
			return s;
	}
	return NULL;
}

static bool is_one_of(const char *s, size_t len, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strlen(*words) == len && memcmp(*words, s, len) == 0)
			return true;
	return false;
}

/* Whether "<left:right>" has the name on the left, as Bottle does. */
static bool is_bottles(const char *left, size_t nleft, const char *right, const char *end)
{
	static const char *const filters[] = { "re", "int", "float", "path", NULL };
	static const char *const converters[] = { "string", "default", "any",  "path", "int",
						  "float",  "uuid",    "slug", "str",  NULL };
	const char *colon = memchr(right, ':', (size_t)(end - right));
	size_t nfilter = (size_t)((colon ? colon : end) - right);

	if (is_one_of(left, nleft, converters))
		return false;
	return colon != NULL || is_one_of(right, nfilter, filters);
}

/* "<int:id>"; false when this '<' begins no parameter. */
static bool take_angle(struct rule *r)
{
	const char *in = r->s + 1;
	const char *end = find_outside(in, NULL, '>');
	const char *colon;

	if (end == NULL)
		return false;
	colon = find_outside(in, end, ':');
	if (colon == NULL)
		add_parameter(r, in, (size_t)(end - in));
	else if (is_bottles(in, (size_t)(colon - in), colon + 1, end))
		add_parameter(r, in, (size_t)(colon - in));
	else
		add_parameter(r, colon + 1, (size_t)(end - colon - 1));
	r->s = end + 1;
	return true;
}

/* "{id}" or "{id:\d{4}}". */
static bool take_brace(struct rule *r)
{
	const char *end = closing(r->s, '{', '}', false);

	if (end == NULL)
		return false;
	add_parameter(r, r->s + 1, strcspn(r->s + 1, ":}"));
	r->s = end + 1;
	return true;
}

/* Pyramid's "*rest" and the old ":id" of Bottle, after a slash. */
static bool take_old_style(struct rule *r)
{
	const char *name = r->s + 1, *end = name;

	while (is_name_char(*end))
		end++;
	if (end == name || (*r->s == '*' && *end != '\0'))
		return false;
	add_parameter(r, name, (size_t)(end - name));
	if (*end == '#' && strchr(end + 1, '#') != NULL)
		end = strchr(end + 1, '#') + 1;
	r->s = end;
	return true;
}

static void skip_quantifier(struct rule *r)
{
	const char *end;

	if (*r->s == '{' && (end = strchr(r->s, '}')) != NULL)
		r->s = end + 1;
	while (*r->s == '?' || *r->s == '*' || *r->s == '+')
		r->s++;
}

/* A group of a regular expression. What is in one that only groups is gone
 * through like the rest; what looks ahead or behind matches no text. */
static bool take_group(struct rule *r)
{
	const char *end = closing(r->s, '(', ')', true);
	const char *s = r->s;

	if (end == NULL)
		return false;
	if (strncmp(s, "(?P<", 4) == 0) {
		add_parameter(r, s + 4, strcspn(s + 4, ">)"));
	} else if (strncmp(s, "(?:", 3) == 0) {
		r->s += 3;
		return true;
	} else if (s[1] != '?') {
		buf_printf(r->out, "{%u}", ++r->unnamed);
	}
	r->s = end + 1;
	skip_quantifier(r);
	return true;
}

static bool take_escape(struct rule *r)
{
	char c = r->s[1];

	if (c == '\0')
		return false;
	if (strchr("AZbB", c) == NULL) {
		if (is_name_char(c))
			buf_addc(r->out, '\\');
		buf_addc(r->out, c);
	}
	r->s += 2;
	return true;
}

static bool take_class(struct rule *r)
{
	const char *end = class_end(r->s);

	if (*end == '\0')
		return false;
	buf_add(r->out, r->s, (size_t)(end + 1 - r->s));
	r->s = end + 1;
	return true;
}

static bool take_regex(struct rule *r)
{
	switch (*r->s) {
	case '(':
		return take_group(r);
	case '\\':
		return take_escape(r);
	case '[':
		return take_class(r);
	case ')':
		r->s++;
		skip_quantifier(r);
		return true;
	case '{':
	case '?':
	case '*':
	case '+': {
		const char *before = r->s;

		skip_quantifier(r);
		return r->s != before;
	}
	case '^':
	case '$':
		r->s++;
		return true;
	default:
		return false;
	}
}

static bool take(struct rule *r, char before)
{
	if (r->is_regex && take_regex(r))
		return true;
	if (*r->s == '<')
		return take_angle(r);
	if (r->is_regex)
		return false;
	if (*r->s == '{')
		return take_brace(r);
	return before == '/' && (*r->s == ':' || *r->s == '*') && take_old_style(r);
}

static bool looks_like_regex(const char *s)
{
	size_t len = strlen(s);

	return s[0] == '^' || (len != 0 && s[len - 1] == '$') || strstr(s, "/^") != NULL ||
	       strstr(s, "(?P<") != NULL || strstr(s, "(?:") != NULL;
}

void route_normalise(struct buf *out, const char *rule)
{
	struct buf text = BUF_INIT;
	struct rule r = { rule, looks_like_regex(rule), 0, &text };

	if (strcmp(rule, "{unmatched}") == 0) {
		buf_adds(out, rule);
		return;
	}
	while (*r.s != '\0') {
		char before = text.len ? text.data[text.len - 1] : '/';

		if (!take(&r, before))
			buf_addc(&text, *r.s++);
	}
	if (text.failed)
		out->failed = true;
	if (text.len == 0 || text.data[0] != '/')
		buf_addc(out, '/');
	buf_add(out, text.data, text.len);
	buf_release(&text);
}
