/* verify.h -- whether the files of a snapshot tell one story.
 *
 *     profile.pb.gz, profile.prof   function by function the same calls, self and cum,
 *                                   arc by arc the same calls and self
 *     profile.kgrind                file and line by file and line the same self, and
 *                                   cum as viewers add it up
 *     callstack.txt                 but for its first line, what pstats prints of
 *                                   profile.prof
 *     snapshot.json, folder's name  no more time in the profile than elapsed; the
 *                                   name's milliseconds are those
 *
 * and whether the numbers can be true at all (profile/check.h). A file of the four
 * may be missing from a snapshot that was imported, from no other.
 */
#ifndef CPROF_SNAPSHOT_VERIFY_H
#define CPROF_SNAPSHOT_VERIFY_H

#include "base/buf.h"
#include "snapshot/archive.h"

/* Appends a line for each disagreement, printable; nothing where all agree. A file
 * that cannot be read is a disagreement. -1 with err without memory alone. */
int snapshot_verify(struct buf *out, const struct snapshot *s, struct error *err);

#endif
