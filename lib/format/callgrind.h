/* callgrind.h -- profile.kgrind, for KCachegrind and callgrind_annotate; the layout is
 * in callgrind.c. */
#ifndef CPROF_FORMAT_CALLGRIND_H
#define CPROF_FORMAT_CALLGRIND_H

#include "format/format.h"

int callgrind_write(struct buf *out, const struct profile *p, const struct format_info *info,
	                struct error *err);

#endif
