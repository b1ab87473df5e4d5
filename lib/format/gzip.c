#include "format/gzip.h"

#include <limits.h>
#include <string.h>

#include "base/mem.h"

enum {
	WINDOW = 15 + 16, /* 32 KiB, with a gzip header */
	PIECE = 1 << 16,
	LEVEL = 6,
	/* Whatever its ratio: stacks of a deep recursion, of which we write some
	 * 40 MB, become next to nothing. */
	HARMLESS = 56 << 20,
	RATIO = 100 /* ten times that of other profiles, a tenth of a bomb's */
};

static void *allocate(void *opaque, uInt n, uInt size)
{
	(void)opaque;
	return mem_array(NULL, n, size);
}

static void release(void *opaque, void *p)
{
	(void)opaque;
	mem_free(p);
}

bool gzip_sniff(struct bytes in)
{
	return in.len >= 3 && in.data[0] == 0x1F && in.data[1] == 0x8B && in.data[2] == 8;
}

static size_t read_limit(struct bytes in, size_t max)
{
	size_t limit = in.len > SIZE_MAX / RATIO ? SIZE_MAX : in.len * RATIO;

	if (limit < HARMLESS)
		limit = HARMLESS;
	return limit < max ? limit : max;
}

/* Gives the stream the next piece of input; zlib counts in unsigned ints. */
static void feed(z_stream *z, struct bytes in, size_t *fed)
{
	size_t n = in.len - *fed;

	if (z->avail_in != 0 || n == 0)
		return;
	if (n > INT_MAX)
		n = INT_MAX;
	z->next_in = (Bytef *)(uintptr_t)(in.data + *fed);
	z->avail_in = (uInt)n;
	*fed += n;
}

static int inflate_error(struct error *err, int rc, size_t at)
{
	if (rc == Z_MEM_ERROR)
		return error_nomem(err);
	if (rc == Z_BUF_ERROR || rc == Z_OK)
		return error_set(err, ERR_FORMAT, "truncated at byte %zu", at);
	return error_set(err, ERR_FORMAT, "damaged gzip data before byte %zu", at);
}

/* All members of the file: gzip files may be put one behind another. */
static int inflate_all(z_stream *z, struct buf *out, struct bytes in, size_t limit,
		       struct error *err)
{
	size_t fed = 0, start = out->len;

	for (;;) {
		int rc;

		feed(z, in, &fed);
		if (!buf_reserve(out, PIECE))
			return error_nomem(err);
		z->next_out = (Bytef *)out->data + out->len;
		z->avail_out = PIECE;
		rc = inflate(z, Z_NO_FLUSH);
		out->len += PIECE - z->avail_out;
		if (out->len - start > limit)
			return error_set(err, ERR_FORMAT, "grows over %zu MB when unpacked",
					 limit >> 20);
		if (rc == Z_STREAM_END && z->avail_in == 0 && fed == in.len)
			return 0;
		if (rc == Z_STREAM_END)
			rc = inflateReset(z);
		else if (rc == Z_OK && z->avail_in == 0 && fed == in.len && z->avail_out != 0)
			rc = Z_BUF_ERROR;
		if (rc != Z_OK)
			return inflate_error(err, rc, fed - z->avail_in);
	}
}

int gzip_read(struct buf *out, struct bytes in, size_t max, struct error *err)
{
	z_stream z = { .zalloc = allocate, .zfree = release };
	int rc;

	if (inflateInit2(&z, WINDOW) != Z_OK)
		return error_nomem(err);
	rc = inflate_all(&z, out, in, read_limit(in, max), err);
	inflateEnd(&z);
	return rc;
}

void gzip_begin(struct gzip_writer *w, struct buf *out)
{
	memset(w, 0, sizeof *w);
	w->out = out;
	w->stream.zalloc = allocate;
	w->stream.zfree = release;
	w->begun = deflateInit2(&w->stream, LEVEL, Z_DEFLATED, WINDOW, 8, Z_DEFAULT_STRATEGY) ==
		   Z_OK;
	if (!w->begun)
		out->failed = true;
}

static void deflate_some(struct gzip_writer *w, int flush)
{
	int rc = Z_OK;

	do {
		if (!w->begun || !buf_reserve(w->out, PIECE))
			return;
		w->stream.next_out = (Bytef *)w->out->data + w->out->len;
		w->stream.avail_out = PIECE;
		rc = deflate(&w->stream, flush);
		w->out->len += PIECE - w->stream.avail_out;
	} while (w->stream.avail_in != 0 || (flush == Z_FINISH && rc == Z_OK));
}

void gzip_add(struct gzip_writer *w, const void *data, size_t len)
{
	const Bytef *at = data;

	while (len != 0 && !w->out->failed) {
		size_t n = len < INT_MAX ? len : INT_MAX;

		w->stream.next_in = (Bytef *)(uintptr_t)at;
		w->stream.avail_in = (uInt)n;
		deflate_some(w, Z_NO_FLUSH);
		at += n;
		len -= n;
	}
}

void gzip_end(struct gzip_writer *w)
{
	w->stream.avail_in = 0;
	deflate_some(w, Z_FINISH);
	if (w->begun)
		deflateEnd(&w->stream);
	w->begun = false;
}
