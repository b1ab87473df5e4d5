/* picture.h -- for the commands that draw: what draws, and captions. */
#ifndef CPROF_TOOLS_PICTURE_H
#define CPROF_TOOLS_PICTURE_H

#include "base/buf.h"
#include "draw/picture.h"
#include "snapshot/archive.h"

enum picture_kind { PICTURE_PNG, PICTURE_SVG, PICTURE_PDF };

/* What draws such a picture, loaded now, and said in the options as well; NULL with err. */
typedef int picture_drawer(struct buf *out, const struct profile *p,
			   const struct caption *caption,
			   const struct picture_options *options, struct error *err);
picture_drawer *picture_drawer_for(struct picture_options *options, enum picture_kind kind,
				   struct error *err);

/* A font_finder: fontconfig is loaded by the first picture that it has to be asked for. */
int picture_find_font(struct buf *path, int *index, bool bold, uint32_t code);

/* A caption and the texts in it that it does not borrow from the snapshot. */
struct captioned {
	struct caption caption;
	struct buf request, date;
};

/* `path` is said where the snapshot has no manifest; of "-" that it was standard input. */
void caption_fill(struct captioned *out, const struct snapshot *s, const char *path);
void caption_release(struct captioned *c);

#endif
