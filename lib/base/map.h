/* map.h -- a hash table from a 64-bit key to a 32-bit number, open addressing,
 * nothing removed. Keys that stand for text or structs are hashes the caller
 * resolves: map_find walks all entries of a key. Not thread-safe.
 */
#ifndef CPROF_BASE_MAP_H
#define CPROF_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#define MAP_NONE UINT32_MAX

struct map_entry {
	uint64_t key;
	uint32_t value; /* MAP_NONE marks a free place */
};

struct map {
	struct map_entry *entries;
	size_t size; /* a power of two, or 0 */
	size_t used;
};

#define MAP_INIT { NULL, 0, 0 }

/* The value of `key`, or MAP_NONE. */
uint32_t map_get(const struct map *m, uint64_t key);

/* The first (*at = 0) or next value stored under `key`, or MAP_NONE: for keys
 * that are hashes. *at is opaque. */
uint32_t map_find(const struct map *m, uint64_t key, size_t *at);

/* Adds an entry beside those the key may have; -1 without memory. */
int map_add(struct map *m, uint64_t key, uint32_t value);

/* Makes room for n entries in all, so that adding them moves none; -1 without
 * memory. */
int map_reserve(struct map *m, size_t n);

void map_release(struct map *m);
void map_clear(struct map *m); /* keeps the memory */

/* Mixes well enough for open addressing: pointers and small numbers alike. */
static inline uint64_t map_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= 0x9E3779B97F4A7C15u;
	x ^= x >> 29;
	x *= 0xBF58476D1CE4E5B9u;
	return x ^ (x >> 32);
}

static inline uint64_t map_pair(uint32_t a, uint32_t b)
{
	return (uint64_t)a << 32 | b;
}

/* A hash of bytes, the same everywhere and for ever (FNV-1a widened by map_mix);
 * and one that is faster and another in each process, for tables in memory. */
uint64_t map_hash(const void *data, size_t len);
uint64_t map_hash_text(const void *data, size_t len);

#endif
