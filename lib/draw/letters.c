#include "draw/letters.h"

#include <math.h>
#include <string.h>

#include <cairo-ft.h>
#include <ft2build.h>
#include FT_FREETYPE_H

#include "base/text.h"

void letters_init(struct letters *l, cairo_scaled_font_t *font)
{
	memset(l, 0, sizeof *l);
	l->font = font;
}

void letters_release(struct letters *l)
{
	arena_release(&l->arena);
	memset(l, 0, sizeof *l);
}

/* What cairo asks of FreeType for a font with such options (fonts.c). */
enum { LOAD = FT_LOAD_TARGET_LIGHT | FT_LOAD_NO_BITMAP | FT_LOAD_RENDER };

/* The face is set to the font's size. */
static bool draw(struct letters *l, struct letter *letter, FT_Face face)
{
	FT_UInt index = FT_Get_Char_Index(face, letter->code);
	FT_GlyphSlot slot = face->glyph;
	const FT_Bitmap *from = &slot->bitmap;
	uint8_t *bytes;

	if (index == 0 || FT_Load_Glyph(face, index, LOAD) != 0 ||
	    from->pixel_mode != FT_PIXEL_MODE_GRAY)
		return true;
	bytes = arena_alloc(&l->arena, (size_t)from->width * from->rows + 1);
	if (bytes == NULL)
		return false;
	for (uint32_t y = 0; y < from->rows; y++)
		memcpy(bytes + (size_t)y * from->width, from->buffer + (ptrdiff_t)y * from->pitch,
		       from->width);
	letter->known = true;
	letter->advance = (int32_t)lround((double)slot->metrics.horiAdvance / 64);
	letter->mask = (struct mask){ slot->bitmap_left, -slot->bitmap_top, from->width,
				      from->rows, bytes };
	return true;
}

static struct letter *make(struct letters *l, uint32_t code)
{
	struct letter *letter = arena_zalloc(&l->arena, sizeof *letter);
	FT_Face face = letter != NULL ? cairo_ft_scaled_font_lock_face(l->font) : NULL;
	bool drawn = true;

	if (letter != NULL)
		letter->code = code;
	if (face != NULL) {
		drawn = draw(l, letter, face);
		cairo_ft_scaled_font_unlock_face(l->font);
	}
	return drawn ? letter : NULL;
}

/* Where the letter is, or will be; NULL where there is no place for it. */
static struct letter **place_of(struct letters *l, uint32_t code)
{
	if (code < LETTERS_LATIN)
		return &l->latin[code];
	for (unsigned i = 0; i < l->nothers; i++)
		if (l->others[i]->code == code)
			return &l->others[i];
	return l->nothers < LETTERS_OTHERS ? &l->others[l->nothers] : NULL;
}

const struct letter *letters_next(struct letters *l, const char **s)
{
	uint32_t code = (unsigned char)**s;
	size_t len = code < 0x80 ? 1 : text_utf8(*s, strlen(*s), &code);
	struct letter **place = len != 0 ? place_of(l, code) : NULL;

	if (place == NULL)
		return NULL;
	if (*place == NULL) {
		*place = make(l, code);
		if (*place == NULL) {
			l->failed = true;
			return NULL;
		}
		l->nothers += code >= LETTERS_LATIN;
	}
	*s += len;
	return (*place)->known ? *place : NULL;
}
