/* signature, IHDR, PLTE, tEXt or iTXt ..., IDAT ..., IEND. A chunk is its length, its
 * type, its bytes, and a CRC of the latter two. The palette is known only when all rows
 * are in: its place is kept free. */
#include "draw/png.h"

#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "draw/deflate.h"
#include "draw/palette.h"

enum { PIECE = 1 << 15 }; /* bytes of a chunk, or a few more */

struct writer {
	struct buf *out;
	const struct image *image;
	struct palette *palette;
	struct deflate *deflate;
	uint8_t *lines[2]; /* each a filter's byte (none) and a row's indices */
	struct buf piece;  /* compressed bytes that make no chunk yet */
	size_t chunk;      /* where the open chunk begins */
};

static void put_u32(uint8_t *to, uint32_t n)
{
	to[0] = (uint8_t)(n >> 24);
	to[1] = (uint8_t)(n >> 16);
	to[2] = (uint8_t)(n >> 8);
	to[3] = (uint8_t)n;
}

static void add_u32(struct buf *out, uint32_t n)
{
	uint8_t bytes[4];

	put_u32(bytes, n);
	buf_add(out, bytes, sizeof bytes);
}

static void open_chunk(struct writer *w, const char *type)
{
	w->chunk = w->out->len;
	add_u32(w->out, 0);
	buf_add(w->out, type, 4);
}

/* Fills in the length and the CRC of the chunk that begins at `start`. */
static uint32_t seal(struct buf *out, size_t start, size_t end)
{
	uint8_t *chunk = (uint8_t *)out->data + start;

	put_u32(chunk, (uint32_t)(end - start - 8));
	return (uint32_t)crc32(0, chunk + 4, (uInt)(end - start - 4));
}

static void close_chunk(struct writer *w)
{
	if (!w->out->failed)
		add_u32(w->out, seal(w->out, w->chunk, w->out->len));
}

static void write_header(struct writer *w)
{
	/* 8 bits, palette, deflate, the usual filters, not interlaced. */
	static const uint8_t kind[] = { 8, 3, 0, 0, 0 };

	buf_add(w->out, "\x89PNG\r\n\x1a\n", 8);
	open_chunk(w, "IHDR");
	add_u32(w->out, w->image->width);
	add_u32(w->out, w->image->height);
	buf_add(w->out, kind, sizeof kind);
	close_chunk(w);
}

/* tEXt is Latin-1, and what every tool shows; iTXt is UTF-8. */
static void write_note(struct writer *w, const struct image_note *note)
{
	bool ascii = true;

	if (note->text == NULL)
		return;
	for (const char *s = note->text; *s != '\0'; s++)
		ascii = ascii && (unsigned char)*s < 0x80;
	open_chunk(w, ascii ? "tEXt" : "iTXt");
	buf_add(w->out, note->key, strlen(note->key) + 1);
	if (!ascii)
		buf_add(w->out, "\0\0\0\0", 4); /* not compressed; no language, no other key */
	buf_adds(w->out, note->text);
	close_chunk(w);
}

static void fill_palette(struct writer *w, size_t at)
{
	uint8_t *chunk;
	uint32_t crc;

	if (w->out->failed)
		return;
	chunk = (uint8_t *)w->out->data + at;
	for (unsigned i = 0; i < w->palette->ncolours; i++) {
		chunk[8 + 3 * i] = (uint8_t)(w->palette->colours[i] >> 16);
		chunk[9 + 3 * i] = (uint8_t)(w->palette->colours[i] >> 8);
		chunk[10 + 3 * i] = (uint8_t)w->palette->colours[i];
	}
	crc = seal(w->out, at, at + 8 + 3 * PALETTE_SIZE);
	put_u32(chunk + 8 + 3 * PALETTE_SIZE, crc);
}

static void flush_piece(struct writer *w)
{
	open_chunk(w, "IDAT");
	buf_add(w->out, w->piece.data, w->piece.len);
	close_chunk(w);
	w->out->failed = w->out->failed || w->piece.failed;
	buf_clear(&w->piece);
}

static int write_rows(struct writer *w, struct error *err)
{
	const struct image *image = w->image;

	deflate_begin(w->deflate, &w->piece, image->width + 1);
	for (uint32_t y = 0; y < image->height; y++) {
		uint8_t *line = w->lines[y % 2];
		const uint32_t *pixels;

		if (image->row(image->arg, y, &pixels, err) < 0)
			return -1;
		/* No filter: even areas and what repeats from row to row are found
		 * best as they are. */
		line[0] = 0;
		palette_map(w->palette, line + 1, pixels, image->width);
		deflate_row(w->deflate, line, y != 0 ? w->lines[(y + 1) % 2] : NULL);
		if (w->piece.len >= PIECE)
			flush_piece(w);
	}
	deflate_end(w->deflate);
	flush_piece(w);
	return 0;
}

static int write_all(struct writer *w, struct error *err)
{
	static const char blank[3 * PALETTE_SIZE];
	size_t palette;

	write_header(w);
	open_chunk(w, "PLTE");
	palette = w->chunk;
	buf_add(w->out, blank, sizeof blank);
	close_chunk(w);
	for (size_t i = 0; i < w->image->nnotes; i++)
		write_note(w, &w->image->notes[i]);
	if (write_rows(w, err) < 0)
		return -1;
	fill_palette(w, palette);
	open_chunk(w, "IEND");
	close_chunk(w);
	return w->out->failed ? error_nomem(err) : 0;
}

int image_write(struct buf *out, const struct image *image, struct error *err)
{
	struct writer w = { .out = out, .image = image, .piece = BUF_INIT };
	int rc = -1;

	w.palette = mem_alloc(sizeof *w.palette);
	w.deflate = mem_alloc(sizeof *w.deflate);
	for (int i = 0; i < 2; i++)
		w.lines[i] = mem_alloc((size_t)image->width + 1);
	if (w.palette == NULL || w.deflate == NULL || w.lines[0] == NULL || w.lines[1] == NULL) {
		error_nomem(err);
		goto done;
	}
	palette_init(w.palette, image->colours, image->ncolours);
	rc = write_all(&w, err);
done:
	mem_free(w.palette);
	mem_free(w.deflate);
	mem_free(w.lines[0]);
	mem_free(w.lines[1]);
	buf_release(&w.piece);
	return rc;
}
