#include "change/book.h"

#include <string.h>

#include "base/mem.h"

/* A function as a profile has it. */
struct book_raw {
	const char *file, *name; /* in book.texts */
	uint32_t line;
	uint32_t function;
};

uint64_t book_hash(const char *text)
{
	return map_hash_text(text, strlen(text));
}

const char *book_text(struct book *b, const char *text)
{
	return strtab_add(&b->texts, text, strlen(text));
}

static uint32_t find_function(const struct book *b, uint64_t key, const char *file,
			      const char *name, uint32_t line)
{
	size_t at = 0;
	uint32_t i;

	while ((i = map_find(&b->function_index, key, &at)) != MAP_NONE)
		if (b->functions[i].file == file && b->functions[i].name == name &&
		    b->functions[i].line == line)
			break;
	return i;
}

/* By what it is known elsewhere; MAP_NONE without memory. */
static uint32_t add_function(struct book *b, const char *raw_file, const char *raw_name,
			     uint32_t line)
{
	enum origin origin;
	const char *file = identity_file(&b->arena, raw_file, b->root, &origin);
	const char *name = identity_name(&b->arena, raw_name);
	struct book_function *grown;
	uint64_t key;
	uint32_t i;

	if (file == NULL || name == NULL || (file = book_text(b, file)) == NULL ||
	    (name = book_text(b, name)) == NULL)
		return MAP_NONE;
	key = map_mix((uintptr_t)file) ^ (uintptr_t)name ^ line;
	i = find_function(b, key, file, name, line);
	if (i != MAP_NONE)
		return i;
	grown = mem_grow(b->functions, &b->functions_cap, b->nfunctions + 1, sizeof *grown);
	if (grown == NULL)
		return MAP_NONE;
	b->functions = grown;
	i = (uint32_t)b->nfunctions;
	grown[i] = (struct book_function){ file, name, origin, line };
	if (map_add(&b->function_index, key, i) < 0)
		return MAP_NONE;
	b->nfunctions++;
	return i;
}

/* The book's function for the profile's; MAP_NONE without memory. */
uint32_t book_function(struct book *b, const struct function *f, uint64_t file_hash)
{
	/* Mixed, for a name may be the file's. */
	uint64_t key = map_mix(file_hash) ^ (book_hash(f->qualname) + f->line);
	struct book_raw *grown, raw = { .line = f->line };
	size_t at = 0;
	uint32_t i;

	while ((i = map_find(&b->raw_index, key, &at)) != MAP_NONE)
		if (b->raws[i].line == f->line && strcmp(b->raws[i].name, f->qualname) == 0 &&
		    strcmp(b->raws[i].file, f->file) == 0)
			return b->raws[i].function;
	raw.file = book_text(b, f->file);
	raw.name = book_text(b, f->qualname);
	if (raw.file == NULL || raw.name == NULL)
		return MAP_NONE;
	raw.function = add_function(b, raw.file, raw.name, f->line);
	grown = mem_grow(b->raws, &b->raws_cap, b->nraws + 1, sizeof *grown);
	if (grown != NULL)
		b->raws = grown;
	if (grown == NULL || raw.function == MAP_NONE ||
	    map_add(&b->raw_index, key, (uint32_t)b->nraws) < 0)
		return MAP_NONE;
	b->raws[b->nraws++] = raw;
	return raw.function;
}

uint32_t book_arc(struct book *b, uint32_t caller, uint32_t callee)
{
	uint64_t key = map_pair(caller, callee);
	uint32_t i = map_get(&b->arc_index, key);
	struct book_arc *grown;

	if (i != MAP_NONE)
		return i;
	grown = mem_grow(b->arcs, &b->arcs_cap, b->narcs + 1, sizeof *grown);
	if (grown == NULL)
		return MAP_NONE;
	b->arcs = grown;
	i = (uint32_t)b->narcs;
	grown[i] = (struct book_arc){ caller, callee };
	if (map_add(&b->arc_index, key, i) < 0)
		return MAP_NONE;
	b->narcs++;
	return i;
}

void book_release(struct book *b)
{
	arena_release(&b->arena);
	strtab_release(&b->texts);
	mem_free(b->functions);
	mem_free(b->arcs);
	mem_free(b->raws);
	map_release(&b->function_index);
	map_release(&b->arc_index);
	map_release(&b->raw_index);
}
