#include "base/buf.h"

#include <string.h>

#include "base/mem.h"
#include "unit.h"

START_TEST(test_buf__appends)
{
	struct buf b = BUF_INIT;

	ck_assert_str_eq(buf_str(&b), "");
	buf_adds(&b, "one");
	buf_addc(&b, ' ');
	buf_add(&b, "twofold", 3);
	buf_add(&b, NULL, 0);
	buf_pad(&b, '.', 3);
	buf_addu(&b, 0);
	buf_addu(&b, UINT64_MAX);
	buf_printf(&b, " %d%%", -5);
	ck_assert_str_eq(buf_str(&b), "one two...018446744073709551615 -5%");
	ck_assert_uint_eq(buf_bytes(&b).len, strlen(buf_str(&b)));
	buf_clear(&b);
	ck_assert_str_eq(buf_str(&b), "");
	buf_release(&b);
	ck_assert_ptr_null(b.data);
}
END_TEST

/* Longer than the room that is there when it begins to print. */
START_TEST(test_buf__prints_at_length)
{
	struct buf b = BUF_INIT;
	char text[1000];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	buf_printf(&b, "%s%s", text, "y");
	ck_assert_uint_eq(b.len, sizeof text);
	ck_assert_int_eq(b.data[sizeof text - 1], 'y');
	buf_release(&b);
}
END_TEST

START_TEST(test_buf__failure_sticks)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, "kept");
	mem_fail_at(1, false);
	buf_pad(&b, ' ', 1000);
	mem_fail_at(0, false);
	ck_assert(b.failed);
	buf_adds(&b, "not any more");
	buf_printf(&b, "%d", 1);
	buf_addc(&b, 'c');
	ck_assert_uint_eq(b.len, 4);
	ck_assert_str_eq(buf_str(&b), "");
	buf_clear(&b);
	buf_adds(&b, "again");
	ck_assert_str_eq(buf_str(&b), "again");
	buf_release(&b);
}
END_TEST

START_TEST(test_buf__refuses_the_impossible)
{
	struct buf b = BUF_INIT;

	buf_addc(&b, 'x');
	ck_assert(!buf_reserve(&b, SIZE_MAX));
	ck_assert(b.failed);
	buf_release(&b);
}
END_TEST

struct counter {
	struct buf_sink sink;
	size_t nbytes, most;
};

static bool count(struct buf_sink *sink, struct bytes content)
{
	struct counter *c = (struct counter *)sink;

	c->nbytes += content.len;
	return c->nbytes <= c->most;
}

/* All but what is less than a piece is passed on; what cannot be is a failure. */
START_TEST(test_buf__passes_on)
{
	struct counter c = { .sink = { count, false }, .most = 3 * BUF_PASS };
	struct buf b = BUF_INIT;

	buf_pad(&b, 'x', BUF_PASS);
	buf_pass(&b);
	ck_assert_uint_eq(b.len, BUF_PASS);
	b.sink = &c.sink;
	for (int i = 0; i < 8; i++) {
		buf_pass(&b);
		buf_pad(&b, 'x', BUF_PASS / 4);
	}
	ck_assert_uint_eq(c.nbytes + b.len, 3 * BUF_PASS);
	ck_assert_uint_eq(b.len, BUF_PASS);
	ck_assert(!b.failed && !c.sink.failed);
	buf_pad(&b, 'x', 1);
	buf_pass(&b);
	ck_assert(b.failed && c.sink.failed);
	buf_pass_on(&b);
	ck_assert_uint_eq(c.nbytes, 3 * BUF_PASS + 1);
	buf_release(&b);
}
END_TEST

UNIT_MAIN("base/buf",
	  test_buf__appends,
	  test_buf__prints_at_length,
	  test_buf__failure_sticks,
	  test_buf__refuses_the_impossible,
	  test_buf__passes_on)
