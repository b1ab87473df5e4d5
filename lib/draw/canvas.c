#include "draw/canvas.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

static const struct {
	double size;
	cairo_font_weight_t weight;
} styles[NSTYLES] = {
	[STYLE_TITLE] = { 18, CAIRO_FONT_WEIGHT_BOLD },
	[STYLE_TEXT] = { 12, CAIRO_FONT_WEIGHT_NORMAL },
	[STYLE_NAME] = { 12, CAIRO_FONT_WEIGHT_BOLD },
	[STYLE_NUMBER] = { 11, CAIRO_FONT_WEIGHT_NORMAL },
	[STYLE_STRONG] = { 11, CAIRO_FONT_WEIGHT_BOLD },
	[STYLE_SMALL] = { 10, CAIRO_FONT_WEIGHT_NORMAL },
};

/* Hinting that keeps shapes and makes stems sharp; whole advances, so that a
 * text is as wide as it was measured. */
static cairo_font_options_t *text_options(void)
{
	cairo_font_options_t *o = cairo_font_options_create();

	cairo_font_options_set_antialias(o, CAIRO_ANTIALIAS_GRAY);
	cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_SLIGHT);
	cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_ON);
	return o;
}

static cairo_scaled_font_t *open_font(enum style style, const cairo_font_options_t *options)
{
	cairo_font_face_t *face = cairo_toy_font_face_create("sans", CAIRO_FONT_SLANT_NORMAL,
							     styles[style].weight);
	cairo_matrix_t size, identity;
	cairo_scaled_font_t *font;

	cairo_matrix_init_scale(&size, styles[style].size, styles[style].size);
	cairo_matrix_init_identity(&identity);
	font = cairo_scaled_font_create(face, &size, &identity, options);
	cairo_font_face_destroy(face);
	return font;
}

int fonts_init(struct fonts *f, struct error *err)
{
	cairo_font_options_t *options = text_options();
	int rc = 0;

	for (int i = 0; i < NSTYLES; i++) {
		cairo_font_extents_t e;
		cairo_status_t status;

		f->fonts[i] = open_font((enum style)i, options);
		status = cairo_scaled_font_status(f->fonts[i]);
		if (status != CAIRO_STATUS_SUCCESS)
			rc = error_set(err, ERR_REFUSED, "cannot open a font: %s",
				       cairo_status_to_string(status));
		cairo_scaled_font_extents(f->fonts[i], &e);
		f->ascent[i] = ceil(e.ascent);
		f->height[i] = ceil(e.ascent) + ceil(e.descent);
	}
	cairo_font_options_destroy(options);
	if (rc < 0)
		fonts_release(f);
	return rc;
}

void fonts_release(struct fonts *f)
{
	for (int i = 0; i < NSTYLES; i++)
		cairo_scaled_font_destroy(f->fonts[i]);
}

double fonts_width(const struct fonts *f, enum style style, const char *s)
{
	cairo_text_extents_t e;

	cairo_scaled_font_text_extents(f->fonts[style], s, &e);
	return ceil(e.x_advance);
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

const char *fonts_elide(const struct fonts *f, enum style style, const char *s, double width,
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

void canvas_colour(cairo_t *cr, struct colour c)
{
	cairo_set_source_rgb(cr, c.r, c.g, c.b);
}

void canvas_text(cairo_t *cr, const struct fonts *f, enum style style, double x, double y,
		 const char *s)
{
	cairo_set_scaled_font(cr, f->fonts[style]);
	cairo_move_to(cr, round(x), round(y) + f->ascent[style]);
	cairo_show_text(cr, s);
}

void canvas_rounded(cairo_t *cr, const struct box *b, double radius)
{
	double right = b->x + b->w, bottom = b->y + b->h;

	cairo_new_sub_path(cr);
	cairo_arc(cr, right - radius, b->y + radius, radius, -M_PI / 2, 0);
	cairo_arc(cr, right - radius, bottom - radius, radius, 0, M_PI / 2);
	cairo_arc(cr, b->x + radius, bottom - radius, radius, M_PI / 2, M_PI);
	cairo_arc(cr, b->x + radius, b->y + radius, radius, M_PI, 1.5 * M_PI);
	cairo_close_path(cr);
}
