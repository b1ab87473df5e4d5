/* failing.h -- runs something again and again with the first, the second, ...
 * allocation failing, alone and with all after it, until it has enough. Each
 * time it must say that memory ran out, and (under a sanitizer) lose none.
 */
#ifndef CPROF_TESTS_FAILING_H
#define CPROF_TESTS_FAILING_H

#include <check.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"

/* 0, or -1 with err filled; releases all that it made either way. */
typedef int failing_run(void *arg, struct error *err);

/* How many allocations it took. */
static inline size_t fail_each_allocation(failing_run *run, void *arg)
{
	size_t n = 0;

	for (int forever = 0; forever <= 1; forever++) {
		for (n = 1;; n++) {
			struct error err = ERROR_INIT;
			size_t made;
			int rc;

			mem_fail_at(n, forever);
			rc = run(arg, &err);
			made = mem_fail_at(0, false);
			if (made < n) {
				ck_assert_msg(rc == 0, "%s", err.text);
				break;
			}
			ck_assert_msg(rc == -1, "allocation %zu failed and nobody noticed", n);
			ck_assert_msg(err.code == ERR_NOMEM, "allocation %zu: %s", n, err.text);
		}
	}
	return n - 1;
}

#endif
