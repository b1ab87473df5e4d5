#include "base/text.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static void assert_time(int64_t ns, const char *want)
{
	struct buf b = BUF_INIT;

	text_time(&b, ns);
	ck_assert_str_eq(buf_str(&b), want);
	buf_release(&b);
}

START_TEST(test_text__time)
{
	assert_time(0, "0 ns");
	assert_time(999, "999 ns");
	assert_time(1000, "1.00 us");
	assert_time(41000, "41.0 us");
	assert_time(999499, "999 us");
	assert_time(999500, "1.00 ms");
	assert_time(9994999, "9.99 ms");
	assert_time(9995000, "10.0 ms");
	assert_time(738000000, "738 ms");
	assert_time(2123000000, "2.12 s");
	assert_time(123456000000, "123 s");
	assert_time(-41000, "-41.0 us");
}
END_TEST

START_TEST(test_text__count_and_size)
{
	struct buf b = BUF_INIT;

	text_count(&b, 0);
	buf_addc(&b, ' ');
	text_count(&b, 999);
	buf_addc(&b, ' ');
	text_count(&b, 1000);
	buf_addc(&b, ' ');
	text_count(&b, 1234567);
	buf_addc(&b, ' ');
	text_size(&b, 999);
	buf_addc(&b, ' ');
	text_size(&b, 1500000);
	buf_addc(&b, ' ');
	text_size(&b, 999999);
	ck_assert_str_eq(buf_str(&b), "0 999 1,000 1,234,567 999 B 1.50 MB 1.00 MB");
	buf_release(&b);
}
END_TEST

static void assert_printable(const char *in, const char *want)
{
	struct buf b = BUF_INIT;

	text_printable(&b, in);
	ck_assert_str_eq(buf_str(&b), want);
	buf_release(&b);
}

START_TEST(test_text__printable)
{
	assert_printable("plain caf\xC3\xA9 \xF0\x9F\x98\x80", "plain caf\xC3\xA9 \xF0\x9F\x98\x80");
	assert_printable("\033[2J\n\x7F", "\\x1b[2J\\x0a\\x7f");
	assert_printable("\xC2\x9B" "1m", "\\xc2\\x9b1m"); /* a C1 control sequence */
	assert_printable("a\xE2\x80\xAE" "b", "a\\xe2\\x80\\xaeb"); /* right to left */
	assert_printable("\xFF\xC3", "\\xff\\xc3");
}
END_TEST

START_TEST(test_text__utf8)
{
	static const struct { const char *bytes; size_t len; uint32_t code; } cases[] = {
		{ "a", 1, 'a' }, { "\xC3\xA9", 2, 0xE9 }, { "\xE2\x82\xAC", 3, 0x20AC },
		{ "\xF4\x8F\xBF\xBF", 4, 0x10FFFF },
		{ "\xC0\x80", 0, 0 },         /* too long for NUL */
		{ "\xE0\x80\xAF", 0, 0 },     /* too long for a slash */
		{ "\xED\xA0\x80", 0, 0 },     /* a surrogate */
		{ "\xF4\x90\x80\x80", 0, 0 }, /* above the last */
		{ "\x80", 0, 0 }, { "\xC3", 0, 0 }, { "\xC3(", 0, 0 }
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint32_t code = 0;
		size_t len = text_utf8(cases[i].bytes, strlen(cases[i].bytes), &code);

		ck_assert_uint_eq(len, cases[i].len);
		if (len != 0)
			ck_assert_uint_eq(code, cases[i].code);
	}
	ck_assert_uint_eq(text_width("stra\xC3\x9F" "e"), 6);
}
END_TEST

/* Thousandths: tests/unit/format/test_number.c. */
START_TEST(test_text__scale_as_printf)
{
	uint64_t n;

	for (int i = 0; i < 20000; i++) {
		/* Many are ties. */
		double value = i % 2 ? i / 128.0 : i / 977.0;
		char want[32], got[32];

		snprintf(want, sizeof want, "%.2f", value);
		ck_assert(text_scale(value, 100, &n));
		snprintf(got, sizeof got, "%d.%02d", (int)(n / 100), (int)(n % 100));
		ck_assert_str_eq(got, want);
	}
	ck_assert(!text_scale(-1, 100, &n));
	ck_assert(!text_scale(1e12, 100, &n));
	ck_assert(!text_scale(0.0 / 0.0, 100, &n));
}
END_TEST

START_TEST(test_text__xml)
{
	struct buf b = BUF_INIT;

	text_xml(&b, "a<b> & \"c\" 'd' \xC3\xA9 \xEF\xBF\xBD");
	ck_assert_str_eq(buf_str(&b), "a&lt;b&gt; &amp; &quot;c&quot; 'd' \xC3\xA9 \xEF\xBF\xBD");
	buf_clear(&b);
	/* U+FFFE and U+FFFF, and their beginnings where a text ends. */
	text_xml(&b, "\xEF\xBF\xBEx\xEF\xBF\xBF\xEF\xBF");
	ck_assert_str_eq(buf_str(&b), "?x?\xEF\xBF");
	buf_release(&b);
}
END_TEST

UNIT_MAIN("base/text",
	  test_text__time,
	  test_text__count_and_size,
	  test_text__printable,
	  test_text__utf8,
	  test_text__xml,
	  test_text__scale_as_printf)
