#include "change/identity.h"

#include <fnmatch.h>
#include <string.h>

/* The part of an absolute path below the work tree, or NULL. */
static const char *below_root(const char *file, const char *root)
{
	size_t len = root != NULL ? strlen(root) : 0;

	while (len > 1 && root[len - 1] == '/')
		len--;
	if (len == 0 || strncmp(file, root, len) != 0)
		return NULL;
	if (len == 1) /* "/" */
		return file + 1;
	return file[len] == '/' ? file + len + 1 : NULL;
}

/* Whether a path has parts that lead nowhere: "//", "/./", "/../", "./". */
static bool is_roundabout(const char *path)
{
	if (path[0] == '.' && (path[1] == '/' || (path[1] == '.' && path[2] == '/')))
		return true;
	for (const char *s = strchr(path, '/'); s != NULL; s = strchr(s + 1, '/'))
		if (s[1] == '/' || (s[1] == '.' && (s[2] == '/' || (s[2] == '.' && s[3] == '/'))))
			return true;
	return false;
}

/* Takes back the last part of to[0..len), unless it is ".." itself or there is none. */
static size_t drop_part(const char *to, size_t len, bool absolute)
{
	size_t start = len;

	if (len == (size_t)absolute)
		return absolute ? len : SIZE_MAX;
	start--; /* the slash behind the part */
	while (start > (size_t)absolute && to[start - 1] != '/')
		start--;
	return strncmp(to + start, "../", 3) == 0 ? SIZE_MAX : start;
}

/* By its letters alone: symbolic links are those of another machine. */
static const char *straighten(struct arena *arena, const char *path)
{
	bool absolute = path[0] == '/';
	char *to = arena_strdup(arena, path);
	size_t len = absolute;

	if (to == NULL)
		return NULL;
	for (const char *s = path + absolute; *s != '\0';) {
		size_t part = strcspn(s, "/");
		size_t shorter = SIZE_MAX;

		if (part == 2 && s[0] == '.' && s[1] == '.')
			shorter = drop_part(to, len, absolute);
		if (shorter != SIZE_MAX) {
			len = shorter;
		} else if (part != 0 && !(part == 1 && s[0] == '.')) {
			memmove(to + len, s, part);
			len += part;
			if (s[part] == '/')
				to[len++] = '/';
		}
		s += part + (s[part] == '/');
	}
	to[len] = '\0';
	return to;
}

const char *identity_file(struct arena *arena, const char *file, const char *root,
			  enum origin *origin)
{
	const char *rest, *below;

	if (file[0] != '<' && is_roundabout(file)) {
		file = straighten(arena, file);
		if (file == NULL)
			return NULL;
	}
	*origin = origin_of_file(file, &rest);
	if (*origin == ORIGIN_BUILTIN || file[0] == '<')
		return file;
	below = below_root(file, root);
	/* The folder of packages may be above the root or in it. */
	if (below != NULL && (*origin == ORIGIN_APP || rest <= below)) {
		*origin = ORIGIN_APP;
		return below;
	}
	return rest;
}

const char *identity_name(struct arena *arena, const char *name)
{
	return name_without_addresses(arena, name);
}

int identity_compare(const struct identity *a, const struct identity *b)
{
	int order = strcmp(a->file, b->file);

	if (order == 0)
		order = strcmp(a->name, b->name);
	if (order == 0)
		order = a->nth < b->nth ? -1 : a->nth > b->nth;
	return order;
}

/* The module of a Python function; false of a C function. */
static bool add_module(struct buf *out, const struct identity *id)
{
	const char *file = id->file;

	if (id->origin == ORIGIN_BUILTIN || strcmp(file, "~") == 0)
		return false;
	if (strncmp(file, "<frozen ", strlen("<frozen ")) == 0) {
		file += strlen("<frozen ");
		buf_add(out, file, strcspn(file, ">"));
		return true;
	}
	if (id->origin == ORIGIN_APP && strncmp(file, "src/", 4) == 0)
		file += 4;
	while (*file == '/')
		file++;
	origin_add_module(out, file);
	return true;
}

/* Returns how long the part is before the function's own name: module, or owner of a C
 * function; 0: there is none. */
static size_t add_dotted(struct buf *out, const struct identity *id)
{
	size_t start = out->len, owner;
	struct c_name c;

	if (add_module(out, id)) {
		owner = out->len - start;
		buf_addc(out, ':');
		origin_add_qualname(out, id->name);
		return owner;
	}
	if (!c_name_parse(&c, id->name)) {
		buf_adds(out, id->name);
		return 0;
	}
	if (c.owner_len != 0) {
		buf_add(out, c.owner, c.owner_len);
		buf_addc(out, '.');
	}
	buf_add(out, c.name, c.name_len);
	return c.owner_len;
}

void identity_dotted(struct buf *out, const struct identity *id)
{
	add_dotted(out, id);
}

static bool fits(const char *pattern, const char *text)
{
	return strcmp(pattern, text) == 0 || fnmatch(pattern, text, FNM_NOESCAPE) == 0;
}

/* text[0..owner) is a module or the owner of a C function: the pattern may be all of it,
 * or a package of it. */
static bool fits_owner(const char *pattern, char *text, size_t owner)
{
	for (size_t i = 1; i <= owner; i++) {
		char was = text[i];
		bool found;

		if (i != owner && was != '.')
			continue;
		text[i] = '\0';
		found = fits(pattern, text);
		text[i] = was;
		if (found)
			return true;
	}
	return false;
}

static void colons_to_dots(char *s)
{
	for (; (s = strchr(s, ':')) != NULL; s++)
		*s = '.';
}

bool identity_matches(const struct identity *id, const char *pattern)
{
	struct buf text = BUF_INIT, dotted = BUF_INIT;
	size_t owner = add_dotted(&text, id);
	bool found = false;

	buf_adds(&dotted, pattern);
	buf_addc(&text, '\0');
	buf_addc(&dotted, '\0');
	if (!text.failed && !dotted.failed) {
		colons_to_dots(text.data);
		colons_to_dots(dotted.data);
		found = fits(dotted.data, text.data) || fits_owner(dotted.data, text.data, owner);
	}
	buf_release(&text);
	buf_release(&dotted);
	return found;
}
