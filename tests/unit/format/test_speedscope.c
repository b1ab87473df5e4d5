/* In front of speedscope's own schema: tests/integration/peers. */
#include "format/speedscope.h"

#include <string.h>

#include "reader.h"
#include "unit.h"

static const struct format_info info = { .command = "GET /\x1b" };

#define assert_table(text, want) reader_assert_table(speedscope_read, text, want)
#define assert_error(text, want) reader_assert_error(speedscope_read, text, want)

#define SHARED "\"shared\":{\"frames\":[{\"name\":\"a\",\"file\":\"x.py\",\"line\":3}," \
	       "{\"name\":\"b\",\"col\":1}]}"

START_TEST(test_speedscope__written)
{
	struct profile *p = sample_new();
	struct buf out = BUF_INIT;
	struct error err;
	uint32_t node;

	profile_node_cum(p, 0)[0] = 5;
	node = sample_calls(p, 0, sample_function(p, "x.py", 3, "f", "A.f"), 2, 30);
	sample_calls(p, node, sample_function(p, "~", 0, "<built-in method len>", NULL), 9, 70);
	sample_calls(p, node, 0, 1, 0);
	ck_assert_int_eq(speedscope_write(&out, p, &info, &err), 0);
	ck_assert_str_eq(buf_str(&out),
		"{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n"
		"\"exporter\":\"cprof@0.1.0\",\n\"name\":\"GET /\\u001b\",\n\"activeProfileIndex\":0,\n"
		"\"shared\":{\"frames\":[\n{\"name\":\"A.f\",\"file\":\"x.py\",\"line\":3},\n"
		"{\"name\":\"<built-in method len>\",\"file\":\"~\"}]},\n\"profiles\":[\n"
		"{\"type\":\"sampled\",\"name\":\"wall\",\"unit\":\"nanoseconds\",\"startValue\":0,"
		"\"samples\":[\n[0],\n[0,1]],\n\"weights\":[30,70],\n\"endValue\":100}]}\n");
	buf_release(&out);
	profile_free(p);
}
END_TEST

/* Frames come last, members nobody knows in between; 0.5 s is 500,000,000 ns. */
START_TEST(test_speedscope__sampled)
{
	assert_table("{\"profiles\":[{\"type\":\"sampled\",\"weights\":[0.5,1e-9,2],\"unit\":\"seconds\","
		     "\"other\":{\"a\":[[],{},{\"b\":null}]},\"samples\":[[0,1],[],[0]]}]," SHARED "}",
		     "metric wall in nanoseconds\nsampled, 3 nodes\n"
		     "x.py:3 a (a)  0/0  wall self 2000000000 cum 2500000000\n"
		     ":0 b (b)  0/0  wall self 500000000 cum 500000000\n"
		     "    from a  0/0  wall self 500000000 cum 500000000\n");
}
END_TEST

/* a from 1 to 10, of which b from 3 to 4. */
START_TEST(test_speedscope__evented)
{
	assert_table("{" SHARED ",\"profiles\":[{\"type\":\"evented\",\"unit\":\"none\",\"events\":["
		     "{\"type\":\"O\",\"frame\":0,\"at\":1},{\"type\":\"O\",\"frame\":1,\"at\":3},"
		     "{\"type\":\"C\",\"frame\":1,\"at\":4},{\"type\":\"C\",\"frame\":0,\"at\":10}]}]}",
		     "metric samples in count\nsampled, 3 nodes\n"
		     "x.py:3 a (a)  0/0  samples self 8 cum 9\n"
		     ":0 b (b)  0/0  samples self 1 cum 1\n"
		     "    from a  0/0  samples self 1 cum 1\n");
}
END_TEST

#define SAMPLED(unit, weight) "{\"name\":\"t\",\"unit\":\"" unit "\",\"samples\":[[0]],\"weights\":[" weight "]}"

/* Of one unit they add up, another is another metric; ours are metrics each. */
START_TEST(test_speedscope__several)
{
	static const char threads[] = "{" SHARED ",\"profiles\":[" SAMPLED("none", "1") ","
				      SAMPLED("bytes", "5") "," SAMPLED("none", "2") "]}";
	struct error err;
	struct profile *p = speedscope_read(bytes_of(threads), &err);

	ck_assert_uint_eq(p->nmetrics, 2);
	ck_assert_int_eq(profile_node_cum(p, 1)[0], 3);
	ck_assert_int_eq(profile_node_cum(p, 1)[1], 5);
	ck_assert_ptr_nonnull(p->left_out);
	profile_free(p);
	assert_table("{\"exporter\":\"cprof@9\"," SHARED ",\"profiles\":["
		     "{\"name\":\"wall\",\"unit\":\"nanoseconds\",\"samples\":[[0]],\"weights\":[7]},"
		     "{\"name\":\"cpu\",\"unit\":\"nanoseconds\",\"samples\":[[0]],\"weights\":[6]}]}",
		     "metric wall in nanoseconds\nmetric cpu in nanoseconds\nsampled, 2 nodes\n"
		     "x.py:3 a (a)  0/0  wall self 7 cum 7  cpu self 6 cum 6\n"
		     ":0 b (b)  0/0  wall self 0 cum 0  cpu self 0 cum 0\n");
}
END_TEST

