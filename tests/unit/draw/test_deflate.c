/* The compression of a PNG's rows: what zlib reads back. */
#include "draw/deflate.h"

#include <zlib.h>

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
START_TEST(test_deflate__zlib_reads_what_was_deflated)
{
	static const uint32_t widths[] = { 2, 3, 4, 5, 6, 9, 258, 259, 260, 261, 517, 1000, 4097,
					   32768 };
	uint64_t state = 9;

	for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
		for (int kind = 0; kind < 6; kind++) {
			uint32_t width = widths[w], height = 1 + 70000 / width;
			size_t n = (size_t)width * height;
			uint8_t *rows = malloc(n);

			for (size_t i = 0; i < n; i++) {
				uint32_t r = sample_next(&state);

				rows[i] = (uint8_t)(kind == 0   ? 0
						    : kind == 1 ? r
						    : kind == 2 ? r % 97 == 0
						    : kind == 3 ? i % width / 7
						    : kind == 4 ? (i % 61 < 40 ? 0 : r)
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
START_TEST(test_deflate__codes_are_never_too_long)
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

START_TEST(test_deflate__even_areas_take_no_room)
{
	uint8_t *rows = calloc(1000, 1000);

	ck_assert_uint_lt(round_trip(rows, 1000, 1000), 8000);
	free(rows);
}
END_TEST

UNIT_MAIN("draw/deflate", test_deflate__zlib_reads_what_was_deflated,
	  test_deflate__codes_are_never_too_long, test_deflate__even_areas_take_no_room)
