/* What others write: tests/integration/peers. */
#include "format/callgrind.h"

#include <string.h>

#include "reader.h"
#include "unit.h"

static const struct format_info info = { .command = "GET /" };

#define read_text(text) reader_read(callgrind_read, text)
#define assert_table(text, want) reader_assert_table(callgrind_read, text, want)
#define assert_error(text, want) reader_assert_error(callgrind_read, text, want)

/* Valgrind's manual has this example; file1's main calls func1 of the same file and
 * func2 of another, which calls func1. */
START_TEST(test_callgrind_read__of_the_manual)
{
	assert_table("# callgrind format\nevents: Instructions\n\n"
		     "fl=(1) file1.c\nfn=(1) main\n16 20\ncfn=(2) func1\ncalls=1 50\n16 400\n"
		     "cfi=(2) file2.c\ncfn=(3) func2\ncalls=3 20\n16 400\n\n"
		     "fn=(2)\n51 100\ncfi=(2)\ncfn=(3)\ncalls=2 20\n51 300\n\n"
		     "fl=(2)\nfn=(3)\n20 700\n",
		     "metric Instructions in count\ntraced, no tree, 0 nodes\n"
		     "file1.c:16 main (main)  0/0  Instructions self 20 cum 820\n"
		     "file1.c:51 func1 (func1)  1/1  Instructions self 100 cum 400\n"
		     "    from main  1/1  Instructions self 0 cum 400\n"
		     "file2.c:20 func2 (func2)  5/5  Instructions self 700 cum 700\n"
		     "    from main  3/3  Instructions self 0 cum 400\n"
		     "    from func1  2/2  Instructions self 0 cum 300\n");
}
END_TEST

/* Addresses before lines, both relative; costs left out are 0; code inlined from
 * another file; jumps; two parts. */
START_TEST(test_callgrind_read__positions_and_parts)
{
	assert_table("creator: callgrind-3.19\npositions: instr line\nevent: us : Microseconds\n"
		     "events: us Ir\npart: 1\n\nob=(1) /bin/x\nfl=(1) a.c\nfn=(1) f\n"
		     "0x100 10 5 6\n+4 +1 7\nfi=(2) inline.h\n+4 3 1 1\nfe=(1)\n"
		     "jump=4 0x100 10\n+4 11\njcnd=1/2 +4 +1\n* *\n"
		     "cob=(2) libc\ncfi=(3) b.c\ncfn=(2) g\ncalls=2 0x200 40\n+4 12 30 40\n"
		     "part: 2\nevents: us Ir\nfl=(1)\nfn=(1)\n0x100 10-12 1\n",
		     "metric us in nanoseconds\nmetric Ir in count\ntraced, no tree, 0 nodes\n"
		     "a.c:10 f (f)  0/0  us self 14000 cum 14000  Ir self 7 cum 7\n"
		     "b.c:40 g (g)  2/2  us self 0 cum 0  Ir self 0 cum 0\n"
		     "    from f  2/2  us self 0 cum 14000  Ir self 0 cum 7\n");
}
END_TEST

/* f calls itself: no part of what is below it. Two in a circle: no more than all. */
START_TEST(test_callgrind_read__recursion)
{
	assert_table("events: ns\nfl=a.py\nfn=f\n1 10\ncfn=f\ncalls=4 1\n1 9\n"
		     "cfn=g\ncalls=1 5\n1 50\nfn=g\n5 20\ncfn=f\ncalls=1 1\n5 40\n",
		     "metric ns in count\ntraced, no tree, 0 nodes\n"
		     "a.py:1 f (f)  5/1  ns self 10 cum 30\n"
		     "    from f  4/0  ns self 0 cum 9\n"
		     "    from g  1/1  ns self 0 cum 30\n"
		     "a.py:5 g (g)  1/1  ns self 20 cum 30\n"
		     "    from f  1/1  ns self 0 cum 30\n");
}
END_TEST

