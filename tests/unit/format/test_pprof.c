/* In front of go tool pprof: test_peers.c. */
#include "format/pprof.h"

#include <string.h>

#include "failing.h"
#include "format/gzip.h"
#include "format/pprof_fields.h"
#include "format/proto.h"
#include "golden.h"
#include "profile/derive.h"
#include "profile/recorder.h"
#include "sample.h"
#include "table.h"
#include "unit.h"

static const struct format_info info = { .command = "GET /user/{id}",
					 .time_ns = 1764000000000000000, .duration_ns = 738000000 };

static struct buf write_profile(const struct profile *p)
{
	struct buf out = BUF_INIT;
	struct error err;

	ck_assert_int_eq(pprof_write(&out, p, &info, &err), 0);
	return out;
}

static struct profile *read_back(const struct profile *p)
{
	struct buf out = write_profile(p);
	struct error err = ERROR_INIT;
	struct profile *back = pprof_read(buf_bytes(&out), &err);

	ck_assert_msg(back != NULL, "%s", err.text);
	buf_release(&out);
	return back;
}

static void assert_same_functions(const struct profile *a, const struct profile *b)
{
	ck_assert_uint_eq(a->nfunctions, b->nfunctions);
	for (uint32_t i = 0; i < a->nfunctions; i++) {
		ck_assert_str_eq(a->functions[i].file, b->functions[i].file);
		ck_assert_str_eq(a->functions[i].name, b->functions[i].name);
		ck_assert_str_eq(a->functions[i].qualname, b->functions[i].qualname);
		ck_assert_uint_eq(a->functions[i].line, b->functions[i].line);
	}
}

static void assert_same_tree(const struct profile *a, const struct profile *b)
{
	ck_assert_uint_eq(a->nnodes, b->nnodes);
	for (uint32_t i = 0; i < a->nnodes; i++) {
		ck_assert_uint_eq(a->nodes[i].parent, b->nodes[i].parent);
		ck_assert_uint_eq(a->nodes[i].function, b->nodes[i].function);
		ck_assert_uint_eq(a->nodes[i].ncalls, b->nodes[i].ncalls);
		ck_assert_mem_eq(profile_node_cum(a, i), profile_node_cum(b, i),
				 a->nmetrics * sizeof(int64_t));
	}
}

START_TEST(test_pprof__round_trip)
{
	for (uint64_t seed = 0; seed < 25; seed++) {
		struct profile *p = sample_random(seed, 25, (uint32_t)seed * 30), *back;

		p->nlost = seed;
		p->nfolded = seed * 1000000000000u;
		back = read_back(p);
		ck_assert_uint_eq(back->nlost, p->nlost);
		ck_assert_uint_eq(back->nfolded, p->nfolded);
		ck_assert(!back->sampled);
		ck_assert_uint_eq(back->nmetrics, 1);
		ck_assert_str_eq(back->metrics[0].name, "wall");
		ck_assert_str_eq(back->metrics[0].unit, "nanoseconds");
		assert_same_functions(p, back);
		assert_same_tree(p, back);
		profile_free(p);
		profile_free(back);
	}
}
END_TEST

START_TEST(test_pprof__round_trip_of_strands)
{
	struct profile *p = sample_strands(), *back = read_back(p);

	assert_same_functions(p, back);
	assert_same_tree(p, back);
	ck_assert_int_eq(back->cum[0], 100);
	profile_free(p);
	profile_free(back);
}
END_TEST

START_TEST(test_pprof__round_trip_of_metrics)
{
	struct profile *p = profile_new(), *back;
	uint32_t f, node;

	profile_add_metric(p, "wall", "nanoseconds");
	profile_add_metric(p, "cpu", "nanoseconds");
	profile_add_metric(p, "alloc_bytes", "bytes");
	profile_add_root(p);
	f = sample_function(p, "a.py", 1, "f", "A.f");
	node = sample_calls(p, 0, f, 3, 100);
	sample_calls(p, node, sample_function(p, "a.py", 1, "f", "B.f"), 1, -7);
	back = read_back(p);
	ck_assert_uint_eq(back->nmetrics, 3);
	for (uint32_t m = 0; m < 3; m++)
		ck_assert_str_eq(back->metrics[m].name, p->metrics[m].name);
	ck_assert_str_eq(back->metrics[2].unit, "bytes");
	assert_same_tree(p, back);
	profile_free(p);
	profile_free(back);
}
END_TEST

