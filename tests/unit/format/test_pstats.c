#include "format/pstats.h"

#include <math.h>
#include <string.h>

#include "failing.h"
#include "format/marshal.h"
#include "golden.h"
#include "sample.h"
#include "table.h"
#include "unit.h"

static const struct format_info no_info;

static struct profile *read_bytes(const void *data, size_t len)
{
	struct bytes in = { data, len };
	struct error err = ERROR_INIT;
	struct profile *p = pstats_read(in, &err);

	ck_assert_msg(p != NULL, "%s", err.text);
	return p;
}

static struct buf write_profile(const struct profile *p)
{
	struct buf out = BUF_INIT;
	struct error err;

	ck_assert_int_eq(pstats_write(&out, p, &no_info, &err), 0);
	return out;
}

static void assert_error(const void *data, size_t len, const char *want)
{
	struct bytes in = { data, len };
	struct error err = ERROR_INIT;

	ck_assert_ptr_null(pstats_read(in, &err));
	ck_assert_str_eq(err.text, want);
	ck_assert_int_eq(err.code, ERR_FORMAT);
}

static void check_file(const char *name)
{
	char path[128], table[128];
	struct buf in, out = BUF_INIT;
	struct profile *p;

	snprintf(path, sizeof path, "tests/data/format/%s.prof", name);
	snprintf(table, sizeof table, "tests/data/format/%s.prof.table", name);
	in = golden_read(path);
	p = read_bytes(in.data, in.len);
	table_add(&out, p);
	golden_check(table, &out);
	buf_release(&in);
	buf_release(&out);
	profile_free(p);
}

START_TEST(test_pstats__files_of_cprofile)
{
	check_file("cpython-3.8");
	check_file("cpython-3.13");
}
END_TEST

/* profile.Profile writes one number for each caller. */
START_TEST(test_pstats__file_of_the_pure_profiler)
{
	check_file("pure-3.11");
	check_file("program-3.10");
	check_file("program-3.15");
}
END_TEST

START_TEST(test_pstats__written)
{
	struct profile *p = sample_random(3, 14, 60);
	struct buf out = write_profile(p);

	golden_check("tests/data/format/sample-3-14-60.prof", &out);
	buf_release(&out);
	profile_free(p);
}
END_TEST

/* Grouped by what pstats tells apart: calls 3 + 500 + 7, where cProfile would
 * show one of them. */
START_TEST(test_pstats__one_key_of_three_functions)
{
	struct profile *p = sample_new(), *back;
	struct buf out;

	sample_calls(p, 0, sample_function(p, "<string>", 2, "__init__", "A.__init__"), 3, 30);
	sample_calls(p, 0, sample_function(p, "app.py", 1, "f", NULL), 1, 5);
	sample_calls(p, 0, sample_function(p, "<string>", 2, "__init__", "B.__init__"), 500, 20);
	sample_calls(p, 0, sample_function(p, "<string>", 2, "__init__", "C.__init__"), 7, 10);
	out = write_profile(p);
	back = read_bytes(out.data, out.len);
	ck_assert_uint_eq(back->nfunctions, 2);
	ck_assert_str_eq(back->functions[0].name, "__init__");
	ck_assert_uint_eq(table_function(&back->table, 0)->ncalls, 510);
	ck_assert_int_eq(table_function(&back->table, 0)->costs[0].cum, 60);
	buf_release(&out);
	profile_free(p);
	profile_free(back);
}
END_TEST

/* What is written comes back, but for the tree and qualified names. */
START_TEST(test_pstats__round_trip)
{
	for (uint64_t seed = 0; seed < 20; seed++) {
		struct profile *p = sample_random(seed, 25, 300), *back;
		struct pstats_groups g;
		struct error err;
		struct table t;
		struct buf out = write_profile(p);

		back = read_bytes(out.data, out.len);
		ck_assert(!profile_has_tree(back));
		ck_assert_int_eq(pstats_group(&g, p, &err), 0);
		ck_assert_int_eq(derive_table(&t, p, g.of, g.ngroups, &err), 0);
		ck_assert_uint_eq(back->nfunctions, g.ngroups);
		ck_assert_uint_eq(back->table.narcs, t.narcs);
		for (uint32_t i = 0; i < g.ngroups; i++) {
			const struct function *f = &p->functions[g.first[i]];

			ck_assert_str_eq(back->functions[i].file, f->file);
			ck_assert_str_eq(back->functions[i].name, f->name);
			ck_assert_uint_eq(back->functions[i].line, f->line);
			table_assert_equal(table_function(&back->table, i), table_function(&t, i));
		}
		for (uint32_t i = 0; i < t.narcs; i++) {
			const struct arc *want = table_arc_at(&t, i);
			const struct arc *arc = table_find_arc(&back->table, want->caller,
							       want->callee);

			ck_assert_ptr_nonnull(arc);
			table_assert_equal(&arc->totals, &want->totals);
		}
		table_release(&t);
		pstats_groups_release(&g);
		buf_release(&out);
		profile_free(p);
		profile_free(back);
	}
}
END_TEST

