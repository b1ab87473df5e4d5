#include "symbols.h"

#include <string.h>

#include "base/mem.h"

enum { CHUNK = 4096 };

/* Rows never move: the writer thread reads some while others are added. */
static struct function *chunks[SYMBOLS_MAX / CHUNK];
static uint32_t nsymbols;
static struct strtab strings;
static struct map by_content;

static const struct function other = { "~", "<other functions>", "<other functions>", 0 };

enum { OTHER_ID = SYMBOLS_MAX };

static uint64_t content_key(const struct function *f)
{
	uint64_t h = map_mix((uintptr_t)f->file ^ f->line);

	h = map_mix(h ^ (uintptr_t)f->name);
	return map_mix(h ^ (uintptr_t)f->qualname);
}

static const struct function *row(uint32_t id)
{
	return &chunks[id / CHUNK][id % CHUNK];
}

/* Texts are interned: equal ones are one pointer. */
static bool same(const struct function *a, const struct function *b)
{
	return a->file == b->file && a->line == b->line && a->name == b->name &&
	       a->qualname == b->qualname;
}

uint32_t symbols_add(const char *file, uint32_t line, const char *name, const char *qualname)
{
	struct function f = { .line = line };
	uint64_t key;
	uint32_t id;
	size_t at = 0;

	f.file = strtab_add(&strings, file, strlen(file));
	f.name = strtab_add(&strings, name, strlen(name));
	f.qualname = strtab_add(&strings, qualname, strlen(qualname));
	if (f.file == NULL || f.name == NULL || f.qualname == NULL)
		return OTHER_ID;
	key = content_key(&f);
	while ((id = map_find(&by_content, key, &at)) != MAP_NONE)
		if (same(row(id), &f))
			return id;
	if (nsymbols == SYMBOLS_MAX)
		return OTHER_ID;
	if (chunks[nsymbols / CHUNK] == NULL) {
		chunks[nsymbols / CHUNK] = mem_zalloc(CHUNK * sizeof f);
		if (chunks[nsymbols / CHUNK] == NULL)
			return OTHER_ID;
	}
	if (map_add(&by_content, key, nsymbols) < 0)
		return OTHER_ID;
	chunks[nsymbols / CHUNK][nsymbols % CHUNK] = f;
	return nsymbols++;
}

void symbols_lookup(uint32_t id, struct function *out)
{
	*out = id >= SYMBOLS_MAX ? other : *row(id);
}
