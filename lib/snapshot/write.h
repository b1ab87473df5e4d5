/* write.h -- a snapshot onto the disk, whole or not at all.
 *
 * The final name is reserved by making a hidden sibling ".NAME" (mkdir is the
 * lock; then NAME must not exist), the files are written into it, and it is
 * renamed without replacing anything. Folders are 0700, files 0600. Of two
 * with the same name the second becomes NAME.2.
 */
#ifndef CPROF_SNAPSHOT_WRITE_H
#define CPROF_SNAPSHOT_WRITE_H

#include "base/buf.h"
#include "profile/profile.h"
#include "snapshot/manifest.h"
#include "snapshot/run.h"

/* Writes profile.prof, callstack.txt, profile.kgrind, profile.pb.gz and
 * snapshot.json. The folder's path is appended to *path, its size in bytes
 * stored in *size. On -1 nothing is left behind. */
int snapshot_write(const struct run *run, const struct profile *p, const struct manifest *m,
		   struct buf *path, uint64_t *size, struct error *err);

/* Replaces one file of a snapshot whole (temporary name, rename), e.g.
 * dot.png. */
int snapshot_replace_file(const char *snapshot, const char *name, struct bytes content,
			  struct error *err);

#endif
