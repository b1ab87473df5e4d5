/* line.h -- text files line by line. */
#ifndef CPROF_FORMAT_LINE_H
#define CPROF_FORMAT_LINE_H

#include <stdbool.h>

#include "base/bytes.h"

/* Takes a line off the front of `in`, without its end, "\n" or "\r\n"; false when
 * nothing is left. */
bool line_next(struct bytes *in, struct bytes *line);

#endif
