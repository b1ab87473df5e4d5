#include "draw/page/series.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "base/version.h"
#include "draw/page/find.h"
#include "draw/page/show.h"
#include "draw/png.h"
#include "draw/theme.h"

/* Pixels. */
enum {
	EDGE = 20,         /* around everything */
	HEAD = 62,         /* title and subtitle */
	NAME = 26,         /* a panel's name, above it */
	PANEL = 170,
	BETWEEN = 18,
	FOOT = 52,         /* labels */
	PLOT = 760,        /* the least width of a panel */
	STEP_LEAST = 14,   /* from point to point */
	MOST_POINTS = 2000,
	LABEL_GAP = 12,
	INSIDE = 24,       /* from the panel's sides to the first and last point */
	ROOM_ABOVE = 26,   /* for marks, above the highest point */
	DOT = 3,
	NOTE = 18,         /* from line to line */
};

struct chart {
	const struct series *series;
	const struct theme *theme;
	struct fonts fonts;
	struct show show;
	cairo_t *cr;
	size_t first;      /* point that is drawn first */
	double left, right, step;
	double w, h;
};

static void set(struct chart *c, struct colour colour, double alpha)
{
	cairo_set_source_rgba(c->cr, colour.r, colour.g, colour.b, alpha);
}

static void put(struct chart *c, enum style style, double x, double y, struct colour colour,
		const char *text)
{
	set(c, colour, 1);
	show_text(&c->show, c->cr, style, x, y, text);
}

static void line(struct chart *c, double x, double y, double to_x, double to_y, double width)
{
	cairo_set_line_width(c->cr, width);
	cairo_move_to(c->cr, x, y);
	cairo_line_to(c->cr, to_x, to_y);
	cairo_stroke(c->cr);
}

static double x_of(const struct chart *c, size_t point)
{
	return c->left + INSIDE + (double)(point - c->first) * c->step;
}

struct panel {
	const struct series_panel *is;
	struct series_scale scale;
	double top, bottom;
};

static double y_of(const struct panel *p, double value)
{
	return p->bottom - (p->bottom - p->top - ROOM_ABOVE) * value / p->scale.top;
}

static double most_of(const struct chart *c, const struct series_panel *p)
{
	double most = 0;

	for (size_t i = c->first; i < c->series->npoints; i++) {
		most = fmax(most, isnan(p->value[i]) ? 0 : p->value[i]);
		most = fmax(most, isnan(p->high[i]) ? 0 : p->high[i]);
	}
	return most;
}

/* The widest number at the left. */
static double scale_width(struct chart *c)
{
	double widest = 0;

	for (size_t i = 0; i < c->series->npanels; i++) {
		const struct series_panel *p = &c->series->panels[i];
		struct series_scale scale = series_scale(most_of(c, p), p->unit);
		struct buf text = BUF_INIT;

		for (double v = 0; v <= scale.top * 1.001; v += scale.step) {
			buf_clear(&text);
			series_tick(&text, &scale, p->unit, v);
			widest = fmax(widest, fonts_width(&c->fonts, STYLE_SMALL, buf_str(&text)));
		}
		buf_release(&text);
	}
	return widest;
}

static void lay_out(struct chart *c)
{
	const struct series *s = c->series;
	size_t n = s->npoints < MOST_POINTS ? s->npoints : MOST_POINTS;
	double title = fmax(fonts_width(&c->fonts, STYLE_TITLE, s->title),
			    fonts_width(&c->fonts, STYLE_TEXT, s->subtitle));

	c->first = s->npoints - n;
	c->left = EDGE + ceil(scale_width(c)) + 8;
	c->step = n > 1 ? (PLOT - 2 * INSIDE) / (double)(n - 1) : 0;
	c->step = fmax(c->step, STEP_LEAST);
	c->right = c->left + fmax(2 * INSIDE + c->step * (double)(n - 1), PLOT);
	c->right = fmax(c->right, fmin(EDGE + title, 2 * PLOT));
	c->w = c->right + EDGE;
	c->h = HEAD + FOOT + (double)s->npanels * (NAME + PANEL) +
	       (double)(s->npanels - 1) * BETWEEN + EDGE + (double)s->nnotes * NOTE;
}

