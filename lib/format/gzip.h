/* gzip.h -- gzip in one go for a reader and piece by piece for a writer, so
 * that a writer never holds its whole output uncompressed.
 */
#ifndef CPROF_FORMAT_GZIP_H
#define CPROF_FORMAT_GZIP_H

#include <stdbool.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

bool gzip_sniff(struct bytes in);

/* Appends the content to out. What would become larger than `max`, or than a
 * hundred times the input where that is over 56 MB, is refused; errors name
 * the offset in the compressed file. */
int gzip_read(struct buf *out, struct bytes in, size_t max, struct error *err);

struct gzip_writer {
	z_stream stream;
	struct buf *out; /* its failure is sticky, and ours */
	bool begun;
};

void gzip_begin(struct gzip_writer *w, struct buf *out);
void gzip_add(struct gzip_writer *w, const void *data, size_t len);
void gzip_end(struct gzip_writer *w); /* releases it, also after a failure */

#endif
