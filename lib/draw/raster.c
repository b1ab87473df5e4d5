/* A scene as pixels, in bands: a surface for all of it would be most of the memory,
 * and its page faults a good part of the time. */
#include "draw/scene.h"

#include <math.h>

#include "base/mem.h"
#include "base/version.h"
#include "draw/line.h"
#include "draw/pixels.h"
#include "draw/png.h"

/* A band's rows: as many as there are pixels for. */
enum { BAND_PIXELS = 1 << 18, LEAST_BAND = 64, MOST_BAND = 512 };

static uint32_t band_height(uint32_t width)
{
	return (uint32_t)fmin(fmax(BAND_PIXELS / width, LEAST_BAND), MOST_BAND);
}

struct band {
	const struct scene *scene;
	struct pixel_canvas canvas;
	struct palette palette;
	uint32_t first, rows; /* which lines it holds; 0 rows: none yet */
};

static int band_init(struct band *b, struct scene *s, uint32_t width, uint32_t height)
{
	struct paint *p = &b->canvas.paint;

	b->scene = s;
	b->canvas.canvas = (struct canvas){ &canvas_pixel_ops, s->theme, &s->fonts };
	if (paint_init(p, height) < 0 || (p->pixels = mem_array(NULL, height, width)) == NULL)
		return -1;
	p->palette = &b->palette;
	p->stride = width;
	p->width = width;
	p->height = height;
	p->scale = s->scale;
	return 0;
}

static void band_release(struct band *b)
{
	mem_free(b->canvas.paint.pixels);
	paint_release(&b->canvas.paint);
}

static int draw_band(struct band *b, struct error *err)
{
	const struct scene *s = b->scene;
	struct paint *p = &b->canvas.paint;

	p->x = 0;
	p->y = -(double)b->first;
	paint_all(p);
	scene_draw(&b->canvas.canvas, s, b->first / s->scale, (b->first + b->rows) / s->scale);
	return p->failed || fonts_failed(&s->fonts) ? error_nomem(err) : 0;
}

static int next_row(void *arg, uint32_t y, const uint8_t **row, struct error *err)
{
	struct band *b = arg;

	if (b->rows == 0 || y >= b->first + b->rows) {
		b->first = y;
		b->rows = b->canvas.paint.height;
		if (draw_band(b, err) < 0)
			return -1;
	}
	*row = b->canvas.paint.pixels + (y - b->first) * b->canvas.paint.stride;
	return 0;
}

enum { LINE_BLENDS = 8, THEME_COLOURS = 9 + 4 + LINE_BLENDS - 1 };

/* What must look exactly as meant: paper, marks, every box's fill and text, and lines. */
static uint32_t *exact_colours(const struct scene *s, size_t *n)
{
	const struct theme *t = s->theme;
	const struct colour plain[] = { t->paper, t->ink, t->dim, t->line, t->hot, t->hot_text,
					t->heavy, t->faster, t->slower };
	const struct graph *g = s->graph;
	uint32_t *all = mem_array(NULL, THEME_COLOURS + CARD_COLOURS * (size_t)g->nnodes + g->nedges,
				  sizeof *all);

	*n = 0;
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
		all[(*n)++] = colour_pixel(plain[i]);
	for (int i = 0; i < 4; i++)
		all[(*n)++] = colour_pixel(t->origins[i]);
	/* Most of what is no paper is the edge of a line; gprof2dot's have other colours. */
	for (int i = 1; i < LINE_BLENDS && !t->foreign; i++)
		all[(*n)++] = colour_pixel(colour_mix(t->paper, t->line, (double)i / LINE_BLENDS));
	for (uint32_t i = 0; i < g->nnodes; i++) {
		struct colour own[CARD_COLOURS];

		card_colours(own, t, g, i);
		for (int k = 0; k < CARD_COLOURS; k++)
			all[(*n)++] = colour_pixel(own[k]);
	}
	for (uint32_t i = 0; i < g->nedges; i++)
		all[(*n)++] = colour_pixel(line_colour(t, g, i));
	return all;
}

static int raster_write(struct buf *out, struct scene *s, struct error *err)
{
	const struct image_note notes[] = {
		{ "Software", "cprof " CPROF_VERSION },
		{ "Request", s->request },
		{ "Commit", s->commit },
	};
	struct band *b = mem_zalloc(sizeof *b);
	struct image image = { .notes = notes, .nnotes = sizeof notes / sizeof notes[0],
			       .row = next_row, .arg = b };
	size_t ncolours;
	uint32_t *colours = exact_colours(s, &ncolours);
	int rc = -1;

	image.width = (uint32_t)ceil(s->w * s->scale);
	image.height = (uint32_t)ceil(s->h * s->scale);
	if (b == NULL || colours == NULL ||
	    band_init(b, s, image.width, band_height(image.width)) < 0) {
		error_nomem(err);
	} else {
		palette_init(&b->palette, colours, ncolours);
		image.palette = &b->palette;
		rc = image_write(out, &image, err);
	}
	if (b != NULL)
		band_release(b);
	mem_free(b);
	mem_free(colours);
	return rc;
}

const struct picture_format picture_png = { IMAGE_MAX_SIDE, raster_write };