static void draw_scale(struct chart *c, const struct panel *p)
{
	struct buf text = BUF_INIT;

	for (double v = 0; v <= p->scale.top * 1.001; v += p->scale.step) {
		double y = round(y_of(p, v)) + 0.5;

		set(c, c->theme->line, v > 0 ? 0.35 : 1);
		line(c, c->left, y, c->right, y, 1);
		buf_clear(&text);
		series_tick(&text, &p->scale, p->is->unit, v);
		put(c, STYLE_SMALL,
		    c->left - 8 - fonts_width(&c->fonts, STYLE_SMALL, buf_str(&text)),
		    y - c->fonts.height[STYLE_SMALL] / 2, c->theme->dim, buf_str(&text));
	}
	buf_release(&text);
}

static struct colour mark_colour(const struct chart *c, const struct series_mark *m)
{
	return m->worse > 0 ? c->theme->slower : c->theme->faster;
}

static void draw_change_lines(struct chart *c, const struct panel *p)
{
	static const double dash[] = { 3, 3 };

	for (size_t i = c->first; i < c->series->npoints; i++) {
		double x = round(x_of(c, i) - c->step / 2) + 0.5;

		if (p->is->marks[i].text == NULL)
			continue;
		set(c, mark_colour(c, &p->is->marks[i]), 0.8);
		cairo_set_dash(c->cr, dash, 2, 0);
		line(c, x, p->top, x, p->bottom, 1);
		cairo_set_dash(c->cr, NULL, 0, 0);
	}
}

/* Of each point a bar from low to high. */
static void draw_ranges(struct chart *c, const struct panel *p)
{
	double width = fmin(fmax(c->step * 0.5, 6), 18);

	set(c, c->theme->origins[0], 0.18);
	for (size_t i = c->first; i < c->series->npoints; i++) {
		double low = p->is->low[i], high = p->is->high[i], x = x_of(c, i);

		if (isnan(low) || isnan(high) || !(high > low))
			continue;
		cairo_rectangle(c->cr, round(x - width / 2), y_of(p, high), round(width),
				y_of(p, low) - y_of(p, high));
		cairo_fill(c->cr);
	}
}

static void draw_values(struct chart *c, const struct panel *p)
{
	const double *v = p->is->value;

	set(c, c->theme->origins[0], 1);
	cairo_set_line_width(c->cr, 1.6);
	cairo_set_line_join(c->cr, CAIRO_LINE_JOIN_ROUND);
	for (size_t i = c->first; i < c->series->npoints; i++) {
		if (isnan(v[i]))
			continue;
		if (i == c->first || isnan(v[i - 1]))
			cairo_move_to(c->cr, x_of(c, i), y_of(p, v[i]));
		else
			cairo_line_to(c->cr, x_of(c, i), y_of(p, v[i]));
	}
	cairo_stroke(c->cr);
	for (size_t i = c->first; i < c->series->npoints; i++) {
		const struct series_mark *m = &p->is->marks[i];

		if (isnan(v[i]))
			continue;
		set(c, m->text != NULL ? mark_colour(c, m) : c->theme->origins[0], 1);
		cairo_arc(c->cr, x_of(c, i), y_of(p, v[i]), m->text != NULL ? DOT + 1.5 : DOT, 0,
			  2 * M_PI);
		cairo_fill(c->cr);
	}
}

/* At the panel's top, from the change's line to the right, or where there is no room to
 * the left; one that would cover the one before is left to its colour. */
static void draw_mark_texts(struct chart *c, const struct panel *p)
{
	double taken = c->left;

	for (size_t i = c->first; i < c->series->npoints; i++) {
		const struct series_mark *m = &p->is->marks[i];
		double x = x_of(c, i) - c->step / 2 + 5, width;

		if (m->text == NULL)
			continue;
		width = fonts_width(&c->fonts, STYLE_STRONG, m->text);
		if (x + width > c->right)
			x -= width + 10;
		if (x < taken)
			continue;
		put(c, STYLE_STRONG, x, p->top + 1, mark_colour(c, m), m->text);
		taken = x + width + 8;
	}
}

static void draw_panel(struct chart *c, size_t at)
{
	struct panel p = { .is = &c->series->panels[at] };
	double y = HEAD + (double)at * (NAME + PANEL + BETWEEN);

	p.scale = series_scale(most_of(c, p.is), p.is->unit);
	p.top = y + NAME;
	p.bottom = p.top + PANEL;
	put(c, STYLE_NAME, c->left, y + 2, c->theme->ink, p.is->name);
	draw_scale(c, &p);
	draw_change_lines(c, &p);
	draw_ranges(c, &p);
	draw_values(c, &p);
	draw_mark_texts(c, &p);
}

