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

/* What follows the last folder of this name in the path, or NULL. */
static const char *after_folder(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	const char *found = NULL;

	for (const char *s = strstr(path, folder); s != NULL; s = strstr(s + 1, folder))
		if (s != path && is_separator(s[-1]) && is_separator(s[len]))
			found = s + len + 1;
	return found;
}

/* What follows ".../site-packages/", or NULL. */
static const char *in_library(const char *path)
{
	const char *rest = after_folder(path, "site-packages");

	return rest ? rest : after_folder(path, "dist-packages");
}

/* Whether the folder at s lies in one called lib or lib64. */
static bool is_below_lib(const char *path, const char *s)
{
	size_t len = (size_t)(s - path);

	return (len >= 4 && starts_with(s - 4, "lib") && is_separator(s[-1])) ||
	       (len >= 6 && starts_with(s - 6, "lib64") && is_separator(s[-1]));
}

/* What follows ".../lib/python3.11/" or "...\Python311\Lib\", or NULL. */
static const char *in_stdlib(const char *path)
{
	const char *s = path;

	while ((s = strstr(s, "python")) != NULL) {
		const char *digit = s += strlen("python");

		while ((*s >= '0' && *s <= '9') || *s == '.' || *s == 't')
			s++;
		if (s == digit || *digit < '2')
			continue;
		/* The library is below lib/python3.11 or in python311.zip. */
		if (starts_with(s, "zip") && is_separator(s[3]))
			return s + 4;
		if (is_separator(*s) && is_below_lib(path, digit - strlen("python")))
			return s + 1;
	}
	s = after_folder(path, "Lib");
	return s != NULL && strstr(path, "Python") != NULL ? s : NULL;
}

enum graph_origin name_origin(const char *file)
{
	if (strcmp(file, "~") == 0)
		return ORIGIN_BUILTIN;
	if (in_library(file) != NULL)
		return ORIGIN_LIBRARY;
	if (starts_with(file, "<frozen ") || in_stdlib(file) != NULL)
		return ORIGIN_STDLIB;
	/* Generated code ("<string>") has no place of its own; mostly it is a
	 * library's doing: dataclasses, named tuples, attrs. */
	if (file[0] == '<')
		return ORIGIN_LIBRARY;
	return ORIGIN_OWN;
}

bool name_package(struct buf *out, const char *file)
{
	const char *rest = in_library(file);

	if (rest != NULL) {
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
	rest = in_stdlib(file);
	if (rest == NULL)
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

	if (name_origin(file) != ORIGIN_OWN)
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

/* "flask/app.py" -> "flask.app", "json/__init__.py" -> "json"; what is no
 * Python file (a template) keeps its path. */
static void add_module(struct buf *out, const char *path)
{
	static const char init[] = "__init__";
	size_t len = strlen(path);
	const char *dot = strrchr(path, '.');

	if (dot == NULL || (strcmp(dot, ".py") != 0 && strcmp(dot, ".pyc") != 0 &&
			    strcmp(dot, ".pyx") != 0)) {
		buf_adds(out, path);
		return;
	}
	len = (size_t)(dot - path);
	if (len > sizeof(init) - 1 && is_separator(path[len - sizeof(init)]) &&
	    memcmp(path + len - (sizeof(init) - 1), init, sizeof(init) - 1) == 0)
		len -= sizeof init;
	for (size_t i = 0; i < len; i++)
		buf_addc(out, is_separator(path[i]) ? '.' : path[i]);
}

static void add_place(struct buf *out, const struct function *f, const struct name_base *base)
{
	const char *rest = in_library(f->file);

	if (rest == NULL)
		rest = in_stdlib(f->file);
	if (rest != NULL) {
		add_module(out, rest);
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
		add_module(out, f->file + skip);
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

/* "type object at 0x7f" and "Parser object" are both of a class. */
static size_t class_length(const char *s, size_t len)
{
	const char *end = memmem(s, len, " object", strlen(" object"));

	return end != NULL ? (size_t)(end - s) : len;
}

/* "<method 'append' of 'list' objects>" -> "list.append" */
static bool add_method(struct buf *name, const char *s)
{
	static const char method[] = "<method '", of[] = "' of '";
	const char *sep, *type, *end;

	if (!starts_with(s, method) || (sep = strstr(s, of)) == NULL)
		return false;
	type = sep + strlen(of);
	if ((end = strchr(type, '\'')) == NULL)
		return false;
	s += strlen(method);
	buf_add(name, type, (size_t)(end - type));
	buf_addc(name, '.');
	buf_add(name, s, (size_t)(sep - s));
	return true;
}

/* "<built-in method builtins.len>" -> "len" in "builtins";
 * "<built-in method __new__ of type object at 0x7f>" -> "type.__new__" */
static bool add_builtin_method(struct buf *name, struct buf *place, const char *s)
{
	static const char builtin[] = "<built-in method ", of[] = " of ";
	const char *sep;
	size_t len;

	if (!starts_with(s, builtin))
		return false;
	s += strlen(builtin);
	len = strlen(s);
	if (len == 0 || s[len - 1] != '>')
		return false;
	len = without_address(s, len - 1);
	if ((sep = memmem(s, len, of, strlen(of))) != NULL) {
		const char *type = sep + strlen(of);

		buf_add(name, type, class_length(type, len - (size_t)(type - s)));
		buf_addc(name, '.');
		buf_add(name, s, (size_t)(sep - s));
	} else if ((sep = memrchr(s, '.', len)) != NULL) {
		buf_printf(place, " %.*s", (int)(sep - s), s);
		buf_add(name, sep + 1, len - (size_t)(sep + 1 - s));
	} else {
		buf_add(name, s, len);
	}
	return true;
}

static void add_builtin(struct buf *name, struct buf *place, const char *s)
{
	buf_adds(place, "built-in");
	if (!add_method(name, s) && !add_builtin_method(name, place, s))
		buf_add(name, s, without_address(s, strlen(s)));
}

/* "make_wrapper.<locals>.inner" -> "make_wrapper.inner": where it was defined is
 * said without the word. */
static void add_qualname(struct buf *name, const char *s)
{
	static const char locals[] = "<locals>.";
	const char *at;

	while ((at = strstr(s, locals)) != NULL) {
		buf_add(name, s, (size_t)(at - s));
		s = at + strlen(locals);
	}
	buf_adds(name, s);
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

	node->origin = name_origin(f->file);
	if (function_is_package(f)) {
		add_place(&name, f, base);
		buf_adds(&place, node->origin == ORIGIN_LIBRARY ? "library" : "standard library");
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
			add_qualname(&name, f->qualname);
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
