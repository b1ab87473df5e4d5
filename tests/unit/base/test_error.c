#include "base/error.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

START_TEST(test_error__set_and_prefix)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(error_set(&err, ERR_FORMAT, "truncated at byte %d", 512), -1);
	ck_assert_int_eq(error_prefix(&err, "%s: ", "app.prof"), -1);
	ck_assert_str_eq(err.text, "app.prof: truncated at byte 512");
	ck_assert_int_eq(err.code, ERR_FORMAT);
}
END_TEST

START_TEST(test_error__of_the_system)
{
	struct error err = ERROR_INIT;

	error_errno(&err, ENOENT, "x.prof");
	ck_assert_str_eq(err.text, "x.prof: No such file or directory");
	ck_assert_int_eq(err.code, ERR_NOT_FOUND);
	error_errno(&err, ENOMEM, "x");
	ck_assert_int_eq(err.code, ERR_NOMEM);
	error_errno(&err, EEXIST, "x");
	ck_assert_int_eq(err.code, ERR_EXISTS);
	error_errno(&err, EACCES, "x");
	ck_assert_int_eq(err.code, ERR_IO);
}
END_TEST

START_TEST(test_error__too_long_is_cut)
{
	struct error err = ERROR_INIT;
	char name[1000];

	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	error_errno(&err, EACCES, "%s", name);
	ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
	error_prefix(&err, "%s: ", name);
	ck_assert_uint_eq(strlen(err.text), sizeof err.text - 1);
}
END_TEST

UNIT_MAIN("base/error",
	  test_error__set_and_prefix,
	  test_error__of_the_system,
	  test_error__too_long_is_cut)
