/* Any bytes as snapshot.json, and as run.json; what is taken, written and read again
 * is the same. */
#include <stdlib.h>
#include <string.h>

#include "snapshot/manifest.h"
#include "snapshot/runfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was written, into `out`; false where the bytes are refused. */
static bool rewrite(struct buf *out, struct bytes in)
{
	struct manifest m;
	struct error err = ERROR_INIT;
	bool taken = manifest_read(&m, in, &err) == 0;

	if (!taken && (err.code != ERR_FORMAT || err.text[0] == '\0'))
		abort();
	if (taken && manifest_write(out, &m, &err) < 0)
		abort();
	manifest_release(&m);
	return taken;
}

static void read_manifest(struct bytes in)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;

	if (rewrite(&once, in) &&
	    (!rewrite(&twice, buf_bytes(&once)) || once.len != twice.len ||
	     memcmp(once.data, twice.data, once.len) != 0))
		abort();
	buf_release(&once);
	buf_release(&twice);
}

static void read_run(struct bytes in)
{
	struct process self = { .pid = 1 };
	struct run_counts counts = { 0 };
	struct runfile_totals totals;
	struct arena arena = ARENA_INIT;
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	const struct json *doc = json_parse(&arena, in, &err);
	int64_t created;

	runfile_leader(doc, &self);
	runfile_created(doc, &created);
	runfile_totals(doc, &totals);
	runfile_outcome(doc);
	if (runfile_write_row(&out, doc, &self, &counts, &err) < 0 ||
	    json_parse(&arena, buf_bytes(&out), &err) == NULL)
		abort();
	buf_release(&out);
	arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_manifest((struct bytes){ data, size });
	read_run((struct bytes){ data, size });
	return 0;
}
