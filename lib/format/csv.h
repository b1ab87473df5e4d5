/* csv.h -- functions as a table for spreadsheets; the layout is in csv.c. */
#ifndef CPROF_FORMAT_CSV_H
#define CPROF_FORMAT_CSV_H

#include "format/format.h"

int csv_write(struct buf *out, const struct profile *p, const struct format_info *info,
	      struct error *err);

#endif
