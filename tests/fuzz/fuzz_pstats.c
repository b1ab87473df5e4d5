/* Any bytes as profile.prof; what is taken must survive every writer. */
#include "format/pstats.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = { data, size };
	struct error err = ERROR_INIT;
	struct profile *p = pstats_read(in, &err);

	TARGET_CHECK(p != NULL || (err.code == ERR_FORMAT && err.text[0] != '\0'));
	if (p != NULL)
		target_use(p, "pstats");
	profile_free(p);
	return 0;
}
