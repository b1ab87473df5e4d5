#include "graph/name.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"

static bool is_separator(char c)
{
	return c == '/' || c == '\\';
}

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool name_package(struct buf *out, const char *file)
{
	const char *rest;
	enum origin origin = origin_of_file(file, &rest);

	if (origin == ORIGIN_PACKAGE && rest != file) {
		buf_add(out, file, (size_t)(rest - file) + strcspn(rest, "/\\"));
		return true;
	}
	/* One place for a module, whether frozen ("<frozen importlib._bootstrap>") or
	 * from a file. */
	if (starts_with(file, "<frozen ")) {
		rest = file + strlen("<frozen ");
		buf_adds(out, "/lib/python3/");
		buf_add(out, rest, strcspn(rest, ".>"));
		return true;
	}
	if (origin != ORIGIN_STDLIB)
		return false;
	buf_adds(out, "/lib/python3/");
	buf_add(out, rest, strcspn(rest, "/\\"));
	return true;
}

static size_t folder_length(const char *path, size_t len)
{
	while (len != 0 && !is_separator(path[len - 1]))
		len--;
	return len;
}

void name_base_add(struct name_base *base, const char *file)
{
	size_t n = 0;

	if (origin_of_file(file, NULL) != ORIGIN_APP)
		return;
	if (base->path == NULL) {
		base->path = file;
		base->len = folder_length(file, strlen(file));
		return;
	}
	while (n < base->len && file[n] == base->path[n])
		n++;
	base->len = folder_length(file, n);
}

static void add_place(struct buf *out, const struct function *f, const struct name_base *base)
{
	const char *rest;

	if (origin_of_file(f->file, &rest) != ORIGIN_APP && rest != f->file) {
		origin_add_module(out, rest);
	} else if (starts_with(f->file, "<frozen ")) {
		buf_adds(out, f->file + strlen("<frozen "));
		if (out->len != 0 && !out->failed && out->data[out->len - 1] == '>')
			out->len--;
	} else if (f->file[0] == '<') {
		buf_adds(out, f->file);
	} else {
		size_t skip = strncmp(f->file, base->path ? base->path : "", base->len) == 0
				      ? base->len : 0;

		while (is_separator(f->file[skip]))
			skip++;
		origin_add_module(out, f->file + skip);
	}
	if (f->line != 0)
		buf_printf(out, ":%u", f->line);
}

/* Names of instances hold their address, which is another one in each run. */
static size_t without_address(const char *s, size_t len)
{
	const char *at = memmem(s, len, " at 0x", 6);

	return at != NULL ? (size_t)(at - s) : len;
}

/* "<method 'append' of 'list' objects>" -> "list.append";
 * "<built-in method builtins.len>" -> "len" in "builtins" */
static void add_builtin(struct buf *name, struct buf *place, const char *s)
{
	struct c_name c;

	buf_adds(place, "built-in");
	if (!c_name_parse(&c, s)) {
		buf_add(name, s, without_address(s, strlen(s)));
		return;
	}
	if (c.of_module) {
		buf_printf(place, " %.*s", (int)c.owner_len, c.owner);
	} else if (c.owner_len != 0) {
		buf_add(name, c.owner, c.owner_len);
		buf_addc(name, '.');
	}
	buf_add(name, c.name, c.name_len);
}

/* The bytes that the first n characters of a text take. */
static size_t chars_length(const char *s, size_t n)
{
	size_t i = 0;

	for (; s[i] != '\0'; i++)
		if (((unsigned char)s[i] & 0xC0) != 0x80 && n-- == 0)
			break;
	return i;
}

/* A printable copy, its middle left out when it is long; NULL without memory. */
static char *finish(struct arena *arena, struct buf *raw)
{
	static const char dots[] = "\xe2\x80\xa6";
	struct buf text = BUF_INIT, cut = BUF_INIT;
	char *copy = NULL;
	const char *s;
	size_t n, head, tail;

	text_printable(&text, buf_str(raw));
	s = buf_str(&text);
	n = text_width(s);
	if (n > NAME_MAX_CHARS) {
		head = chars_length(s, NAME_MAX_CHARS / 2);
		tail = chars_length(s, n - NAME_MAX_CHARS / 2 + 1);
		buf_add(&cut, s, head);
		buf_adds(&cut, dots);
		buf_adds(&cut, s + tail);
		s = buf_str(&cut);
	}
	if (!raw->failed && !text.failed && !cut.failed)
		copy = arena_strdup(arena, s);
	buf_release(&text);
	buf_release(&cut);
	return copy;
}

bool function_is_package(const struct function *f)
{
	return f->line == 0 && strcmp(f->name, GRAPH_PACKAGE) == 0;
}

int name_node(struct graph_node *node, const struct name_base *base, struct arena *arena)
{
	const struct function *f = node->function;
	struct buf name = BUF_INIT, place = BUF_INIT;

	node->origin = origin_of_file(f->file, NULL);
	if (function_is_package(f)) {
		add_place(&name, f, base);
		buf_adds(&place, node->origin == ORIGIN_PACKAGE ? "library" : "standard library");
	} else if (function_is_strand(f)) {
		buf_add(&name, f->name + 1, strlen(f->name) - 2);
		buf_adds(&place, "beside the request");
	} else if (node->origin == ORIGIN_BUILTIN) {
		add_builtin(&name, &place, f->qualname);
	} else {
		add_place(&place, f, base);
		if (strcmp(f->qualname, "<module>") == 0) {
			const char *module = buf_str(&place);

			buf_add(&name, module, strcspn(module, ":"));
			buf_adds(&name, " (import)");
		} else {
			origin_add_qualname(&name, f->qualname);
		}
	}
	if (name.len == 0)
		buf_adds(&name, "(no name)");
	node->name = finish(arena, &name);
	node->place = finish(arena, &place);
	buf_release(&name);
	buf_release(&place);
	return node->name != NULL && node->place != NULL ? 0 : -1;
}
