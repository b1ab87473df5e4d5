#include "draw/pixels.h"

#include <math.h>

enum { CORNER_STEPS = 6 };

static struct pixel_canvas *pixels(struct canvas *c)
{
	return (struct pixel_canvas *)(void *)c;
}

static void rect(struct canvas *c, const struct box *box, struct colour fill, double alpha)
{
	paint_box(&pixels(c)->paint, box, fill, alpha);
}

/* A quarter of a circle about x, y, from the angle on. */
static size_t add_corner(struct point *to, double x, double y, double radius, double angle)
{
	for (int i = 0; i <= CORNER_STEPS; i++) {
		double at = angle + i * M_PI / 2 / CORNER_STEPS;

		to[i] = (struct point){ x + radius * cos(at), y + radius * sin(at) };
	}
	return CORNER_STEPS + 1;
}

/* Where the nearest row of pixels at or below a line begins. */
static double next_row(const struct paint *p, double y)
{
	return (ceil(y * p->scale + p->y) - p->y) / p->scale;
}

/* The round ends and, in whole rows, the box between them. */
static void fill_rounded(struct paint *p, const struct box *b, double radius, struct colour fill)
{
	struct point ends[2][2 * (CORNER_STEPS + 1) + 2];
	double right = b->x + b->w, bottom = b->y + b->h;
	struct box middle = { b->x, next_row(p, b->y + radius), b->w, 0 };
	size_t n;

	if (radius <= 0) {
		paint_box(p, b, fill, 1);
		return;
	}
	middle.h = fmax(next_row(p, bottom - radius - 1 / p->scale) - middle.y, 0);
	n = add_corner(ends[0], b->x + radius, b->y + radius, radius, M_PI);
	n += add_corner(ends[0] + n, right - radius, b->y + radius, radius, 1.5 * M_PI);
	ends[0][n] = (struct point){ right, middle.y };
	ends[0][n + 1] = (struct point){ b->x, middle.y };
	n = add_corner(ends[1], right - radius, bottom - radius, radius, 0);
	n += add_corner(ends[1] + n, b->x + radius, bottom - radius, radius, M_PI / 2);
	ends[1][n] = (struct point){ b->x, middle.y + middle.h };
	ends[1][n + 1] = (struct point){ right, middle.y + middle.h };
	paint_add(p, ends[0], n + 2);
	paint_add(p, ends[1], n + 2);
	paint_fill(p, fill, 1);
	paint_box(p, &middle, fill, 1);
}

/* The edge is what is left about a smaller box on top. */
static void rounded(struct canvas *c, const struct box *box, double radius, struct colour fill,
		    const struct pen *edge)
{
	struct paint *p = &pixels(c)->paint;
	struct box inner = *box;

	if (edge != NULL) {
		fill_rounded(p, box, radius > 0 ? radius + edge->width / 2 : 0, edge->colour);
		inner = (struct box){ box->x + edge->width, box->y + edge->width,
				      box->w - 2 * edge->width, box->h - 2 * edge->width };
		radius -= edge->width / 2;
	}
	fill_rounded(p, &inner, radius, fill);
}

static void curve(struct canvas *c, const struct point *points, size_t npoints,
		  const struct pen *pen)
{
	paint_curve(&pixels(c)->paint, points, npoints, pen);
}

static void triangle(struct canvas *c, const struct point corners[3], struct colour fill)
{
	struct paint *p = &pixels(c)->paint;

	paint_add(p, corners, 3);
	paint_fill(p, fill, 1);
}

static void polygon(struct canvas *c, const struct point *corners, size_t n, struct colour fill,
		    const struct pen *edge)
{
	struct paint *p = &pixels(c)->paint;

	paint_add(p, corners, n);
	paint_fill(p, fill, 1);
	paint_ring(p, corners, n, edge);
}

/* Letters that are not in the usual font, and scaled ones, all at once by cairo; left upper
 * corner at x, y, in pixels. */
static void show_text(struct canvas *c, enum style style, double x, double y,
		      struct colour colour, const char *s)
{
	struct paint *p = &pixels(c)->paint;
	double height = ceil(c->fonts->height[style] * p->scale);
	/* Letters of other fonts may be larger. */
	double left = floor(x) - height, top = floor(y) - height;
	uint32_t width = (uint32_t)ceil(fonts_width(c->fonts, style, s) * p->scale + 2 * height) + 2;
	struct mask mask = { .width = (width + 3) & ~3u, .height = 3 * (uint32_t)height + 1 };
	cairo_surface_t *surface;
	cairo_t *cr;

	if (top > p->height || top + mask.height < 0)
		return;
	/* Of a width that is a multiple of four there is nothing between rows. */
	surface = cairo_image_surface_create(CAIRO_FORMAT_A8, (int)mask.width, (int)mask.height);
	cr = cairo_create(surface);
	cairo_translate(cr, x - left, y - top);
	cairo_scale(cr, p->scale, p->scale);
	fonts_show(c->fonts, cr, style, 0, 0, s);
	cairo_surface_flush(surface);
	mask.bytes = cairo_image_surface_get_data(surface);
	if (cairo_status(cr) == CAIRO_STATUS_SUCCESS && mask.bytes != NULL)
		paint_mask(p, &mask, (int)left, (int)top, colour);
	else
		p->failed = true;
	cairo_destroy(cr);
	cairo_surface_destroy(surface);
}

static void text(struct canvas *c, enum style style, double x, double y, struct colour colour,
		 const char *s)
{
	struct paint *p = &pixels(c)->paint;
	struct letters *letters = &c->fonts->letters[style];
	/* Where cairo would put it: the user's whole pixels, then the nearest real ones. */
	int at = (int)lround(round(x) + p->x);
	int line = (int)lround(round(y) + c->fonts->ascent[style] + p->y);

	if (p->scale != 1 || !fonts_has_letters(c->fonts, style, s)) {
		show_text(c, style, round(x) * p->scale + p->x, round(y) * p->scale + p->y, colour, s);
		return;
	}
	while (*s != '\0') {
		const struct letter *letter = letters_next(letters, &s);

		paint_mask(p, &letter->mask, at, line, colour);
		at += letter->advance;
	}
}

static void move(struct canvas *c, double x, double y)
{
	struct paint *p = &pixels(c)->paint;

	p->x += x * p->scale;
	p->y += y * p->scale;
}

const struct canvas_ops canvas_pixel_ops = {
	rect, rounded, curve, triangle, polygon, text, move, canvas_open_nothing,
	canvas_close_nothing
};
