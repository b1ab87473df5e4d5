#include "snapshot/name.h"

#include <string.h>

#include "base/map.h"

/* A route's encoding can be read back but for one thing, a dot within a part:
 * "/a.b" and "/a/b" are both a.b, as in the names people know from werkzeug.
 * snapshot.json has the route itself. */

enum {
	METHOD_MAX = 64,  /* encoded; what HTTP knows is far shorter */
	CUT_MARK = 1 + 16 /* '~' and the hash */
};

static bool is_word(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void add_byte(struct buf *out, unsigned char c, bool as_it_is)
{
	static const char hex[] = "0123456789ABCDEF";

	if (!as_it_is) {
		buf_addc(out, '%');
		buf_addc(out, hex[c >> 4]);
		c = (unsigned char)hex[c & 15];
	}
	buf_addc(out, (char)c);
}

/* The method ends at the first dot of the name, so it has none itself. */
static void add_method(struct buf *out, const char *method)
{
	size_t len = method ? strlen(method) : 0;

	if (len == 0)
		buf_addc(out, '_');
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)method[i];
		bool at_end = i == 0 || i == len - 1;

		add_byte(out, c, is_word(c) || ((c == '-' || c == '~') && !at_end));
	}
}

/* A slash between two parts becomes a dot. A dot beside a slash or a dot, or at
 * an end, would hide or climb; a slash there would make such a dot. */
static bool is_plain_dot(const char *s, size_t i, size_t len)
{
	if (i == 0 || i == len - 1 || s[i - 1] == '.' || s[i + 1] == '.')
		return false;
	return s[i - 1] != '/' && s[i + 1] != '/';
}

static void add_route(struct buf *out, const char *s, size_t len, bool is_template)
{
	bool after_dot = false; /* the byte written last is a dot as it is */

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];
		bool at_end = i == 0 || i == len - 1;
		bool plain;

		if (c == '/' && !at_end && !after_dot) {
			buf_addc(out, '.');
			after_dot = true;
			continue;
		}
		if (c == '.')
			plain = is_plain_dot(s, i, len);
		else if (c == '-' || c == '~')
			plain = !at_end;
		else
			plain = is_word(c) || (is_template && (c == '{' || c == '}'));
		add_byte(out, c, plain);
		after_dot = plain && c == '.';
	}
}

/* The names with a meaning of their own are "root" for "/" and "{unmatched}";
 * a route that happens to be called so has its first letter encoded. */
static void encode_route(struct buf *out, const char *route, bool is_template)
{
	static const char unmatched[] = "{unmatched}";
	bool slash = route != NULL && route[0] == '/';
	const char *s = route ? route + slash : "";

	if (*s == '\0')
		buf_adds(out, "root");
	else if (strcmp(s, "root") == 0)
		buf_adds(out, "%72oot");
	else if (is_template && slash && strcmp(s, unmatched) == 0)
		buf_adds(out, "{%75nmatched}");
	else
		add_route(out, s, strlen(s), is_template);
}

/* Cuts what was encoded to `max` bytes, a hash of the whole at its end. */
static void cut(struct buf *b, size_t max)
{
	size_t keep = max - CUT_MARK;
	uint64_t hash;

	if (b->failed || b->len <= max)
		return;
	hash = map_hash(b->data, b->len);
	/* Not through the middle of an escape. */
	if (b->data[keep - 1] == '%')
		keep -= 1;
	else if (b->data[keep - 2] == '%')
		keep -= 2;
	b->len = keep;
	buf_printf(b, "~%016llx", (unsigned long long)hash);
}

void snapshot_name(struct buf *out, const char *method, const char *route, bool is_template,
		   int64_t wall_ms)
{
	struct buf verb = BUF_INIT, rest = BUF_INIT, tail = BUF_INIT;

	add_method(&verb, method);
	cut(&verb, METHOD_MAX);
	buf_printf(&tail, ".%06lldms", (long long)(wall_ms < 0 ? 0 : wall_ms));
	encode_route(&rest, route, is_template);
	cut(&rest, SNAPSHOT_NAME_MAX - 1 - verb.len - tail.len);
	if (verb.failed || rest.failed || tail.failed)
		out->failed = true;
	buf_add(out, verb.data, verb.len);
	buf_addc(out, '.');
	buf_add(out, rest.data, rest.len);
	buf_add(out, tail.data, tail.len);
	buf_release(&verb);
	buf_release(&rest);
	buf_release(&tail);
}

/* Where ".NNNNNNms" begins that ends at `end`, or 0. */
static size_t time_at(const char *name, size_t end)
{
	size_t i = end;

	if (end < 3 || name[end - 1] != 's' || name[end - 2] != 'm')
		return 0;
	i -= 2;
	while (i > 0 && is_digit(name[i - 1]))
		i--;
	if (end - 2 - i < 6 || end - 2 - i > 18 || i == 0 || name[i - 1] != '.')
		return 0;
	return i - 1;
}

/* The end of the name without the ".2" of a second of its name. */
static size_t without_count(const char *name, size_t len)
{
	size_t i = len;

	while (i > 0 && is_digit(name[i - 1]))
		i--;
	return i > 0 && i < len && len - i < 10 && name[i] != '0' && name[i - 1] == '.' ? i - 1
											: len;
}

bool snapshot_name_parse(const char *name, size_t *method_len, size_t *route_at,
			 size_t *route_len, int64_t *wall_ms)
{
	size_t len = strlen(name);
	size_t method = strcspn(name, ".");
	size_t tail;
	int64_t ms = 0;

	for (size_t i = 0; i < len; i++)
		if (!is_word((unsigned char)name[i]) && strchr(".~-%{}", name[i]) == NULL)
			return false;
	if (len > SNAPSHOT_NAME_MAX + 10)
		return false;
	tail = time_at(name, without_count(name, len));
	if (tail <= method + 1 || method == 0)
		return false;
	for (size_t i = tail + 1; is_digit(name[i]); i++)
		ms = ms * 10 + (name[i] - '0');
	*method_len = method;
	*route_at = method + 1;
	*route_len = tail - method - 1;
	if (wall_ms != NULL)
		*wall_ms = ms;
	return true;
}

bool snapshot_is_name(const char *name)
{
	size_t method, at, len;

	return snapshot_name_parse(name, &method, &at, &len, NULL);
}
