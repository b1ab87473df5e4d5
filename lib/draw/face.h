/* face.h -- the files that letters come from. Inside draw/, and for what draws by cairo.
 *
 * A font is opened where one of the usual lies in its usual place: asking fontconfig costs
 * more than laying out the graph, and takes a megabyte. Who draws says how it is asked
 * where there is none, and for characters that it has no glyph for.
 */
#ifndef CPROF_DRAW_FACE_H
#define CPROF_DRAW_FACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/* Appends the path of an installed font: the usual sans serif one, or, with `code` not 0, one
 * that has that character; *index is its number in the file. -1 where there is none. */
typedef int font_finder(struct buf *path, int *index, bool bold, uint32_t code);

enum { MOST_FALLBACKS = 6, NWEIGHTS = 2 };

struct FT_LibraryRec_;

struct face {
	struct FT_FaceRec_ *ft;
	const char *path;
	struct buf found; /* the path, where somebody found it */
	int index;
	double pixels; /* the size that ft is set to */
};

struct faces {
	font_finder *find; /* or NULL */
	struct face *regular[NWEIGHTS]; /* normal, bold: kept for the next picture */
	/* What has the characters that those lack, found as they come up. */
	struct face fallbacks[MOST_FALLBACKS];
	int nfallbacks;
	bool failed; /* there was no memory for a path */
};

/* Fails where no font is installed. */
int faces_init(struct faces *f, font_finder *find, struct error *err);
void faces_release(struct faces *f);

/* The one that has the character, and its glyph; the regular one and 0 where none has. */
struct face *faces_for(struct faces *f, bool bold, uint32_t code, uint32_t *glyph);

/* Set by FreeType where it is linked into draw.so (static/freetype.c): adds what reads
 * PostScript's fonts, when one comes up; not 0 where it is there already. */
extern int (*face_add_kinds)(struct FT_LibraryRec_ *library);

bool face_has(const struct face *face, uint32_t code);
bool face_set_size(struct face *face, double pixels);

#endif
