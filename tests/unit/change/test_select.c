#include "change/select.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* All k of an array of n values, of which there are `kinds`. */
static void check(size_t n, unsigned kinds)
{
	int64_t v[64], sorted[64], copy[64];

	for (size_t i = 0; i < n; i++)
		v[i] = rand() % (int)kinds - 3;
	memcpy(sorted, v, sizeof v);
	qsort(sorted, n, sizeof *sorted, by_value);
	for (size_t k = 0; k < n; k++) {
		memcpy(copy, v, sizeof v);
		ck_assert_int_eq(select_nth(copy, n, k), sorted[k]);
	}
}

START_TEST(test_select__as_sorting_would)
{
	for (size_t n = 1; n <= 64; n++) {
		check(n, 1);
		check(n, 3);
		check(n, 1000);
	}
}
END_TEST

START_TEST(test_select__in_order_already)
{
	int64_t up[9], down[9];

	for (int i = 0; i < 9; i++)
		up[i] = down[8 - i] = i;
	for (size_t k = 0; k < 9; k++) {
		ck_assert_int_eq(select_nth(up, 9, k), (int64_t)k);
		ck_assert_int_eq(select_nth(down, 9, k), (int64_t)k);
	}
}
END_TEST

START_TEST(test_select__median)
{
	int64_t odd[] = { 9, 1, 5 }, even[] = { 8, 1, 2, 5 };
	int64_t one[] = { 7 }, far[] = { INT64_MAX, INT64_MIN }, far_up[] = { INT64_MAX, INT64_MAX - 2 };

	ck_assert_int_eq(select_median(odd, 3), 5);
	ck_assert_int_eq(select_median(even, 4), 3); /* of 2 and 5, rounded down */
	ck_assert_int_eq(select_median(one, 1), 7);
	ck_assert_int_eq(select_median(far, 2), -1);
	ck_assert_int_eq(select_median(far_up, 2), INT64_MAX - 1);
}
END_TEST

UNIT_MAIN("change/select", test_select__as_sorting_would, test_select__in_order_already,
	  test_select__median)
