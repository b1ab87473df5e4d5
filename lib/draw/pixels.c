#include "draw/pixels.h"

#include <math.h>

enum { CORNER_STEPS = 6, MOST_CORNERS = 4 * (CORNER_STEPS + 1) };

static struct pixel_canvas *pixels(struct canvas *c)
{
	return (struct pixel_canvas *)(void *)c;
}

static void add_box(struct paint *p, const struct box *b)
{
	double right = b->x + b->w, bottom = b->y + b->h;

	paint_add(p, (struct point[]){ { b->x, b->y }, { right, b->y }, { right, bottom },
				       { b->x, bottom } }, 4);
}

static void rect(struct canvas *c, const struct box *box, struct colour fill, double alpha)
{
	struct paint *p = &pixels(c)->paint;

	add_box(p, box);
	paint_fill(p, fill, alpha);
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

static void fill_rounded(struct paint *p, const struct box *b, double radius, struct colour fill)
{
	struct point corners[MOST_CORNERS];
	double left = b->x + radius, right = b->x + b->w - radius;
	double top = b->y + radius, bottom = b->y + b->h - radius;
	size_t n = 0;

	if (radius <= 0) {
		add_box(p, b);
	} else {
		n += add_corner(corners + n, right, bottom, radius, 0);
		n += add_corner(corners + n, left, bottom, radius, M_PI / 2);
		n += add_corner(corners + n, left, top, radius, M_PI);
		n += add_corner(corners + n, right, top, radius, 1.5 * M_PI);
		paint_add(p, corners, n);
	}
	paint_fill(p, fill, 1);
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

/* With cairo, which must know that its pixels were changed. */
static void show_text(struct pixel_canvas *px, enum style style, double x, double y,
		      struct colour colour, const char *s)
{
	cairo_t *cr = px->cairo.cr;

	cairo_surface_mark_dirty(px->surface);
	cairo_set_source_rgb(cr, colour.r, colour.g, colour.b);
	fonts_show(px->cairo.canvas.fonts, cr, style, x, y, s);
	cairo_surface_flush(px->surface);
}

static void text(struct canvas *c, enum style style, double x, double y, struct colour colour,
		 const char *s)
{
	struct pixel_canvas *px = pixels(c);
	struct paint *p = &px->paint;
	struct letters *letters = &c->fonts->letters[style];
	/* Where cairo would put it: the user's whole pixels, then the nearest real ones. */
	int at = (int)lround(round(x) + p->x);
	int line = (int)lround(round(y) + c->fonts->ascent[style] + p->y);

	if (p->scale != 1 || !fonts_has_letters(c->fonts, style, s)) {
		show_text(px, style, x, y, colour, s);
		return;
	}
	while (*s != '\0') {
		struct letter *letter = letters_next(letters, &s);
		const struct mask *mask = letters_mask(letters, letter);

		if (mask == NULL) {
			p->failed = true;
			return;
		}
		paint_mask(p, mask, at, line, colour);
		at += letter->advance;
	}
}

static void move(struct canvas *c, double x, double y)
{
	struct paint *p = &pixels(c)->paint;

	cairo_translate(pixels(c)->cairo.cr, x, y);
	p->x += x * p->scale;
	p->y += y * p->scale;
}

const struct canvas_ops canvas_pixel_ops = {
	rect, rounded, curve, triangle, polygon, text, move, canvas_open_nothing,
	canvas_close_nothing
};
