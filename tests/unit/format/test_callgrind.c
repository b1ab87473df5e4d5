/* In front of callgrind_annotate, and added up: test_peers.c. */
#include "format/callgrind.h"

#include <string.h>

#include "failing.h"
#include "golden.h"
#include "sample.h"
#include "unit.h"

static const struct format_info info = { .command = "GET /user/{id}", .pid = 4711 };

static struct buf write_profile(const struct profile *p)
{
	struct buf out = BUF_INIT;
	struct error err;

	ck_assert_int_eq(callgrind_write(&out, p, &info, &err), 0);
	return out;
}

START_TEST(test_callgrind__written)
{
	struct profile *p = sample_random(3, 14, 60);
	struct buf out = write_profile(p);

	golden_check("tests/data/format/sample-3-14-60.kgrind", &out);
	buf_release(&out);
	profile_free(p);
}
END_TEST

/* main -> a -> b -> a, 10 each: b's inclusive is 20, a's 30, main's 40; below b
 * while b is not on the stack again are a's 10, below a likewise b's 10. */
START_TEST(test_callgrind__mutual_recursion)
{
	struct profile *p = sample_new();
	uint32_t node = sample_calls(p, 0, sample_function(p, "m.py", 1, "main", NULL), 1, 10);
	struct buf out;

	node = sample_calls(p, node, sample_function(p, "m.py", 2, "a", NULL), 1, 10);
	node = sample_calls(p, node, sample_function(p, "m.py", 3, "b", NULL), 1, 10);
	sample_calls(p, node, 1, 1, 10);
	out = write_profile(p);
	ck_assert_str_eq(strstr(buf_str(&out), "pid"),
			 "pid: 4711\n"
			 "cmd: GET /user/{id}\n"
			 "positions: line\n"
			 "event: wall : Nanoseconds\n"
			 "events: wall\n"
			 "summary: 40\n"
			 "\n"
			 "fl=(1) m.py\n"
			 "fn=(1) main\n"
			 "1 10\n"
			 "cfl=(1)\n"
			 "cfn=(2) a\n"
			 "calls=1 2\n"
			 "1 30\n"
			 "\n"
			 "fl=(1)\n"
			 "fn=(2)\n"
			 "2 20\n"
			 "cfl=(1)\n"
			 "cfn=(3) b\n"
			 "calls=1 3\n"
			 "2 10\n"
			 "\n"
			 "fl=(1)\n"
			 "fn=(3)\n"
			 "3 10\n"
			 "cfl=(1)\n"
			 "cfn=(2)\n"
			 "calls=1 2\n"
			 "3 10\n"
			 "\n"
			 "totals: 40\n");
	buf_release(&out);
	profile_free(p);
}
END_TEST

static void assert_has(struct buf *out, const char *text)
{
	ck_assert_msg(strstr(buf_str(out), text) != NULL, "no \"%s\" in\n%s", text, buf_str(out));
}

START_TEST(test_callgrind__names)
{
	struct profile *p = sample_new();
	struct buf out;

	sample_function(p, "a.py", 1, "f", "A.f");
	sample_function(p, "a.py", 9, "<lambda>", NULL);
	sample_function(p, "a.py", 12, "<lambda>", NULL);
	sample_function(p, "b.py", 12, "<lambda>", NULL);
	sample_function(p, "b.py", 20, "x", "X");
	sample_function(p, "b.py", 20, "y", "X");
	sample_function(p, "~", 0, "<built-in method builtins.len>", NULL);
	sample_function(p, "", 3, "", NULL);
	sample_function(p, "new\nline.py", 3, "tab\tname", NULL);
	out = write_profile(p);
	assert_has(&out, "fn=(1) A.f\n");
	assert_has(&out, "fn=(2) <lambda>:9\n");
	assert_has(&out, "fn=(3) <lambda>:12\n");
	assert_has(&out, "fn=(4) <lambda>\n"); /* the only one in its file */
	assert_has(&out, "fn=(5) X:20:x\n");
	assert_has(&out, "fn=(6) X:20:y\n");
	assert_has(&out, "fn=(7) {built-in method builtins.len}\n");
	assert_has(&out, "fl=(4) ?\nfn=(8) ?\n");
	assert_has(&out, "fl=(5) new\\x0aline.py\nfn=(9) tab\\x09name\n");
	buf_release(&out);
	profile_free(p);
}
END_TEST

/* A column each; calls and costs that are none. */
START_TEST(test_callgrind__odd_costs)
{
	struct profile *p = profile_new();
	uint32_t f, node;
	struct buf out;

	profile_add_metric(p, "wall", "nanoseconds");
	profile_add_metric(p, "alloc bytes", "bytes");
	profile_add_root(p);
	f = sample_function(p, "a.py", 1, "f", NULL);
	node = profile_child(p, 0, f);
	p->nodes[node].ncalls = 1;
	profile_node_cum(p, node)[0] = 10;
	profile_node_cum(p, node)[1] = 7;
	node = profile_child(p, node, sample_function(p, "a.py", 2, "g", NULL));
	profile_node_cum(p, node)[0] = 12; /* f's self: -2 */
	out = write_profile(p);
	assert_has(&out, "event: wall : Nanoseconds\nevent: alloc_bytes : Bytes\n"
			 "events: wall alloc_bytes\nsummary: 12 7\n");
	assert_has(&out, "fn=(1) f\n1 0 7\ncfl=(1)\ncfn=(2) g\ncalls=1 2\n1 12 0\n");
	assert_has(&out, "\ntotals: 12 7\n");
	buf_release(&out);
	profile_free(p);
}
END_TEST

/* Seconds, were each name compared with all. */
START_TEST(test_callgrind__many_of_one_name)
{
	struct profile *p = sample_new();
	struct buf out;

	for (uint32_t i = 0; i < 100000; i++)
		sample_function(p, "a.py", i, "f", NULL);
	out = write_profile(p);
	assert_has(&out, "fn=(100000) f:99999\n");
	buf_release(&out);
	profile_free(p);
}
END_TEST

static int write_once(void *arg, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = callgrind_write(&out, arg, &info, err);

	buf_release(&out);
	return rc;
}

START_TEST(test_callgrind__without_memory)
{
	struct profile *p = sample_random(4, 30, 100);

	ck_assert_uint_gt(fail_each_allocation(write_once, p), 15);
	profile_free(p);
}
END_TEST

UNIT_MAIN("format/callgrind",
	  test_callgrind__written,
	  test_callgrind__mutual_recursion,
	  test_callgrind__names,
	  test_callgrind__odd_costs,
	  test_callgrind__many_of_one_name,
	  test_callgrind__without_memory)
