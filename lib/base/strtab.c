#include "base/strtab.h"

#include <string.h>

#include "base/mem.h"

const char *strtab_add(struct strtab *t, const char *s, size_t len)
{
	const char *end = memchr(s, '\0', len);
	const char **grown;
	uint64_t hash;
	uint32_t i;
	size_t at = 0;
	char *copy;

	if (end != NULL)
		len = (size_t)(end - s);
	hash = map_hash_text(s, len);
	while ((i = map_find(&t->index, hash, &at)) != MAP_NONE)
		if (strncmp(t->strings[i], s, len) == 0 && t->strings[i][len] == '\0')
			return t->strings[i];
	grown = mem_grow(t->strings, &t->cap, t->nstrings + 1, sizeof *grown);
	if (grown == NULL)
		return NULL;
	t->strings = grown;
	copy = arena_strndup(&t->arena, s, len);
	if (copy == NULL || map_add(&t->index, hash, (uint32_t)t->nstrings) < 0)
		return NULL;
	t->strings[t->nstrings++] = copy;
	return copy;
}

void strtab_release(struct strtab *t)
{
	arena_release(&t->arena);
	map_release(&t->index);
	mem_free(t->strings);
	*t = (struct strtab)STRTAB_INIT;
}
