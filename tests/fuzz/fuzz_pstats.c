/* Any bytes as profile.prof; what is taken must survive every writer, and add up with
 * itself. */
#include "format/pstats.h"
#include "format/pstats_sum.h"
#include "format/pyprof2calltree.h"
#include "target.h"

static void sum_up(struct bytes in)
{
	struct pstats_sum sum = PSTATS_SUM_INIT;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;

	if (pstats_sum_add(&sum, in, &err) == 0) {
		TARGET_CHECK(pyprof2calltree_write(&out, &sum, &err) == 0 || err.code == ERR_REFUSED);
		buf_clear(&out);
		/* Twice a file is what the file is; only counts may overflow. */
		if (pstats_sum_add(&sum, in, &err) == 0) {
			TARGET_CHECK(pstats_sum_write(&out, &sum, &err) == 0);
			pstats_sum_release(&sum);
			TARGET_CHECK(pstats_sum_add(&sum, buf_bytes(&out), &err) == 0 ||
				     strstr(err.text, "century") != NULL);
		} else {
			TARGET_CHECK(err.code == ERR_FORMAT);
		}
	}
	buf_release(&out);
	pstats_sum_release(&sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };

	target_read(in, pstats_read, "pstats");
	sum_up(in);
	return 0;
}
