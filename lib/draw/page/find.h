/* find.h -- which fonts are installed, as fontconfig says: a font_finder (draw/face.h). */
#ifndef CPROF_DRAW_PAGE_FIND_H
#define CPROF_DRAW_PAGE_FIND_H

#include "draw/face.h"

font_finder find_font;

#endif
