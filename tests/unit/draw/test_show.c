/* Text on pixels (draw/) is what cairo draws of the same text: other code, the same look. */
#include "draw/page/show.h"

#include "draw/page/find.h"
#include "leaks.h"
#include "paper.h"
#include "unit.h"

static uint8_t theirs[H * W];

static void draw_ours(enum style style, const char *text, double scale)
{
	struct pixel_canvas c = on_paper(scale);

	c.canvas.ops->move(&c.canvas, 6, 5);
	c.canvas.ops->text(&c.canvas, style, 3, 4, black, text);
	done(&c);
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
	double sum = 0;

	draw_ours(style, text, scale);
	draw_theirs(style, text, scale);
	for (int i = 0; i < W * H; i++) {
		double here = ink(i % W, i / W);

		/* The palette has near colours, not all; where small letters meet, cairo adds
		 * up what they cover. */
		ck_assert_double_eq_tol(here, theirs[i] / 255.0, scale == 1 ? 0.065 : 0.1);
		sum += here;
	}
	ck_assert_double_gt(sum, 10);
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

UNIT_MAIN("draw/show", test_show__letters, test_show__a_long_text)