/* A fraction is written as one, and read. Seconds have always had them. */
START_TEST(test_speedscope__fractions)
{
	static const char threads[] = "{" SHARED ",\"profiles\":[" SAMPLED("none", "2") ","
				      SAMPLED("seconds", "0.5") "," SAMPLED("none", "0.000093") "]}";
	struct buf out = BUF_INIT;
	struct error err;
	struct profile *p = speedscope_read(bytes_of(threads), &err);

	ck_assert_str_eq(p->metrics[0].unit, "millionths");
	ck_assert_int_eq(profile_node_cum(p, 1)[0], 2000093);
	ck_assert_int_eq(profile_node_cum(p, 1)[1], 500000000);
	ck_assert_int_eq(speedscope_write(&out, p, &info, &err), 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "\"weights\":[2.000093],\n\"endValue\":2.000093}"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "\"weights\":[500000000],"));
	buf_release(&out);
	profile_free(p);
}
END_TEST

START_TEST(test_speedscope__hostile)
{
	struct buf deep = BUF_INIT;

	assert_error("{" SHARED "}", "no profile in this speedscope file");
	assert_error("{" SHARED ",\"profiles\":[" SAMPLED("none", "1,2") "]}",
		     "line 1: not as many weights as samples");
	assert_error("{" SHARED ",\"profiles\":[" SAMPLED("none", "-1") "]}",
		     "line 1: a weight that is too large, or less than none");
	assert_error("{" SHARED ",\"profiles\":[" SAMPLED("seconds", "1e300") "]}",
		     "line 1: a weight that is too large, or less than none");
	assert_error("{" SHARED ",\"profiles\":[{\"samples\":[[2]]}]}",
		     "line 1: a frame that is not in the file");
	assert_error("{" SHARED ",\"profiles\":[{\"samples\":[[-1]]}]}",
		     "line 1: a frame that is not in the file");
	assert_error("{" SHARED ",\"profiles\":[{\"events\":[{\"type\":\"C\",\"frame\":0,\"at\":1}]}]}",
		     "line 1: a frame is closed that was not opened last");
	assert_error("{" SHARED ",\"profiles\":[{\"events\":[{\"type\":\"O\",\"frame\":0,\"at\":1}]}]}",
		     "line 1: a frame that is never closed");
	assert_error("{" SHARED ",\"profiles\":[{\"events\":[{\"type\":\"O\",\"frame\":0,\"at\":1},"
		     "{\"type\":\"C\",\"frame\":0,\"at\":0}]}]}",
		     "line 1: a weight that is too large, or less than none");
	assert_error("{\"profiles\":3}", "line 1: no list where one should be");
	assert_error("[]", "line 1: no object where one should be");
	assert_error("{\"a\":1}\n}", "line 2: something stands behind the end");
	assert_error("{\"a\":1,\n}", "line 2: a member without a name");
	assert_error("{\"a\":[1 2]}", "line 1: no comma between two values");
	assert_error("{\"a\":[", "line 1: the text ends too early");
	buf_adds(&deep, "{\"a\":");
	for (int i = 0; i < 100; i++)
		buf_addc(&deep, '[');
	assert_error(buf_str(&deep), "line 1: nested too deeply");
	buf_release(&deep);
}
END_TEST

START_TEST(test_speedscope__round_trip)
{
	for (uint64_t seed = 0; seed < 10; seed++) {
		struct profile *p = sample_random(seed, 25, 300), *back;
		struct buf once = BUF_INIT, twice = BUF_INIT;
		struct error err = ERROR_INIT;

		ck_assert_int_eq(speedscope_write(&once, p, &info, &err), 0);
		ck_assert(speedscope_sniff(buf_bytes(&once)));
		back = speedscope_read(buf_bytes(&once), &err);
		ck_assert_msg(back != NULL, "%s", err.text);
		ck_assert_int_eq(profile_node_cum(back, 0)[0], profile_node_cum(p, 0)[0] - 12345);
		ck_assert_uint_eq(back->nfunctions, p->nfunctions);
		ck_assert_int_eq(speedscope_write(&twice, back, &info, &err), 0);
		ck_assert_str_eq(buf_str(&once), buf_str(&twice));
		buf_release(&once);
		buf_release(&twice);
		profile_free(back);
		profile_free(p);
	}
}
END_TEST

START_TEST(test_speedscope__sniff)
{
	ck_assert(speedscope_sniff(bytes_of(" \n{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\"}")));
	ck_assert(!speedscope_sniff(bytes_of("{\"a\":1}")));
	ck_assert(!speedscope_sniff(bytes_of("")));
	ck_assert(!speedscope_sniff(bytes_of("speedscope.app/file-format-schema")));
}
END_TEST

START_TEST(test_speedscope__without_memory)
{
	reader_assert_without_memory(speedscope_read, speedscope_write);
}
END_TEST

UNIT_MAIN("format/speedscope",
	  test_speedscope__written,
	  test_speedscope__sampled,
	  test_speedscope__evented,
	  test_speedscope__several,
	  test_speedscope__fractions,
	  test_speedscope__hostile,
	  test_speedscope__round_trip,
	  test_speedscope__sniff,
	  test_speedscope__without_memory)
