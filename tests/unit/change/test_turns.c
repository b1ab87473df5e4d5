#include "change/change.h"

#include "unit.h"

/* Which side's run was made first, second, ... */
START_TEST(test_turns__orders)
{
	static const struct { const char *order; bool took; } cases[] = {
		{ "ababababab", true }, { "abbaabbaab", true }, { "aaaaabbbbb", false },
		{ "aaabbbaabb", false }, { "ab", true }, { "abb", true }, { "aabb", true },
		{ "aaabbb", false },
	};

	for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
		struct summary runs[2][8] = { { { .name = NULL } } };
		const struct summary *list[2][8];
		struct change_side side[2] = { { list[0], 0 }, { list[1], 0 } };

		for (size_t i = 0; cases[c].order[i] != '\0'; i++) {
			int s = cases[c].order[i] - 'a';

			runs[s][side[s].nruns].created_ns = (int64_t)i + 1;
			list[s][side[s].nruns] = &runs[s][side[s].nruns];
			side[s].nruns++;
		}
		ck_assert_msg(sides_took_turns(&side[0], &side[1]) == cases[c].took, "%s",
			      cases[c].order);
	}
}
END_TEST

/* One run a side has no turns to take; of more it must be known when each was made. */
START_TEST(test_turns__unknown_times)
{
	struct summary runs[4] = { { .created_ns = 1 }, { .created_ns = 2 }, { .created_ns = 3 },
				   { .created_ns = 0 } };
	const struct summary *list[] = { &runs[0], &runs[2], &runs[1], &runs[3] };
	struct change_side old = { list, 2 }, new = { list + 2, 2 };

	ck_assert(!sides_took_turns(&old, &new));
	ck_assert(!sides_took_turns(&new, &old));
	runs[3].created_ns = 4;
	ck_assert(sides_took_turns(&old, &new));
	runs[0].created_ns = runs[1].created_ns = 0;
	old.nruns = new.nruns = 1;
	ck_assert(sides_took_turns(&old, &new));
}
END_TEST

UNIT_MAIN("change/turns", test_turns__orders, test_turns__unknown_times)
