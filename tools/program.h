/* program.h -- where this program lies, and with it what is installed beside it. */
#ifndef CPROF_TOOLS_PROGRAM_H
#define CPROF_TOOLS_PROGRAM_H

#include "base/buf.h"

/* Appends its folder, links followed: "/usr/local/bin"; -1 where it cannot be known. */
int program_folder(struct buf *out);

#endif
