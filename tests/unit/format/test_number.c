#include "format/number.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

static void assert_numbers(void)
{
	struct buf b = BUF_INIT;
	double value;

	number_add_fixed(&b, 8, 3, 1.0005);
	number_add_fixed(&b, 8, 3, -12345.6789);
	number_add_fixed(&b, 0, 3, 0);
	buf_addc(&b, ' ');
	number_add_double(&b, 0.1);
	buf_addc(&b, ' ');
	number_add_double(&b, 1e22);
	buf_addc(&b, ' ');
	number_add_double(&b, 5e-324);
	ck_assert_str_eq(buf_str(&b), "   1.000-12345.6790.000 0.1 1e+22 4.94065645841247e-324");
	ck_assert(number_parse("2.5e3", 5, &value) && value == 2500);
	ck_assert(number_parse("-7", 2, &value) && value == -7);
	ck_assert(!number_parse("1e999", 5, &value));
	ck_assert(!number_parse("", 0, &value));
	ck_assert(!number_parse("1.5.5", 5, &value));
	buf_release(&b);
}

START_TEST(test_number__in_the_c_locale)
{
	assert_numbers();
}
END_TEST

/* The first locale of this machine that has a comma, if any has. */
START_TEST(test_number__where_the_point_is_a_comma)
{
	static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF", "ru_RU.UTF-8" };
	char half[8];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (setlocale(LC_NUMERIC, names[i]) == NULL)
			continue;
		snprintf(half, sizeof half, "%.1f", 0.5);
		ck_assert_str_ne(half, "0.5");
		assert_numbers();
		return;
	}
	printf("no locale with a comma on this machine\n");
}
END_TEST

START_TEST(test_number__long)
{
	char digits[2000];
	double value;

	memset(digits, '1', sizeof digits);
	ck_assert(!number_parse(digits, sizeof digits, &value));
	ck_assert(number_parse(digits, 300, &value));
	digits[1] = '.';
	ck_assert(number_parse(digits, 1000, &value) && value > 1.11 && value < 1.12);
}
END_TEST

UNIT_MAIN("format/number",
	  test_number__in_the_c_locale,
	  test_number__where_the_point_is_a_comma,
	  test_number__long)
