#include "draw/page/canvas_cairo.h"

#include <math.h>

static struct cairo_canvas *own(struct canvas *c)
{
	return (struct cairo_canvas *)(void *)c;
}

static cairo_t *context(struct canvas *c)
{
	return own(c)->cr;
}

static void set_colour(cairo_t *cr, struct colour c)
{
	cairo_set_source_rgb(cr, c.r, c.g, c.b);
}

static void set_pen(cairo_t *cr, const struct pen *pen)
{
	set_colour(cr, pen->colour);
	cairo_set_line_width(cr, pen->width);
	cairo_set_dash(cr, pen->dash, pen->dash[0] > 0 ? 2 : 0, pen->dash_from);
}

static void rect(struct canvas *c, const struct box *box, struct colour fill, double alpha)
{
	cairo_t *cr = context(c);

	cairo_set_source_rgba(cr, fill.r, fill.g, fill.b, alpha);
	cairo_rectangle(cr, box->x, box->y, box->w, box->h);
	cairo_fill(cr);
}

static void trace(cairo_t *cr, const struct box *b, double radius)
{
	double right = b->x + b->w, bottom = b->y + b->h;

	if (radius <= 0) {
		cairo_rectangle(cr, b->x, b->y, b->w, b->h);
		return;
	}
	cairo_new_sub_path(cr);
	cairo_arc(cr, right - radius, b->y + radius, radius, -M_PI / 2, 0);
	cairo_arc(cr, right - radius, bottom - radius, radius, 0, M_PI / 2);
	cairo_arc(cr, b->x + radius, bottom - radius, radius, M_PI / 2, M_PI);
	cairo_arc(cr, b->x + radius, b->y + radius, radius, M_PI, 1.5 * M_PI);
	cairo_close_path(cr);
}

static void rounded(struct canvas *c, const struct box *box, double radius, struct colour fill,
		    const struct pen *edge)
{
	cairo_t *cr = context(c);
	double in = edge ? edge->width / 2 : 0;

	trace(cr, &(struct box){ box->x + in, box->y + in, box->w - 2 * in, box->h - 2 * in },
	      radius);
	set_colour(cr, fill);
	if (edge == NULL) {
		cairo_fill(cr);
		return;
	}
	cairo_fill_preserve(cr);
	set_pen(cr, edge);
	cairo_stroke(cr);
}

static void curve(struct canvas *c, const struct point *points, size_t npoints,
		  const struct pen *pen)
{
	cairo_t *cr = context(c);

	set_pen(cr, pen);
	cairo_move_to(cr, points[0].x, points[0].y);
	for (size_t i = 1; i + 2 < npoints; i += 3)
		cairo_curve_to(cr, points[i].x, points[i].y, points[i + 1].x, points[i + 1].y,
			       points[i + 2].x, points[i + 2].y);
	cairo_stroke(cr);
}

static void triangle(struct canvas *c, const struct point corners[3], struct colour fill)
{
	cairo_t *cr = context(c);

	set_colour(cr, fill);
	for (int i = 0; i < 3; i++)
		cairo_line_to(cr, corners[i].x, corners[i].y);
	cairo_close_path(cr);
	cairo_fill(cr);
}

static void polygon(struct canvas *c, const struct point *corners, size_t n, struct colour fill,
		    const struct pen *edge)
{
	cairo_t *cr = context(c);

	for (size_t i = 0; i < n; i++)
		cairo_line_to(cr, corners[i].x, corners[i].y);
	cairo_close_path(cr);
	set_colour(cr, fill);
	cairo_fill_preserve(cr);
	set_pen(cr, edge);
	cairo_stroke(cr);
}

static void text(struct canvas *c, enum style style, double x, double y, struct colour colour,
		 const char *s)
{
	set_colour(context(c), colour);
	show_text(&own(c)->show, context(c), style, x, y, s);
}

static void move(struct canvas *c, double x, double y)
{
	cairo_translate(context(c), x, y);
}

const struct canvas_ops canvas_cairo_ops = {
	rect, rounded, curve, triangle, polygon, text, move, canvas_open_nothing,
	canvas_close_nothing
};