START_TEST(test_pstats__seconds_are_the_nearest_double)
{
	ck_assert(pstats_seconds(0) == 0);
	ck_assert(pstats_seconds(1) == 1e-9);
	ck_assert(pstats_seconds(2123000001) == 2.123000001);
	ck_assert(pstats_seconds(-5) == -5e-9);
}
END_TEST

static void assert_name(const char *file, uint32_t line, const char *name, const char *want)
{
	struct function f = { file, name, name, line };
	struct buf b = BUF_INIT;

	pstats_name(&b, &f);
	ck_assert_str_eq(buf_str(&b), want);
	buf_release(&b);
}

START_TEST(test_pstats__printed_names)
{
	assert_name("app.py", 12, "show", "app.py:12(show)");
	assert_name("app.py", 12, "<lambda>", "app.py:12(<lambda>)");
	assert_name("~", 0, "<built-in method builtins.len>", "{built-in method builtins.len}");
	assert_name("~", 0, "<>", "{}");
	assert_name("~", 0, "<", "<");
	assert_name("~", 0, "len", "len");
	assert_name("~", 1, "<x>", "~:1(<x>)");
}
END_TEST

/* A caller that has no entry, as the profiler's own frame in some files. */
START_TEST(test_pstats__caller_without_an_entry)
{
	static const char file[] =
		"{)\x03z\x01" "ai\x01\0\0\0z\x01" "f)\x05i\x02\0\0\0i\x03\0\0\0"
		"g\0\0\0\0\0\0\xF0?g\0\0\0\0\0\0\0@{"
		")\x03z\x01" "bi\x02\0\0\0z\x01" "g)\x04i\x03\0\0\0i\x02\0\0\0"
		"g\0\0\0\0\0\0\xF0?g\0\0\0\0\0\0\0@00";
	struct profile *p = read_bytes(file, sizeof file - 1);

	ck_assert_uint_eq(p->nfunctions, 2);
	ck_assert_uint_eq(p->table.nfunctions, 2);
	/* Outside (cc, nc), in callers (nc, cc). */
	ck_assert_uint_eq(table_function(&p->table, 0)->nprimitive, 2);
	ck_assert_uint_eq(table_function(&p->table, 0)->ncalls, 3);
	ck_assert_uint_eq(table_arc_at(&p->table, 0)->totals.nprimitive, 2);
	ck_assert_uint_eq(table_arc_at(&p->table, 0)->totals.ncalls, 3);
	ck_assert_int_eq(table_arc_at(&p->table, 0)->totals.costs[0].below, 2000000000);
	ck_assert_str_eq(p->functions[1].name, "g");
	ck_assert_uint_eq(table_function(&p->table, 1)->ncalls, 0);
	profile_free(p);
}
END_TEST

/* Each prefix of a file is an error, that says where it ends. */
START_TEST(test_pstats__cut)
{
	struct buf in = golden_read("tests/data/format/cpython-3.13.prof");

	assert_error("", 0, "not a pstats file: it is empty");
	for (size_t len = 1; len < in.len; len++) {
		char want[64];

		snprintf(want, sizeof want, "truncated at byte %zu", len);
		assert_error(in.data, len, want);
	}
	buf_release(&in);
}
END_TEST

#define ENTRY(counts, times) \
	"{)\x03z\x01" "ai\x01\0\0\0z\x01" "f)\x05" counts times "{00"
#define ONES "i\x01\0\0\0i\x01\0\0\0"
#define ZEROS "g\0\0\0\0\0\0\0\0g\0\0\0\0\0\0\0\0"

#define ASSERT_ERROR(bytes, want) assert_error(bytes, sizeof bytes - 1, want)

