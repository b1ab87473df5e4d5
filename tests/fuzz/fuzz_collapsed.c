/* Any bytes as a collapsed file; what is taken must survive every writer. */
#include "format/collapsed.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target_read((struct bytes){ data, size }, collapsed_read, "collapsed");
	return 0;
}
