/* Text on pixels (draw/) is what cairo draws of the same text: other code, the same look. */
#include "page/show.h"

#include "draw/pixels.h"
#include "leaks.h"
#include "page/find.h"
#include "unit.h"

enum { W = 360, H = 60 };

static const struct colour black = { 0, 0, 0 };
static uint8_t ours[H * W], theirs[H * W];
static struct palette palette;
static struct fonts fonts;

static void draw_ours(enum style style, const char *text, double scale)
{
	const uint32_t white = 0xffffff;
	struct pixel_canvas c = { .canvas = { &canvas_pixel_ops, NULL, &fonts } };

	palette_init(&palette, &white, 1);
	ck_assert_int_eq(paint_init(&c.paint, H), 0);
	c.paint.palette = &palette;
	c.paint.pixels = ours;
	c.paint.stride = c.paint.width = W;
	c.paint.height = H;
	c.paint.scale = scale;
	paint_all(&c.paint);
	c.canvas.ops->move(&c.canvas, 6, 5);
	c.canvas.ops->text(&c.canvas, style, 3, 4, black, text);
	ck_assert(!c.paint.failed);
	paint_release(&c.paint);
}

static void draw_theirs(enum style style, const char *text, double scale)
{
	cairo_surface_t *surface = cairo_image_surface_create_for_data(theirs, CAIRO_FORMAT_A8, W, H,
								       W);
	cairo_t *cr = cairo_create(surface);
	struct show show;

	memset(theirs, 0, sizeof theirs);
	show_init(&show, &fonts);
	cairo_scale(cr, scale, scale);
	cairo_translate(cr, 6, 5);
	show_text(&show, cr, style, 3, 4, text);
	ck_assert_int_eq((int)cairo_status(cr), (int)CAIRO_STATUS_SUCCESS);
	ck_assert(!show.failed);
	show_release(&show);
	cairo_destroy(cr);
	cairo_surface_flush(surface);
	cairo_surface_destroy(surface);
}

static void check(enum style style, const char *text, double scale)
{
	double ink = 0;

	draw_ours(style, text, scale);
	draw_theirs(style, text, scale);
	for (int i = 0; i < W * H; i++) {
		double here = (255 - (palette.colours[ours[i]] & 0xff)) / 255.0;

		/* The palette has near colours, not all; where small letters meet, cairo adds
		 * up what they cover. */
		ck_assert_double_eq_tol(here, theirs[i] / 255.0, scale == 1 ? 0.065 : 0.1);
		ink += here;
	}
	ck_assert_double_gt(ink, 10);
}

START_TEST(test_show__letters)
{
	struct error err = ERROR_INIT;

	ck_assert_int_eq(fonts_init(&fonts, find_font, &err), 0);
	for (int style = 0; style < NSTYLES; style++) {
		check((enum style)style, "F g,j\xc3\x97\xe2\x80\xa6 main (app.py:3)", 1);
		/* Some that the bold font has not, and one that no usual font has. */
		check((enum style)style, "a\xd5\xa1z\xe4\xb8\xad\xc4\x80", 1);
	}
	check(STYLE_TEXT, "main (app.py:3)", 0.5);
	check(STYLE_NAME, "main (app.py:3) \xe4\xb8\xad", 0.73);
	fonts_release(&fonts);
}
END_TEST

/* More than are handed to cairo at once. */
START_TEST(test_show__a_long_text)
{
	struct error err = ERROR_INIT;
	char text[1000];

	memset(text, 'i', sizeof text);
	text[sizeof text - 1] = '\0';
	ck_assert_int_eq(fonts_init(&fonts, find_font, &err), 0);
	check(STYLE_SMALL, text, 1);
	fonts_release(&fonts);
}
END_TEST

UNIT_MAIN("page/show", test_show__letters, test_show__a_long_text)
