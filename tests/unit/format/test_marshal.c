#include "format/marshal.h"

#include <string.h>

#include "unit.h"

static struct error err;

/* The first value; texts decoded into `text`. */
static struct marshal_value parse(const void *data, size_t len)
{
	struct marshal_reader r;
	struct marshal_value v;

	marshal_open(&r, (struct bytes){ data, len }, &err);
	ck_assert_msg(marshal_next(&r, &v, false) == 0, "%s", err.text);
	marshal_close(&r);
	return v;
}

#define PARSE(literal) parse(literal, sizeof literal - 1)

static struct buf decode(const void *data, size_t len)
{
	struct marshal_reader r;
	struct marshal_value v;
	struct buf scratch = BUF_INIT, out = BUF_INIT;
	struct bytes text;

	marshal_open(&r, (struct bytes){ data, len }, &err);
	ck_assert_int_eq(marshal_next(&r, &v, false), 0);
	ck_assert_int_eq(v.type, MARSHAL_TEXT);
	ck_assert_int_eq(marshal_decode(&r, &v, &scratch, &text), 0);
	if (text.len != 0)
		buf_add(&out, text.data, text.len);
	buf_release(&scratch);
	marshal_close(&r);
	return out;
}

static void assert_text(const void *data, size_t len, const char *want)
{
	struct buf got = decode(data, len);

	ck_assert_str_eq(buf_str(&got), want);
	buf_release(&got);
}

#define ASSERT_TEXT(literal, want) assert_text(literal, sizeof literal - 1, want)

START_TEST(test_marshal__numbers)
{
	ck_assert_int_eq(PARSE("i\xFE\xFF\xFF\xFF").integer, -2);
	ck_assert_int_eq(PARSE("I\0\0\0\0\1\0\0\0").integer, 4294967296);
	ck_assert_int_eq(PARSE("l\0\0\0\0").integer, 0);
	ck_assert_int_eq(PARSE("l\3\0\0\0\0\0\0\0\1\0").integer, 1 << 30);
	ck_assert_int_eq(PARSE("l\xFD\xFF\xFF\xFF\1\0\0\0\1\0").integer, -(1 << 30) - 1);
	ck_assert_double_eq(PARSE("g\0\0\0\0\0\0\xF8\xBF").number, -1.5);
	ck_assert_double_eq(PARSE("f\4" "2e-3").number, 0.002);
	ck_assert_int_eq(PARSE("N").type, MARSHAL_CONSTANT);
}
END_TEST

/* At both sides of each form, and back. */
START_TEST(test_marshal__integers_round_trip)
{
	static const int64_t values[] = { 0, 1, -1, INT32_MAX, INT32_MIN, INT32_MAX + 1LL,
					  INT32_MIN - 1LL, 1LL << 45, INT64_MAX, -INT64_MAX };

	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct marshal_writer w;
		struct buf b = BUF_INIT;

		marshal_begin(&w, &b);
		marshal_int(&w, values[i]);
		ck_assert_int_eq(parse(b.data, b.len).integer, values[i]);
		marshal_release(&w);
		buf_release(&b);
	}
}
END_TEST

START_TEST(test_marshal__texts)
{
	ASSERT_TEXT("z\2hi", "hi");
	ASSERT_TEXT("Z\2h\xE9", "h\xC3\xA9"); /* Latin-1 */
	ASSERT_TEXT("a\2\0\0\0hi", "hi");
	ASSERT_TEXT("A\0\0\0\0", "");
	ASSERT_TEXT("u\2\0\0\0\xC3\xA9", "\xC3\xA9");
	ASSERT_TEXT("t\5\0\0\0a\xED\xB2\x80" "b", "a\\udc80b");
	ASSERT_TEXT("s\3\0\0\0a\xFF" "b", "a\\xffb");
	ASSERT_TEXT("u\3\0\0\0a\0b", "a\\x00b");
	ASSERT_TEXT("z\1\0", "\\x00");
}
END_TEST

/* Longer than any name: cut, at a whole character. */
START_TEST(test_marshal__long_text)
{
	struct marshal_writer w;
	struct buf b = BUF_INIT, text = BUF_INIT, got;

	buf_addc(&text, 'x');
	for (int i = 0; i < 3000; i++)
		buf_adds(&text, "\xC3\xA9");
	marshal_begin(&w, &b);
	marshal_text(&w, buf_str(&text));
	got = decode(b.data, b.len);
	ck_assert_uint_eq(got.len, 4095);
	marshal_release(&w);
	buf_release(&b);
	buf_release(&text);
	buf_release(&got);
}
END_TEST

