/* callgrind.h -- profile.kgrind, for KCachegrind and callgrind_annotate; the layout is
 * in callgrind.c, what other writers make of it in callgrind_read.c. */
#ifndef CPROF_FORMAT_CALLGRIND_H
#define CPROF_FORMAT_CALLGRIND_H

#include "format/format.h"

/* By which our files say what the format has no field for. */
#define CALLGRIND_SAMPLED "desc: Sampled:"

bool callgrind_sniff(struct bytes in);
struct profile *callgrind_read(struct bytes in, struct error *err);
int callgrind_write(struct buf *out, const struct profile *p, const struct format_info *info,
		    struct error *err);

#endif