START_TEST(test_pstats__hostile)
{
	profile_free(read_bytes(ENTRY(ONES, ZEROS), sizeof ENTRY(ONES, ZEROS) - 1));
	ASSERT_ERROR("GIF89a", "not a pstats file: byte 0: no dict");
	ASSERT_ERROR("{N0", "not a pstats file: byte 0: no dict");
	ASSERT_ERROR("{)\x02NN0", "not a pstats file: byte 1: no (file, line, name)");
	ASSERT_ERROR("{)\x03" "0NN", "byte 3: 0x30 begins nothing that a profile holds");
	ASSERT_ERROR("{)\x03NNN0", "not a pstats file: byte 1: no (file, line, name)");
	ASSERT_ERROR("{)\x03z\x01" "ai\xFF\xFF\xFF\xFFz\x01" "fN0",
		     "not a pstats file: byte 1: no (file, line, name)");
	ASSERT_ERROR("{)\x03z\x01" "ai\x01\0\0\0z\x01" "fN0",
		     "not a pstats file: byte 14: no (cc, nc, tt, ct, callers)");
	ASSERT_ERROR(ENTRY(ONES, ZEROS "{z\x01" "aN0"),
		     "not a pstats file: byte 45: no (file, line, name)");
	ASSERT_ERROR(ENTRY("NN", ZEROS), "not a pstats file: byte 16: no number where calls are counted");
	ASSERT_ERROR(ENTRY(ONES, "g\0\0\0\0\0\0\xF8\x7Fg\0\0\0\0\0\0\0\0"),
		     "not a pstats file: byte 26: a time that is not finite");
	ASSERT_ERROR(ENTRY(ONES, "f\x03" "1e9f\x04" "3e10"),
		     "not a pstats file: byte 31: times that add up to over a century");
	ASSERT_ERROR(ENTRY(ONES, "f\x03" "infN"), "not a number at byte 26");
	ASSERT_ERROR(ENTRY(ONES, "NN"), "not a pstats file: byte 26: no number where a time should be");
	ASSERT_ERROR("{r\0\0\0\0", "byte 1: a reference to what has not been");
	ASSERT_ERROR("{)\x03r\x07\0\0\0NN", "byte 3: a reference to what has not been");
	ASSERT_ERROR("{)\x03l\x06\0\0\0" "abcdefghijklmnop", "a number too large at byte 3");
	ASSERT_ERROR("{(\xFF\xFF\xFF\x7F", "truncated at byte 6");
	ASSERT_ERROR("{)\x03u\x02\0\0\0\xFF\xFFNN", "text that is not UTF-8 at byte 8");
	ASSERT_ERROR("{)\x03" "qNN", "byte 3: 0x71 begins nothing that a profile holds");
	ASSERT_ERROR("{)\x03" "cNN", "truncated at byte 6");
	/* The whole as its own callers, and as its own first function. */
	ASSERT_ERROR("\xFB)\x03z\x01" "ai\x01\0\0\0z\x01" "f)\x05" ONES ZEROS "r\0\0\0\0" "0",
		     "not a pstats file: byte 14: no (nc, cc, tt, ct) of a caller");
	ASSERT_ERROR("\xFBr\0\0\0\0N0", "not a pstats file: byte 0: no (file, line, name)");
}
END_TEST

START_TEST(test_pstats__twice_the_same)
{
	ASSERT_ERROR(ENTRY(ONES, ZEROS "{0)\x03z\x01" "ai\x01\0\0\0z\x01" "fN"),
		     "not a pstats file: byte 46: a function that comes twice");
}
END_TEST

/* 2,000 functions that all refer to one dict of 2,000 callers: 50 kB that would
 * be four million arcs. */
START_TEST(test_pstats__reference_bomb)
{
	struct buf b = BUF_INIT;
	struct marshal_writer w;
	struct bytes in;
	struct error err = ERROR_INIT;

	marshal_begin(&w, &b);
	marshal_open_dict(&w);
	for (int i = 0; i < 2000; i++) {
		ck_assert(!marshal_again(&w, 1000u + (unsigned)i));
		marshal_tuple(&w, 3);
		marshal_text(&w, "a.py");
		marshal_int(&w, i);
		marshal_text(&w, "f");
		if (marshal_again(&w, 1))
			continue;
		marshal_tuple(&w, 5);
		marshal_int(&w, 1);
		marshal_int(&w, 1);
		marshal_float(&w, 0);
		marshal_float(&w, 0);
		marshal_open_dict(&w);
		for (int k = 0; k < 2000; k++) {
			marshal_tuple(&w, 3);
			marshal_text(&w, "b.py");
			marshal_int(&w, k);
			marshal_text(&w, "g");
			marshal_int(&w, 1);
		}
		marshal_close_dict(&w);
	}
	marshal_close_dict(&w);
	marshal_release(&w);
	in = buf_bytes(&b);
	ck_assert_ptr_null(pstats_read(in, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "more callers than the file can hold"));
	buf_release(&b);
}
END_TEST

START_TEST(test_pstats__nested)
{
	char deep[1000];

	for (size_t i = 0; i < sizeof deep; i += 2)
		memcpy(deep + i, ")\x01", 2);
	memcpy(deep, "{", 1);
	deep[1] = ')';
	deep[2] = '\x01';
	for (size_t i = 3; i + 1 < sizeof deep; i += 2)
		memcpy(deep + i, ")\x01", 2);
	assert_error(deep, sizeof deep, "not a pstats file: byte 1: no (file, line, name)");
}
END_TEST

