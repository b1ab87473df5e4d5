#include "draw/letters.h"

#include <math.h>
#include <string.h>

#include <ft2build.h>
#include FT_FREETYPE_H

#include "base/text.h"

void letters_init(struct letters *l, struct faces *faces, double pixels, bool bold)
{
	memset(l, 0, sizeof *l);
	l->faces = faces;
	l->pixels = pixels;
	l->bold = bold;
}

void letters_release(struct letters *l)
{
	arena_release(&l->arena);
	memset(l, 0, sizeof *l);
}

/* Hinting that keeps shapes and makes stems sharp. */
enum { LOAD = FT_LOAD_TARGET_LIGHT | FT_LOAD_NO_BITMAP | FT_LOAD_RENDER };

/* A font that cannot be had in this size leaves nothing. Whole advances, so that a text is
 * as wide as it was measured. */
static bool draw(struct letters *l, struct letter *letter, struct face *face)
{
	FT_GlyphSlot slot = face->ft->glyph;
	const FT_Bitmap *from = &slot->bitmap;
	uint8_t *bytes;

	if (!face_set_size(face, l->pixels) || FT_Load_Glyph(face->ft, letter->glyph, LOAD) != 0 ||
	    from->pixel_mode != FT_PIXEL_MODE_GRAY)
		return true;
	bytes = arena_alloc(&l->arena, (size_t)from->width * from->rows + 1);
	if (bytes == NULL)
		return false;
	for (uint32_t y = 0; y < from->rows; y++)
		memcpy(bytes + (size_t)y * from->width, from->buffer + (ptrdiff_t)y * from->pitch,
		       from->width);
	letter->advance = (int32_t)lround((double)slot->metrics.horiAdvance / 64);
	letter->mask = (struct mask){ slot->bitmap_left, -slot->bitmap_top, from->width,
				      from->rows, bytes };
	return true;
}

/* What UTF-8 can hold and Unicode says is no character is shown as what stands for such. */
static uint32_t shown_as(uint32_t code)
{
	return (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE ? 0xFFFD : code;
}

static struct letter *make(struct letters *l, uint32_t code)
{
	struct letter *letter = arena_zalloc(&l->arena, sizeof *letter);
	struct face *face;

	if (letter == NULL)
		return NULL;
	letter->code = code;
	letter->face = face = faces_for(l->faces, l->bold, shown_as(code), &letter->glyph);
	return draw(l, letter, face) ? letter : NULL;
}

const struct letter *letters_next(struct letters *l, const char **s)
{
	uint32_t code = (unsigned char)**s;
	size_t len = code < 0x80 ? code != 0 : text_utf8(*s, strlen(*s), &code);
	struct letter **place = code < LETTERS_LATIN ? &l->latin[code]
						     : &l->others[code % LETTERS_OTHERS];

	if (len == 0)
		return NULL;
	while (*place != NULL && (*place)->code != code)
		place = &(*place)->next;
	if (*place == NULL && (*place = make(l, code)) == NULL) {
		l->failed = true;
		return NULL;
	}
	*s += len;
	return *place;
}
