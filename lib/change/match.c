/* Which function of the old side is which of the new one. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "change/build.h"

/* "<name>.rest" of a class or function that got another name: its inner ones did too. */
static const char *rest_of(const char *name, const char *outer)
{
	size_t len = strlen(outer);

	return strncmp(name, outer, len) == 0 && (name[len] == '\0' || name[len] == '.')
		       ? name + len : NULL;
}

/* How much of the identity a rename speaks of: 0 nothing, 1 the file, else the more the
 * longer a name it gives. */
static size_t rename_fits(const struct rename *r, const struct identity *id)
{
	if (strcmp(r->old_file, id->file) != 0)
		return 0;
	if (r->old_name == NULL)
		return 1;
	return rest_of(id->name, r->old_name) != NULL ? 1 + strlen(r->old_name) : 0;
}

bool rename_identity(struct identity *id, const struct rename_map *renames,
		     struct arena *arena, bool *failed)
{
	const struct rename *best = NULL;
	size_t fits = 0;

	for (size_t i = 0; renames != NULL && i < renames->n; i++) {
		size_t n = rename_fits(&renames->renames[i], id);

		if (n > fits) {
			fits = n;
			best = &renames->renames[i];
		}
	}
	if (best == NULL)
		return false;
	id->file = best->new_file;
	if (best->old_name != NULL) {
		const char *rest = rest_of(id->name, best->old_name);
		size_t len = strlen(best->new_name), more = strlen(rest);
		char *name = arena_alloc(arena, len + more + 1);

		if (name == NULL) {
			*failed = true;
			return false;
		}
		memcpy(name, best->new_name, len);
		memcpy(name + len, rest, more + 1);
		id->name = name;
	}
	return true;
}

static void join(struct side_function *old, struct side_function *new, enum match match)
{
	old->partner = new;
	new->partner = old;
	old->match = new->match = match;
}

static void match_same(struct side_functions *old, struct side_functions *new)
{
	size_t i = 0, j = 0;

	while (i < old->n && j < new->n) {
		int order = identity_compare(&old->v[i].any->id, &new->v[j].any->id);

		if (order == 0)
			join(&old->v[i], &new->v[j], MATCH_SAME);
		i += order <= 0;
		j += order >= 0;
	}
}

static struct side_function *find(struct side_functions *in, const struct identity *id)
{
	size_t low = 0, high = in->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = identity_compare(&in->v[middle].any->id, id);

		if (order == 0)
			return &in->v[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int match_renamed(struct side_functions *old, struct side_functions *new,
			 const struct rename_map *renames, struct arena *arena)
{
	bool failed = false;

	for (size_t i = 0; i < old->n && renames != NULL && renames->n != 0; i++) {
		struct side_function *f = &old->v[i], *to;
		struct identity id = f->any->id;

		if (f->partner != NULL || !rename_identity(&id, renames, arena, &failed))
			continue;
		to = find(new, &id);
		if (to != NULL && to->partner == NULL)
			join(f, to, strcmp(id.name, f->any->id.name) == 0 ? MATCH_MOVED
									  : MATCH_RENAMED);
	}
	return failed ? -1 : 0;
}

/* A function by the end of its path. */
struct ended {
	const char *end;
	struct side_function *f;
};

static int by_end(const void *a, const void *b)
{
	const struct ended *x = a, *y = b;
	int order = strcmp(x->end, y->end);

	if (order == 0)
		order = strcmp(x->f->any->id.name, y->f->any->id.name);
	if (order == 0)
		order = (x->f->any->id.nth > y->f->any->id.nth) -
			(x->f->any->id.nth < y->f->any->id.nth);
	return order;
}

/* Those without a partner whose file the other side has nowhere. */
static size_t collect(struct ended *to, struct side_functions *from, const struct side *other,
		      int parts)
{
	size_t n = 0;

	for (size_t i = 0; i < from->n; i++) {
		struct side_function *f = &from->v[i];

		if (f->partner == NULL && !side_has_file(other, f->any->id.file))
			to[n++] = (struct ended){ path_end(f->any->id.file, parts), f };
	}
	if (n != 0)
		qsort(to, n, sizeof *to, by_end);
	return n;
}

/* Where one is absolute, the same file stands in two places; two relative ones are two. */
static enum match match_of(const struct side_function *old, const struct side_function *new)
{
	return old->any->id.file[0] == '/' || new->any->id.file[0] == '/' ? MATCH_SAME
									  : MATCH_MOVED;
}

static int match_ends(struct side_functions *old, struct side_functions *new,
		      const struct building *b, struct arena *arena)
{
	struct ended *x = arena_alloc(arena, old->n * sizeof *x);
	struct ended *y = arena_alloc(arena, new->n * sizeof *y);

	if (x == NULL || y == NULL)
		return -1;
	for (int parts = 2; parts >= 1; parts--) {
		size_t nx = collect(x, old, &b->new, parts), ny = collect(y, new, &b->old, parts);
		size_t i = 0, j = 0;

		while (i < nx && j < ny) {
			int order = by_end(&x[i], &y[j]);

			if (order == 0)
				join(x[i].f, y[j].f, match_of(x[i].f, y[j].f));
			i += order <= 0;
			j += order >= 0;
		}
	}
	return 0;
}

int match_functions(struct side_functions *old, struct side_functions *new,
		    const struct building *b, struct arena *arena)
{
	match_same(old, new);
	if (match_renamed(old, new, b->options->renames, arena) < 0)
		return -1;
	return match_ends(old, new, b, arena);
}
