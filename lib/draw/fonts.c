#include "draw/fonts.h"

#include <math.h>
#include <string.h>

#include <ft2build.h>
#include FT_FREETYPE_H

#include "base/text.h"

static const struct {
	double size;
	bool bold;
	int room; /* below a line, more than the font asks for */
} styles[NSTYLES] = {
	[STYLE_TITLE] = { 18, true, 0 },
	[STYLE_TEXT] = { 12, false, 0 },
	[STYLE_NAME] = { 12, true, 0 },
	[STYLE_NUMBER] = { 11, false, 0 },
	[STYLE_STRONG] = { 11, true, 0 },
	[STYLE_SMALL] = { 10, false, 1 },
	[STYLE_FOREIGN] = { 13, false, 0 }, /* 10 points at 96 to the inch */
};

double fonts_size(enum style style)
{
	return styles[style].size;
}

bool fonts_bold(enum style style)
{
	return styles[style].bold;
}

/* FreeType has them in 64ths, rounded up to whole pixels. */
static bool measure(struct fonts *f, enum style style)
{
	struct face *face = f->faces.regular[styles[style].bold];
	const FT_Size_Metrics *m;

	if (!face_set_size(face, styles[style].size))
		return false;
	m = &face->ft->size->metrics;
	f->ascent[style] = ceil((double)m->ascender / 64);
	f->height[style] = f->ascent[style] + ceil((double)-m->descender / 64) +
			   styles[style].room;
	return true;
}

int fonts_init(struct fonts *f, font_finder *find, struct error *err)
{
	memset(f, 0, sizeof *f);
	if (faces_init(&f->faces, find, err) < 0)
		return -1;
	for (int i = 0; i < NSTYLES; i++) {
		if (!measure(f, (enum style)i)) {
			fonts_release(f);
			return error_set(err, ERR_REFUSED, "%s: no letters of %g pixels",
					 f->faces.regular[styles[i].bold]->path, styles[i].size);
		}
		letters_init(&f->letters[i], &f->faces, styles[i].size, styles[i].bold);
	}
	return 0;
}

void fonts_release(struct fonts *f)
{
	for (int i = 0; i < NSTYLES; i++) {
		letters_release(&f->letters[i]);
		letters_release(&f->scaled[i]);
	}
	faces_release(&f->faces);
}

struct letters *fonts_letters(struct fonts *f, enum style style, double scale)
{
	struct letters *scaled = &f->scaled[style];
	double pixels = styles[style].size * scale;

	if (scale == 1)
		return &f->letters[style];
	if (scaled->pixels != pixels) {
		letters_release(scaled);
		letters_init(scaled, &f->faces, pixels, styles[style].bold);
	}
	return scaled;
}

double fonts_width(struct fonts *f, enum style style, const char *s)
{
	const struct letter *letter;
	int32_t width = 0;

	while ((letter = letters_next(&f->letters[style], &s)) != NULL)
		width += letter->advance;
	return width;
}

bool fonts_failed(const struct fonts *f)
{
	for (int i = 0; i < NSTYLES; i++)
		if (f->letters[i].failed || f->scaled[i].failed)
			return true;
	return f->faces.failed;
}

/* The byte at which the n-th character begins. */
static size_t nth_char(const char *s, size_t n)
{
	size_t i = 0;

	for (; s[i] != '\0'; i++)
		if (((unsigned char)s[i] & 0xC0) != 0x80 && n-- == 0)
			break;
	return i;
}
/* The first and last characters of s, or the first alone, `keep` in all. */
static void write_elided(char *to, const char *s, size_t nchars, size_t keep, enum elide where)
{
	static const char dots[] = "\xe2\x80\xa6";
	size_t last = where == ELIDE_MIDDLE ? keep / 2 : 0;
	size_t head = nth_char(s, keep - last);
	size_t tail = nth_char(s, nchars - last);

	memcpy(to, s, head);
	memcpy(to + head, dots, sizeof(dots) - 1);
	strcpy(to + head + sizeof(dots) - 1, s + tail);
}

const char *fonts_elide(struct fonts *f, enum style style, const char *s, double width,
			enum elide where, struct arena *arena)
{
	size_t nchars = text_width(s), low = 0, high = nchars;
	char *copy;

	if (fonts_width(f, style, s) <= width)
		return s;
	copy = arena_alloc(arena, strlen(s) + 4);
	if (copy == NULL)
		return NULL;
	while (low + 1 < high) {
		size_t keep = (low + high) / 2;

		write_elided(copy, s, nchars, keep, where);
		if (fonts_width(f, style, copy) <= width)
			low = keep;
		else
			high = keep;
	}
	write_elided(copy, s, nchars, low, where);
	return copy;
}

