/* Ranks: no link too short, none longer than it must be. */
#include <stdlib.h>

#include "graph/layout.h"
#include "leaks.h"
#include "sample.h"
#include "unit.h"

static int64_t length(const int32_t *rank, const struct link *links, uint32_t n)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < n; i++) {
		int32_t long_by = rank[links[i].lower] - rank[links[i].upper];

		ck_assert_int_ge(long_by, (int32_t)links[i].least);
		sum += (int64_t)long_by * links[i].weight;
	}
	return sum;
}

/* 0 calls 1 and 3, 1 calls 2, 2 calls 3; 4 calls 3 and stands right above it. */
START_TEST(test_rank__a_root_stands_near_what_it_calls)
{
	const struct link links[] = { { 0, 1, 1, 1 }, { 1, 2, 1, 1 }, { 2, 3, 1, 1 },
				      { 0, 3, 1, 1 }, { 4, 3, 1, 1 } };
	int32_t rank[5];

	ck_assert_int_eq(layout_rank(rank, 5, links, 5), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(rank[i], i);
	ck_assert_int_eq(rank[4], 2);
}
END_TEST

/* 1 could stand near 0 or near 2, which are five ranks apart. */
START_TEST(test_rank__the_heavier_link_is_the_shorter)
{
	struct link links[] = { { 0, 2, 5, 1 }, { 0, 1, 1, 2 }, { 1, 2, 1, 1 } };
	int32_t rank[3];

	ck_assert_int_eq(layout_rank(rank, 3, links, 3), 0);
	ck_assert_int_eq(rank[1], 1);
	links[2].weight = 3;
	ck_assert_int_eq(layout_rank(rank, 3, links, 3), 0);
	ck_assert_int_eq(rank[1], 4);
}
END_TEST

START_TEST(test_rank__each_part_begins_at_the_top)
{
	const struct link links[] = { { 3, 2, 2, 1 }, { 4, 0, 1, 1 } };
	int32_t rank[5];

	ck_assert_int_eq(layout_rank(rank, 5, links, 2), 0);
	ck_assert_int_eq(rank[0], 1);
	ck_assert_int_eq(rank[1], 0);
	ck_assert_int_eq(rank[2], 2);
	ck_assert_int_eq(rank[3], 0);
	ck_assert_int_eq(rank[4], 0);
}
END_TEST

enum { NODES = 6, LINKS = 10, DEEPEST = 6 };

/* The least length there is, by trying all ranks. */
static int64_t shortest(const struct link *links)
{
	int64_t best = INT64_MAX;
	int32_t rank[NODES];
	long all = 1;

	for (int i = 0; i < NODES; i++)
		all *= DEEPEST;
	for (long k = 0; k < all; k++) {
		int64_t sum = 0;
		long rest = k;

		for (int i = 0; i < NODES; i++, rest /= DEEPEST)
			rank[i] = (int32_t)(rest % DEEPEST);
		for (int i = 0; i < LINKS; i++) {
			int32_t long_by = rank[links[i].lower] - rank[links[i].upper];

			if (long_by < (int32_t)links[i].least) {
				sum = INT64_MAX;
				break;
			}
			sum += (int64_t)long_by * links[i].weight;
		}
		best = sum < best ? sum : best;
	}
	return best;
}

START_TEST(test_rank__none_is_shorter)
{
	uint64_t state = 11;

	for (int turn = 0; turn < 40; turn++) {
		struct link links[LINKS];
		int32_t rank[NODES];

		for (int i = 0; i < LINKS; i++) {
			uint32_t upper = (uint32_t)(sample_next(&state) % (NODES - 1));
			uint32_t lower = upper + 1 +
					 (uint32_t)(sample_next(&state) % (NODES - 1 - upper));

			links[i] = (struct link){ upper, lower, 1,
						  1 + (uint32_t)(sample_next(&state) % 5) };
		}
		ck_assert_int_eq(layout_rank(rank, NODES, links, LINKS), 0);
		ck_assert_int_eq(length(rank, links, LINKS), shortest(links));
	}
}
END_TEST

/* Long ones, several steps at least, and many at a time. */
START_TEST(test_rank__many)
{
	enum { MANY = 300 };
	struct link *links = calloc(4 * MANY, sizeof *links);
	int32_t rank[MANY];
	uint64_t state = 3;

	for (uint32_t i = 0; i < 4 * MANY; i++) {
		uint32_t upper = (uint32_t)(sample_next(&state) % (MANY - 1));

		links[i] = (struct link){ upper, upper + 1 +
					  (uint32_t)(sample_next(&state) % (MANY - 1 - upper)),
					  1 + (uint32_t)(sample_next(&state) % 3), 1 };
	}
	ck_assert_int_eq(layout_rank(rank, MANY, links, 4 * MANY), 0);
	ck_assert_int_gt(length(rank, links, 4 * MANY), 0);
	free(links);
}
END_TEST

UNIT_MAIN("graph/rank", test_rank__a_root_stands_near_what_it_calls,
	  test_rank__the_heavier_link_is_the_shorter, test_rank__each_part_begins_at_the_top,
	  test_rank__none_is_shorter, test_rank__many)
