#include "format/format.h"

#include <string.h>

#include "failing.h"
#include "golden.h"
#include "sample.h"
#include "unit.h"

static void assert_error(const char *content, const char *want)
{
	struct bytes in = { (const uint8_t *)content, strlen(content) };
	struct error err = ERROR_INIT;

	ck_assert_ptr_null(format_read(in, &err));
	ck_assert_str_eq(err.text, want);
}

/* Each format takes what it writes, and none that is asked before it. */
#define NOT_READ "not a profile in a format that cprof reads: pstats, callgrind, pprof, collapsed " \
		 "stacks, speedscope (pyinstrument -r speedscope, profiling.sampling --pstats, " \
		 "yappi's save(type=\"pstat\"))"

START_TEST(test_format__sniffed)
{
	struct profile *p = sample_random(2, 10, 50);
	struct format_info info = { .path = "profile.prof" };
	struct error err;

	for (const struct format *f = formats; f->name != NULL; f++) {
		struct buf out = BUF_INIT;
		struct profile *back;

		ck_assert_int_eq(f->write(&out, p, &info, &err), 0);
		ck_assert_ptr_eq(format_of(buf_bytes(&out)), f->read != NULL ? f : NULL);
		back = format_read(buf_bytes(&out), &err);
		ck_assert_int_eq(back != NULL, f->read != NULL);
		if (back != NULL)
			ck_assert_int_eq(profile_has_tree(back), (f->holds & HOLDS_TREE) != 0);
		profile_free(back);
		buf_release(&out);
	}
	profile_free(p);
}
END_TEST

START_TEST(test_format__what_is_none)
{
	assert_error("", "empty");
	assert_error("# callgrind format\n", "not a callgrind file: no \"events:\" in it");
	assert_error("no weight\n", NOT_READ);
	assert_error("{\"a\": 1}", NOT_READ);
	assert_error("{", "truncated at byte 1");
}
END_TEST

static void assert_losses(const char *format, const struct profile *p, const char *want)
{
	struct buf out = BUF_INIT;

	format_losses(&out, format_find(format), p);
	ck_assert_str_eq(buf_str(&out), want);
	buf_release(&out);
}

START_TEST(test_format__losses)
{
	struct profile *p = sample_random(2, 10, 50);

	p->nlost = 1;
	assert_losses("pprof", p, "");
	assert_losses("json", p, "");
	assert_losses("pstats", p, "the call tree, both names of a function, that calls are missing");
	assert_losses("csv", p, "the call tree, who called whom, that calls are missing");
	p->nlost = 0;
	assert_losses("collapsed", p, "numbers of calls, both names of a function");
	profile_free(p);
}
END_TEST

UNIT_MAIN("format/format",
	  test_format__sniffed,
	  test_format__what_is_none,
	  test_format__losses)
