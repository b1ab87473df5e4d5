/* pyprof2calltree.h -- the file that the program pyprof2calltree makes of a .prof
 * file, byte for byte (but for names that a terminal would obey):
 *
 *     event: ns : Nanoseconds
 *     events: ns
 *     summary: 100                 the largest cumtime
 *     fl=app.py
 *     fn=show                      "show:12" where its file has several of the name
 *     12 30                        tottime
 *     cfl=app.py
 *     cfn=load
 *     calls=2 40
 *     12 70                        cumtime of the arc
 *
 * by file, line and name, as are the callees of each. Traps: costs are cut, not
 * rounded, to whole nanoseconds; calls are all calls, recursive ones too, whose cost
 * viewers then add to that of the outermost; a caller without an entry, for which
 * the program breaks down, is left out.
 */
#ifndef CPROF_FORMAT_PYPROF2CALLTREE_H
#define CPROF_FORMAT_PYPROF2CALLTREE_H

#include "format/pstats_sum.h"

/* ERR_REFUSED where callers have no times, as in files of `profile`. */
int pyprof2calltree_write(struct buf *out, const struct pstats_sum *s, struct error *err);

#endif
