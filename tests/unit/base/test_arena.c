#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "unit.h"

START_TEST(test_arena__aligned_and_apart)
{
	struct arena a = ARENA_INIT;
	unsigned char *blocks[500];

	for (size_t i = 0; i < 500; i++) {
		blocks[i] = arena_alloc(&a, i);
		ck_assert_ptr_nonnull(blocks[i]);
		ck_assert_uint_eq((uintptr_t)blocks[i] % alignof(max_align_t), 0);
		memset(blocks[i], (int)(i & 0xFF), i);
	}
	for (size_t i = 0; i < 500; i++)
		for (size_t k = 0; k < i; k++)
			ck_assert_uint_eq(blocks[i][k], i & 0xFF);
	ck_assert_uint_ge(a.total, 500 * 499 / 2);
	arena_release(&a);
	ck_assert_uint_eq(a.total, 0);
}
END_TEST

START_TEST(test_arena__large_and_cleared)
{
	struct arena a = ARENA_INIT;
	unsigned char *large = arena_zalloc(&a, 5 << 20);

	ck_assert_ptr_nonnull(large);
	for (size_t i = 0; i < 5 << 20; i += 4093)
		ck_assert_uint_eq(large[i], 0);
	ck_assert_ptr_null(arena_alloc(&a, SIZE_MAX));
	ck_assert_ptr_null(arena_strndup(&a, "x", SIZE_MAX));
	arena_release(&a);
}
END_TEST

START_TEST(test_arena__texts)
{
	struct arena a = ARENA_INIT;

	ck_assert_str_eq(arena_strdup(&a, "whole"), "whole");
	ck_assert_str_eq(arena_strndup(&a, "whole", 3), "who");
	ck_assert_str_eq(arena_strndup(&a, "", 0), "");
	arena_release(&a);
}
END_TEST

START_TEST(test_arena__without_memory)
{
	struct arena a = ARENA_INIT;
	char *text;

	mem_fail_at(1, false);
	ck_assert_ptr_null(arena_zalloc(&a, 1));
	mem_fail_at(0, false);
	text = arena_strdup(&a, "still fine");
	mem_fail_at(1, true);
	ck_assert_ptr_null(arena_alloc(&a, 1 << 20));
	mem_fail_at(0, false);
	ck_assert_str_eq(text, "still fine");
	arena_release(&a);
}
END_TEST

UNIT_MAIN("base/arena",
	  test_arena__aligned_and_apart,
	  test_arena__large_and_cleared,
	  test_arena__texts,
	  test_arena__without_memory)