static bool is_marked(const struct chart *c, size_t point)
{
	for (size_t i = 0; i < c->series->npanels; i++)
		if (c->series->panels[i].marks[point].text != NULL)
			return true;
	return false;
}

static double label_width(struct chart *c, size_t i)
{
	const struct series_label *l = &c->series->labels[i];

	return fmax(fonts_width(&c->fonts, STYLE_SMALL, l->name),
		    fonts_width(&c->fonts, STYLE_SMALL, l->note));
}

/* Where its label lies: below its point, but inside of the picture. */
static double label_x(struct chart *c, size_t i)
{
	double width = label_width(c, i), x = x_of(c, i) - width / 2;

	return fmax(EDGE / 2.0, fmin(x, c->w - EDGE / 2.0 - width));
}

static double labels_top(const struct chart *c)
{
	return c->h - EDGE - FOOT - (double)c->series->nnotes * NOTE;
}

static void draw_label(struct chart *c, size_t i)
{
	const struct series_label *l = &c->series->labels[i];
	double x = label_x(c, i), y = labels_top(c) + 10, width = label_width(c, i);

	set(c, c->theme->line, 1);
	line(c, round(x_of(c, i)) + 0.5, y - 10, round(x_of(c, i)) + 0.5, y - 4, 1);
	put(c, STYLE_SMALL, x + (width - fonts_width(&c->fonts, STYLE_SMALL, l->name)) / 2, y,
	    c->theme->ink, l->name);
	put(c, STYLE_SMALL, x + (width - fonts_width(&c->fonts, STYLE_SMALL, l->note)) / 2,
	    y + c->fonts.height[STYLE_SMALL], c->theme->dim, l->note);
}

/* Whether the label of i has room beside those that are shown. */
static bool has_room(struct chart *c, const bool *shown, size_t i)
{
	double from = label_x(c, i) - LABEL_GAP, to = from + label_width(c, i) + 2 * LABEL_GAP;

	for (size_t j = c->first; j < c->series->npoints; j++)
		if (shown[j] && label_x(c, j) < to && label_x(c, j) + label_width(c, j) > from)
			return false;
	return true;
}

/* Where something has changed first, then the newest, the oldest, and what else fits. */
static int draw_labels(struct chart *c)
{
	size_t n = c->series->npoints;
	bool *shown = mem_zalloc(n * sizeof *shown);

	if (shown == NULL)
		return -1;
	for (int turn = 0; turn < 3; turn++) {
		for (size_t i = n; i-- > c->first;) {
			bool now = turn == 0   ? is_marked(c, i)
				   : turn == 1 ? i == n - 1 || i == c->first
					       : true;

			if (now && !shown[i] && has_room(c, shown, i)) {
				shown[i] = true;
				draw_label(c, i);
			}
		}
	}
	mem_free(shown);
	return 0;
}

/* Each change's commit, what changed, and its subject, in columns. */
static int draw_notes(struct chart *c, struct arena *arena)
{
	const struct series *s = c->series;
	double name = 0, change = 0, y = c->h - EDGE - (double)s->nnotes * NOTE;

	for (size_t i = 0; i < s->nnotes; i++) {
		name = fmax(name, fonts_width(&c->fonts, STYLE_SMALL, s->notes[i].name));
		change = fmax(change, fonts_width(&c->fonts, STYLE_STRONG, s->notes[i].change));
	}
	for (size_t i = 0; i < s->nnotes; i++, y += NOTE) {
		const struct series_note *n = &s->notes[i];
		double x = EDGE + name + 12;
		const char *text = fonts_elide(&c->fonts, STYLE_SMALL, n->text,
					       c->w - EDGE - (x + change + 12), ELIDE_END, arena);

		if (text == NULL)
			return -1;
		put(c, STYLE_SMALL, EDGE, y, c->theme->ink, n->name);
		put(c, STYLE_STRONG, x, y, n->worse > 0 ? c->theme->slower : c->theme->faster,
		    n->change);
		put(c, STYLE_SMALL, x + change + 12, y, c->theme->ink, text);
	}
	return 0;
}

