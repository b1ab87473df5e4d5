#include "format/marshal.h"

#include <string.h>

#include "unit.h"

static const struct marshal_value *parse(struct arena *a, const void *data, size_t len)
{
	struct error err = ERROR_INIT;
	const struct marshal_value *v = marshal_parse(a, (struct bytes){ data, len }, &err);

	ck_assert_msg(v != NULL, "%s", err.text);
	return v;
}

#define PARSE(a, literal) parse(a, literal, sizeof literal - 1)

START_TEST(test_marshal__numbers)
{
	struct arena a = ARENA_INIT;

	ck_assert_int_eq(PARSE(&a, "i\xFE\xFF\xFF\xFF")->integer, -2);
	ck_assert_int_eq(PARSE(&a, "I\0\0\0\0\1\0\0\0")->integer, 4294967296);
	ck_assert_int_eq(PARSE(&a, "l\0\0\0\0")->integer, 0);
	ck_assert_int_eq(PARSE(&a, "l\3\0\0\0\0\0\0\0\1\0")->integer, 1 << 30);
	ck_assert_int_eq(PARSE(&a, "l\xFD\xFF\xFF\xFF\1\0\0\0\1\0")->integer, -(1 << 30) - 1);
	ck_assert_double_eq(PARSE(&a, "g\0\0\0\0\0\0\xF8\xBF")->number, -1.5);
	ck_assert_double_eq(PARSE(&a, "f\4" "2e-3")->number, 0.002);
	ck_assert_int_eq(PARSE(&a, "N")->type, MARSHAL_CONSTANT);
	arena_release(&a);
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
		struct arena a = ARENA_INIT;

		marshal_begin(&w, &b);
		marshal_int(&w, values[i]);
		ck_assert_int_eq(parse(&a, b.data, b.len)->integer, values[i]);
		marshal_release(&w);
		buf_release(&b);
		arena_release(&a);
	}
}
END_TEST

START_TEST(test_marshal__texts)
{
	struct arena a = ARENA_INIT;

	ck_assert_str_eq(PARSE(&a, "z\2hi")->text, "hi");
	ck_assert_str_eq(PARSE(&a, "Z\2h\xE9")->text, "h\xC3\xA9"); /* Latin-1 */
	ck_assert_str_eq(PARSE(&a, "a\2\0\0\0hi")->text, "hi");
	ck_assert_str_eq(PARSE(&a, "A\0\0\0\0")->text, "");
	ck_assert_str_eq(PARSE(&a, "u\2\0\0\0\xC3\xA9")->text, "\xC3\xA9");
	ck_assert_str_eq(PARSE(&a, "t\5\0\0\0a\xED\xB2\x80" "b")->text, "a\\udc80b");
	ck_assert_str_eq(PARSE(&a, "s\3\0\0\0a\xFF" "b")->text, "a\\xffb");
	ck_assert_str_eq(PARSE(&a, "u\3\0\0\0a\0b")->text, "a\\x00b");
	ck_assert_str_eq(PARSE(&a, "z\1\0")->text, "\\x00");
	arena_release(&a);
}
END_TEST

/* Longer than any name: cut, at a whole character. */
START_TEST(test_marshal__long_text)
{
	struct marshal_writer w;
	struct buf b = BUF_INIT, text = BUF_INIT;
	struct arena a = ARENA_INIT;
	const char *got;

	buf_addc(&text, 'x');
	for (int i = 0; i < 3000; i++)
		buf_adds(&text, "\xC3\xA9");
	marshal_begin(&w, &b);
	marshal_text(&w, buf_str(&text));
	got = parse(&a, b.data, b.len)->text;
	ck_assert_uint_eq(strlen(got), 4095);
	marshal_release(&w);
	buf_release(&b);
	buf_release(&text);
	arena_release(&a);
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

/* A tuple is counted before what is in it; constants never are. */
START_TEST(test_marshal__references)
{
	struct arena a = ARENA_INIT;
	const struct marshal_value *v = PARSE(&a, "[\5\0\0\0" "\xA9\1\xFA\1x" "\xCE"
						  "r\0\0\0\0" "r\1\0\0\0" "\xE9\7\0\0\0");
	const struct marshal_item *i = v->items;
	const struct marshal_value *tuple = i->value;

	ck_assert_uint_eq(v->nitems, 5);
	ck_assert_int_eq(tuple->type, MARSHAL_TUPLE);
	i = i->next->next;
	ck_assert_ptr_eq(i->value, tuple);
	i = i->next;
	ck_assert_ptr_eq(i->value, tuple->items->value);
	ck_assert_str_eq(i->value->text, "x");
	ck_assert_int_eq(i->next->value->integer, 7);
	arena_release(&a);
}
END_TEST

/* A list that holds itself is nothing to worry about, for nobody walks it all. */
START_TEST(test_marshal__cycle)
{
	struct arena a = ARENA_INIT;
	const struct marshal_value *v = PARSE(&a, "\xDB\1\0\0\0r\0\0\0\0");

	ck_assert_ptr_eq(v->items->value, v);
	arena_release(&a);
}
END_TEST

START_TEST(test_marshal__dict)
{
	struct arena a = ARENA_INIT;
	const struct marshal_value *v = PARSE(&a, "{z\1a{0z\1bi\5\0\0\0" "0");

	ck_assert_int_eq(v->type, MARSHAL_DICT);
	ck_assert_uint_eq(v->nitems, 4);
	ck_assert_int_eq(v->items->next->value->type, MARSHAL_DICT);
	ck_assert_uint_eq(v->items->next->value->nitems, 0);
	ck_assert_int_eq(v->items->next->next->next->value->integer, 5);
	arena_release(&a);
}
END_TEST

/* 100,000 declared items of which none is there, within each other. */
START_TEST(test_marshal__memory_follows_the_input)
{
	struct arena a = ARENA_INIT;
	struct error err;
	char in[100000];

	memset(in, 'N', sizeof in);
	for (size_t i = 0; i < 30; i++)
		memcpy(in + 5 * i, "(\x00\x80\x01\x00", 5);
	ck_assert_ptr_null(marshal_parse(&a, (struct bytes){ (uint8_t *)in, sizeof in }, &err));
	ck_assert_uint_lt(a.total, 60 * sizeof in);
	arena_release(&a);
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
	  test_marshal__dict,
	  test_marshal__memory_follows_the_input)
