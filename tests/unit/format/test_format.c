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

/* Each format takes what it writes, and no other does. */
START_TEST(test_format__sniffed)
{
	struct profile *p = sample_random(2, 10, 50);
	struct format_info info = { .path = "profile.prof" };
	struct error err;

	for (const struct format *f = formats; f->name != NULL; f++) {
		struct buf out = BUF_INIT;
		struct profile *back;

		ck_assert_int_eq(f->write(&out, p, &info, &err), 0);
		for (const struct format *g = formats; g->name != NULL; g++)
			if (g->sniff != NULL)
				ck_assert_int_eq(g->sniff(buf_bytes(&out)), f == g);
		back = format_read(buf_bytes(&out), &err);
		ck_assert_int_eq(back != NULL, f->read != NULL);
		if (back != NULL)
			ck_assert_int_eq(profile_has_tree(back), strcmp(f->name, "pprof") == 0);
		profile_free(back);
		buf_release(&out);
	}
	profile_free(p);
}
END_TEST

START_TEST(test_format__what_is_none)
{
	assert_error("", "empty");
	assert_error("# callgrind format\n", "not a profile in a format that cprof reads");
	assert_error("{\"a\": 1}", "not a profile in a format that cprof reads");
	assert_error("{", "truncated at byte 1");
}
END_TEST

UNIT_MAIN("format/format",
	  test_format__sniffed,
	  test_format__what_is_none)
