#include "base/map.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/mem.h"

/* Another in each process: a file's author could else choose numbers and names that all
 * belong in one place of a table. Where the system has none to give it is as before. */
static uint64_t seed;

__attribute__((constructor)) static void choose_seed(void)
{
	if (getentropy(&seed, sizeof seed) < 0)
		seed = 0;
}

static size_t place_of(uint64_t key, size_t mask)
{
	return map_mix(key ^ seed) & mask;
}

uint64_t map_hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xCBF29CE484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001B3u;
	return map_mix(h);
}

/* Eight bytes at a time: names of files are long, and all of them are hashed. */
uint64_t map_hash_text(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xCBF29CE484222325u ^ len ^ seed, word;

	for (; len >= sizeof word; len -= sizeof word, p += sizeof word) {
		memcpy(&word, p, sizeof word);
		h = (h ^ word) * 0x9E3779B97F4A7C15u;
		h ^= h >> 32;
	}
	for (word = 0; len-- > 0; p++)
		word = word << 8 | *p;
	return map_mix(h ^ word);
}

uint32_t map_find(const struct map *m, uint64_t key, size_t *at)
{
	size_t mask = m->size - 1;
	size_t i = *at;

	if (m->size == 0)
		return MAP_NONE;
	/* *at is 0 to begin, else one more than the place after the last hit. */
	i = i == 0 ? place_of(key, mask) : (i - 1) & mask;
	for (;; i = (i + 1) & mask) {
		const struct map_entry *e = &m->entries[i];

		if (e->value == MAP_NONE)
			return MAP_NONE;
		if (e->key == key) {
			*at = ((i + 1) & mask) + 1;
			return e->value;
		}
	}
}

uint32_t map_get(const struct map *m, uint64_t key)
{
	size_t at = 0;

	return map_find(m, key, &at);
}

static void put(struct map *m, uint64_t key, uint32_t value)
{
	size_t mask = m->size - 1;
	size_t i = place_of(key, mask);

	while (m->entries[i].value != MAP_NONE)
		i = (i + 1) & mask;
	m->entries[i].key = key;
	m->entries[i].value = value;
}

static int resize(struct map *m, size_t size)
{
	struct map old = *m;

	m->entries = mem_array(NULL, size, sizeof *m->entries);
	if (m->entries == NULL) {
		*m = old;
		return -1;
	}
	m->size = size;
	map_clear(m);
	for (size_t i = 0; i < old.size; i++)
		if (old.entries[i].value != MAP_NONE)
			put(m, old.entries[i].key, old.entries[i].value);
	m->used = old.used;
	mem_free(old.entries);
	return 0;
}

int map_reserve(struct map *m, size_t n)
{
	size_t size = m->size ? m->size : 64;

	while (size / 8 * 5 < n + 1)
		size *= 2;
	return size == m->size ? 0 : resize(m, size);
}

int map_add(struct map *m, uint64_t key, uint32_t value)
{
	if (m->used + 1 > m->size / 8 * 5)
		if (resize(m, m->size ? m->size * 2 : 64) < 0)
			return -1;
	put(m, key, value);
	m->used++;
	return 0;
}

void map_clear(struct map *m)
{
	for (size_t i = 0; i < m->size; i++)
		m->entries[i].value = MAP_NONE;
	m->used = 0;
}

void map_release(struct map *m)
{
	mem_free(m->entries);
	*m = (struct map)MAP_INIT;
}
