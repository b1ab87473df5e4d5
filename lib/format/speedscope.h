/* speedscope.h -- speedscope's own JSON; the layout is in speedscope.c. */
#ifndef CPROF_FORMAT_SPEEDSCOPE_H
#define CPROF_FORMAT_SPEEDSCOPE_H

#include "format/format.h"

#define SPEEDSCOPE_SCHEMA "https://www.speedscope.app/file-format-schema.json"

/* What our files say wrote them. */
#define SPEEDSCOPE_EXPORTER "cprof@"

bool speedscope_sniff(struct bytes in);
struct profile *speedscope_read(struct bytes in, struct error *err);
int speedscope_write(struct buf *out, const struct profile *p, const struct format_info *info,
		     struct error *err);

#endif
