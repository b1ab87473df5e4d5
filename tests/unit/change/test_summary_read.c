#include "change/summary.h"

#include <stdio.h>
#include <string.h>

#include "failing.h"
#include "golden.h"
#include "unit.h"

/* Two groups, one of them of a raw path; `show` is only in the second and `index` only in
 * the first. */
static const char path[] = "tests/data/change/summary.json";

static struct bytes whole;
static struct buf content;

static void begin(void)
{
	content = golden_read(path);
	buf_str(&content);
	whole = buf_bytes(&content);
}

static void end(void)
{
	buf_release(&content);
}

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static void read_whole(struct summary *s)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(summary_read(s, whole, &err) == 0, "%s", err.text);
}

START_TEST(test_summary_read__all_of_it)
{
	struct summary s;
	const struct summary_group *g;

	begin();
	read_whole(&s);
	ck_assert_str_eq(s.name, "2026-11-21_18:20:37");
	ck_assert_ptr_null(s.path);
	ck_assert_int_eq(s.created_ns, 1764000000123456789);
	ck_assert(s.commit != NULL && s.branch == NULL && s.dirty && !s.sampled);
	ck_assert_str_eq(s.python, "3.12");
	ck_assert_str_eq(s.implementation, "CPython");
	ck_assert_str_eq(s.mode, "exact");
	ck_assert_uint_eq(s.machine, 0x00c0ffee00c0ffee);
	ck_assert_int_eq((int)s.outcome, (int)RUN_PASSED);
	ck_assert(s.has_counts);
	ck_assert_uint_eq(s.seen, 5);
	ck_assert_uint_eq(s.kept, 4);
	ck_assert_uint_eq(s.dropped, 1);
	ck_assert_uint_eq(s.nmetrics, 2);
	ck_assert_str_eq(s.metrics[1].name, "allocs");
	ck_assert_str_eq(s.metrics[1].unit, "count");
	ck_assert_uint_eq(s.ngroups, 2);
	g = &s.groups[0];
	ck_assert(g->label == NULL && g->ordinal == 0 && g->failed && !g->warm);
	g = &s.groups[1];
	ck_assert_str_eq(g->label, "tests/test_user.py::test_show");
	ck_assert_uint_eq(g->ordinal, 2);
	ck_assert(g->warm && !g->failed && g->typical == NULL);
	ck_assert_uint_eq(g->nrequests, 2);
	ck_assert_uint_eq(g->ncold, 1);
	ck_assert_uint_eq(g->nlost, 2);
	ck_assert_int_eq(g->values[2], 120); /* the second request's wall */
	ck_assert_int_eq(g->values[3], 8);
	ck_assert_uint_eq(g->nfunctions, 3);
	ck_assert_uint_eq(g->functions[1].id.nth, 1);
	ck_assert_uint_eq(g->functions[1].line, 30);
	ck_assert_int_eq(g->functions[1].cum[0], 50);
	ck_assert_uint_eq(g->functions[2].calls.max, 3);
	ck_assert_int_eq((int)g->functions[2].id.origin, (int)ORIGIN_BUILTIN);
	ck_assert_uint_eq(g->narcs, 4);
	ck_assert_uint_eq(g->arcs[1].callee, 2);
	ck_assert_uint_eq(g->arcs[1].calls.max, 2);
	ck_assert_uint_eq(g->arcs[3].caller, UINT32_MAX);
	summary_release(&s);
	end();
}
END_TEST

START_TEST(test_summary_read__what_is_written_is_what_was_read)
{
	struct summary s;
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;

	begin();
	read_whole(&s);
	ck_assert_int_eq(summary_write(&out, &s, true, &err), 0);
	golden_check(path, &out);
	buf_release(&out);
	summary_release(&s);
	end();
}
END_TEST

START_TEST(test_summary_read__no_raw_path_is_kept)
{
	struct summary s, kept;
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	const char *text;

	begin();
	read_whole(&s);
	ck_assert_int_eq(summary_write(&out, &s, false, &err), 0);
	text = buf_str(&out);
	ck_assert_ptr_null(strstr(text, "/index"));
	ck_assert_ptr_null(strstr(text, "/user/7"));
	ck_assert_ptr_null(strstr(text, "\"index\"")); /* of that group alone */
	ck_assert_int_eq(summary_read(&kept, bytes_of(text), &err), 0);
	ck_assert_uint_eq(kept.ngroups, 1);
	ck_assert_str_eq(kept.groups[0].route, "");
	ck_assert_str_eq(kept.groups[0].label, s.groups[1].label);
	ck_assert_uint_eq(kept.groups[0].ordinal, s.groups[1].ordinal);
	summary_release(&kept);
	summary_release(&s);
	buf_release(&out);
	end();
}
END_TEST

