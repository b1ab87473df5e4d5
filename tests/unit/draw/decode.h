/* decode.h -- reads a picture back with libpng, as a viewer would. */
#ifndef CPROF_TESTS_DECODE_H
#define CPROF_TESTS_DECODE_H

#include <check.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

struct decoded {
	uint32_t width, height;
	uint8_t *rgb;
	char request[512], commit[512], software[512]; /* "" where there is no such chunk */
};

struct decode_source {
	const struct buf *png;
	size_t at;
};

static inline void decode_read(png_structp png, png_bytep to, size_t len)
{
	struct decode_source *s = png_get_io_ptr(png);

	ck_assert_uint_le(len, s->png->len - s->at);
	memcpy(to, s->png->data + s->at, len);
	s->at += len;
}

static inline void decode_complain(png_structp png, png_const_charp message)
{
	(void)png;
	ck_abort_msg("libpng: %s", message);
}

static inline void decode_notes(struct decoded *d, png_structp png, png_infop info)
{
	png_textp texts;
	int n;

	png_get_text(png, info, &texts, &n);
	for (int i = 0; i < n; i++) {
		char *to = strcmp(texts[i].key, "Request") == 0  ? d->request
			   : strcmp(texts[i].key, "Commit") == 0 ? d->commit
								 : d->software;

		snprintf(to, sizeof d->request, "%s", texts[i].text);
	}
}

/* Warnings count as errors: a file that is only nearly right is wrong. */
static inline struct decoded decode(const struct buf *in)
{
	struct decoded d = { .request = "", .commit = "", .software = "" };
	struct decode_source source = { in, 0 };
	png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, NULL, decode_complain,
						 decode_complain);
	png_infop info = png_create_info_struct(png);

	png_set_read_fn(png, &source, decode_read);
	png_read_info(png, info);
	d.width = png_get_image_width(png, info);
	d.height = png_get_image_height(png, info);
	ck_assert_int_eq(png_get_color_type(png, info), PNG_COLOR_TYPE_PALETTE);
	ck_assert_int_eq(png_get_bit_depth(png, info), 8);
	png_set_palette_to_rgb(png);
	png_read_update_info(png, info);
	d.rgb = malloc((size_t)d.width * d.height * 3);
	ck_assert_ptr_nonnull(d.rgb);
	for (uint32_t y = 0; y < d.height; y++)
		png_read_row(png, d.rgb + (size_t)y * d.width * 3, NULL);
	png_read_end(png, info);
	decode_notes(&d, png, info);
	ck_assert_uint_eq(source.at, in->len);
	png_destroy_read_struct(&png, &info, NULL);
	return d;
}

static inline double decode_share(const struct decoded *d, uint8_t r, uint8_t g, uint8_t b)
{
	size_t n = (size_t)d->width * d->height, hits = 0;

	for (size_t i = 0; i < n; i++)
		hits += d->rgb[3 * i] == r && d->rgb[3 * i + 1] == g && d->rgb[3 * i + 2] == b;
	return (double)hits / (double)n;
}

#endif
