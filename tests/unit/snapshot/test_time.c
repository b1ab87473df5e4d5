#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "snapshot/manifest.h"
#include "unit.h"

static void formats(const char *zone, int64_t ns, const char *want)
{
	struct buf out = BUF_INIT;
	int64_t back;

	setenv("TZ", zone, 1);
	tzset();
	time_format(&out, ns);
	ck_assert_str_eq(buf_str(&out), want);
	ck_assert_int_eq(time_parse(buf_str(&out), &back), 0);
	ck_assert_int_eq(back, ns);
	buf_release(&out);
}

START_TEST(test_time__format)
{
	formats("UTC0", 0, "1970-01-01T00:00:00.000000000+00:00");
	formats("UTC0", -1, "1969-12-31T23:59:59.999999999+00:00");
	/* 1,000,000,000 s is 2001-09-09 01:46:40 UTC. */
	formats("XXX-1", 1000000000000000001, "2001-09-09T02:46:40.000000001+01:00");
	formats("XXX3:30", 1000000000000000000, "2001-09-08T22:16:40.000000000-03:30");
	formats("XXX-5:45", 1000000000000000000, "2001-09-09T07:31:40.000000000+05:45");
	/* 2024-02-29 12:00 UTC is day 19782: 19782 * 86400 + 43200. */
	formats("UTC0", 1709208000000000000, "2024-02-29T12:00:00.000000000+00:00");
}
END_TEST

static void parses(const char *s, int64_t want)
{
	int64_t got;

	ck_assert_msg(time_parse(s, &got) == 0, "%s", s);
	ck_assert_int_eq(got, want);
}

START_TEST(test_time__parse)
{
	parses("1970-01-01T00:00:00Z", 0);
	parses("1970-01-01t00:00:00z", 0);
	parses("1970-01-01 00:00:00.5+00:00", 500000000);
	parses("1970-01-01T00:00:00.1234567891Z", 123456789);
	parses("1970-01-01T01:00:00+01:00", 0);
	parses("1969-12-31T20:30:00-03:30", 0);
	parses("2000-03-01T00:00:00Z", (int64_t)951868800 * 1000000000);
	parses("2261-12-31T23:59:59Z", (int64_t)9214646399 * 1000000000);
}
END_TEST

START_TEST(test_time__parse_refuses)
{
	static const char *const wrong[] = {
		"", "now", "1970-01-01", "1970-01-01T00:00:00", "1970-13-01T00:00:00Z",
		"1970-00-01T00:00:00Z", "1970-01-32T00:00:00Z", "1970-01-01T24:00:00Z",
		"1970-01-01T00:60:00Z", "1970-01-01T00:00:61Z", "1970-01-01T00:00:00.Z",
		"1970-01-01T00:00:00Zx", "1970-01-01T00:00:00+0100", "1970-01-01T00:00:00+1:00",
		"9999-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "-970-01-01T00:00:00Z",
		"1970-01-01T00:00:00+", "1970-01-01T00:00:00+01:60",
	};
	int64_t ns;

	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		ck_assert_msg(time_parse(wrong[i], &ns) < 0, "%s", wrong[i]);
}
END_TEST

/* Every day of 400 years, against the C library. */
START_TEST(test_time__calendar)
{
	setenv("TZ", "UTC0", 1);
	tzset();
	for (int64_t day = -50000; day < 96000; day++) {
		time_t t = (time_t)(day * 86400);
		struct tm tm;
		char text[40];
		int64_t ns;

		gmtime_r(&t, &tm);
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
		ck_assert_int_eq(time_parse(text, &ns), 0);
		if (ns != (int64_t)t * 1000000000)
			ck_abort_msg("%s: %lld", text, (long long)ns);
	}
}
END_TEST

UNIT_MAIN("snapshot/time", test_time__format, test_time__parse, test_time__parse_refuses,
	  test_time__calendar)
