#include "base/strtab.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "unit.h"

START_TEST(test_strtab__equal_texts_are_one)
{
	struct strtab t = STRTAB_INIT;
	const char *abc = strtab_add(&t, "abcdef", 3), *empty = strtab_add(&t, "x", 0);

	ck_assert_str_eq(abc, "abc");
	ck_assert_str_eq(empty, "");
	ck_assert_ptr_eq(strtab_add(&t, "abc", 3), abc);
	ck_assert_ptr_eq(strtab_add(&t, "", 0), empty);
	ck_assert_ptr_ne(strtab_add(&t, "abcd", 4), abc);
	ck_assert_ptr_ne(strtab_add(&t, "ab", 2), abc);
	ck_assert_uint_eq(t.nstrings, 4);
	strtab_release(&t);
}
END_TEST

START_TEST(test_strtab__cuts_at_a_nul)
{
	struct strtab t = STRTAB_INIT;

	ck_assert_ptr_eq(strtab_add(&t, "ab\0cd", 5), strtab_add(&t, "ab", 2));
	strtab_release(&t);
}
END_TEST

START_TEST(test_strtab__thousands)
{
	struct strtab t = STRTAB_INIT;
	const char *first[3000];
	char text[32];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 3000; i++) {
			const char *s;

			snprintf(text, sizeof text, "module_%d.py", i);
			s = strtab_add(&t, text, strlen(text));
			if (round == 0)
				first[i] = s;
			ck_assert_ptr_eq(s, first[i]);
			ck_assert_str_eq(s, text);
		}
	}
	ck_assert_uint_eq(t.nstrings, 3000);
	strtab_release(&t);
}
END_TEST

START_TEST(test_strtab__goes_on_after_a_failure)
{
	struct strtab t = STRTAB_INIT;

	for (size_t n = 1;; n++) {
		const char *s;

		mem_fail_at(n, false);
		s = strtab_add(&t, "text", 4);
		mem_fail_at(0, false);
		if (s == NULL)
			continue;
		ck_assert_uint_gt(n, 2);
		ck_assert_ptr_eq(strtab_add(&t, "text", 4), s);
		break;
	}
	ck_assert_uint_eq(t.nstrings, 1);
	strtab_release(&t);
}
END_TEST

UNIT_MAIN("base/strtab",
	  test_strtab__equal_texts_are_one,
	  test_strtab__cuts_at_a_nul,
	  test_strtab__thousands,
	  test_strtab__goes_on_after_a_failure)
