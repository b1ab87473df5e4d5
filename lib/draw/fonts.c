#include "draw/fonts.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "draw/face.h"

static const struct {
	double size;
	bool bold;
} styles[NSTYLES] = {
	[STYLE_TITLE] = { 18, true },
	[STYLE_TEXT] = { 12, false },
	[STYLE_NAME] = { 12, true },
	[STYLE_NUMBER] = { 11, false },
	[STYLE_STRONG] = { 11, true },
	[STYLE_SMALL] = { 10, false },
	[STYLE_FOREIGN] = { 13, false }, /* 10 points at 96 to the inch */
};

double fonts_size(enum style style)
{
	return styles[style].size;
}

bool fonts_bold(enum style style)
{
	return styles[style].bold;
}

/* Hinting that keeps shapes and makes stems sharp; whole advances, so that a
 * text is as wide as it was measured. */
static cairo_scaled_font_t *open_font(cairo_font_face_t *face, double pixels)
{
	cairo_font_options_t *options = cairo_font_options_create();
	cairo_matrix_t size, identity;
	cairo_scaled_font_t *font;

	cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
	cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_ON);
	cairo_matrix_init_scale(&size, pixels, pixels);
	cairo_matrix_init_identity(&identity);
	font = cairo_scaled_font_create(face, &size, &identity, options);
	cairo_font_options_destroy(options);
	return font;
}

static cairo_scaled_font_t *font_of(struct face *face, enum style style)
{
	if (face->fonts[style] == NULL)
		face->fonts[style] = open_font(face->face, styles[style].size);
	return face->fonts[style];
}

static cairo_scaled_font_t *main_font(struct fonts *f, enum style style)
{
	return font_of(&f->regular[styles[style].bold], style);
}

static void face_release(struct face *face)
{
	for (int i = 0; i < NSTYLES; i++)
		cairo_scaled_font_destroy(face->fonts[i]);
	cairo_font_face_destroy(face->face);
}

int fonts_init(struct fonts *f, struct error *err)
{
	memset(f, 0, sizeof *f);
	for (int i = 0; i < NWEIGHTS; i++) {
		f->regular[i].face = face_open(i != 0);
		if (f->regular[i].face == NULL) {
			fonts_release(f);
			return error_nomem(err);
		}
	}
	for (int i = 0; i < NSTYLES; i++) {
		cairo_scaled_font_t *font = main_font(f, (enum style)i);
		cairo_status_t status = cairo_scaled_font_status(font);
		cairo_font_extents_t e;

		if (status != CAIRO_STATUS_SUCCESS) {
			fonts_release(f);
			return error_set(err, ERR_REFUSED, "cannot open a font: %s",
					 cairo_status_to_string(status));
		}
		cairo_scaled_font_extents(font, &e);
		f->ascent[i] = ceil(e.ascent);
		f->height[i] = ceil(e.ascent) + ceil(e.descent);
		letters_init(&f->letters[i], font);
	}
	return 0;
}

void fonts_release(struct fonts *f)
{
	for (int i = 0; i < NSTYLES; i++)
		letters_release(&f->letters[i]);
	for (int i = 0; i < NWEIGHTS; i++)
		face_release(&f->regular[i]);
	for (int i = 0; i < f->nfallbacks; i++)
		face_release(&f->fallbacks[i]);
	memset(f, 0, sizeof *f);
}

enum { FEW = 160 };

/* A text's glyphs in one font; most fit the array. */
struct glyphs {
	cairo_glyph_t few[FEW], *all;
	int n;
};

static bool glyphs_init(struct glyphs *g, cairo_scaled_font_t *font, double x, double y,
			const char *s, size_t len)
{
	g->all = g->few;
	g->n = FEW;
	return cairo_scaled_font_text_to_glyphs(font, x, y, s, (int)len, &g->all, &g->n, NULL,
						NULL, NULL) == CAIRO_STATUS_SUCCESS;
}

static void glyphs_release(struct glyphs *g)
{
	if (g->all != g->few)
		cairo_glyph_free(g->all);
}

static double glyphs_width(cairo_scaled_font_t *font, const struct glyphs *g)
{
	double width = 0;

	/* Whole advances: the sum over glyphs is where the next one would be. */
	if (g->n != 0) {
		cairo_text_extents_t e;

		cairo_scaled_font_glyph_extents(font, &g->all[g->n - 1], 1, &e);
		width = g->all[g->n - 1].x - g->all[0].x + e.x_advance;
	}
	return width;
}

static bool has_all(const struct glyphs *g)
{
	for (int i = 0; i < g->n; i++)
		if (g->all[i].index == 0)
			return false;
	return true;
}

/* One that has the character, opened before or now; NULL where none is installed. */
static struct face *find_fallback(struct fonts *f, uint32_t code)
{
	cairo_font_face_t *found;

