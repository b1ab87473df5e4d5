/* kinds.h -- see freetype.c. */
#ifndef CPROF_DRAW_STATIC_KINDS_H
#define CPROF_DRAW_STATIC_KINDS_H

struct FT_LibraryRec_;
int kinds_add(struct FT_LibraryRec_ *library);

#endif
