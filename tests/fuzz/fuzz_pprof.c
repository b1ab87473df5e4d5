/* Any bytes as profile.pb.gz: as they are, and as the content of a gzip file,
 * into which a fuzzer would hardly find its way. */
#include "format/gzip.h"
#include "format/pprof.h"
#include "target.h"

static void read_one(struct bytes in)
{
	struct error err = ERROR_INIT;
	struct profile *p = pprof_read(in, &err);

	TARGET_CHECK(p != NULL || (err.code == ERR_FORMAT && err.text[0] != '\0'));
	if (p != NULL)
		target_use(p, "pprof");
	profile_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	struct buf packed = BUF_INIT;
	struct gzip_writer w;

	read_one(in);
	gzip_begin(&w, &packed);
	gzip_add(&w, data, size);
	gzip_end(&w);
	read_one(buf_bytes(&packed));
	buf_release(&packed);
	return 0;
}
