/* picture.h -- captions of pictures, for the commands that draw. */
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

#endif
