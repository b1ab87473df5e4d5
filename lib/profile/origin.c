#include "profile/origin.h"

#include <string.h>

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
static const char *in_package(const char *path)
{
	const char *rest = after_folder(path, "site-packages");

	return rest ? rest : after_folder(path, "dist-packages");
}

static bool is_below(const char *path, const char *s, const char *folder)
{
	size_t len = strlen(folder), before = (size_t)(s - path);

	return before > len && is_separator(s[-1]) &&
	       strncmp(s - 1 - len, folder, len) == 0 &&
	       (before == len + 1 || is_separator(s[-2 - (ptrdiff_t)len]));
}

/* What follows ".../lib/python3.11/" or "...\Python311\Lib\", or NULL. */
static const char *in_stdlib(const char *path)
{
	const char *s = path;

	while ((s = strstr(s, "python")) != NULL) {
		const char *folder = s;
		const char *digit = s += strlen("python");

		while ((*s >= '0' && *s <= '9') || *s == '.' || *s == 't')
			s++;
		if (s == digit || *digit < '2')
			continue;
		/* The library is below lib/python3.11 or in python311.zip. */
		if (starts_with(s, "zip") && is_separator(s[3]))
			return s + 4;
		if (is_separator(*s) &&
		    (is_below(path, folder, "lib") || is_below(path, folder, "lib64")))
			return s + 1;
	}
	s = after_folder(path, "Lib");
	return s != NULL && strstr(path, "Python") != NULL ? s : NULL;
}

enum origin origin_of_file(const char *file, const char **rest)
{
	const char *found = file;
	enum origin origin = ORIGIN_APP;

	if (strcmp(file, "~") == 0) {
		origin = ORIGIN_BUILTIN;
	} else if (file[0] == '<') {
		origin = starts_with(file, "<frozen ") ? ORIGIN_STDLIB : ORIGIN_PACKAGE;
	} else if ((found = in_package(file)) != NULL) {
		origin = ORIGIN_PACKAGE;
	} else if ((found = in_stdlib(file)) != NULL) {
		origin = ORIGIN_STDLIB;
	}
	if (rest != NULL)
		*rest = found != NULL ? found : file;
	return origin;
}

void origin_add_module(struct buf *out, const char *path)
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

void origin_add_qualname(struct buf *out, const char *qualname)
{
	static const char locals[] = "<locals>.";
	const char *s = qualname, *at;

	while ((at = strstr(s, locals)) != NULL) {
		buf_add(out, s, (size_t)(at - s));
		s = at + strlen(locals);
	}
	buf_adds(out, s);
}

/* --- C functions */

/* "type object at 0x7f" and "Parser object" are both of a class. */
static size_t class_length(const char *s, size_t len)
{
	const char *end = memmem(s, len, " object", strlen(" object"));

	return end != NULL ? (size_t)(end - s) : len;
}

/* "<method 'append' of 'list' objects>" */
static bool parse_method(struct c_name *out, const char *s)
{
	static const char method[] = "<method '", of[] = "' of '";
	const char *sep, *type, *end;

	if (!starts_with(s, method) || (sep = strstr(s, of)) == NULL)
		return false;
	type = sep + strlen(of);
	if ((end = strchr(type, '\'')) == NULL)
		return false;
	s += strlen(method);
	/* A name that is itself of that form is none. */
	if (s > sep)
		return false;
	*out = (struct c_name){ .owner = type, .owner_len = (size_t)(end - type),
				.name = s, .name_len = (size_t)(sep - s) };
	return true;
}

/* "<built-in method builtins.len>", "<built-in method __new__ of type object at 0x7f>" */
static bool parse_builtin(struct c_name *out, const char *s)
{
	static const char builtin[] = "<built-in method ", of[] = " of ";
	const char *sep, *at;
	size_t len;

	if (!starts_with(s, builtin))
		return false;
	s += strlen(builtin);
	len = strlen(s);
	if (len == 0 || s[len - 1] != '>')
		return false;
	len--;
	if ((at = memmem(s, len, " at 0x", 6)) != NULL)
		len = (size_t)(at - s);
	*out = (struct c_name){ .owner = "", .name = s, .name_len = len };
	if ((sep = memmem(s, len, of, strlen(of))) != NULL) {
		out->name_len = (size_t)(sep - s);
		out->owner = sep + strlen(of);
		out->owner_len = class_length(out->owner, len - (size_t)(out->owner - s));
	} else if ((sep = memrchr(s, '.', len)) != NULL) {
		out->owner = s;
		out->owner_len = (size_t)(sep - s);
		out->name = sep + 1;
		out->name_len = len - (size_t)(sep + 1 - s);
		out->of_module = true;
	}
	return true;
}

bool c_name_parse(struct c_name *out, const char *s)
{
	return parse_method(out, s) || parse_builtin(out, s);
}

const char *name_without_addresses(struct arena *arena, const char *name)
{
	const char *at = strstr(name, " at 0x");
	char *copy, *to;

	if (at == NULL)
		return name;
	copy = to = arena_strdup(arena, name);
	if (copy == NULL)
		return NULL;
	for (const char *s = name; *s != '\0';) {
		*to++ = *s++;
		if (s - name >= 6 && strncmp(s - 6, " at 0x", 6) == 0)
			s += strspn(s, "0123456789abcdefABCDEF");
	}
	*to = '\0';
	return copy;
}
