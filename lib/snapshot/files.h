/* files.h -- the files of a snapshot as their formats, and a foreign profile as a
 * snapshot.
 */
#ifndef CPROF_SNAPSHOT_FILES_H
#define CPROF_SNAPSHOT_FILES_H

#include "base/buf.h"
#include "profile/profile.h"
#include "snapshot/archive.h"

/* Bytes that one file may have. */
enum { SNAPSHOT_FILE_MAX = 1 << 28 };

/* Appends a profile as pstats' bytes: the snapshot's profile.prof, a file that is
 * one, or what any other is as one. "-" is standard input. */
int snapshot_pstats(struct buf *out, const char *path, struct error *err);

/* Makes the folder `path`, which must not exist, whole or not at all: what the
 * profile can be written as of profile.prof, callstack.txt (both want times),
 * profile.kgrind and profile.pb.gz (wants a tree), and snapshot.json. */
int snapshot_import(const char *path, const struct profile *p, const struct manifest *m,
		    struct error *err);

#endif
