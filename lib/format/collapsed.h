/* collapsed.h -- stacks as text, for flamegraph.pl, speedscope, inferno; the
 * layout is in collapsed.c. */
#ifndef CPROF_FORMAT_COLLAPSED_H
#define CPROF_FORMAT_COLLAPSED_H

#include "format/format.h"

bool collapsed_sniff(struct bytes in);
struct profile *collapsed_read(struct bytes in, struct error *err);
int collapsed_write(struct buf *out, const struct profile *p, const struct format_info *info,
		    struct error *err);

#endif
