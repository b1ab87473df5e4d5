/* unit.h -- the main of a unit test: one program per tested file.
 *
 *     START_TEST(test_buf__grows) { ... } END_TEST
 *
 *     UNIT_MAIN("base/buf", test_buf__grows, test_buf__out_of_memory)
 *
 * Each test runs in a process of its own, unless CK_FORK=no (for a debugger or
 * valgrind); CK_RUN_CASE and CK_VERBOSITY work too, for libcheck reads them.
 */
#ifndef CPROF_TESTS_UNIT_H
#define CPROF_TESTS_UNIT_H

#include <check.h>
#include <stddef.h>
#include <stdlib.h>

/* Instrumented builds and loaded machines are slow: libcheck's 4 s are too few. */
enum { UNIT_TIMEOUT_S = 120 };

static inline int unit_main(const char *name, const TTest *const *tests, size_t ntests)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	int nfailed;

	tcase_set_timeout(tcase, UNIT_TIMEOUT_S);
	for (size_t i = 0; i < ntests; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	nfailed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return nfailed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define UNIT_MAIN(name, ...)                                                         \
	int main(void)                                                               \
	{                                                                            \
		const TTest *const tests[] = { __VA_ARGS__ };                        \
                                                                                     \
		return unit_main(name, tests, sizeof(tests) / sizeof(tests[0]));     \
	}

#endif