/* The document with its first `old` replaced. */
static void refuse(const char *old, const char *new, unsigned line, const char *why)
{
	const char *text = (const char *)whole.data, *at = strstr(text, old);
	struct buf changed = BUF_INIT;
	struct error err = ERROR_INIT;
	struct summary s;
	char place[32];

	ck_assert_msg(at != NULL, "%s is not in it", old);
	buf_add(&changed, text, (size_t)(at - text));
	buf_adds(&changed, new);
	buf_adds(&changed, at + strlen(old));
	ck_assert_msg(summary_read(&s, buf_bytes(&changed), &err) < 0, "%s", new);
	buf_release(&changed);
	ck_assert_int_eq((int)err.code, (int)ERR_FORMAT);
	snprintf(place, sizeof place, "line %u: ", line);
	ck_assert_msg(strncmp(err.text, place, strlen(place)) == 0 && strstr(err.text, why) != NULL,
		      "%s -> %s", new, err.text);
}

START_TEST(test_summary_read__what_cannot_be_is_refused)
{
	begin();
	refuse("\"schema\": 1", "\"schema\": 2", 2, "newer");
	refuse("00c0ffee00c0ffee", "00C0ffee", 12, "machine");
	refuse("\"passed\"", "\"perhaps\"", 13, "outcome");
	refuse("\"seen\": 5", "\"seen\": -5", 14, "less");
	refuse("\"seen\": 5", "\"seen\": 0.5", 14, "whole");
	refuse("\"seen\": 5", "\"seen\": 99999999999999999999", 14, "whole");
	refuse("\"allocs\", \"count\"", "\"allocs\"", 19, "unit");
	refuse("\"app\", \"file\"", "\"moon\", \"file\"", 22, "origin");
	refuse("\"id\": \"a3e314bb\"", "\"id\": \"e4078bf8\"", 23, "twice");
	refuse("\"id\": \"a3e314bb\"", "\"id\": \"caa8d1bg\"", 23, "hexadecimal");
	refuse("\"name\": \"show\", \"line\": 12", "\"name\": \"a\", \"line\": 12", 23, "order");
	refuse("\"line\": 12", "\"line\": 4294967296", 23, "larger");
	refuse("\"method\": \"GET\"", "\"method\": null", 45, "method");
	refuse("\"calls\": [1]", "\"calls\": []", 38, "as many");
	refuse("[10],", "[10, 11],", 38, "as many");
	refuse("[-1]\n      ],", "[-1], [1]\n      ],", 45, "each metric");
	refuse("\"calls\": 1, \"self\": [10, -1]", "\"calls\": 1, \"self\": [10]", 42, "value for each");
	refuse("\"calls\": 1, \"self\": [10, -1]", "\"calls\": 1, \"self\": [1, 2, 3]", 42, "more values");
	refuse("[1, 1, 2]", "[1, 2]", 62, "minimum");
	refuse("[1, 1, 2]", "[2, 1, 2]", 62, "minimum");
	refuse("\"5c754c93\": 1", "\"d7bc260a\": 1", 67, "twice");
	refuse("\"5c754c93\": 1", "\"e4078bf8\": 1", 67, "does not have");
	refuse("\"5c754c93\": 1", "\"00000000\": 1", 62, "no function has");
	refuse("  \"groups\"", "  \"groops\"", 70, "missing");
	refuse("\"metrics\"", "\"metrix\"", 28, "before metrics");
	end();
}
END_TEST

START_TEST(test_summary_read__no_prefix_crashes)
{
	struct error err = ERROR_INIT;
	struct summary s;

	begin();
	for (size_t n = 0; n < whole.len - 1; n++) {
		struct bytes in = { whole.data, n };

		ck_assert_int_eq(summary_read(&s, in, &err), -1);
		ck_assert_int_eq((int)err.code, (int)ERR_FORMAT);
	}
	end();
}
END_TEST

static int read_and_write(void *arg, struct error *err)
{
	struct summary s;
	struct buf out = BUF_INIT;
	int rc;

	(void)arg;
	if (summary_read(&s, whole, err) < 0)
		return -1;
	rc = summary_write(&out, &s, true, err);
	buf_release(&out);
	summary_release(&s);
	return rc;
}

START_TEST(test_summary_read__without_memory)
{
	begin();
	ck_assert_uint_gt(fail_each_allocation(read_and_write, NULL), 20);
	end();
}
END_TEST

UNIT_MAIN("change/summary_read", test_summary_read__all_of_it,
	  test_summary_read__what_is_written_is_what_was_read,
	  test_summary_read__no_raw_path_is_kept, test_summary_read__what_cannot_be_is_refused,
	  test_summary_read__no_prefix_crashes, test_summary_read__without_memory)
