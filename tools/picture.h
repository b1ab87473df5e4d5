/* picture.h -- captions and files of pictures, for the commands that draw. */
#ifndef CPROF_TOOLS_PICTURE_H
#define CPROF_TOOLS_PICTURE_H

#include "base/buf.h"
#include "draw/picture.h"
#include "snapshot/archive.h"

/* A caption and the texts in it that it does not borrow from the snapshot. */
struct captioned {
	struct caption caption;
	struct buf request, date;
};

/* `path` is said where the snapshot has no manifest. */
void caption_fill(struct captioned *out, const struct snapshot *s, const char *path);
void caption_release(struct captioned *c);

/* Writes a file whole, replacing one that is there; a device or pipe is written
 * to; "-" is standard output. */
int output_file(const char *path, struct bytes content, struct error *err);

/* What is left of standard output, for a process that ends by _exit. */
int output_finish(struct error *err);

#endif