/* As writers tell one name from another, and C from Python. */
START_TEST(test_callgrind_read__names)
{
	assert_table("events: ns\nfl=a.py\nfn=f:12\n12 1\nfn=f:30\n30 1\nfn=(anonymous)\n1 1\n"
		     "fn=g a.py:7\n7 1\nfl=~\nfn={built-in method len}\n0 1\n",
		     "metric ns in count\ntraced, no tree, 0 nodes\n"
		     "a.py:12 f (f)  0/0  ns self 1 cum 1\n"
		     "a.py:30 f (f)  0/0  ns self 1 cum 1\n"
		     "a.py:1 (anonymous) ((anonymous))  0/0  ns self 1 cum 1\n"
		     "a.py:7 g (g)  0/0  ns self 1 cum 1\n"
		     "~:0 <built-in method len> (<built-in method len>)  0/0  ns self 1 cum 1\n");
}
END_TEST

/* As KCachegrind and callgrind_annotate: behind a number no blank is the name's. */
START_TEST(test_callgrind_read__blanks)
{
	struct profile *p = sample_new(), *back;
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	uint32_t node;

	assert_table("events: ns\nfl= a.py\nfn=(1)  f\n1 1\nfn= f\n2 1\n",
		     "metric ns in count\ntraced, no tree, 0 nodes\n"
		     " a.py:1 f (f)  0/0  ns self 1 cum 1\n"
		     " a.py:2  f ( f)  0/0  ns self 1 cum 1\n");
	node = sample_calls(p, 0, sample_function(p, " a.py", 1, " f", NULL), 1, 5);
	sample_calls(p, node, sample_function(p, "a.py", 1, "f ", NULL), 1, 5);
	ck_assert_int_eq(callgrind_write(&out, p, &info, &err), 0);
	back = callgrind_read(buf_bytes(&out), &err);
	ck_assert_msg(back != NULL, "%s", err.text);
	ck_assert_uint_eq(back->nfunctions, 2);
	for (uint32_t i = 0; i < 2; i++) {
		ck_assert_str_eq(back->functions[i].file, p->functions[i].file);
		ck_assert_str_eq(back->functions[i].name, p->functions[i].name);
	}
	buf_release(&out);
	profile_free(back);
	profile_free(p);
}
END_TEST

START_TEST(test_callgrind_read__many_events)
{
	struct profile *p = read_text("events: a b c d e f g h i j\nfn=x\n1 1 2 3 4 5 6 7 8 9 10\n");

	ck_assert_uint_eq(p->nmetrics, 8);
	ck_assert_int_eq(table_function(&p->table, 0)->costs[7].self, 8);
	ck_assert_str_eq(p->left_out, "all but the first 8 events");
	profile_free(p);
}
END_TEST

/* What we write comes back: self, cum and arcs of each. */
START_TEST(test_callgrind_read__round_trip)
{
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct profile *p = sample_random(seed, 25, 300), *back;
		struct buf out = BUF_INIT, again = BUF_INIT;
		struct error err = ERROR_INIT;
		struct table t;

		ck_assert_int_eq(callgrind_write(&out, p, &info, &err), 0);
		back = callgrind_read(buf_bytes(&out), &err);
		ck_assert_msg(back != NULL, "%s", err.text);
		ck_assert_int_eq(derive_table(&t, p, NULL, 0, &err), 0);
		ck_assert_uint_eq(back->nfunctions, p->nfunctions);
		ck_assert_uint_eq(back->table.narcs, t.narcs);
		for (uint32_t i = 0; i < p->nfunctions; i++) {
			const struct metric_cost *is = &table_function(&back->table, i)->costs[0];
			const struct metric_cost *want = &table_function(&t, i)->costs[0];

			ck_assert_str_eq(back->functions[i].file, p->functions[i].file);
			ck_assert_uint_eq(back->functions[i].line, p->functions[i].line);
			ck_assert_int_eq(is->self, want->self);
			ck_assert_int_eq(is->cum, want->cum);
		}
		ck_assert_int_eq(callgrind_write(&again, back, &info, &err), 0);
		table_release(&t);
		buf_release(&out);
		buf_release(&again);
		profile_free(back);
		profile_free(p);
	}
}
END_TEST

