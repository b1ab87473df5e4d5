/* output.h -- where a command's result goes: a file that is there whole or not at all and
 * replaces what it finds, a device or pipe that is written to, or for "-" standard output.
 */
#ifndef CPROF_TOOLS_OUTPUT_H
#define CPROF_TOOLS_OUTPUT_H

#include "base/buf.h"
#include "base/error.h"

int output_file(const char *path, struct bytes content, struct error *err);

/* The same piece by piece, as the sink of a buf. */
struct output {
	struct buf_sink sink;
	const char *path; /* as it is typed; borrowed */
	char *hidden;     /* what becomes `path`, or NULL where that is written to */
	int fd;           /* -1: standard output */
	int errnum;       /* of the first write that failed */
};

int output_begin(struct output *o, const char *path, struct error *err);

/* Ends it with the rest of the content; where `failed`, nothing stays but what a device, a
 * pipe or standard output has got already. */
int output_end(struct output *o, struct bytes rest, bool failed, struct error *err);

/* What is left of standard output, for a process that ends by _exit. */
int output_finish(struct error *err);

#endif
