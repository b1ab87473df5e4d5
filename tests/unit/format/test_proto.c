#include "format/proto.h"

#include <string.h>

#include "unit.h"

START_TEST(test_proto__written)
{
	struct buf b = BUF_INIT;

	proto_add_uint(&b, 1, 0); /* left out */
	proto_add_uint(&b, 1, 127);
	proto_add_uint(&b, 2, 300);
	proto_add_int(&b, 3, -1);
	proto_add_bytes(&b, 16, "ab", 2);
	ck_assert_uint_eq(b.len, 2 + 3 + 11 + 5);
	ck_assert_mem_eq(b.data,
			 "\x08\x7f\x10\xac\x02\x18\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
			 "\x82\x01\x02" "ab", b.len);
	buf_release(&b);
}
END_TEST

START_TEST(test_proto__read)
{
	static const uint8_t in[] = { 0x08, 0xAC, 0x02, 0x15, 1, 2, 3, 4, 0x19, 1, 0, 0, 0,
				      0, 0, 0, 0x80, 0x22, 2, 5, 0x87, 1 };
	struct error err;
	struct proto p = proto_whole((struct bytes){ in, sizeof in - 1 }, &err);
	struct proto_numbers n;
	struct proto_field f;
	uint64_t value;

	ck_assert_int_eq(proto_next(&p, &f), 1);
	ck_assert(f.number == 1 && f.value == 300 && !f.is_bytes);
	ck_assert_int_eq(proto_next(&p, &f), 1);
	ck_assert(f.number == 2 && f.value == 0x04030201 && !f.is_bytes);
	ck_assert_int_eq(proto_next(&p, &f), 1);
	ck_assert(f.number == 3 && f.value == 0x8000000000000001);
	/* A packed row that ends inside a number. */
	ck_assert_int_eq(proto_next(&p, &f), 1);
	ck_assert(f.number == 4 && f.is_bytes && f.bytes.len == 2);
	proto_numbers_begin(&n, &p, &f);
	ck_assert_int_eq(proto_numbers_next(&n, &value), 1);
	ck_assert_uint_eq(value, 5);
	ck_assert_int_eq(proto_numbers_next(&n, &value), -1);
	ck_assert_str_eq(err.text, "truncated at byte 21");
	ck_assert_int_eq(proto_next(&p, &f), 0);
}
END_TEST

START_TEST(test_proto__errors)
{
	static const struct { const char *in; size_t len; const char *error; } cases[] = {
		{ "\x08", 1, "truncated at byte 1" },
		{ "\x08\x80", 2, "truncated at byte 2" },
		{ "\x0a", 1, "truncated at byte 1" },
		{ "\x0a\x02x", 3, "truncated at byte 3" },
		{ "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "truncated at byte 11" },
		{ "\x09\x01", 2, "truncated at byte 2" },
		{ "\x00\x01", 2, "no field at byte 0" },
		{ "\x0b", 1, "a field of an unknown kind at byte 0" },
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, "a number too long at byte 1" }
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct error err = ERROR_INIT;
		struct proto p = proto_whole((struct bytes){ (const uint8_t *)cases[i].in,
							     cases[i].len }, &err);
		struct proto_field f;

		ck_assert_int_eq(proto_next(&p, &f), -1);
		ck_assert_str_eq(err.text, cases[i].error);
	}
}
END_TEST

UNIT_MAIN("format/proto",
	  test_proto__written,
	  test_proto__read,
	  test_proto__errors)
