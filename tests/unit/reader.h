/* reader.h -- what the tests of formats of text share: texts read, as a table, or
 * refused; and reading and writing without memory.
 */
#ifndef CPROF_TESTS_READER_H
#define CPROF_TESTS_READER_H

#include <check.h>
#include <string.h>

#include "failing.h"
#include "format/format.h"
#include "sample.h"
#include "table.h"

typedef struct profile *reader_fn(struct bytes in, struct error *err);
typedef int writer_fn(struct buf *out, const struct profile *p, const struct format_info *info,
		      struct error *err);

static inline struct bytes bytes_of(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

static inline struct profile *reader_read(reader_fn *read, const char *text)
{
	struct error err = ERROR_INIT;
	struct profile *p = read(bytes_of(text), &err);

	ck_assert_msg(p != NULL, "%s", err.text);
	return p;
}

static inline void reader_assert_table(reader_fn *read, const char *text, const char *want)
{
	struct profile *p = reader_read(read, text);
	struct buf out = BUF_INIT;

	table_add(&out, p);
	ck_assert_str_eq(buf_str(&out), want);
	buf_release(&out);
	profile_free(p);
}

static inline void reader_assert_error(reader_fn *read, const char *text, const char *want)
{
	struct error err = ERROR_INIT;

	ck_assert_ptr_null(read(bytes_of(text), &err));
	ck_assert_str_eq(err.text, want);
	ck_assert_int_eq(err.code, ERR_FORMAT);
}

struct reader_failing {
	reader_fn *read;
	writer_fn *write;
	const struct profile *p;
	struct bytes written;
};

static inline int reader_write_once(void *arg, struct error *err)
{
	const struct reader_failing *f = arg;
	const struct format_info info = { .metric = 0 };
	struct buf out = BUF_INIT;
	int rc = f->write(&out, f->p, &info, err);

	buf_release(&out);
	return rc;
}

static inline int reader_read_once(void *arg, struct error *err)
{
	const struct reader_failing *f = arg;
	struct profile *p = f->read(f->written, err);

	profile_free(p);
	return p == NULL ? -1 : 0;
}

/* Every allocation of a profile's writing and reading fails once. */
static inline void reader_assert_without_memory(reader_fn *read, writer_fn *write)
{
	struct profile *p = sample_random(4, 30, 100);
	struct reader_failing failing = { .read = read, .write = write, .p = p };
	const struct format_info info = { .metric = 0 };
	struct buf out = BUF_INIT;
	struct error err;

	ck_assert_uint_gt(fail_each_allocation(reader_write_once, &failing), 5);
	ck_assert_int_eq(write(&out, p, &info, &err), 0);
	failing.written = buf_bytes(&out);
	ck_assert_uint_gt(fail_each_allocation(reader_read_once, &failing), 15);
	buf_release(&out);
	profile_free(p);
}

#endif
