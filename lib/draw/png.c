/* RFC 2083: a signature, then chunks of a length, a type, bytes, and the CRC of both. */
#include "draw/png.h"

#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "draw/deflate.h"

enum {
	PIECE = 1 << 15, /* bytes of a chunk of compressed rows, or some more */
	AROUND = 8, /* a chunk's bytes begin behind its length and type */
	PLTE_AT = 8 + 25 /* behind the signature and IHDR */
};

struct writer {
	struct buf *out;
	const struct image *image;
	struct deflate deflate;
	uint8_t *lines[2]; /* each a filter's byte (none) and a row's indices */
};

static void put_u32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void add_u32(struct buf *out, uint32_t value)
{
	uint8_t bytes[4];

	put_u32(bytes, value);
	buf_add(out, bytes, sizeof bytes);
}

/* Where the chunk begins, for end_chunk. */
static size_t begin_chunk(struct buf *out, const char *type)
{
	size_t at = out->len;

	add_u32(out, 0);
	buf_add(out, type, 4);
	return at;
}

static void end_chunk(struct buf *out, size_t at)
{
	uint8_t *chunk;

	if (out->failed)
		return;
	chunk = (uint8_t *)out->data + at;
	put_u32(chunk, (uint32_t)(out->len - at - AROUND));
	add_u32(out, (uint32_t)crc32(0, chunk + 4, (uInt)(out->len - at - 4)));
}

/* tEXt is Latin-1, and what every tool shows; iTXt is UTF-8, and here neither compressed
 * nor said to be of a language. */
static void write_note(struct buf *out, const struct image_note *note)
{
	bool ascii = true;
	size_t at;

	for (const char *s = note->text; *s != '\0'; s++)
		ascii = ascii && (unsigned char)*s < 0x80;
	at = begin_chunk(out, ascii ? "tEXt" : "iTXt");
	buf_add(out, note->key, strlen(note->key) + 1);
	buf_pad(out, '\0', ascii ? 0 : 4);
	buf_adds(out, note->text);
	end_chunk(out, at);
}

static void write_header(struct buf *out, const struct image *image)
{
	static const char signature[] = "\x89PNG\r\n\x1a\n";
	/* 8 bits, a palette; the one compression and filtering there is, not interlaced. */
	static const uint8_t kind[] = { 8, 3, 0, 0, 0 };
	size_t at;

	buf_adds(out, signature);
	at = begin_chunk(out, "IHDR");
	add_u32(out, image->width);
	add_u32(out, image->height);
	buf_add(out, kind, sizeof kind);
	end_chunk(out, at);
	at = begin_chunk(out, "PLTE");
	buf_pad(out, '\0', 3 * PALETTE_SIZE);
	end_chunk(out, at);
	for (size_t i = 0; i < image->nnotes; i++)
		if (image->notes[i].text != NULL)
			write_note(out, &image->notes[i]);
}

static int write_rows(struct writer *w, struct error *err)
{
	const struct image *image = w->image;
	size_t at = begin_chunk(w->out, "IDAT");

	deflate_begin(&w->deflate, w->out, image->width + 1);
	for (uint32_t y = 0; y < image->height; y++) {
		uint8_t *line = w->lines[y % 2];
		const uint8_t *indices;

		if (image->row(image->arg, y, &indices, err) < 0)
			return -1;
		/* No filter: even areas and what repeats from row to row are found
		 * best as they are. */
		line[0] = 0;
		memcpy(line + 1, indices, image->width);
		deflate_row(&w->deflate, line, y != 0 ? w->lines[(y + 1) % 2] : NULL);
		if (w->out->failed)
			return error_nomem(err);
		if (w->out->len - at - AROUND >= PIECE) {
			end_chunk(w->out, at);
			at = begin_chunk(w->out, "IDAT");
		}
	}
	deflate_end(&w->deflate);
	end_chunk(w->out, at);
	return 0;
}

/* The colours are known when all rows are in: the chunk has stood empty until now. */
static void fill_palette(struct writer *w, size_t start)
{
	const struct palette *palette = w->image->palette;
	uint8_t *type = (uint8_t *)w->out->data + start + PLTE_AT + 4;
	uint8_t *at = type + 4;

	for (unsigned i = 0; i < palette->ncolours; i++, at += 3) {
		at[0] = (uint8_t)(palette->colours[i] >> 16);
		at[1] = (uint8_t)(palette->colours[i] >> 8);
		at[2] = (uint8_t)palette->colours[i];
	}
	put_u32(type + 4 + 3 * PALETTE_SIZE, (uint32_t)crc32(0, type, 4 + 3 * PALETTE_SIZE));
}

static int write_image(struct writer *w, struct error *err)
{
	size_t start = w->out->len;

	write_header(w->out, w->image);
	if (write_rows(w, err) < 0)
		return -1;
	end_chunk(w->out, begin_chunk(w->out, "IEND"));
	if (w->out->failed)
		return error_nomem(err);
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
	for (int i = 0; i < 2; i++)
		w->lines[i] = mem_alloc((size_t)image->width + 1);
	if (w->lines[0] == NULL || w->lines[1] == NULL)
		error_nomem(err);
	else
		rc = write_image(w, err);
	for (int i = 0; i < 2; i++)
		mem_free(w->lines[i]);
	mem_free(w);
	return rc;
}
