/* target.h -- what each profile reader's fuzz target does with a profile that
 * was read: all that a command would, as far as it may trust the reader.
 */
#ifndef CPROF_TESTS_FUZZ_TARGET_H
#define CPROF_TESTS_FUZZ_TARGET_H

#include <stdlib.h>
#include <string.h>

#include "format/format.h"
#include "profile/derive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TARGET_CHECK(condition) do { if (!(condition)) abort(); } while (0)

static inline void target_check_tree(const struct profile *p)
{
	struct table t;
	struct error err;

	for (uint32_t i = 1; i < p->nnodes; i++) {
		TARGET_CHECK(p->nodes[i].parent < i);
		TARGET_CHECK(p->nodes[i].function < p->nfunctions);
	}
	TARGET_CHECK(derive_table(&t, p, NULL, 0, &err) == 0);
	for (uint32_t i = 0; i < t.narcs; i++)
		TARGET_CHECK(table_arc_at(&t, i)->caller < p->nfunctions &&
			     table_arc_at(&t, i)->callee < p->nfunctions);
	for (uint32_t i = 0; i < t.nfunctions; i++)
		TARGET_CHECK(table_function(&t, i)->nprimitive <= table_function(&t, i)->ncalls ||
			     !profile_has_tree(p));
	table_release(&t);
}

/* Nothing that a terminal obeys but line breaks. */
static inline void target_check_text(const struct buf *out)
{
	for (size_t i = 0; i < out->len; i++)
		TARGET_CHECK((out->data[i] >= ' ' && out->data[i] != 0x7F) || out->data[i] < 0 ||
			     out->data[i] == '\n');
}

/* Through every writer; and what `again` writes reads back. */
static inline void target_use(const struct profile *p, const char *again)
{
	struct format_info info = { .path = "profile.prof", .command = "GET /" };
	struct error err;

	target_check_tree(p);
	for (const struct format *f = formats; f->name != NULL; f++) {
		struct buf out = BUF_INIT;
		int rc = f->write(&out, p, &info, &err);

		TARGET_CHECK(rc == 0 || err.code == ERR_REFUSED);
		if (strcmp(f->name, "pstats") != 0 && strcmp(f->name, "pprof") != 0)
			target_check_text(&out);
		/* Of stacks that weigh nothing there is nothing to write. */
		if (rc == 0 && out.len != 0 && strcmp(f->name, again) == 0) {
			struct profile *back = f->read(buf_bytes(&out), &err);

			TARGET_CHECK(back != NULL);
			/* Callgrind has one name for what may be two of ours. */
			TARGET_CHECK(back->nfunctions == p->nfunctions || p->sampled ||
				     strcmp(again, "callgrind") == 0);
			profile_free(back);
		}
		buf_release(&out);
	}
}

/* What a target does with its input. */
static inline void target_read(struct bytes in,
			       struct profile *(*read)(struct bytes in, struct error *err),
			       const char *name)
{
	struct error err = ERROR_INIT;
	struct profile *p = read(in, &err);

	TARGET_CHECK(p != NULL || (err.code == ERR_FORMAT && err.text[0] != '\0'));
	if (p != NULL)
		target_use(p, name);
	profile_free(p);
}

#endif
