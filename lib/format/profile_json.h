/* profile_json.h -- all of a profile as JSON; the layout is in profile_json.c. */
#ifndef CPROF_FORMAT_PROFILE_JSON_H
#define CPROF_FORMAT_PROFILE_JSON_H

#include "format/format.h"

int profile_json_write(struct buf *out, const struct profile *p, const struct format_info *info,
		       struct error *err);

#endif
