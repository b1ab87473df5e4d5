/* strtab.h -- each text once: equal texts share one pointer, so that files and
 * names compare by address. Texts may hold NUL bytes only past their end.
 * Everything lives until strtab_release. Not thread-safe.
 */
#ifndef CPROF_BASE_STRTAB_H
#define CPROF_BASE_STRTAB_H

#include "base/arena.h"
#include "base/map.h"

struct strtab {
	struct arena arena;
	struct map index;
	const char **strings;
	size_t nstrings;
	size_t cap;
};

#define STRTAB_INIT { ARENA_INIT, MAP_INIT, NULL, 0, 0 }

/* The one copy of s[0..len), NUL-terminated (cut at a NUL inside); NULL
 * without memory. */
const char *strtab_add(struct strtab *t, const char *s, size_t len);

void strtab_release(struct strtab *t);

#endif
