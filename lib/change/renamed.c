#include "change/renamed.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/build.h"

struct known {
	struct identity id;
	const struct function *function;
};

static int by_identity(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return identity_compare(&x->id, &y->id);
}

static int identify(struct known *to, const struct function *f, const char *root,
		    struct arena *arena)
{
	*to = (struct known){ .function = f };
	to->id.file = identity_file(arena, f->file, root, &to->id.origin);
	to->id.name = identity_name(arena, f->qualname);
	return to->id.file != NULL && to->id.name != NULL ? 0 : -1;
}

static const struct known *find(const struct known *all, uint32_t n, const struct known *one)
{
	return n != 0 ? bsearch(one, all, n, sizeof *all, by_identity) : NULL;
}

static int rename_one(struct function *f, const struct known *all, uint32_t n, const char *root,
		      const struct rename_map *renames, struct arena *arena)
{
	const struct known *next;
	struct known own;
	bool failed = false;

	if (identify(&own, f, root, arena) < 0)
		return -1;
	next = find(all, n, &own);
	if (next == NULL && rename_identity(&own.id, renames, arena, &failed))
		next = find(all, n, &own);
	/* Those of the same name too: their work tree may lie elsewhere, and then a file
	 * would be split in two. */
	if (next != NULL) {
		f->file = next->function->file;
		f->name = next->function->name;
		f->qualname = next->function->qualname;
	}
	return failed ? -1 : 0;
}

int renamed_profile(struct profile *before, const struct profile *after,
		    const struct roots *roots, const struct rename_map *renames,
		    struct error *err)
{
	uint32_t n = after->nfunctions;
	struct arena arena = ARENA_INIT;
	struct known *all;
	int rc = -1;

	if (renames == NULL || renames->n == 0)
		return 0;
	all = mem_array(NULL, n, sizeof *all);
	if (all == NULL)
		goto done;
	for (uint32_t i = 0; i < n; i++)
		if (identify(&all[i], &after->functions[i], roots->after, &arena) < 0)
			goto done;
	if (n != 0)
		qsort(all, n, sizeof *all, by_identity);
	for (uint32_t i = 0; i < before->nfunctions; i++)
		if (rename_one(&before->functions[i], all, n, roots->before, renames, &arena) < 0)
			goto done;
	rc = 0;
done:
	mem_free(all);
	arena_release(&arena);
	return rc < 0 ? error_nomem(err) : 0;
}
