#include "draw/letters.h"

#include <math.h>
#include <string.h>

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

static struct letter *make(struct letters *l, uint32_t code, const char *s, size_t len)
{
	struct letter *letter = arena_zalloc(&l->arena, sizeof *letter);
	cairo_glyph_t *glyphs = NULL;
	cairo_text_extents_t e;
	int n = 0;

	if (letter == NULL)
		return NULL;
	letter->code = code;
	if (cairo_scaled_font_text_to_glyphs(l->font, 0, 0, s, (int)len, &glyphs, &n, NULL, NULL,
					     NULL) == CAIRO_STATUS_SUCCESS && n == 1) {
		cairo_scaled_font_glyph_extents(l->font, glyphs, 1, &e);
		letter->index = glyphs[0].index;
		letter->advance = (int32_t)lround(e.x_advance);
	}
	cairo_glyph_free(glyphs);
	return letter;
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

struct letter *letters_next(struct letters *l, const char **s)
{
	uint32_t code = (unsigned char)**s;
	size_t len = code < 0x80 ? 1 : text_utf8(*s, strlen(*s), &code);
	struct letter **place = len != 0 ? place_of(l, code) : NULL;

	if (place == NULL)
		return NULL;
	if (*place == NULL) {
		*place = make(l, code, *s, len);
		if (*place == NULL) {
			l->failed = true;
			return NULL;
		}
		l->nothers += code >= LETTERS_LATIN;
	}
	*s += len;
	return (*place)->index != 0 ? *place : NULL;
}

/* On a surface of its own, a pixel larger on each side than it says it is. */
static cairo_surface_t *draw(struct letters *l, const struct letter *letter, struct mask *mask)
{
	cairo_glyph_t glyph = { letter->index, 0, 0 };
	cairo_text_extents_t e;
	cairo_surface_t *surface;
	cairo_t *cr;

	cairo_scaled_font_glyph_extents(l->font, &glyph, 1, &e);
	mask->left = (int32_t)floor(e.x_bearing) - 1;
	mask->top = (int32_t)floor(e.y_bearing) - 1;
	mask->width = (uint32_t)(ceil(e.x_bearing + e.width) + 1 - mask->left);
	mask->height = (uint32_t)(ceil(e.y_bearing + e.height) + 1 - mask->top);
	surface = cairo_image_surface_create(CAIRO_FORMAT_A8, (int)mask->width,
					     (int)mask->height);
	cr = cairo_create(surface);
	glyph.x = -mask->left;
	glyph.y = -mask->top;
	cairo_set_scaled_font(cr, l->font);
	cairo_show_glyphs(cr, &glyph, 1);
	cairo_destroy(cr);
	cairo_surface_flush(surface);
	return surface;
}

const struct mask *letters_mask(struct letters *l, struct letter *letter)
{
	struct mask *mask = &letter->mask;
	cairo_surface_t *surface;
	const uint8_t *from;
	uint8_t *bytes;

	if (letter->drawn)
		return mask;
	surface = draw(l, letter, mask);
	from = cairo_image_surface_get_data(surface);
	bytes = arena_alloc(&l->arena, (size_t)mask->width * mask->height);
	if (from != NULL && bytes != NULL) {
		for (uint32_t y = 0; y < mask->height; y++)
			memcpy(bytes + (size_t)y * mask->width,
			       from + y * (size_t)cairo_image_surface_get_stride(surface),
			       mask->width);
		mask->bytes = bytes;
		letter->drawn = true;
	}
	cairo_surface_destroy(surface);
	return letter->drawn ? mask : NULL;
}
