/* bytes.h -- a borrowed run of bytes: what a reader is given. */
#ifndef CPROF_BASE_BYTES_H
#define CPROF_BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *data;
	size_t len;
};

#endif