START_TEST(test_pstats__sniff)
{
	static const struct { const char *in; bool is; } cases[] = {
		{ "{0", true }, { "\xFB\xA9", true }, { "{)", true }, { "{(", true }, { "{", true },
		{ "{\"a\": 1}", false }, { "", false }, { "\x1f\x8b\x08", false }, { "{\n", false }
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bytes in = { (const uint8_t *)cases[i].in, strlen(cases[i].in) };

		ck_assert_int_eq(pstats_sniff(in), cases[i].is);
	}
}
END_TEST

static int read_once(void *arg, struct error *err)
{
	struct profile *p = pstats_read(buf_bytes(arg), err);

	if (p == NULL)
		return -1;
	profile_free(p);
	return 0;
}

static int write_once(void *arg, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = pstats_write(&out, arg, &no_info, err);

	buf_release(&out);
	return rc;
}

/* -1 for what is not known; 0 everywhere is what we write of it. */
START_TEST(test_pstats__sampled_by_pyinstrument)
{
	static const char file[] = ENTRY("i\xFF\xFF\xFF\xFFi\xFF\xFF\xFF\xFF",
					 "g\0\0\0\0\0\0\xF0?g\0\0\0\0\0\0\0@");
	struct profile *p = read_bytes(file, sizeof file - 1), *back;
	struct buf out;

	ck_assert(p->sampled);
	ck_assert_uint_eq(table_function(&p->table, 0)->ncalls, 0);
	ck_assert_int_eq(table_function(&p->table, 0)->costs[0].cum, 2000000000);
	out = write_profile(p);
	back = read_bytes(out.data, out.len);
	ck_assert(back->sampled);
	ck_assert_int_eq(table_function(&back->table, 0)->costs[0].cum, 2000000000);
	buf_release(&out);
	profile_free(back);
	profile_free(p);
}
END_TEST

#define KEY(name) ")\x03z\x01" "ai\x01\0\0\0z\x01" name
#define MARK ")\x01z\x0B" "__sampled__T"

/* Two samples with g on top, of four in f, which called it in three; 0.5 s each. */
START_TEST(test_pstats__sampled_by_cpython)
{
	static const char file[] = "{" KEY("f") ")\x05i\x01\0\0\0i\x04\0\0\0"
				   "g\0\0\0\0\0\0\xE0?g\0\0\0\0\0\0\0@{0"
				   KEY("g") ")\x05i\x02\0\0\0i\x04\0\0\0"
				   "g\0\0\0\0\0\0\xF0?g\0\0\0\0\0\0\0@{" KEY("f")
				   "i\x03\0\0\0" "0" MARK "0";
	struct profile *p = read_bytes(file, sizeof file - 1);

	ck_assert(p->sampled);
	ck_assert_uint_eq(p->nmetrics, 2);
	ck_assert_str_eq(p->metrics[1].name, "samples");
	ck_assert_uint_eq(table_function(&p->table, 1)->ncalls, 0);
	ck_assert_int_eq(table_function(&p->table, 1)->costs[1].self, 2);
	ck_assert_int_eq(table_function(&p->table, 1)->costs[1].cum, 4);
	ck_assert_int_eq(table_function(&p->table, 1)->costs[0].self, 1000000000);
	ck_assert_uint_eq(p->table.narcs, 1);
	ck_assert_int_eq(table_arc_at(&p->table, 0)->totals.costs[1].cum, 3);
	ck_assert_int_eq(table_arc_at(&p->table, 0)->totals.costs[0].cum, 1500000000);
	ck_assert_int_eq(table_arc_at(&p->table, 0)->totals.costs[0].below, 1500000000);
	profile_free(p);
	ASSERT_ERROR("{)\x01z\x01" "xT0", "not a pstats file: byte 1: no (file, line, name)");
	ASSERT_ERROR("{" MARK, "truncated at byte 17");
}
END_TEST

START_TEST(test_pstats__without_memory)
{
	struct profile *p = sample_random(4, 30, 100);
	struct buf out = write_profile(p);

	ck_assert_uint_gt(fail_each_allocation(write_once, p), 15);
	ck_assert_uint_gt(fail_each_allocation(read_once, &out), 15);
	buf_release(&out);
	profile_free(p);
}
END_TEST

UNIT_MAIN("format/pstats",
	  test_pstats__files_of_cprofile,
	  test_pstats__file_of_the_pure_profiler,
	  test_pstats__written,
	  test_pstats__one_key_of_three_functions,
	  test_pstats__round_trip,
	  test_pstats__seconds_are_the_nearest_double,
	  test_pstats__printed_names,
	  test_pstats__caller_without_an_entry,
	  test_pstats__cut,
	  test_pstats__hostile,
	  test_pstats__twice_the_same,
	  test_pstats__reference_bomb,
	  test_pstats__nested,
	  test_pstats__sniff,
	  test_pstats__sampled_by_pyinstrument,
	  test_pstats__sampled_by_cpython,
	  test_pstats__without_memory)
