#include "format/json.h"

#include <math.h>
#include <string.h>

#include "failing.h"
#include "unit.h"

static struct bytes text(const char *s)
{
	return (struct bytes){ (const uint8_t *)s, strlen(s) };
}

static struct json *parse(struct arena *a, const char *s)
{
	struct error err;
	struct json *v = json_parse(a, text(s), &err);

	ck_assert_msg(v != NULL, "%s: %s", s, err.text);
	return v;
}

START_TEST(test_json__values)
{
	struct arena a = ARENA_INIT;
	struct json *v = parse(&a, " { \"s\": \"x\", \"i\": -12, \"d\": 2.5e-3, \"t\": true,"
				   "\"f\":false , \"n\": null, \"l\": [1, [], {}] }\r\n");

	ck_assert_str_eq(json_str(v, "s", "?"), "x");
	ck_assert_int_eq(json_int(v, "i", 0), -12);
	ck_assert_double_eq(json_num(v, "i", 0), -12);
	ck_assert_double_eq(json_num(v, "d", 0), 0.0025);
	ck_assert_int_eq(json_int(v, "d", 7), 7); /* no integer */
	ck_assert(json_bool(v, "t", false));
	ck_assert(!json_bool(v, "f", true));
	ck_assert_int_eq(json_get(v, "n")->type, JSON_NULL);
	ck_assert_int_eq(json_get(v, "l")->first->integer, 1);
	ck_assert_int_eq(json_get(v, "l")->first->next->next->type, JSON_OBJECT);
	ck_assert_ptr_null(json_get(v, "l")->first->key);
	ck_assert_str_eq(json_str(v, "missing", "fallback"), "fallback");
	ck_assert_str_eq(json_str(v, "i", "fallback"), "fallback");
	ck_assert_str_eq(json_str(NULL, "i", "fallback"), "fallback");
	arena_release(&a);
}
END_TEST

START_TEST(test_json__numbers)
{
	struct arena a = ARENA_INIT;
	struct json *v = parse(&a, "[9223372036854775807, -9223372036854775808,"
				   "9223372036854775808, 1.0, -0, 0]")->first;

	ck_assert(v->is_int && v->integer == INT64_MAX);
	v = v->next;
	ck_assert(v->is_int && v->integer == INT64_MIN);
	v = v->next;
	ck_assert(!v->is_int && v->number == 9223372036854775808.0);
	v = v->next;
	ck_assert(!v->is_int && v->number == 1);
	v = v->next;
	ck_assert(!v->is_int && signbit(v->number));
	v = v->next;
	ck_assert(v->is_int && v->integer == 0);
	arena_release(&a);
}
END_TEST

