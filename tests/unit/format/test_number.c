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

static void same_as_printf(double value)
{
	struct buf b = BUF_INIT;
	char expected[400];

	snprintf(expected, sizeof expected, "%8.3f", value);
	number_add_fixed(&b, 8, 3, value);
	ck_assert_msg(strcmp(buf_str(&b), expected) == 0, "%.17g: '%s', not '%s'", value,
		      buf_str(&b), expected);
	buf_release(&b);
}

START_TEST(test_number__thousandths_as_printf)
{
	static const double values[] = {
		0, -0.0, 0.0005, 0.0015, 0.0025, 0.00049999999999999999, 1e-300, 5e-324, 0.9995,
		0.99949999999999994, 999.9995, 1e9 + 0.0005, 4194304.0625, 999999999999.9999,
		1e12, 1.5e12, 1e300, -1.0005, 1.0 / 0.0, 0.125, 0.0625, 2048.0625, 2048.1875
	};
	uint64_t random = 1;

	for (size_t i = 0; i < sizeof values / sizeof *values; i++)
		same_as_printf(values[i]);
	/* Multiples of 1/65536, many of them ties, and of a nanosecond. */
	for (int i = 0; i < 20000; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		same_as_printf((double)(random >> 40) / 65536);
		same_as_printf((double)(random >> 24) / 1e9);
		same_as_printf((double)(random >> 30) * 1e-9);
		same_as_printf((double)(random >> 50) * 0.0005);
	}
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
	  test_number__thousandths_as_printf,
	  test_number__long)
