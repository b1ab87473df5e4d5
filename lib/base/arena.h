/* arena.h -- memory that is freed all at once: the strings and rows of a
 * profile, a parsed document. Not thread-safe.
 */
#ifndef CPROF_BASE_ARENA_H
#define CPROF_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes of the newest block that are taken */
	size_t total; /* bytes taken from the heap, for callers with a cap */
};

#define ARENA_INIT { NULL, 0, 0 }

/* Aligned for any type, not cleared; NULL without memory. */
void *arena_alloc(struct arena *a, size_t size);
void *arena_zalloc(struct arena *a, size_t size);

/* A copy that ends in a NUL; NULL without memory. */
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_strdup(struct arena *a, const char *s);

void arena_release(struct arena *a);

#endif
