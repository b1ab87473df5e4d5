/* foreign.h -- names out of files of unknown making. */
#ifndef CPROF_FORMAT_FOREIGN_H
#define CPROF_FORMAT_FOREIGN_H

#include <stddef.h>

#include "base/buf.h"
#include "base/bytes.h"

/* A small file can refer to one long name a million times, and each time it is
 * looked up; no name that people gave is longer than this. */
enum { FOREIGN_NAME_MAX = 4096 };

/* How much of this UTF-8 is kept: all up to the limit, whole characters. */
size_t foreign_cut(const char *s, size_t len);

/* The name, cut, with NUL and what is not UTF-8 as \xNN. */
void foreign_name(struct buf *out, struct bytes name);

#endif
