#include "format/collapsed.h"

#include <string.h>

#include "golden.h"
#include "reader.h"
#include "unit.h"

static const struct format_info info = { .metric = 0 };

#define read_text(text) reader_read(collapsed_read, text)
#define assert_table(text, want) reader_assert_table(collapsed_read, text, want)
#define assert_error(text, want) reader_assert_error(collapsed_read, text, want)

/* main: 1 of its own; a: 2 + 3 under main, and 4 where it calls itself. */
START_TEST(test_collapsed__stacks)
{
	assert_table("# made by hand\n\nmain 1\nmain;a 2\r\nmain;a 3\nmain;a;a 4",
		     "metric samples in count\nsampled, 4 nodes\n"
		     ":0 main (main)  0/0  samples self 1 cum 10\n"
		     ":0 a (a)  0/0  samples self 9 cum 9\n"
		     "    from main  0/0  samples self 5 cum 9\n"
		     "    from a  0/0  samples self 4 cum 4\n");
}
END_TEST

/* py-spy's frames and ours, CPython's and Austin's, and those that only look so. */
START_TEST(test_collapsed__frames)
{
	static const struct { const char *frame, *file, *name; uint32_t line; } cases[] = {
		{ "show (app.py:12)", "app.py", "show", 12 },
		{ "app.py:show:12", "app.py", "show", 12 },
		{ "C:\\app.py:show:12", "C:\\app.py", "show", 12 },
		{ "<frozen runpy>:_run_code:87", "<frozen runpy>", "_run_code", 87 },
		{ "tid:4711", "", "tid:4711", 0 },
		{ "std::vector<int>", "", "std::vector<int>", 0 },
		{ "f (x)", "", "f (x)", 0 },
		{ "f (x:y)", "", "f (x:y)", 0 },
		{ "(x:1)", "", "(x:1)", 0 },
		{ "two words", "", "two words", 0 },
		{ "a\x1b[31m\xff", "", "a\x1b[31m\\xff", 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char line[100];
		struct profile *p;

		snprintf(line, sizeof line, "%s 7\n", cases[i].frame);
		p = read_text(line);
		ck_assert_uint_eq(p->nfunctions, 1);
		ck_assert_str_eq(p->functions[0].name, cases[i].name);
		ck_assert_str_eq(p->functions[0].file, cases[i].file);
		ck_assert_uint_eq(p->functions[0].line, cases[i].line);
		profile_free(p);
	}
}
END_TEST

START_TEST(test_collapsed__weights)
{
	assert_table("a 1.5\nb 0.000001\n",
		     "metric samples in millionths\nsampled, 3 nodes\n"
		     ":0 a (a)  0/0  samples self 1500000 cum 1500000\n"
		     ":0 b (b)  0/0  samples self 1 cum 1\n");
	/* A name that ends in a number is not yet a difference. */
	assert_table("thread 1 5\na 6\n",
		     "metric samples in count\nsampled, 3 nodes\n"
		     ":0 thread 1 (thread 1)  0/0  samples self 5 cum 5\n"
		     ":0 a (a)  0/0  samples self 6 cum 6\n");
	assert_table("7 5\na 6\n",
		     "metric samples in count\nsampled, 3 nodes\n"
		     ":0 7 (7)  0/0  samples self 5 cum 5\n"
		     ":0 a (a)  0/0  samples self 6 cum 6\n");
}
END_TEST

/* As py-spy says that a thread was in no function, be it in the first line. */
START_TEST(test_collapsed__of_no_function)
{
	static const char *const texts[] = { " 5\na 1\n", "a 1\n 2\n 3\n" };

	for (size_t i = 0; i < 2; i++) {
		struct profile *p = read_text(texts[i]);

		ck_assert(collapsed_sniff(bytes_of(texts[i])));
		ck_assert_uint_eq(p->nnodes, 2);
		ck_assert_int_eq(profile_node_cum(p, 0)[0], 6);
		ck_assert_int_eq(profile_node_cum(p, 1)[0], 1);
		profile_free(p);
	}
}
END_TEST

static void assert_again(const char *text)
{
	struct profile *p = read_text(text);
	struct buf out = BUF_INIT;
	struct error err;

	ck_assert_int_eq(collapsed_write(&out, p, &info, &err), 0);
	ck_assert_str_eq(buf_str(&out), text);
	buf_release(&out);
	profile_free(p);
}

START_TEST(test_collapsed__difference)
{
	assert_table("a;b 1 5\na 7 0\n",
		     "metric before in count\nmetric after in count\nsampled, 3 nodes\n"
		     ":0 a (a)  0/0  before self 7 cum 8  after self 0 cum 5\n"
		     ":0 b (b)  0/0  before self 1 cum 1  after self 5 cum 5\n"
		     "    from a  0/0  before self 1 cum 1  after self 5 cum 5\n");
	assert_again("a;b 1 5\n");
	assert_again("a 0.5 2\n");
	assert_again("a 0.000093\nb 12.00504\nc 7\n");
}
END_TEST

START_TEST(test_collapsed__round_trip)
{
	assert_again("main (app.py:1) 3\nmain (app.py:1);<built-in method builtins.len> 4\n");
	for (uint64_t seed = 0; seed < 10; seed++) {
		struct profile *p = sample_random(seed, 25, 300), *back;
		struct buf once = BUF_INIT, twice = BUF_INIT;
		struct error err;

		ck_assert_int_eq(collapsed_write(&once, p, &info, &err), 0);
		back = collapsed_read(buf_bytes(&once), &err);
		ck_assert_ptr_nonnull(back);
		/* But for what was served outside of all functions. */
		ck_assert_int_eq(profile_node_cum(back, 0)[0], profile_node_cum(p, 0)[0] - 12345);
		ck_assert_int_eq(collapsed_write(&twice, back, &info, &err), 0);
		ck_assert_str_eq(buf_str(&once), buf_str(&twice));
		buf_release(&once);
		buf_release(&twice);
		profile_free(back);
		profile_free(p);
	}
}
END_TEST

/* An idle program's. */
START_TEST(test_collapsed__without_stacks)
{
	struct profile *p = sample_new();
	struct buf out = BUF_INIT;
	struct error err;

	sample_calls(p, 0, sample_function(p, "", 0, "idle", NULL), 1, 0);
	ck_assert_int_eq(collapsed_write(&out, p, &info, &err), 0);
	ck_assert_str_eq(buf_str(&out), "# no stacks\n");
	ck_assert(collapsed_sniff(buf_bytes(&out)));
	assert_again(buf_str(&out));
	assert_table("# no stacks\n", "metric samples in count\nsampled, 1 nodes\n");
	assert_table("# no stacks\na 1\n", "metric samples in count\nsampled, 2 nodes\n"
					   ":0 a (a)  0/0  samples self 1 cum 1\n");
	assert_error("# no stacks here\n", "line 1: the file ends without a stack");
	buf_release(&out);
	profile_free(p);
}
END_TEST

/* What would end a frame, a stack, or be obeyed by a terminal. */
START_TEST(test_collapsed__written_names)
{
	struct profile *p = sample_new();
	struct buf out = BUF_INIT;
	struct error err;

	sample_calls(p, 0, sample_function(p, "a;b.py", 1, "x\ny\x1b[1m", NULL), 1, 5);
	sample_calls(p, 0, sample_function(p, "", 0, "", NULL), 1, 6);
	sample_calls(p, 0, sample_function(p, "", 0, "thread 1.5", NULL), 1, 7);
	sample_calls(p, 0, sample_function(p, "", 0, " ", NULL), 1, 8);
	sample_calls(p, 0, sample_function(p, "", 0, "#", NULL), 1, 9);
	ck_assert_int_eq(collapsed_write(&out, p, &info, &err), 0);
	ck_assert_str_eq(buf_str(&out), "x\\x0ay\\x1b[1m (a\\x3bb.py:1) 5\n? 6\n"
					"thread\\x201.5 7\n\\x20 8\n\\x23 9\n");
	buf_release(&out);
	profile_free(p);
}
END_TEST

START_TEST(test_collapsed__hostile)
{
	struct buf deep = BUF_INIT;
	struct error err = ERROR_INIT;

	assert_error("a 1\nb\n", "line 2: no weight at its end");
	assert_error("a 1\n5\n", "line 2: no weight at its end");
	assert_error("# nothing\n", "line 1: the file ends without a stack");
	assert_error("a 99999999999999\n", "line 1: a weight too large");
	assert_error("a 1..5\n", "line 1: no weight at its end");
	for (int i = 0; i < 70000; i++)
		buf_adds(&deep, "a;");
	buf_adds(&deep, "a 1");
	ck_assert_ptr_null(collapsed_read(buf_bytes(&deep), &err));
	ck_assert_str_eq(err.text, "line 1: a stack of over 65,536 frames");
	buf_release(&deep);
}
END_TEST

START_TEST(test_collapsed__wants_a_tree)
{
	struct profile *p = profile_new();
	struct buf out = BUF_INIT;
	struct error err;

	ck_assert_int_eq(collapsed_write(&out, p, &info, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	profile_free(p);
	buf_release(&out);
}
END_TEST

START_TEST(test_collapsed__without_memory)
{
	reader_assert_without_memory(collapsed_read, collapsed_write);
}
END_TEST

UNIT_MAIN("format/collapsed",
	  test_collapsed__stacks,
	  test_collapsed__frames,
	  test_collapsed__weights,
	  test_collapsed__of_no_function,
	  test_collapsed__difference,
	  test_collapsed__round_trip,
	  test_collapsed__without_stacks,
	  test_collapsed__written_names,
	  test_collapsed__hostile,
	  test_collapsed__wants_a_tree,
	  test_collapsed__without_memory)
