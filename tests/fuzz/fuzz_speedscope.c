/* Any bytes as a speedscope file; what is taken must survive every writer. */
#include "format/speedscope.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target_read((struct bytes){ data, size }, speedscope_read, "speedscope");
	return 0;
}
