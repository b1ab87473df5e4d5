/* A scene as a PDF of one page, a pixel being a 96th of an inch; pages end at 200 inches,
 * past which the scene is drawn smaller. */
#include "draw/page/pdf.h"

#include <cairo-pdf.h>
#include <math.h>

#include "base/version.h"
#include "draw/page/canvas_cairo.h"
#include "draw/scene.h"

#define POINTS 0.75
#define MOST_POINTS 14400.0

static cairo_status_t append(void *arg, const unsigned char *data, unsigned len)
{
	struct buf *out = arg;

	buf_add(out, data, len);
	return out->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static int pdf_write(struct buf *out, struct scene *s, struct error *err)
{
	double scale = fmin(POINTS, MOST_POINTS / fmax(s->w, s->h));
	cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(append, out, s->w * scale,
								       s->h * scale);
	struct cairo_canvas c = { .canvas = { &canvas_cairo_ops, s->theme, &s->fonts },
				  .cr = cairo_create(surface) };
	cairo_status_t status;
	bool failed;

	show_init(&c.show, &s->fonts);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR,
				       "cprof " CPROF_VERSION);
	if (s->request != NULL)
		cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, s->request);
	if (s->commit != NULL)
		cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_SUBJECT, s->commit);
	/* Otherwise the time of day, and no two files would be the same. */
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE,
				       "2000-01-01T00:00:00Z");
	cairo_scale(c.cr, scale, scale);
	cairo_set_source_rgb(c.cr, s->theme->paper.r, s->theme->paper.g, s->theme->paper.b);
	cairo_paint(c.cr);
	scene_draw(&c.canvas, s, 0, s->h);
	status = cairo_status(c.cr);
	failed = c.show.failed || fonts_failed(&s->fonts);
	show_release(&c.show);
	cairo_destroy(c.cr);
	cairo_surface_finish(surface);
	if (status == CAIRO_STATUS_SUCCESS)
		status = cairo_surface_status(surface);
	cairo_surface_destroy(surface);
	if (failed || out->failed || status == CAIRO_STATUS_NO_MEMORY)
		return error_nomem(err);
	if (status != CAIRO_STATUS_SUCCESS)
		return error_set(err, ERR_REFUSED, "drawing: %s", cairo_status_to_string(status));
	return 0;
}

const struct picture_format picture_pdf = { 0, pdf_write };