START_TEST(test_pprof__round_trip_of_samples)
{
	struct profile *p = sample_new(), *back;

	p->sampled = true;
	sample_calls(p, 0, sample_function(p, "a.py", 1, "f", NULL), 0, 100);
	back = read_back(p);
	ck_assert(back->sampled);
	ck_assert_uint_eq(back->nodes[1].ncalls, 0);
	assert_same_tree(p, back);
	profile_free(p);
	profile_free(back);
}
END_TEST

/* A root that was never started: its time is its children's. */
START_TEST(test_pprof__root_without_time)
{
	struct profile *p = sample_new(), *back;

	sample_calls(p, 0, sample_function(p, "a.py", 1, "f", NULL), 1, 100);
	profile_node_cum(p, 0)[0] = 0;
	back = read_back(p);
	ck_assert_int_eq(profile_node_cum(back, 0)[0], 100);
	profile_free(p);
	profile_free(back);
}
END_TEST

/* What folding promises: functions as they were; of arcs calls and self. */
static void assert_folded(const struct profile *p, size_t max_bytes)
{
	struct buf out = write_profile(p);
	struct error err = ERROR_INIT;
	struct profile *back = pprof_read(buf_bytes(&out), &err);
	struct table t, u;

	ck_assert_msg(back != NULL, "%s", err.text);
	ck_assert_uint_lt(out.len, max_bytes);
	ck_assert_int_eq(derive_table(&t, p, NULL, 0, &err), 0);
	ck_assert_int_eq(derive_table(&u, back, NULL, 0, &err), 0);
	ck_assert_uint_eq(t.nfunctions, u.nfunctions);
	for (uint32_t i = 0; i < t.nfunctions; i++)
		table_assert_equal(table_function(&t, i), table_function(&u, i));
	ck_assert_uint_eq(t.narcs, u.narcs);
	for (uint32_t i = 0; i < t.narcs; i++) {
		const struct arc *want = table_arc_at(&t, i);
		const struct arc *arc = table_find_arc(&u, want->caller, want->callee);

		ck_assert_ptr_nonnull(arc);
		ck_assert_uint_eq(arc->totals.ncalls, want->totals.ncalls);
		ck_assert_int_eq(arc->totals.costs[0].self, want->totals.costs[0].self);
	}
	table_release(&t);
	table_release(&u);
	buf_release(&out);
	profile_free(back);
}

/* `path` again and again, each node one call of 3; cum is summed up at the end. */
static struct profile *deep(const char *path, uint32_t depth)
{
	struct profile *p = sample_new();
	uint32_t node = 0;

	for (uint32_t i = 0; i < depth; i++) {
		char name[2] = { path[i % strlen(path)], '\0' };

		node = profile_append_node(p, node, sample_function(p, "d.py", 1, name, NULL));
		p->nodes[node].ncalls = 1;
		profile_node_cum(p, node)[0] = 3;
	}
	for (uint32_t i = p->nnodes; i-- > 1;)
		profile_node_cum(p, p->nodes[i].parent)[0] += profile_node_cum(p, i)[0];
	return p;
}

/* Branches at all depths, ever deeper, with functions that come late. */
static struct profile *deep_random(uint64_t seed, uint32_t nfunctions, uint32_t nnodes)
{
	struct profile *p = sample_new();
	uint64_t state = seed + 1;
	uint32_t at = 0;
	char name[16];

	for (uint32_t i = 0; i < nnodes; i++) {
		uint32_t known = 1 + nfunctions * i / nnodes;

		if (sample_next(&state) % 8 == 0)
			for (uint32_t up = sample_next(&state) % 30; up-- > 0 && at != 0;)
				at = p->nodes[at].parent;
		snprintf(name, sizeof name, "f%u", sample_next(&state) % known);
		at = sample_calls(p, at, sample_function(p, "d.py", 1, name, NULL), 1,
				  sample_next(&state) % 100);
	}
	return p;
}

