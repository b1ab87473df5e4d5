/* In front of pstats itself: tests/integration/peers. */
#include "format/pstats_sum.h"

#include <string.h>

#include "failing.h"
#include "format/pstats.h"
#include "golden.h"
#include "sample.h"
#include "unit.h"

static const struct format_info no_info;

static struct buf prof_of(uint64_t seed)
{
	struct profile *p = sample_random(seed, 25, 200);
	struct buf out = BUF_INIT;
	struct error err;

	ck_assert_int_eq(pstats_write(&out, p, &no_info, &err), 0);
	profile_free(p);
	return out;
}

static void add(struct pstats_sum *s, const struct buf *file)
{
	struct error err = ERROR_INIT;

	ck_assert_msg(pstats_sum_add(s, buf_bytes(file), &err) == 0, "%s", err.text);
}

static struct buf written(const struct pstats_sum *s)
{
	struct buf out = BUF_INIT;
	struct error err;

	ck_assert_int_eq(pstats_sum_write(&out, s, &err), 0);
	return out;
}

/* One file is its own sum, to the last byte where it is one of ours. */
START_TEST(test_pstats_sum__of_one)
{
	struct pstats_sum s = PSTATS_SUM_INIT;
	struct buf in = golden_read("tests/data/format/sample-3-14-60.prof"), out;

	add(&s, &in);
	out = written(&s);
	ck_assert_uint_eq(out.len, in.len);
	ck_assert_mem_eq(out.data, in.data, in.len);
	buf_release(&in);
	buf_release(&out);
	pstats_sum_release(&s);
}
END_TEST

/* Calls and times add up; new functions and callers come last. Each is added often:
 * what the other of them made expected does not come, what it made expected itself does. */
START_TEST(test_pstats_sum__of_two)
{
	struct pstats_sum s = PSTATS_SUM_INIT;
	struct buf one = prof_of(1), two = prof_of(2), out;
	struct error err;
	struct profile *a, *b, *sum;

	for (int i = 0; i < 2; i++) {
		add(&s, &one);
		add(&s, &two);
		add(&s, &two);
		add(&s, &one);
	}
	out = written(&s);
	a = pstats_read(buf_bytes(&one), &err);
	b = pstats_read(buf_bytes(&two), &err);
	sum = pstats_read(buf_bytes(&out), &err);
	ck_assert(a != NULL && b != NULL && sum != NULL);
	for (uint32_t i = 0; i < sum->nfunctions; i++) {
		const struct function *f = &sum->functions[i];
		uint32_t ia = profile_function(a, f->file, f->line, f->name, NULL);
		uint32_t ib = profile_function(b, f->file, f->line, f->name, NULL);
		uint64_t ncalls = 0;
		int64_t cum = 0;

		ncalls += ia < a->table.nfunctions ? table_function(&a->table, ia)->ncalls : 0;
		ncalls += ib < b->table.nfunctions ? table_function(&b->table, ib)->ncalls : 0;
		cum += ia < a->table.nfunctions ? table_function(&a->table, ia)->costs[0].cum : 0;
		cum += ib < b->table.nfunctions ? table_function(&b->table, ib)->costs[0].cum : 0;
		ck_assert_uint_eq(table_function(&sum->table, i)->ncalls, 4 * ncalls);
		ck_assert_int_eq(table_function(&sum->table, i)->costs[0].cum, 4 * cum);
		if (i < a->table.nfunctions)
			ck_assert_uint_eq(ia, i);
	}
	profile_free(a);
	profile_free(b);
	profile_free(sum);
	buf_release(&one);
	buf_release(&two);
	buf_release(&out);
	pstats_sum_release(&s);
}
END_TEST

/* What is held does not grow with the number of files. */
START_TEST(test_pstats_sum__constant)
{
	struct pstats_sum s = PSTATS_SUM_INIT;
	struct buf in = prof_of(3);
	size_t keys, callers, memory;

	add(&s, &in);
	keys = s.nkeys;
	callers = s.ncallers;
	memory = s.strings.arena.total;
	for (int i = 0; i < 100; i++)
		add(&s, &in);
	ck_assert_uint_eq(s.nkeys, keys);
	ck_assert_uint_eq(s.ncallers, callers);
	ck_assert_uint_eq(s.strings.arena.total, memory);
	buf_release(&in);
	pstats_sum_release(&s);
}
END_TEST

#define KEY(name) ")\x03z\x01" "ai\x01\0\0\0z\x01" name
#define ROW(counts) "{" KEY("f") ")\x05" counts "g\0\0\0\0\0\0\xF0?g\0\0\0\0\0\0\xF0?{"
#define ONES "i\x01\0\0\0i\x01\0\0\0"
#define MINUS "i\xFF\xFF\xFF\xFFi\xFF\xFF\xFF\xFF"

static void refused(const char *first, size_t nfirst, const char *second, size_t nsecond,
		    const char *want)
{
	struct pstats_sum s = PSTATS_SUM_INIT;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(pstats_sum_add(&s, (struct bytes){ (const uint8_t *)first, nfirst }, &err), 0);
	ck_assert_int_eq(pstats_sum_add(&s, (struct bytes){ (const uint8_t *)second, nsecond }, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_str_eq(err.text, want);
	pstats_sum_release(&s);
}

START_TEST(test_pstats_sum__refused)
{
	static const char traced[] = ROW(ONES) "00", sampled[] = ROW(MINUS) "00";
	static const char counts[] = ROW(ONES) KEY("g") "i\1\0\0\0" "00";
	static const char rows[] = ROW(ONES) KEY("g") ")\4" ONES "i\0\0\0\0i\0\0\0\0" "00";

	refused(traced, sizeof traced - 1, sampled, sizeof sampled - 1,
		"it is sampled, and what came before is not: the two do not add up");
	refused(rows, sizeof rows - 1, counts, sizeof counts - 1,
		"its callers have no times, not so in what came before");
}
END_TEST

static int add_two(void *arg, struct error *err)
{
	struct buf *files = arg, out = BUF_INIT;
	struct pstats_sum s = PSTATS_SUM_INIT;
	int rc = -1;

	if (pstats_sum_add(&s, buf_bytes(&files[0]), err) == 0 &&
	    pstats_sum_add(&s, buf_bytes(&files[1]), err) == 0)
		rc = pstats_sum_write(&out, &s, err);
	buf_release(&out);
	pstats_sum_release(&s);
	return rc;
}

START_TEST(test_pstats_sum__without_memory)
{
	struct buf files[] = { prof_of(4), prof_of(5) };

	ck_assert_uint_gt(fail_each_allocation(add_two, files), 15);
	buf_release(&files[0]);
	buf_release(&files[1]);
}
END_TEST

UNIT_MAIN("format/pstats_sum",
	  test_pstats_sum__of_one,
	  test_pstats_sum__of_two,
	  test_pstats_sum__constant,
	  test_pstats_sum__refused,
	  test_pstats_sum__without_memory)
