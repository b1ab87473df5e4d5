#include "draw/png.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "draw/deflate.h"

enum {
	PIECE = 1 << 15, /* bytes of a chunk of compressed rows, or a few more */
	PLTE_AT = 8 + 25 /* behind the signature and IHDR */
};

struct writer {
	struct buf *out;
	const struct image *image;
	struct error *err;
	struct deflate deflate;
	uint8_t *lines[2]; /* each a filter's byte (none) and a row's indices */
	struct buf piece;  /* compressed bytes that make no chunk yet */
};

static void write_bytes(png_structp png, png_bytep bytes, size_t n)
{
	struct writer *w = png_get_io_ptr(png);

	buf_add(w->out, bytes, n);
	if (w->out->failed)
		png_error(png, "out of memory");
}

static void flush_bytes(png_structp png)
{
	(void)png;
}

/* libpng's own message says less than ours. */
static void fail(png_structp png, png_const_charp message)
{
	(void)message;
	png_longjmp(png, 1);
}

static void ignore_warning(png_structp png, png_const_charp message)
{
	(void)png, (void)message;
}

static png_voidp allocate(png_structp png, png_alloc_size_t size)
{
	(void)png;
	return mem_alloc(size);
}

static void release(png_structp png, png_voidp p)
{
	(void)png;
	mem_free(p);
}

/* tEXt is Latin-1, and what every tool shows; iTXt is UTF-8. */
static void write_note(png_structp png, png_infop info, const struct image_note *note)
{
	png_text text = { .key = (char *)(uintptr_t)note->key,
			  .text = (char *)(uintptr_t)note->text,
			  .compression = PNG_TEXT_COMPRESSION_NONE };

	for (const char *s = note->text; *s != '\0'; s++)
		if ((unsigned char)*s >= 0x80)
			text.compression = PNG_ITXT_COMPRESSION_NONE;
	png_set_text(png, info, &text, 1);
}

static void write_header(png_structp png, png_infop info, const struct image *image)
{
	static const png_color unknown[PALETTE_SIZE];

	png_set_IHDR(png, info, image->width, image->height, 8, PNG_COLOR_TYPE_PALETTE,
		     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_set_PLTE(png, info, unknown, PALETTE_SIZE);
	for (size_t i = 0; i < image->nnotes; i++)
		if (image->notes[i].text != NULL)
			write_note(png, info, &image->notes[i]);
	png_write_info(png, info);
}

static void write_piece(png_structp png, struct writer *w)
{
	static const png_byte type[] = { 'I', 'D', 'A', 'T', '\0' };

	if (w->piece.failed)
		png_error(png, "out of memory");
	png_write_chunk(png, type, (png_bytep)w->piece.data, w->piece.len);
	buf_clear(&w->piece);
}

static void write_rows(png_structp png, struct writer *w)
{
	const struct image *image = w->image;

	deflate_begin(&w->deflate, &w->piece, image->width + 1);
	for (uint32_t y = 0; y < image->height; y++) {
		uint8_t *line = w->lines[y % 2];
		const uint8_t *indices;

		if (image->row(image->arg, y, &indices, w->err) < 0)
			png_error(png, w->err->text);
		/* No filter: even areas and what repeats from row to row are found
		 * best as they are. */
		line[0] = 0;
		memcpy(line + 1, indices, image->width);
		deflate_row(&w->deflate, line, y != 0 ? w->lines[(y + 1) % 2] : NULL);
		if (w->piece.len >= PIECE)
			write_piece(png, w);
	}
	deflate_end(&w->deflate);
	write_piece(png, w);
}

/* The colours are known when all rows are in: the chunk has stood empty until now. Its
 * CRC is that of its type and its bytes. */
static void fill_palette(struct writer *w, size_t start)
{
	const struct palette *palette = w->image->palette;
	uint8_t *type = (uint8_t *)w->out->data + start + PLTE_AT + 4;
	uint8_t *at = type + 4;
	uint32_t crc;

	for (unsigned i = 0; i < palette->ncolours; i++, at += 3) {
		at[0] = (uint8_t)(palette->colours[i] >> 16);
		at[1] = (uint8_t)(palette->colours[i] >> 8);
		at[2] = (uint8_t)palette->colours[i];
	}
	crc = (uint32_t)crc32(0, type, 4 + 3 * PALETTE_SIZE);
	png_save_uint_32(type + 4 + 3 * PALETTE_SIZE, crc);
}

/* What is not freed by libpng is kept by the caller: an error comes back here from
 * anywhere. */
static int write_image(struct writer *w)
{
	static const png_byte end[] = { 'I', 'E', 'N', 'D', '\0' };
	size_t start = w->out->len;
	struct error *err = w->err;
	png_structp png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, NULL, fail,
						    ignore_warning, NULL, allocate, release);
	png_infop info = png ? png_create_info_struct(png) : NULL;

	*err = (struct error)ERROR_INIT;
	if (info == NULL || setjmp(png_jmpbuf(png)) != 0) {
		png_destroy_write_struct(&png, &info);
		return err->code != ERR_NONE ? -1 : error_nomem(err);
	}
	png_set_write_fn(png, w, write_bytes, flush_bytes);
	write_header(png, info, w->image);
	write_rows(png, w);
	png_write_chunk(png, end, NULL, 0);
	png_destroy_write_struct(&png, &info);
	fill_palette(w, start);
	return 0;
}

int image_write(struct buf *out, const struct image *image, struct error *err)
{
	struct writer *w = mem_alloc(sizeof *w);
	int rc = -1;

	if (w == NULL)
		return error_nomem(err);
	w->out = out;
	w->image = image;
	w->err = err;
	w->piece = (struct buf)BUF_INIT;
	for (int i = 0; i < 2; i++)
		w->lines[i] = mem_alloc((size_t)image->width + 1);
	if (w->lines[0] == NULL || w->lines[1] == NULL)
		error_nomem(err);
	else
		rc = write_image(w);
	for (int i = 0; i < 2; i++)
		mem_free(w->lines[i]);
	buf_release(&w->piece);
	mem_free(w);
	return rc;
}
