/* The palette and the compression of a PNG: what libpng and zlib read back. */
#include "draw/png.h"

#include <zlib.h>

#include "base/mem.h"
#include "decode.h"
#include "draw/deflate.h"
#include "draw/palette.h"
#include "leaks.h"
#include "sample.h"
#include "unit.h"

/* Deflates rows and inflates them by zlib. */
static size_t round_trip(const uint8_t *rows, uint32_t width, uint32_t height)
{
	struct deflate *d = malloc(sizeof *d);
	struct buf out = BUF_INIT;
	uLongf len = (uLongf)width * height;
	uint8_t *back = malloc(len + 1);
	size_t size;

	deflate_begin(d, &out, width);
	for (uint32_t y = 0; y < height; y++)
		deflate_row(d, rows + (size_t)y * width, y ? rows + (size_t)(y - 1) * width : NULL);
	deflate_end(d);
	ck_assert(!out.failed);
	ck_assert_int_eq(uncompress(back, &len, (const Bytef *)out.data, out.len), Z_OK);
	ck_assert_uint_eq(len, (size_t)width * height);
	ck_assert_mem_eq(back, rows, len);
	size = out.len;
	buf_release(&out);
	free(back);
	free(d);
	return size;
}

/* Rows of every kind and each number of bytes that needs another distance code. */
START_TEST(test_png__zlib_reads_what_was_deflated)
{
	static const uint32_t widths[] = { 2, 3, 4, 5, 6, 9, 258, 259, 260, 261, 517, 1000, 4097,
					   32768 };
	uint64_t state = 9;

	for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
		for (int kind = 0; kind < 5; kind++) {
			uint32_t width = widths[w], height = 1 + 70000 / width;
			size_t n = (size_t)width * height;
			uint8_t *rows = malloc(n);

			for (size_t i = 0; i < n; i++) {
				uint32_t r = sample_next(&state);

				rows[i] = (uint8_t)(kind == 0   ? 0
						    : kind == 1 ? r
						    : kind == 2 ? r % 97 == 0
						    : kind == 3 ? i % width / 7
						    : i == 0 || r % 50 == 0 ? r
									    : rows[i - 1]);
			}
			round_trip(rows, width, height);
			free(rows);
		}
}
END_TEST

/* Counts as far apart as Fibonacci's make the longest codes: more than 15 bits, were they
 * not limited. */
START_TEST(test_png__codes_are_never_too_long)
{
	uint8_t *rows = malloc(1 << 16);
	uint32_t n = 0, a = 1, b = 1;

	for (unsigned byte = 0; byte < 22 && n + b < 1 << 15; byte++) {
		uint32_t next = a + b;

		for (uint32_t i = 0; i < b; i++, n++)
			rows[n] = (uint8_t)byte;
		a = b;
		b = next;
	}
	/* Mixed, so that each byte is a token of its own. */
	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = (uint32_t)((uint64_t)i * 7919 % n);
		uint8_t byte = rows[i];

		rows[i] = rows[k];
		rows[k] = byte;
	}
	round_trip(rows, n, 1);
	free(rows);
}
END_TEST

START_TEST(test_png__even_areas_take_no_room)
{
	uint8_t *rows = calloc(1000, 1000);

	ck_assert_uint_lt(round_trip(rows, 1000, 1000), 8000);
	free(rows);
}
END_TEST

static int next_row(void *arg, uint32_t y, const uint32_t **row, struct error *err)
{
	(void)err;
	*row = (const uint32_t *)arg + (size_t)y * 64;
	return 0;
}

/* Of 4,096 colours those that were announced are exact, and all others near. */
START_TEST(test_png__colours)
{
	static const uint32_t exact[] = { 0xffffff, 0x0a5bd3, 0x123456, 0xfdeac0 };
	static const struct image_note notes[] = { { "Request", "GET /\xc3\xa9" },
						   { "Commit", "abc" }, { "Software", NULL } };
	uint32_t *pixels = malloc(64 * 64 * sizeof *pixels);
	struct image image = { 64, 64, notes, 3, exact, 4, next_row, pixels };
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct decoded d;
	int far = 0;

	for (uint32_t i = 0; i < 64 * 64; i++)
		pixels[i] = 0xff000000 | (i & 15) << 20 | (i >> 4 & 15) << 12 | (i >> 8) << 4;
	for (uint32_t i = 0; i < 4; i++)
		pixels[100 + i] = 0xff000000 | exact[i];
	ck_assert_int_eq(image_write(&out, &image, &err), 0);
	d = decode(&out);
	ck_assert_str_eq(d.request, "GET /\xc3\xa9");
	ck_assert_str_eq(d.commit, "abc");
	ck_assert_str_eq(d.software, "");
	for (uint32_t i = 0; i < 64 * 64; i++) {
		const uint8_t *at = d.rgb + 3 * i;
		uint32_t got = (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];

		if (i >= 100 && i < 104)
			ck_assert_uint_eq(got, exact[i - 100]);
		for (int k = 0; k < 3; k++)
			far = abs(at[k] - (int)(pixels[i] >> (16 - 8 * k) & 0xff)) > 48 ? far + 1
											: far;
	}
	ck_assert_int_lt(far, 64 * 64 / 2);
	free(d.rgb);
	buf_release(&out);
	free(pixels);
}
END_TEST

/* As many colours as a palette has are all exact, whatever comes later. */
START_TEST(test_png__palette)
{
	struct palette p;
	uint32_t colours[PALETTE_SIZE], noise[1000];
	uint8_t to[1000];
	uint64_t state = 4;

	for (uint32_t i = 0; i < PALETTE_SIZE; i++)
		colours[i] = (i & 15) << 20 | (i >> 4) << 12 | 0x10;
	palette_init(&p, colours, PALETTE_SIZE);
	ck_assert_uint_eq(p.ncolours, PALETTE_SIZE);
	for (uint32_t i = 0; i < 1000; i++)
		noise[i] = sample_next(&state) & 0xffffff;
	palette_map(&p, to, noise, 1000);
	palette_map(&p, to, colours, PALETTE_SIZE);
	for (uint32_t i = 0; i < PALETTE_SIZE; i++)
		ck_assert_uint_eq(p.colours[to[i]], colours[i]);
	ck_assert_uint_eq(p.ncolours, PALETTE_SIZE);
}
END_TEST

UNIT_MAIN("draw/png", test_png__zlib_reads_what_was_deflated, test_png__codes_are_never_too_long,
	  test_png__even_areas_take_no_room, test_png__colours, test_png__palette)
