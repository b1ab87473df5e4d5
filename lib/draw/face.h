/* face.h -- where fonts come from. Inside draw/ alone. */
#ifndef CPROF_DRAW_FACE_H
#define CPROF_DRAW_FACE_H

#include <stdbool.h>
#include <stdint.h>

#include <cairo.h>

/* The usual sans serif font, which the caller destroys; NULL only without memory. */
cairo_font_face_t *face_open(bool bold);

/* Some installed font with a glyph for this character, or NULL. */
cairo_font_face_t *face_for(uint32_t code);

/* Whether it has a glyph; cairo's own font is said to have all. */
bool face_has(cairo_font_face_t *face, uint32_t code);

#endif
