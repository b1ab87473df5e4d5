/* Any bytes as a callgrind file; what is taken must survive every writer. */
#include "format/callgrind.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target_read((struct bytes){ data, size }, callgrind_read, "callgrind");
	return 0;
}
