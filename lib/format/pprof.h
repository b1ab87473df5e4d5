/* pprof.h -- profile.pb.gz: pprof's format, the call tree, gzipped. The layout
 * is in pprof.c. */
#ifndef CPROF_FORMAT_PPROF_H
#define CPROF_FORMAT_PPROF_H

#include "format/format.h"

bool pprof_sniff(struct bytes in);
struct profile *pprof_read(struct bytes in, struct error *err);
int pprof_write(struct buf *out, const struct profile *p, const struct format_info *info,
		struct error *err);

#endif