START_TEST(test_pprof__deep_recursion_is_folded)
{
	struct profile *p = deep("f", 50000);

	assert_folded(p, 20000);
	profile_free(p);
	p = deep("abc", 50000);
	assert_folded(p, 20000);
	profile_free(p);
	p = deep("abaccab", 3000);
	assert_folded(p, 40000);
	profile_free(p);
	for (uint64_t seed = 0; seed < 10; seed++) {
		p = deep_random(seed, 2 + (uint32_t)seed, 4000);
		assert_folded(p, 1000000);
		profile_free(p);
	}
}
END_TEST

/* A function seen first below the limit is kept, and so is what it calls. */
START_TEST(test_pprof__folding_keeps_what_is_new)
{
	struct profile *p = deep("fg", 600);
	uint32_t node = p->nnodes - 1;

	node = sample_calls(p, node, sample_function(p, "h.py", 1, "h", NULL), 1, 50);
	node = sample_calls(p, node, 0, 1, 20); /* f again */
	sample_calls(p, node, sample_function(p, "i.py", 1, "i", NULL), 2, 10);
	assert_folded(p, 20000);
	profile_free(p);
}
END_TEST

/* At most 512 deep nothing changes. */
START_TEST(test_pprof__at_the_limit_nothing_is_folded)
{
	struct profile *p = deep("ab", 512), *back = read_back(p);

	assert_same_tree(p, back);
	profile_free(p);
	profile_free(back);
}
END_TEST