	for (int i = 0; i < f->nfallbacks; i++)
		if (face_has(f->fallbacks[i].face, code))
			return &f->fallbacks[i];
	if (f->nfallbacks == MOST_FALLBACKS || (found = face_for(code)) == NULL)
		return NULL;
	f->fallbacks[f->nfallbacks].face = found;
	return &f->fallbacks[f->nfallbacks++];
}

/* Draws or, with cr NULL, only measures a piece in one font. */
static double show_piece(cairo_scaled_font_t *font, cairo_t *cr, double x, double y,
			 const char *s, size_t len)
{
	struct glyphs g;
	double width = 0;

	if (glyphs_init(&g, font, x, y, s, len)) {
		width = glyphs_width(font, &g);
		if (cr != NULL) {
			cairo_set_scaled_font(cr, font);
			cairo_show_glyphs(cr, g.all, g.n);
		}
		glyphs_release(&g);
	}
	return width;
}

/* Where the font lacks a character, in pieces of several fonts. */
static double show_mixed(struct fonts *f, cairo_t *cr, enum style style, double x, double y,
			 const char *s)
{
	struct face *own = &f->regular[styles[style].bold], *face = own;
	size_t left = strlen(s);
	const char *start = s;
	double at = x;

	while (left != 0) {
		uint32_t code;
		size_t n = text_utf8(s, left, &code);
		struct face *wanted = own;

		if (n == 0)
			break;
		if (!face_has(own->face, code) && (wanted = find_fallback(f, code)) == NULL)
			wanted = own;
		if (wanted != face && s != start) {
			at += show_piece(font_of(face, style), cr, at, y, start, (size_t)(s - start));
			start = s;
		}
		face = wanted;
		s += n;
		left -= n;
	}
	if (s != start)
		at += show_piece(font_of(face, style), cr, at, y, start, (size_t)(s - start));
	return at - x;
}

/* cairo refuses what Unicode says is no character, though UTF-8 can hold it. */
static bool is_noncharacter(uint32_t code)
{
	return (code >= 0xFDD0 && code <= 0xFDEF) || (code & 0xFFFE) == 0xFFFE;
}

/* As much of the text as there is room for, such characters replaced by one that says so,
 * of three bytes like the shortest of them. */
static void replace_noncharacters(char *to, size_t size, const char *s)
{
	static const char sign[] = "\xef\xbf\xbd";
	size_t left = strlen(s), len = 0, n;
	uint32_t code;

	for (; left != 0 && (n = text_utf8(s, left, &code)) != 0; s += n, left -= n) {
		bool bad = is_noncharacter(code);
		size_t take = bad ? sizeof(sign) - 1 : n;

		if (len + take >= size)
			break;
		memcpy(to + len, bad ? sign : s, take);
		len += take;
	}
	to[len] = '\0';
}

static double show(struct fonts *f, cairo_t *cr, enum style style, double x, double y,
		   const char *s)
{
	cairo_scaled_font_t *font = main_font(f, style);
	struct glyphs g;
	char replaced[1024];
	bool whole;
	double width = 0;

	if (!glyphs_init(&g, font, x, y, s, strlen(s))) {
		replace_noncharacters(replaced, sizeof replaced, s);
		s = replaced;
		if (!glyphs_init(&g, font, x, y, s, strlen(s)))
			return 0;
	}
	whole = has_all(&g);
	if (whole) {
		width = glyphs_width(font, &g);
		if (cr != NULL) {
			cairo_set_scaled_font(cr, font);
			cairo_show_glyphs(cr, g.all, g.n);
		}
	}
	glyphs_release(&g);
	return whole ? width : show_mixed(f, cr, style, x, y, s);
}

/* The sum of all letters' advances, or -1 where one is lacking. */
static int32_t add_advances(struct letters *l, const char *s)
{
	int32_t sum = 0;

	while (*s != '\0') {
		const struct letter *letter = letters_next(l, &s);

		if (letter == NULL)
			return -1;
		sum += letter->advance;
	}
	return sum;
}

double fonts_width(struct fonts *f, enum style style, const char *s)
{
	int32_t width = add_advances(&f->letters[style], s);

	return width >= 0 ? width : ceil(show(f, NULL, style, 0, 0, s));
}

bool fonts_failed(const struct fonts *f)
{
	for (int i = 0; i < NSTYLES; i++)
		if (f->letters[i].failed)
			return true;
	return false;
}

bool fonts_has_letters(struct fonts *f, enum style style, const char *s)
{
	return add_advances(&f->letters[style], s) >= 0;
}

void fonts_show(struct fonts *f, cairo_t *cr, enum style style, double x, double y,
		const char *s)
{
	show(f, cr, style, round(x), round(y) + f->ascent[style], s);
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