START_TEST(test_json__strings)
{
	struct arena a = ARENA_INIT;

	ck_assert_str_eq(parse(&a, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")->string, "\"\\/\b\f\n\r\t");
	ck_assert_str_eq(parse(&a, "\"\\u00e9\\u20AC\\ud83d\\ude00\"")->string,
			 "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
	/* Half a pair, twice, and one before an ordinary escape. */
	ck_assert_str_eq(parse(&a, "\"\\ud83d\\ud83d\\u0041\\udc80\"")->string,
			 "\xEF\xBF\xBD\xEF\xBF\xBD" "A\xEF\xBF\xBD");
	ck_assert_str_eq(parse(&a, "\"\"")->string, "");
	arena_release(&a);
}
END_TEST

START_TEST(test_json__repeated_key_keeps_the_last)
{
	struct arena a = ARENA_INIT;
	struct json *v = parse(&a, "{\"a\": 1, \"b\": {\"a\": 5}, \"a\": {\"a\": 3}, \"c\": 4}");

	ck_assert_int_eq(json_int(json_get(v, "a"), "a", 0), 3);
	ck_assert_int_eq(json_int(json_get(v, "b"), "a", 0), 5);
	ck_assert_str_eq(v->first->key, "a");
	ck_assert_str_eq(v->first->next->key, "b");
	ck_assert_str_eq(v->first->next->next->key, "c");
	ck_assert_ptr_null(v->first->next->next->next);
	arena_release(&a);
}
END_TEST

/* Seconds, were each key compared with all before it. */
START_TEST(test_json__many_keys)
{
	struct buf b = BUF_INIT;
	struct arena a = ARENA_INIT;
	struct error err;

	buf_addc(&b, '{');
	for (int i = 0; i < 200000; i++)
		buf_printf(&b, "%s\"key %d\":%d", i ? "," : "", i, i);
	buf_addc(&b, '}');
	ck_assert_ptr_nonnull(json_parse(&a, buf_bytes(&b), &err));
	arena_release(&a);
	buf_release(&b);
}
END_TEST

START_TEST(test_json__errors)
{
	static const struct { const char *in, *error; } cases[] = {
		{ "", "line 1: the text ends too early" },
		{ "[1,\n2,\n", "line 3: the text ends too early" },
		{ "[1 2]", "line 1: no comma between two values" },
		{ "[1,]", "line 1: not JSON" },
		{ "{\"a\"}", "line 1: no colon behind a name" },
		{ "{a: 1}", "line 1: a member without a name" },
		{ "{\"a\": 1,}", "line 1: a member without a name" },
		{ "true true", "line 1: something stands behind the end" },
		{ "tru", "line 1: not JSON" },
		{ "01", "line 1: something stands behind the end" },
		{ "-", "line 1: a number without digits" },
		{ "1.", "line 1: a number without digits behind its point" },
		{ "1e", "line 1: a number without digits in its exponent" },
		{ "1e999", "line 1: a number too large" },
		{ ".5", "line 1: not JSON" },
		{ "NaN", "line 1: not JSON" },
		{ "\"a", "line 1: the text ends inside a string" },
		{ "\"\\", "line 1: the text ends inside a string" },
		{ "\"\\x\"", "line 1: an unknown escape in a string" },
		{ "\"\\u12g4\"", "line 1: \\u wants four hexadecimal digits" },
		{ "\"\\u12", "line 1: the text ends inside a string" },
		{ "\"\\u0000\"", "line 1: a NUL character in a string" },
		{ "\"a\nb\"", "line 1: a control character in a string" },
		{ "\"\xFF\"", "line 1: text that is not UTF-8" }
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = ARENA_INIT;
		struct error err = ERROR_INIT;

		ck_assert_ptr_null(json_parse(&a, text(cases[i].in), &err));
		ck_assert_str_eq(err.text, cases[i].error);
		ck_assert_int_eq(err.code, ERR_FORMAT);
		arena_release(&a);
	}
}
END_TEST

START_TEST(test_json__depth)
{
	struct arena a = ARENA_INIT;
	struct buf wide = BUF_INIT;
	struct error err;
	char deep[200];

	memset(deep, '[', 64);
	memset(deep + 64, ']', 64);
	deep[128] = '\0';
	parse(&a, deep);
	memset(deep, '[', 65);
	memset(deep + 65, ']', 65);
	deep[130] = '\0';
	ck_assert_ptr_null(json_parse(&a, text(deep), &err));
	ck_assert_str_eq(err.text, "line 1: nested too deeply");
	/* Side by side they are not deep. */
	buf_addc(&wide, '[');
	for (int i = 0; i < 100; i++)
		buf_adds(&wide, "[],{},");
	buf_adds(&wide, "0]");
	parse(&a, buf_str(&wide));
	buf_release(&wide);
	arena_release(&a);
}
END_TEST

START_TEST(test_json__written)
{
	struct json_writer w;
	struct buf out = BUF_INIT;

	json_begin(&w, &out);
	json_add_string(&w, "s", "a\"\\\n\x01\xC3\xA9\xFF");
	json_add_string(&w, "none", NULL);
	json_add_int(&w, "i", INT64_MIN);
	json_add_number(&w, "d", 0.1);
	json_add_number(&w, "third", 1.0 / 3);
	json_add_number(&w, "inf", INFINITY);
	json_add_bool(&w, "b", true);
	json_open_array(&w, "l");
	json_add_null(&w, NULL);
	json_open_object(&w, NULL);
	json_close_object(&w);
	json_close_array(&w);
	json_open_object(&w, "o");
	json_add_int(&w, "x", 1);
	json_close_object(&w);
	json_end(&w);
	ck_assert_str_eq(buf_str(&out),
			 "{\n"
			 "  \"s\": \"a\\\"\\\\\\n\\u0001\xC3\xA9\xEF\xBF\xBD\",\n"
			 "  \"none\": null,\n"
			 "  \"i\": -9223372036854775808,\n"
			 "  \"d\": 0.1,\n"
			 "  \"third\": 0.3333333333333333,\n"
			 "  \"inf\": null,\n"
			 "  \"b\": true,\n"
			 "  \"l\": [\n"
			 "    null,\n"
			 "    {}\n"
			 "  ],\n"
			 "  \"o\": {\n"
			 "    \"x\": 1\n"
			 "  }\n"
			 "}\n");
	buf_clear(&out);
	json_begin(&w, &out);
	json_end(&w);
	ck_assert_str_eq(buf_str(&out), "{}\n");
	buf_release(&out);
}
END_TEST

START_TEST(test_json__round_trip)
{
	static const char document[] =
		"{\n"
		"  \"value\": {\n"
		"    \"a\": [\n"
		"      1,\n"
		"      -2.5,\n"
		"      1e+300,\n"
		"      \"x\\ty\"\n"
		"    ],\n"
		"    \"b\": {},\n"
		"    \"c\": [],\n"
		"    \"d\": false\n"
		"  }\n"
		"}\n";
	struct arena a = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct json_writer w;

	json_begin(&w, &out);
	json_add_value(&w, "value", json_get(parse(&a, document), "value"));
	json_end(&w);
	ck_assert_str_eq(buf_str(&out), document);
	buf_release(&out);
	arena_release(&a);
}
END_TEST

static int parse_once(void *arg, struct error *err)
{
	struct arena a = ARENA_INIT;
	int rc = json_parse(&a, text(arg), err) ? 0 : -1;

	arena_release(&a);
	return rc;
}

START_TEST(test_json__without_memory)
{
	fail_each_allocation(parse_once, "{\"a\": [1, 2, {\"b\": \"text\"}], \"c\": 1, \"c\": 2}");
}
END_TEST

UNIT_MAIN("format/json",
	  test_json__values,
	  test_json__numbers,
	  test_json__strings,
	  test_json__repeated_key_keeps_the_last,
	  test_json__many_keys,
	  test_json__errors,
	  test_json__depth,
	  test_json__written,
	  test_json__round_trip,
	  test_json__without_memory)
