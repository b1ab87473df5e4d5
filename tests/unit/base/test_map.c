#include "base/map.h"

#include "base/mem.h"
#include "unit.h"

START_TEST(test_map__empty)
{
	struct map m = MAP_INIT;

	ck_assert_uint_eq(map_get(&m, 0), MAP_NONE);
	map_clear(&m);
	map_release(&m);
}
END_TEST

START_TEST(test_map__many_keys)
{
	struct map m = MAP_INIT;

	for (uint32_t i = 0; i < 20000; i++)
		ck_assert_int_eq(map_add(&m, map_pair(i, i % 7), i), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		ck_assert_uint_eq(map_get(&m, map_pair(i, i % 7)), i);
		ck_assert_uint_eq(map_get(&m, map_pair(i, i % 7 + 1)), MAP_NONE);
	}
	map_clear(&m);
	ck_assert_uint_eq(map_get(&m, map_pair(1, 1)), MAP_NONE);
	map_release(&m);
}
END_TEST

/* Keys that are hashes: all values under one, each once, across a growing table. */
START_TEST(test_map__values_of_one_key)
{
	struct map m = MAP_INIT;
	unsigned seen[10] = { 0 };
	uint32_t value;
	size_t at = 0;

	for (uint32_t i = 0; i < 10; i++) {
		ck_assert_int_eq(map_add(&m, 42, i), 0);
		for (uint32_t k = 0; k < 30; k++)
			ck_assert_int_eq(map_add(&m, 1000 + i * 30 + k, 99), 0);
	}
	while ((value = map_find(&m, 42, &at)) != MAP_NONE) {
		ck_assert_uint_lt(value, 10);
		seen[value]++;
	}
	for (uint32_t i = 0; i < 10; i++)
		ck_assert_uint_eq(seen[i], 1);
	map_release(&m);
}
END_TEST

START_TEST(test_map__keeps_its_content_without_memory)
{
	struct map m = MAP_INIT;
	uint32_t n = 0;

	mem_fail_at(3, true);
	while (map_add(&m, n, n) == 0)
		n++;
	mem_fail_at(0, false);
	ck_assert_uint_eq(n, 80); /* five eighths of 128 */
	for (uint32_t i = 0; i < n; i++)
		ck_assert_uint_eq(map_get(&m, i), i);
	ck_assert_uint_eq(map_get(&m, n), MAP_NONE);
	ck_assert_int_eq(map_add(&m, n, n), 0);
	ck_assert_uint_eq(map_get(&m, n), n);
	map_release(&m);
}
END_TEST

START_TEST(test_map__hash)
{
	ck_assert_uint_eq(map_hash("abc", 3), map_hash("abcd", 3));
	ck_assert_uint_ne(map_hash("abc", 3), map_hash("abd", 3));
	ck_assert_uint_ne(map_hash("", 0), map_hash("\0", 1));
}
END_TEST

UNIT_MAIN("base/map",
	  test_map__empty,
	  test_map__many_keys,
	  test_map__values_of_one_key,
	  test_map__keeps_its_content_without_memory,
	  test_map__hash)