static int draw_all(struct chart *c, struct error *err)
{
	struct arena arena = ARENA_INIT;
	const struct series *s = c->series;
	const char *title = fonts_elide(&c->fonts, STYLE_TITLE, s->title, c->w - 2 * EDGE,
					ELIDE_MIDDLE, &arena);
	const char *subtitle = fonts_elide(&c->fonts, STYLE_TEXT, s->subtitle, c->w - 2 * EDGE,
					   ELIDE_END, &arena);
	int rc = title == NULL || subtitle == NULL ? -1 : 0;

	if (rc == 0) {
		set(c, c->theme->paper, 1);
		cairo_paint(c->cr);
		put(c, STYLE_TITLE, EDGE, 12, c->theme->ink, title);
		put(c, STYLE_TEXT, EDGE, 14 + c->fonts.height[STYLE_TITLE], c->theme->dim,
		    subtitle);
		for (size_t i = 0; i < s->npanels; i++)
			draw_panel(c, i);
		rc = draw_labels(c);
		if (rc == 0)
			rc = draw_notes(c, &arena);
	}
	arena_release(&arena);
	return rc < 0 ? error_nomem(err) : 0;
}

/* cairo's pixels, and a row of them as the palette's. */
struct drawn {
	cairo_surface_t *surface;
	struct palette palette;
	uint8_t row[];
};

static int surface_row(void *arg, uint32_t y, const uint8_t **row, struct error *err)
{
	struct drawn *d = arg;
	uint32_t width = (uint32_t)cairo_image_surface_get_width(d->surface);
	const uint32_t *pixels = (const uint32_t *)(const void *)
		(cairo_image_surface_get_data(d->surface) +
		 (size_t)y * (size_t)cairo_image_surface_get_stride(d->surface));

	(void)err;
	for (uint32_t x = 0; x < width; x++)
		d->row[x] = palette_near(&d->palette, pixels[x]);
	*row = d->row;
	return 0;
}

static int write_png(struct buf *out, const struct chart *c, cairo_surface_t *surface,
		     struct error *err)
{
	const struct image_note notes[] = { { "Software", "cprof " CPROF_VERSION },
					    { "Request", c->series->title } };
	const struct theme *t = c->theme;
	const uint32_t colours[] = { colour_pixel(t->paper), colour_pixel(t->ink), colour_pixel(t->dim),
				     colour_pixel(t->line), colour_pixel(t->slower), colour_pixel(t->faster),
				     colour_pixel(t->origins[0]) };
	struct image image = {
		.width = (uint32_t)cairo_image_surface_get_width(surface),
		.height = (uint32_t)cairo_image_surface_get_height(surface),
		.notes = notes, .nnotes = 2, .row = surface_row,
	};
	struct drawn *d = mem_alloc(sizeof *d + image.width);
	int rc;

	if (d == NULL)
		return error_nomem(err);
	d->surface = surface;
	palette_init(&d->palette, colours, sizeof colours / sizeof colours[0]);
	image.palette = &d->palette;
	image.arg = d;
	cairo_surface_flush(surface);
	rc = image_write(out, &image, err);
	mem_free(d);
	return rc;
}

int series_draw(struct buf *out, const struct series *s, struct error *err)
{
	struct chart c = { .series = s, .theme = theme_find("light") };
	cairo_surface_t *surface;
	int rc = -1;

	if (fonts_init(&c.fonts, find_font, err) < 0)
		return -1;
	show_init(&c.show, &c.fonts);
	lay_out(&c);
	surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(c.w), (int)ceil(c.h));
	c.cr = cairo_create(surface);
	if (cairo_status(c.cr) != CAIRO_STATUS_SUCCESS)
		error_nomem(err);
	else if (draw_all(&c, err) == 0)
		rc = fonts_failed(&c.fonts) || c.show.failed ? error_nomem(err) :
		     cairo_status(c.cr) == CAIRO_STATUS_SUCCESS ?
		     write_png(out, &c, surface, err) :
		     error_set(err, ERR_REFUSED, "drawing: %s",
			       cairo_status_to_string(cairo_status(c.cr)));
	cairo_destroy(c.cr);
	cairo_surface_destroy(surface);
	show_release(&c.show);
	fonts_release(&c.fonts);
	return rc;
}
