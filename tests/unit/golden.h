/* golden.h -- compares with a file under tests/data; UPDATE_GOLDEN=1 in the
 * environment rewrites it instead, for someone to read each changed line.
 */
#ifndef CPROF_TESTS_GOLDEN_H
#define CPROF_TESTS_GOLDEN_H

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

static inline struct buf golden_read(const char *path)
{
	struct buf in = BUF_INIT;
	struct error err;

	ck_assert_msg(file_read(&in, path, 1 << 26, &err) == 0, "%s", err.text);
	return in;
}

static inline void golden_check(const char *path, const struct buf *got)
{
	struct error err;
	struct buf want;
	size_t at = 0, line = 1;

	ck_assert(!got->failed);
	if (getenv("UPDATE_GOLDEN") != NULL) {
		unlink(path);
		ck_assert_msg(file_create(path, buf_bytes(got), &err) == 0, "%s", err.text);
		return;
	}
	want = golden_read(path);
	while (at < want.len && at < got->len && want.data[at] == got->data[at])
		line += want.data[at++] == '\n';
	ck_assert_msg(want.len == got->len && at == want.len,
		      "%s: line %zu (byte %zu) differs; UPDATE_GOLDEN=1 rewrites it", path, line, at);
	buf_release(&want);
}

#endif
