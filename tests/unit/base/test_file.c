#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "unit.h"

static char dir[] = "/tmp/cprof-file-XXXXXX";
static char path[64];

static void make_dir(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/file", dir);
}

static void remove_dir(void)
{
	unlink(path);
	ck_assert_int_eq(rmdir(dir), 0);
	strcpy(dir, "/tmp/cprof-file-XXXXXX");
}

START_TEST(test_file__written_and_read)
{
	struct buf out = BUF_INIT, in = BUF_INIT;
	struct error err;
	struct stat st;

	make_dir();
	buf_pad(&out, 'x', 200000);
	ck_assert_int_eq(file_create(path, buf_bytes(&out), &err), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	buf_adds(&in, "before ");
	ck_assert_int_eq(file_read(&in, path, 200000, &err), 0);
	ck_assert_uint_eq(in.len, 200007);
	ck_assert_int_eq(memcmp(in.data, "before xxx", 10), 0);
	ck_assert_int_eq(file_read(&in, path, 199999, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_int_eq(file_create(path, buf_bytes(&out), &err), -1);
	ck_assert_int_eq(err.code, ERR_EXISTS);
	buf_release(&out);
	buf_release(&in);
	remove_dir();
}
END_TEST

START_TEST(test_file__refuses_what_is_no_file)
{
	struct buf in = BUF_INIT;
	struct error err;

	make_dir();
	ck_assert_int_eq(file_read(&in, path, 1000, &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	ck_assert_int_eq(file_read(&in, dir, 1000, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(file_read(&in, path, 1000, &err), -1); /* and does not hang */
	ck_assert_int_eq(err.code, ERR_REFUSED);
	buf_release(&in);
	remove_dir();
}
END_TEST

START_TEST(test_file__not_below_a_file)
{
	struct buf out = BUF_INIT;
	struct error err;

	buf_adds(&out, "something");
	ck_assert_int_eq(file_create("/dev/null/x", buf_bytes(&out), &err), -1);
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	buf_release(&out);
}
END_TEST

static void assert_join(const char *a, const char *b, const char *want)
{
	char *joined = path_join(a, b);

	ck_assert_str_eq(joined, want);
	mem_free(joined);
}

START_TEST(test_file__paths)
{
	assert_join("a", "b", "a/b");
	assert_join("a//", "b", "a/b");
	assert_join("/", "b", "/b");
	ck_assert_str_eq(path_base("a/b/c.py"), "c.py");
	ck_assert_str_eq(path_base("c.py"), "c.py");
	ck_assert_str_eq(path_end("/a/b/c.py", 1), "c.py");
	ck_assert_str_eq(path_end("/a/b/c.py", 2), "b/c.py");
	ck_assert_str_eq(path_end("b/c.py", 2), "b/c.py");
	ck_assert_str_eq(path_end("/c.py", 2), "/c.py");
	ck_assert_str_eq(path_end("c.py", 2), "c.py");
	ck_assert_str_eq(path_end("", 1), "");
	mem_fail_at(1, false);
	ck_assert_ptr_null(path_join("a", "b"));
	mem_fail_at(0, false);
}
END_TEST

UNIT_MAIN("base/file",
	  test_file__written_and_read,
	  test_file__refuses_what_is_no_file,
	  test_file__not_below_a_file,
	  test_file__paths)
