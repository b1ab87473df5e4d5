#include "graph/gprof2dot.h"

#include "base/mem.h"
#include "failing.h"
#include "leaks.h"
#include "sample.h"
#include "unit.h"

/* main (10) calls load twice (30) and itself once more (60), of 100 in all; nothing ever
 * called idle, and it took no time. */
static struct profile *sample(void)
{
	struct profile *p = sample_new();
	uint32_t main_f = sample_function(p, "/srv/app.v2.py", 3, "main", NULL);
	uint32_t load = sample_function(p, "/srv/db", 7, "load \"x\"\\", NULL);
	uint32_t at = sample_calls(p, 0, main_f, 1, 10);

	sample_calls(p, at, load, 2, 30);
	sample_calls(p, at, main_f, 1, 60);
	sample_calls(p, 0, sample_function(p, "~", 0, "idle", NULL), 0, 0);
	return p;
}

static char *written(const struct profile *p, const struct graph_options *options)
{
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	char *text;

	ck_assert_msg(gprof2dot_write(&out, p, options, &err) == 0, "%s", err.text);
	text = strdup(buf_str(&out));
	buf_release(&out);
	return text;
}

/* What gprof2dot 2025.4.14 wrote of the same numbers. */
START_TEST(test_gprof2dot__text)
{
	static const char expected[] =
		"digraph {\n"
		"\ttooltip=\" \"\n"
		"\tgraph [fontname=Arial, nodesep=0.125, ranksep=0.25];\n"
		"\tnode [fontcolor=white, fontname=Arial, height=0, shape=box, style=filled, "
		"width=0];\n"
		"\tedge [fontname=Arial];\n"
		"\t0 [color=\"#ff0000\", fontcolor=\"#ffffff\", fontsize=\"10.00\", "
		"label=\"app.v2:3:main\\n100.00%\\n(70.00%)\\n2\xc3\x97\", "
		"tooltip=\"/srv/app.v2.py\"];\n"
		"\t0 -> 0 [arrowsize=\"0.77\", color=\"#53c408\", fontcolor=\"#53c408\", "
		"fontsize=\"10.00\", label=\"60.00%\\n1\xc3\x97\", labeldistance=\"2.40\", "
		"penwidth=\"2.40\"];\n"
		"\t0 -> 1 [arrowsize=\"0.55\", color=\"#0c9a7e\", fontcolor=\"#0c9a7e\", "
		"fontsize=\"10.00\", label=\"30.00%\\n2\xc3\x97\", labeldistance=\"1.20\", "
		"penwidth=\"1.20\"];\n"
		"\t1 [color=\"#0c9a7e\", fontcolor=\"#ffffff\", fontsize=\"10.00\", "
		"label=\"db:7:load \\\"x\\\"\\\\\\n30.00%\\n(30.00%)\\n2\xc3\x97\", "
		"tooltip=\"/srv/db\"];\n"
		"}\n";
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct profile *p = sample();
	char *text = written(p, &options);

	ck_assert_str_eq(text, expected);
	free(text);
	options.min_node = options.min_edge = 0;
	text = written(p, &options);
	ck_assert_ptr_nonnull(strstr(text, "label=\"~:0:idle\\n0.00%\\n(0.00%)\\n0"));
	free(text);
	profile_free(p);
}
END_TEST

/* A share of nothing is all of it, as gprof2dot has it. */
START_TEST(test_gprof2dot__nothing)
{
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct profile *p = sample_new();
	char *text;

	sample_calls(p, 0, sample_function(p, "a.py", 1, "f", NULL), 1, 0);
	text = written(p, &options);
	ck_assert_ptr_nonnull(strstr(text, "label=\"a:1:f\\n100.00%\\n(100.00%)"));
	free(text);
	profile_free(p);
	p = profile_new();
	text = written(p, &options);
	ck_assert_ptr_null(strstr(text, "label"));
	free(text);
	profile_free(p);
}
END_TEST

/* One line of a file with three classes' __init__ is one function there. */
START_TEST(test_gprof2dot__functions_are_those_of_a_file)
{
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct profile *p = sample_new();
	struct error err = ERROR_INIT;
	struct graph g;

	for (int i = 0; i < 3; i++) {
		char qualname[16];

		snprintf(qualname, sizeof qualname, "C%d.__init__", i);
		sample_calls(p, 0, sample_function(p, "<string>", 2, "__init__", qualname), 5, 10);
	}
	ck_assert_int_eq(gprof2dot_build(&g, p, &options, &err), 0);
	ck_assert_uint_eq(g.nnodes, 1);
	ck_assert_str_eq(g.nodes[0].name, "<string>:2:__init__");
	ck_assert_uint_eq(g.nodes[0].cost.ncalls, 15);
	graph_release(&g);
	profile_free(p);
}
END_TEST

static int run(void *arg, struct error *err)
{
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct buf out = BUF_INIT;
	int rc = gprof2dot_write(&out, arg, &options, err);

	buf_release(&out);
	return rc;
}

START_TEST(test_gprof2dot__out_of_memory)
{
	struct profile *p = sample();

	ck_assert_uint_gt(fail_each_allocation(run, p), 15);
	profile_free(p);
}
END_TEST

UNIT_MAIN("graph/gprof2dot", test_gprof2dot__text, test_gprof2dot__nothing,
	  test_gprof2dot__functions_are_those_of_a_file, test_gprof2dot__out_of_memory)
