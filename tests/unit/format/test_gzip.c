#include "format/gzip.h"

#include <string.h>

#include "failing.h"
#include "unit.h"

static struct buf pack(const void *data, size_t len)
{
	struct gzip_writer w;
	struct buf out = BUF_INIT;

	gzip_begin(&w, &out);
	gzip_add(&w, data, len);
	gzip_end(&w);
	ck_assert(!out.failed);
	return out;
}

START_TEST(test_gzip__round_trip)
{
	static const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 3000000 };
	uint64_t state = 1;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct buf in = BUF_INIT, packed, back = BUF_INIT;
		struct error err = ERROR_INIT;

		while (in.len < sizes[i]) {
			state = state * 6364136223846793005u + 1442695040888963407u;
			buf_addc(&in, (char)(state >> 60));
		}
		packed = pack(in.data, in.len);
		ck_assert(gzip_sniff(buf_bytes(&packed)));
		ck_assert_int_eq(gzip_read(&back, buf_bytes(&packed), 1 << 28, &err), 0);
		ck_assert_uint_eq(back.len, in.len);
		if (in.len != 0)
			ck_assert_mem_eq(back.data, in.data, in.len);
		buf_release(&in);
		buf_release(&packed);
		buf_release(&back);
	}
}
END_TEST

/* One file behind another is a file. */
START_TEST(test_gzip__members)
{
	struct buf both = pack("one ", 4), two = pack("two", 3), out = BUF_INIT;
	struct error err;

	buf_add(&both, two.data, two.len);
	ck_assert_int_eq(gzip_read(&out, buf_bytes(&both), 100, &err), 0);
	ck_assert_str_eq(buf_str(&out), "one two");
	buf_clear(&out);
	buf_adds(&both, "garbage");
	ck_assert_int_eq(gzip_read(&out, buf_bytes(&both), 100, &err), -1);
	ck_assert_int_eq(err.code, ERR_FORMAT);
	buf_release(&both);
	buf_release(&two);
	buf_release(&out);
}
END_TEST

START_TEST(test_gzip__damaged)
{
	struct buf packed = pack("some text that is long enough", 29), out = BUF_INIT;
	struct error err;

	packed.data[packed.len - 6] ^= 1; /* the checksum */
	ck_assert_int_eq(gzip_read(&out, buf_bytes(&packed), 100, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "damaged gzip data before byte"));
	buf_release(&packed);
	buf_release(&out);
}
END_TEST

/* 50 MB of zeros in 50 kB. */
START_TEST(test_gzip__bomb)
{
	static char zeros[1 << 20];
	struct gzip_writer w;
	struct buf bomb = BUF_INIT, out = BUF_INIT;
	struct error err;

	gzip_begin(&w, &bomb);
	for (int i = 0; i < 50; i++)
		gzip_add(&w, zeros, sizeof zeros);
	gzip_end(&w);
	ck_assert_uint_lt(bomb.len, 60000);
	ck_assert_int_eq(gzip_read(&out, buf_bytes(&bomb), 20 << 20, &err), -1);
	ck_assert_str_eq(err.text, "grows over 20 MB when unpacked");
	ck_assert_uint_lt(out.cap, 70 << 20);
	/* Below 56 MB no ratio is suspicious. */
	buf_release(&bomb);
	bomb = pack(zeros, sizeof zeros);
	buf_release(&out);
	ck_assert_int_eq(gzip_read(&out, buf_bytes(&bomb), 1 << 28, &err), 0);
	buf_release(&bomb);
	buf_release(&out);
}
END_TEST

static int read_once(void *arg, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = gzip_read(&out, buf_bytes(arg), 1 << 20, err);

	buf_release(&out);
	return rc;
}

static int write_once(void *arg, struct error *err)
{
	struct gzip_writer w;
	struct buf out = BUF_INIT;
	bool failed;

	gzip_begin(&w, &out);
	gzip_add(&w, arg, 5);
	gzip_end(&w);
	failed = out.failed;
	buf_release(&out);
	return failed ? error_nomem(err) : 0;
}

START_TEST(test_gzip__without_memory)
{
	struct buf packed = pack("small", 5);

	fail_each_allocation(read_once, &packed);
	fail_each_allocation(write_once, "small");
	buf_release(&packed);
}
END_TEST

UNIT_MAIN("format/gzip",
	  test_gzip__round_trip,
	  test_gzip__members,
	  test_gzip__damaged,
	  test_gzip__bomb,
	  test_gzip__without_memory)
