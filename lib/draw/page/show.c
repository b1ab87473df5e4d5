/* cairo keeps a font for a while after it was given back, so each has its own
 * FreeType library, which goes when cairo lets go of it. */
#include "draw/page/show.h"

#include <math.h>
#include <string.h>

#include <cairo-ft.h>
#include <ft2build.h>
#include FT_FREETYPE_H

#include "base/mem.h"

struct file_face {
	FT_Library library;
	FT_Face face;
};

static const cairo_user_data_key_t key;

static void close_file(void *data)
{
	struct file_face *f = data;

	if (f->face != NULL)
		FT_Done_Face(f->face);
	if (f->library != NULL)
		FT_Done_FreeType(f->library);
	mem_free(f);
}

static cairo_font_face_t *open_file(const char *path, int index)
{
	struct file_face *f = mem_zalloc(sizeof *f);
	cairo_font_face_t *face;

	if (f == NULL)
		return NULL;
	if (FT_Init_FreeType(&f->library) != 0 ||
	    FT_New_Face(f->library, path, index, &f->face) != 0) {
		close_file(f);
		return NULL;
	}
	face = cairo_ft_font_face_create_for_ft_face(f->face, 0);
	if (cairo_font_face_set_user_data(face, &key, f, close_file) != CAIRO_STATUS_SUCCESS) {
		cairo_font_face_destroy(face);
		close_file(f);
		return NULL;
	}
	return face;
}

/* The same hinting as that of the letters. */
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

void show_init(struct show *w, struct fonts *fonts)
{
	memset(w, 0, sizeof *w);
	w->fonts = fonts;
}

void show_release(struct show *w)
{
	for (int i = 0; i < w->nfaces; i++) {
		for (int k = 0; k < NSTYLES; k++)
			cairo_scaled_font_destroy(w->faces[i].fonts[k]);
		cairo_font_face_destroy(w->faces[i].face);
	}
	memset(w, 0, sizeof *w);
}

/* NULL without memory, or where the file is gone. */
static cairo_scaled_font_t *font_of(struct show *w, const struct face *of, enum style style)
{
	struct show_face *f = w->faces, *end = w->faces + w->nfaces;

	while (f < end && f->of != of)
		f++;
	if (f == end) {
		f->of = of;
		f->face = open_file(of->path, of->index);
		if (f->face == NULL)
			return NULL;
		w->nfaces++;
	}
	if (f->fonts[style] == NULL)
		f->fonts[style] = open_font(f->face, fonts_size(style));
	return f->fonts[style];
}

enum { RUN = 160 };

/* Letters of one file that follow each other. */
static void show_run(struct show *w, cairo_t *cr, enum style style, const struct face *of,
		     const cairo_glyph_t *run, int n)
{
	cairo_scaled_font_t *font = n != 0 ? font_of(w, of, style) : NULL;

	if (font != NULL) {
		cairo_set_scaled_font(cr, font);
		cairo_show_glyphs(cr, run, n);
	} else if (n != 0) {
		w->failed = true;
	}
}

void show_text(struct show *w, cairo_t *cr, enum style style, double x, double y,
	       const char *s)
{
	double at = round(x), line = round(y) + w->fonts->ascent[style];
	const struct face *of = NULL;
	const struct letter *letter;
	cairo_glyph_t run[RUN];
	int n = 0;

	while ((letter = letters_next(&w->fonts->letters[style], &s)) != NULL) {
		if (n == RUN || letter->face != of) {
			show_run(w, cr, style, of, run, n);
			n = 0;
		}
		of = letter->face;
		run[n++] = (cairo_glyph_t){ letter->glyph, at, line };
		at += letter->advance;
	}
	show_run(w, cr, style, of, run, n);
}