/* Bytes that are no UTF-8 are written as Python decodes them. */
START_TEST(test_marshal__bytes_as_surrogates)
{
	struct marshal_writer w;
	struct buf b = BUF_INIT;

	marshal_begin(&w, &b);
	marshal_text(&w, "a\x80\xFF");
	ck_assert_uint_eq(b.len, 12);
	ck_assert_mem_eq(b.data, "u\7\0\0\0a\xED\xB2\x80\xED\xB3\xBF", 12);
	marshal_release(&w);
	buf_release(&b);
}
END_TEST

static struct marshal_value next(struct marshal_reader *r)
{
	struct marshal_value v;

	ck_assert_msg(marshal_next(r, &v, true) == 0, "%s", err.text);
	return v;
}

#define OPEN(r, literal) marshal_open(r, (struct bytes){ (const uint8_t *)literal, sizeof literal - 1 }, &err)

/* A tuple is counted before what is in it; constants never are. */
START_TEST(test_marshal__references)
{
	struct marshal_reader r;
	struct marshal_value v;
	struct marshal_place place;

	OPEN(&r, "[\5\0\0\0" "\xA9\1\xFA\1x" "\xCE" "r\0\0\0\0" "r\1\0\0\0" "\xE9\7\0\0\0");
	ck_assert_uint_eq(next(&r).nitems, 5);
	v = next(&r);
	ck_assert_int_eq(v.type, MARSHAL_TUPLE);
	ck_assert_uint_eq(v.ref, 0);
	ck_assert(!v.again);
	ck_assert_uint_eq(next(&r).ref, 1);
	ck_assert_uint_eq(next(&r).ref, MARSHAL_NO_REF);
	v = next(&r);
	ck_assert(v.again);
	ck_assert_uint_eq(v.ref, 0);
	ck_assert_uint_eq(v.offset, 5);
	/* What is in it again, and nothing of that is counted again. */
	place = marshal_enter(&r, &v);
	ck_assert_int_eq(next(&r).type, MARSHAL_TEXT);
	marshal_leave(&r, &v, place);
	v = next(&r);
	ck_assert_uint_eq(v.ref, 1);
	ck_assert_mem_eq(v.raw.data, "x", 1);
	v = next(&r);
	ck_assert_int_eq(v.integer, 7);
	ck_assert_uint_eq(v.ref, 2);
	marshal_close(&r);
}
END_TEST

/* A list that holds itself can be entered as often as somebody wants to. */
START_TEST(test_marshal__cycle)
{
	struct marshal_reader r;
	struct marshal_value v;

	OPEN(&r, "\xDB\1\0\0\0r\0\0\0\0");
	v = next(&r);
	for (int i = 0; i < 5; i++) {
		marshal_enter(&r, &v);
		v = next(&r);
		ck_assert_int_eq(v.type, MARSHAL_TUPLE);
		ck_assert_uint_eq(v.offset, 0);
	}
	marshal_close(&r);
}
END_TEST

START_TEST(test_marshal__dict)
{
	struct marshal_reader r;

	OPEN(&r, "{z\1a{0z\1bi\5\0\0\0" "0");
	ck_assert_int_eq(next(&r).type, MARSHAL_DICT);
	ck_assert_int_eq(next(&r).type, MARSHAL_TEXT);
	ck_assert_int_eq(next(&r).type, MARSHAL_DICT);
	ck_assert_int_eq(next(&r).type, MARSHAL_END);
	ck_assert_int_eq(next(&r).type, MARSHAL_TEXT);
	ck_assert_int_eq(next(&r).integer, 5);
	ck_assert_int_eq(next(&r).type, MARSHAL_END);
	marshal_close(&r);
}
END_TEST

UNIT_MAIN("format/marshal",
	  test_marshal__numbers,
	  test_marshal__integers_round_trip,
	  test_marshal__texts,
	  test_marshal__long_text,
	  test_marshal__bytes_as_surrogates,
	  test_marshal__references,
	  test_marshal__cycle,
	  test_marshal__dict)
