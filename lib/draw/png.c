#include "draw/png.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "base/mem.h"

enum { MAX_NOTES = 8 };

struct writer {
	struct buf *out;
	struct error *err;
	png_structp png;
	png_infop info;
	uint8_t *line; /* 3 * width */
	bool no_memory;
};

/* libpng reports by calling this, which must not return. */
static void fail(png_structp png, png_const_charp message)
{
	struct writer *w = png_get_error_ptr(png);

	if (w->no_memory || w->out->failed)
		error_nomem(w->err);
	else
		error_set(w->err, ERR_REFUSED, "PNG: %s", message);
	longjmp(png_jmpbuf(png), 1);
}

static void ignore(png_structp png, png_const_charp message)
{
	(void)png;
	(void)message;
}

static png_voidp take(png_structp png, png_alloc_size_t size)
{
	struct writer *w = png_get_mem_ptr(png);
	void *p = mem_alloc(size);

	if (p == NULL)
		w->no_memory = true;
	return p;
}

static void give_back(png_structp png, png_voidp p)
{
	(void)png;
	mem_free(p);
}

static void append(png_structp png, png_bytep data, size_t len)
{
	struct writer *w = png_get_io_ptr(png);

	buf_add(w->out, data, len);
	if (w->out->failed)
		png_error(png, "out of memory");
}

static void flush(png_structp png)
{
	(void)png;
}

static void set_notes(struct writer *w, const struct image_note *notes, size_t n)
{
	png_text texts[MAX_NOTES];
	int ntexts = 0;

	memset(texts, 0, sizeof texts);
	for (size_t i = 0; i < n && ntexts < MAX_NOTES; i++) {
		png_text *t = &texts[ntexts];
		bool ascii = true;

		if (notes[i].text == NULL)
			continue;
		for (const char *s = notes[i].text; *s != '\0'; s++)
			ascii = ascii && (unsigned char)*s < 0x80;
		/* tEXt is Latin-1, and what every tool shows; iTXt is UTF-8. */
		t->compression = ascii ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
		t->key = (png_charp)(uintptr_t)notes[i].key;
		t->text = (png_charp)(uintptr_t)notes[i].text;
		ntexts++;
	}
	png_set_text(w->png, w->info, texts, ntexts);
}

static void to_rgb(uint8_t *to, const uint32_t *from, uint32_t width)
{
	for (uint32_t i = 0; i < width; i++) {
		*to++ = (uint8_t)(from[i] >> 16);
		*to++ = (uint8_t)(from[i] >> 8);
		*to++ = (uint8_t)from[i];
	}
}

/* Apart from image_write, so that no variable of its frame lives across the
 * longjmp. */
static int encode(struct writer *w, uint32_t width, uint32_t height,
		  const struct image_note *notes, size_t nnotes, image_row *row, void *arg)
{
	if (setjmp(png_jmpbuf(w->png)))
		return -1;
	png_set_write_fn(w->png, w, append, flush);
	png_set_IHDR(w->png, w->info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	set_notes(w, notes, nnotes);
	/* Even areas and repeated letters: deflate finds them best as they are.
	 * Any filter makes the file larger here, and a higher level costs half
	 * as much again for a tenth of its size. */
	png_set_filter(w->png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
	png_set_compression_level(w->png, 3);
	png_write_info(w->png, w->info);
	for (uint32_t y = 0; y < height; y++) {
		const uint32_t *pixels;

		if (row(arg, y, &pixels, w->err) < 0)
			return -1;
		to_rgb(w->line, pixels, width);
		png_write_row(w->png, w->line);
	}
	png_write_end(w->png, w->info);
	return 0;
}

int image_write(struct buf *out, uint32_t width, uint32_t height, const struct image_note *notes,
	      size_t nnotes, image_row *row, void *arg, struct error *err)
{
	struct writer w = { .out = out, .err = err };
	int rc = -1;

	w.line = mem_array(NULL, width, 3);
	w.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &w, fail, ignore, &w, take,
					  give_back);
	if (w.png != NULL)
		w.info = png_create_info_struct(w.png);
	if (w.line == NULL || w.info == NULL) {
		error_nomem(err);
		goto done;
	}
	rc = encode(&w, width, height, notes, nnotes, row, arg);
done:
	if (w.png != NULL)
		png_destroy_write_struct(&w.png, &w.info);
	mem_free(w.line);
	return rc;
}
