/* A scene as pixels, in bands: a surface for all of it would be most of the memory,
 * and its page faults a good part of the time. */
#include "draw/scene.h"

#include <math.h>

#include "base/mem.h"
#include "base/version.h"
#include "draw/line.h"
#include "draw/png.h"

/* A band's rows: as many as there are pixels for. */
enum { BAND_PIXELS = 3 << 19, LEAST_BAND = 64, MOST_BAND = 512 };

struct band {
	const struct scene *scene;
	cairo_surface_t *surface;
	uint32_t height;
	uint32_t first, rows; /* which lines it holds; 0 rows: none yet */
};

static int draw_band(struct band *b, struct error *err)
{
	struct scene *s = (struct scene *)(uintptr_t)b->scene;
	struct cairo_canvas c = { { &canvas_cairo_ops, s->theme, &s->fonts },
				  cairo_create(b->surface) };
	cairo_status_t status;

	cairo_set_source_rgb(c.cr, s->theme->paper.r, s->theme->paper.g, s->theme->paper.b);
	cairo_paint(c.cr);
	cairo_translate(c.cr, 0, -(double)b->first);
	cairo_scale(c.cr, s->scale, s->scale);
	scene_draw(&c.canvas, s, b->first / s->scale, (b->first + b->rows) / s->scale);
	cairo_surface_flush(b->surface);
	status = cairo_status(c.cr);
	cairo_destroy(c.cr);
	if (status == CAIRO_STATUS_SUCCESS)
		return 0;
	return error_set(err, status == CAIRO_STATUS_NO_MEMORY ? ERR_NOMEM : ERR_REFUSED,
			 "drawing: %s", cairo_status_to_string(status));
}

static int next_row(void *arg, uint32_t y, const uint32_t **row, struct error *err)
{
	struct band *b = arg;

	if (b->rows == 0 || y >= b->first + b->rows) {
		b->first = y;
		b->rows = b->height;
		if (draw_band(b, err) < 0)
			return -1;
	}
	*row = (const uint32_t *)(const void *)
		(cairo_image_surface_get_data(b->surface) +
		 (size_t)(y - b->first) * (size_t)cairo_image_surface_get_stride(b->surface));
	return 0;
}

static uint32_t pixel(struct colour c)
{
	return (uint32_t)lround(c.r * 255) << 16 | (uint32_t)lround(c.g * 255) << 8 |
	       (uint32_t)lround(c.b * 255);
}

enum { THEME_COLOURS = 9 + 4, PER_NODE = 3 };

/* What must look exactly as meant: paper, marks, and every box's fill and text. */
static uint32_t *exact_colours(const struct scene *s, size_t *n)
{
	const struct theme *t = s->theme;
	const struct colour plain[] = { t->paper, t->ink, t->dim, t->line, t->hot, t->hot_text,
					t->heavy, t->faster, t->slower };
	uint32_t *all = mem_array(NULL, THEME_COLOURS + PER_NODE * (size_t)s->graph->nnodes,
				  sizeof *all);

	*n = 0;
	if (all == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
		all[(*n)++] = pixel(plain[i]);
	for (int i = 0; i < 4; i++)
		all[(*n)++] = pixel(t->origins[i]);
	for (uint32_t i = 0; i < s->graph->nnodes; i++) {
		struct colour fill = card_fill(t, s->graph, i);

		all[(*n)++] = pixel(fill);
		all[(*n)++] = pixel(theme_text_on(t, fill));
		all[(*n)++] = pixel(theme_dim_on(t, fill));
	}
	return all;
}

int raster_write(struct buf *out, struct scene *s, struct error *err)
{
	const struct image_note notes[] = {
		{ "Software", "cprof " CPROF_VERSION },
		{ "Request", s->request },
		{ "Commit", s->commit },
	};
	struct band b = { .scene = s };
	struct image image = { .notes = notes, .nnotes = sizeof notes / sizeof notes[0],
			       .row = next_row, .arg = &b };
	uint32_t *colours = exact_colours(s, &image.ncolours);
	int rc = -1;

	image.colours = colours;
	image.width = (uint32_t)ceil(s->w * s->scale);
	image.height = (uint32_t)ceil(s->h * s->scale);
	b.height = (uint32_t)fmin(fmax(BAND_PIXELS / image.width, LEAST_BAND), MOST_BAND);
	for (uint32_t i = 0; i < s->graph->nedges; i++)
		if (line_split(&s->layout.edges[i], b.height / s->scale, &s->arena) < 0) {
			mem_free(colours);
			return error_nomem(err);
		}
	b.surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)image.width,
					       (int)b.height);
	if (colours == NULL || cairo_surface_status(b.surface) != CAIRO_STATUS_SUCCESS)
		error_nomem(err);
	else
		rc = image_write(out, &image, err);
	cairo_surface_destroy(b.surface);
	mem_free(colours);
	return rc;
}