START_TEST(test_callgrind_read__sampled)
{
	struct profile *p = sample_random(1, 10, 40), *back;
	struct buf out = BUF_INIT;
	struct error err;

	p->sampled = true;
	for (uint32_t i = 0; i < p->nnodes; i++)
		p->nodes[i].ncalls = 0;
	ck_assert_int_eq(callgrind_write(&out, p, &info, &err), 0);
	back = callgrind_read(buf_bytes(&out), &err);
	ck_assert(back->sampled);
	for (uint32_t i = 0; i < back->nfunctions; i++)
		ck_assert_uint_eq(table_function(&back->table, i)->ncalls, 0);
	for (uint32_t i = 0; i < back->table.narcs; i++)
		ck_assert_uint_eq(table_arc_at(&back->table, i)->totals.ncalls, 0);
	buf_release(&out);
	profile_free(back);
	profile_free(p);
}
END_TEST

START_TEST(test_callgrind_read__hostile)
{
	assert_error("# callgrind format\n", "not a callgrind file: no \"events:\" in it");
	assert_error("creator: x\nfn=f\n1 1\n", "line 3: costs before \"events:\"");
	assert_error("events: a\n1 1\n", "line 2: costs outside of a function");
	assert_error("events: a\nfn=(7)\n", "line 2: a number that no name was given to");
	assert_error("events: a\nfn=(7) f\nfn=(7) g\n", "line 3: a number that was given to another name");
	assert_error("events: a\nfn=f\n1 1 1\n", "line 3: more costs than there are events");
	assert_error("events: a\nfn=f\n1 -1\n", "line 3: a cost that is no number");
	assert_error("events: a\nfn=f\n1 99999999999999999999\n", "line 3: a cost that is no number");
	assert_error("events: a\nfn=f\n1 9999999999999999999\n", "line 3: costs too large to add up");
	assert_error("events: a\nfn=f\nx\n", "line 3: not a line of a callgrind file");
	assert_error("events: a\nfn=f\ncalls=1 1\n", "line 3: calls of nothing");
	assert_error("events: a\nfn=f\ncfn=g\ncalls=x 1\n", "line 4: no number where calls are counted");
	assert_error("events: a\nfn=f\ncfn=g\ncalls=1\n", "line 4: no position where one should be");
	assert_error("events: a\nfn=f\ncfn=g\ncalls=1 1\n", "line 4: the file ends behind a call");
	assert_error("events: a\nfn=f\ncfn=g\ncalls=1 1\nfn=h\n", "line 5: no costs behind a call or jump");
	assert_error("events: a\ncfn=g\n", "line 2: a call outside of a function");
	assert_error("events: a\nevents: b\n", "line 2: other events than before");
	assert_error("events: a b\nevents: a\n", "line 2: no events, or fewer than before");
	assert_error("events:\n", "line 1: no events, or fewer than before");
	assert_error("positions: a b c\nevents: a\n", "line 1: \"positions:\" is \"line\", or \"instr line\"");
	assert_error("events: a\nfn=f\ncfn=g\ncalls=9223372036854775807 1\n1 1\n",
		     "line 5: more calls than can be counted");
}
END_TEST

START_TEST(test_callgrind_read__without_memory)
{
	reader_assert_without_memory(callgrind_read, callgrind_write);
}
END_TEST

UNIT_MAIN("format/callgrind_read",
	  test_callgrind_read__of_the_manual,
	  test_callgrind_read__positions_and_parts,
	  test_callgrind_read__recursion,
	  test_callgrind_read__names,
	  test_callgrind_read__blanks,
	  test_callgrind_read__many_events,
	  test_callgrind_read__round_trip,
	  test_callgrind_read__sampled,
	  test_callgrind_read__hostile,
	  test_callgrind_read__without_memory)