START_TEST(test_pprof__needs_a_tree)
{
	struct profile *p = profile_new();
	struct buf out = BUF_INIT;
	struct error err;

	profile_add_metric(p, "wall", "nanoseconds");
	ck_assert_int_eq(pprof_write(&out, p, &info, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_uint_eq(out.len, 0);
	profile_free(p);
}
END_TEST

/* Go's: no calls, three lines at one location, the default type comes last. */
START_TEST(test_pprof__file_of_go)
{
	struct buf in = golden_read("tests/data/format/go-cpu.pb.gz"), out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct profile *p = pprof_read(buf_bytes(&in), &err);

	ck_assert_msg(p != NULL, "%s", err.text);
	ck_assert(p->sampled);
	ck_assert_str_eq(p->metrics[0].name, "cpu");
	ck_assert_str_eq(p->metrics[1].name, "samples");
	table_add(&out, p);
	golden_check("tests/data/format/go-cpu.pb.gz.table", &out);
	buf_release(&in);
	buf_release(&out);
	profile_free(p);
}
END_TEST

/* --- files by hand */

static struct buf message;

static void add_type(const char *unused, uint64_t type, uint64_t unit)
{
	struct buf b = BUF_INIT;

	(void)unused; /* what the number stands for */
	proto_add_uint(&b, VALUE_TYPE_TYPE, type);
	proto_add_uint(&b, VALUE_TYPE_UNIT, unit);
	proto_add_bytes(&message, PROFILE_SAMPLE_TYPE, b.data, b.len);
	buf_release(&b);
}

static void add_text(const char *text)
{
	proto_add_bytes(&message, PROFILE_STRING_TABLE, text, strlen(text));
}

static void add_sample(uint64_t location, int64_t value)
{
	struct buf b = BUF_INIT;

	/* One by one, not packed. */
	proto_add_uint(&b, SAMPLE_LOCATION_ID, location);
	proto_add_int(&b, SAMPLE_VALUE, value);
	proto_add_bytes(&message, PROFILE_SAMPLE, b.data, b.len);
	buf_release(&b);
}

static void add_location(uint64_t id, uint64_t address, uint64_t function)
{
	struct buf b = BUF_INIT, line = BUF_INIT;

	proto_add_uint(&b, LOCATION_ID, id);
	proto_add_uint(&b, LOCATION_ADDRESS, address);
	if (function != 0) {
		proto_add_uint(&line, LINE_FUNCTION_ID, function);
		proto_add_bytes(&b, LOCATION_LINE, line.data, line.len);
	}
	proto_add_bytes(&message, PROFILE_LOCATION, b.data, b.len);
	buf_release(&b);
	buf_release(&line);
}

static void add_function(uint64_t id, uint64_t name, uint64_t system_name)
{
	struct buf b = BUF_INIT;

	proto_add_uint(&b, FUNCTION_ID, id);
	proto_add_uint(&b, FUNCTION_NAME, name);
	proto_add_uint(&b, FUNCTION_SYSTEM_NAME, system_name);
	proto_add_bytes(&message, PROFILE_FUNCTION, b.data, b.len);
	buf_release(&b);
}

/* One kind of value, "ms", and the texts 3 "f" and 4 "_Zf". */
static void begin_message(void)
{
	buf_release(&message);
	add_type("delay", 1, 2);
	add_text("");
	add_text("delay");
	add_text("ms");
	add_text("f");
	add_text("_Zf");
}

static struct profile *read_message(void)
{
	struct error err = ERROR_INIT;
	struct profile *p = pprof_read(buf_bytes(&message), &err);

	ck_assert_msg(p != NULL, "%s", err.text);
	return p;
}

static void assert_refused(const char *want)
{
	struct error err = ERROR_INIT;

	ck_assert_ptr_null(pprof_read(buf_bytes(&message), &err));
	ck_assert_msg(strstr(err.text, want) != NULL, "\"%s\" instead of \"%s\"", err.text, want);
	ck_assert_int_eq(err.code, ERR_FORMAT);
	buf_release(&message);
}

/* Unpacked and uncompressed; large ids; milliseconds; a place without symbols;
 * samples of one stack add up. */
START_TEST(test_pprof__foreign)
{
	struct profile *p;

	begin_message();
	add_sample(UINT64_MAX, 2);
	add_sample(70, 5);
	add_sample(UINT64_MAX, 3);
	add_location(70, 0xABC, 0);
	add_location(UINT64_MAX, 0, 9);
	add_function(9, 3, 4);
	p = read_message();
	ck_assert(p->sampled);
	ck_assert_str_eq(p->metrics[0].unit, "nanoseconds");
	ck_assert_uint_eq(p->nfunctions, 2);
	ck_assert_str_eq(p->functions[0].name, "f"); /* not the linker's */
	ck_assert_str_eq(p->functions[1].name, "0xabc");
	ck_assert_int_eq(profile_node_cum(p, 1)[0], 5000000);
	ck_assert_int_eq(profile_node_cum(p, 0)[0], 10000000);
	profile_free(p);
	buf_release(&message);
}
END_TEST

/* As ddtrace's profiles have: the first kinds stay, and the one that is shown first. */
START_TEST(test_pprof__more_kinds_than_fit)
{
	enum { KINDS = PROFILE_MAX_METRICS + 4 };
	struct buf b = BUF_INIT;
	struct profile *p;

	begin_message();
	for (int i = 1; i < KINDS - 1; i++)
		add_type("f", 3, 3);
	add_type("_Zf", 4, 3);
	proto_add_uint(&b, SAMPLE_LOCATION_ID, 1);
	for (int i = 0; i < KINDS; i++)
		proto_add_int(&b, SAMPLE_VALUE, 10 + i);
	proto_add_bytes(&message, PROFILE_SAMPLE, b.data, b.len);
	buf_release(&b);
	add_location(1, 0xABC, 0);
	p = read_message();
	ck_assert_uint_eq(p->nmetrics, PROFILE_MAX_METRICS);
	ck_assert_str_eq(p->metrics[0].name, "_Zf");
	ck_assert_str_eq(p->metrics[1].name, "delay");
	ck_assert_int_eq(profile_node_cum(p, 1)[0], 10 + KINDS - 1);
	ck_assert_int_eq(profile_node_cum(p, 1)[1], 10 * 1000000);
	ck_assert_int_eq(profile_node_cum(p, 1)[PROFILE_MAX_METRICS - 1],
			 10 + PROFILE_MAX_METRICS - 2);
	ck_assert_str_eq(p->left_out, "all but 8 kinds of values");
	profile_free(p);
}
END_TEST

/* The others of one name get a number that none has, in the order of the file; what
 * is shown first is the first of its name. Written and read again it is the same. */
START_TEST(test_pprof__kinds_of_one_name)
{
	static const char *const names[] = { "delay", "delay_3", "delay_4", "delay_2" };
	struct buf b = BUF_INIT;
	struct profile *p, *back;

	begin_message();
	add_text("delay_2");
	add_type("delay", 1, 2);
	add_type("delay", 1, 3);
	add_type("delay_2", 5, 3);
	proto_add_uint(&message, PROFILE_DEFAULT_SAMPLE_TYPE, 1);
	proto_add_uint(&b, SAMPLE_LOCATION_ID, 1);
	for (int i = 1; i <= 4; i++)
		proto_add_int(&b, SAMPLE_VALUE, i);
	proto_add_bytes(&message, PROFILE_SAMPLE, b.data, b.len);
	buf_release(&b);
	add_location(1, 0xABC, 0);
	p = read_message();
	ck_assert_uint_eq(p->nmetrics, 4);
	for (int m = 0; m < 4; m++) {
		ck_assert_str_eq(p->metrics[m].name, names[m]);
		ck_assert_int_eq(profile_node_cum(p, 1)[m], (m + 1) * (m < 2 ? 1000000 : 1));
	}
	back = read_back(p);
	for (int m = 0; m < 4; m++)
		ck_assert_str_eq(back->metrics[m].name, names[m]);
	assert_same_tree(p, back);
	profile_free(p);
	profile_free(back);
	buf_release(&message);
}
END_TEST

START_TEST(test_pprof__hostile)
{
	begin_message();
	add_sample(1, 1);
	assert_refused("a location that is not in the file");
	begin_message();
	add_location(1, 0, 5);
	assert_refused("a function that is not in the file");
	begin_message();
	add_function(1, 99, 0);
	assert_refused("a text that is not in the file");
	begin_message();
	add_function(1, 3, 0);
	add_function(1, 4, 0);
	assert_refused("a function's id that comes twice");
	begin_message();
	add_location(1, 0, 0);
	add_location(1, 0, 0);
	assert_refused("a location's id that comes twice");
	begin_message();
	add_sample(0, INT64_MAX / 1000);
	assert_refused("values too large to add up");
	begin_message();
	add_type("again", 1, 2);
	add_sample(0, 1);
	assert_refused("a sample with too few values");
	begin_message();
	for (int i = 0; i < 64; i++)
		add_type("again", 1, 2);
	assert_refused("more kinds of values than cprof can hold");
	buf_release(&message);
	add_text("text 0 is not empty");
	add_type("", 0, 0);
	assert_refused("its text 0 is not empty");
	add_text("");
	assert_refused("no kinds of values");
	buf_adds(&message, "plain text");
	assert_refused("byte 1");
}
END_TEST

/* As large as the recorder makes one: what is written can be read, and looked at. */
START_TEST(test_pprof__largest_tree)
{
	struct profile *p = profile_new(), *back;
	struct buf out = BUF_INIT;
	struct table t;
	struct error err = ERROR_INIT;
	uint32_t functions[30];

	ck_assert_int_ge(profile_add_metric(p, "wall", "nanoseconds"), 0);
	ck_assert_int_ge(profile_add_metric(p, "cpu", "nanoseconds"), 0);
	ck_assert_int_eq(profile_add_root(p), 0);
	for (uint32_t i = 0; i < 30; i++)
		functions[i] = sample_function(p, "/srv/app.py", i + 1, "f", NULL);
	/* Three children each. */
	for (uint32_t i = 1; i <= RECORDER_MAX_NODES; i++) {
		uint32_t node = profile_append_node(p, (i - 1) / 3, functions[i % 30]);

		ck_assert_uint_eq(node, i);
		p->nodes[node].ncalls = 1;
	}
	for (uint32_t i = RECORDER_MAX_NODES; i >= 1; i--) {
		uint32_t parent = p->nodes[i].parent;

		for (uint32_t m = 0; m < 2; m++) {
			profile_node_cum(p, i)[m] += i + m;
			profile_node_cum(p, parent)[m] += profile_node_cum(p, i)[m];
		}
	}
	ck_assert_int_eq(pprof_write(&out, p, &info, &err), 0);
	back = pprof_read(buf_bytes(&out), &err);
	ck_assert_str_eq(err.text, "");
	ck_assert_ptr_nonnull(back);
	ck_assert_uint_eq(back->nnodes, p->nnodes);
	ck_assert_int_eq(derive_table(&t, back, NULL, 0, &err), 0);
	ck_assert_int_eq(table_total(&t, 1), profile_node_cum(p, 0)[1]);
	table_release(&t);
	buf_release(&out);
	profile_free(back);
	profile_free(p);
}
END_TEST

/* Few nodes, but gone through again and again: by turns, for what a sample has in
 * common with the one before costs nothing. */
START_TEST(test_pprof__frame_bomb)
{
	struct buf location = BUF_INIT, line = BUF_INIT, sample = BUF_INIT, ids = BUF_INIT;

	begin_message();
	add_function(1, 3, 0);
	proto_add_uint(&line, LINE_FUNCTION_ID, 1);
	for (unsigned id = 1; id <= 2; id++) {
		buf_clear(&location);
		proto_add_uint(&location, LOCATION_ID, id);
		for (int i = 0; i < 100; i++)
			proto_add_bytes(&location, LOCATION_LINE, line.data, line.len);
		proto_add_bytes(&message, PROFILE_LOCATION, location.data, location.len);
	}
	for (unsigned i = 0; i < 20; i++) {
		buf_clear(&ids);
		buf_clear(&sample);
		for (int k = 0; k < 100; k++)
			proto_add_varint(&ids, 1 + i % 2);
		proto_add_bytes(&sample, SAMPLE_LOCATION_ID, ids.data, ids.len);
		proto_add_int(&sample, SAMPLE_VALUE, 1);
		proto_add_bytes(&message, PROFILE_SAMPLE, sample.data, sample.len);
	}
	assert_refused("more frames than the file can mean");
	buf_release(&location);
	buf_release(&line);
	buf_release(&sample);
	buf_release(&ids);
}
END_TEST

/* A location `id` of function `id`. */
static void add_place(unsigned id)
{
	struct buf location = BUF_INIT, line = BUF_INIT;

	add_function(id, 3 + (id == 1), 0);
	proto_add_uint(&line, LINE_FUNCTION_ID, id);
	proto_add_uint(&location, LOCATION_ID, id);
	proto_add_bytes(&location, LOCATION_LINE, line.data, line.len);
	proto_add_bytes(&message, PROFILE_LOCATION, location.data, location.len);
	buf_release(&location);
	buf_release(&line);
}

/* Each piece is a field: of several ids packed, of one alone as a number. */
static void add_pieces(int64_t value, size_t npieces, const char *const *pieces)
{
	struct buf sample = BUF_INIT;

	for (size_t i = 0; i < npieces; i++) {
		if (pieces[i][0] == 1 && pieces[i][1] == '\0')
			proto_add_uint(&sample, SAMPLE_LOCATION_ID, 1);
		else
			proto_add_bytes(&sample, SAMPLE_LOCATION_ID, pieces[i], strlen(pieces[i]));
	}
	proto_add_int(&sample, SAMPLE_VALUE, value);
	proto_add_bytes(&message, PROFILE_SAMPLE, sample.data, sample.len);
	buf_release(&sample);
}

/* Number 200 is the bytes C8 01, of which the last alone is number 1. */
START_TEST(test_pprof__what_stacks_have_in_common)
{
	static const char *const f200[] = { "\xC8\x01" }, *const f1[] = { "\x01\x01" };
	static const char *const below[] = { "\x01\xC8\x01" }, *const above[] = { "\xC8\x01\x01\x01" };
	static const char *const parts[] = { "\x01", "\xC8\x01" }, *const same[] = { "\x01\xC8\x01" };
	struct profile *p;
	int64_t want[6];

	begin_message();
	add_place(1);
	add_place(200);
	add_pieces(1, 1, f200);  /* 200 */
	add_pieces(2, 1, f1);    /* 1 > 1 */
	add_pieces(4, 1, below); /* 200 > 1 */
	add_pieces(8, 1, above); /* 1 > 1 > 200 */
	add_pieces(16, 2, parts); /* 200 > 1 */
	add_pieces(32, 1, same);  /* 200 > 1 */
	add_pieces(64, 1, same);
	p = read_message();
	/* 200, 1, 1 > 1, 200 > 1, 1 > 1 > 200 in the order they came. */
	ck_assert_uint_eq(p->nnodes, 6);
	for (int i = 0; i < 6; i++)
		want[i] = *profile_node_cum(p, (uint32_t)i) / 1000000;
	ck_assert_int_eq(want[0], 127);
	ck_assert_int_eq(want[1], 1 + 4 + 16 + 32 + 64);
	ck_assert_int_eq(want[2], 2 + 8);
	ck_assert_int_eq(want[3], 2 + 8);
	ck_assert_int_eq(want[4], 4 + 16 + 32 + 64);
	ck_assert_int_eq(want[5], 8);
	ck_assert_uint_eq(p->nodes[4].parent, 1);
	ck_assert_uint_eq(p->nodes[5].parent, 3);
	profile_free(p);
}
END_TEST

START_TEST(test_pprof__cut)
{
	struct profile *p = sample_random(3, 14, 60);
	struct buf out = write_profile(p), content = BUF_INIT;
	struct error err;

	for (size_t len = 3; len < out.len; len++) {
		struct bytes in = { (const uint8_t *)out.data, len };
		char want[64];

		snprintf(want, sizeof want, "truncated at byte %zu", len);
		ck_assert_ptr_null(pprof_read(in, &err));
		ck_assert_str_eq(err.text, want);
	}
	/* Its content, cut: whole only between two fields. */
	ck_assert_int_eq(gzip_read(&content, buf_bytes(&out), 1 << 20, &err), 0);
	for (size_t len = 0; len < content.len; len++) {
		struct bytes in = { (const uint8_t *)content.data, len };
		struct profile *cut = pprof_read(in, &err);

		if (cut == NULL)
			ck_assert_int_eq(err.code, ERR_FORMAT);
		profile_free(cut);
	}
	buf_release(&out);
	buf_release(&content);
	profile_free(p);
}
END_TEST

START_TEST(test_pprof__sniff)
{
	static const struct { const char *in; size_t len; bool is; } cases[] = {
		{ "\x1f\x8b\x08", 3, true }, { "\x0a\x04\x08\x01\x10\x02", 6, true },
		{ "\x32\0", 2, true }, { "", 0, false }, { "{0", 2, false }, { "\n\n\n", 3, false },
		{ "\n2026-11-21 text", 16, false }, { "\x0a", 1, false }
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bytes in = { (const uint8_t *)cases[i].in, cases[i].len };

		ck_assert_int_eq(pprof_sniff(in), cases[i].is);
	}
}
END_TEST

static int write_once(void *arg, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = pprof_write(&out, arg, &info, err);

	buf_release(&out);
	return rc;
}

static int read_once(void *arg, struct error *err)
{
	struct profile *p = pprof_read(buf_bytes(arg), err);

	if (p == NULL)
		return -1;
	profile_free(p);
	return 0;
}

START_TEST(test_pprof__without_memory)
{
	struct profile *p = sample_random(4, 30, 100), *folded = deep("abc", 600);
	struct buf out = write_profile(p);

	p->nlost = 1;
	ck_assert_uint_gt(fail_each_allocation(write_once, p), 15);
	ck_assert_uint_gt(fail_each_allocation(write_once, folded), 20);
	ck_assert_uint_gt(fail_each_allocation(read_once, &out), 20);
	buf_release(&out);
	profile_free(p);
	profile_free(folded);
}
END_TEST

UNIT_MAIN("format/pprof",
	  test_pprof__round_trip,
	  test_pprof__round_trip_of_strands,
	  test_pprof__round_trip_of_metrics,
	  test_pprof__round_trip_of_samples,
	  test_pprof__root_without_time,
	  test_pprof__deep_recursion_is_folded,
	  test_pprof__folding_keeps_what_is_new,
	  test_pprof__at_the_limit_nothing_is_folded,
	  test_pprof__needs_a_tree,
	  test_pprof__file_of_go,
	  test_pprof__foreign,
	  test_pprof__more_kinds_than_fit,
	  test_pprof__kinds_of_one_name,
	  test_pprof__hostile,
	  test_pprof__largest_tree,
	  test_pprof__frame_bomb,
	  test_pprof__what_stacks_have_in_common,
	  test_pprof__cut,
	  test_pprof__sniff,
	  test_pprof__without_memory)
