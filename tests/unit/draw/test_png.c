/* The palette of a PNG: what libpng reads back. */
#include "draw/png.h"

#include "base/mem.h"
#include "decode.h"
#include "draw/palette.h"
#include "leaks.h"
#include "sample.h"
#include "unit.h"

static struct palette palette;

static int next_row(void *arg, uint32_t y, const uint8_t **row, struct error *err)
{
	(void)err;
	*row = (const uint8_t *)arg + (size_t)y * 64;
	return 0;
}

/* Of 4,096 colours those that were announced are exact, and all others near. */
START_TEST(test_png__colours)
{
	static const uint32_t exact[] = { 0xffffff, 0x0a5bd3, 0x123456, 0xfdeac0 };
	static const struct image_note notes[] = { { "Request", "GET /\xc3\xa9" },
						   { "Commit", "abc" }, { "Software", NULL } };
	uint32_t *pixels = malloc(64 * 64 * sizeof *pixels);
	uint8_t *indices = malloc(64 * 64);
	struct image image = { 64, 64, notes, 3, &palette, next_row, indices };
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct decoded d;
	int far = 0;

	for (uint32_t i = 0; i < 64 * 64; i++)
		pixels[i] = 0xff000000 | (i & 15) << 20 | (i >> 4 & 15) << 12 | (i >> 8) << 4;
	for (uint32_t i = 0; i < 4; i++)
		pixels[100 + i] = 0xff000000 | exact[i];
	palette_init(&palette, exact, 4);
	for (uint32_t i = 0; i < 64 * 64; i++)
		indices[i] = palette_near(&palette, pixels[i]);
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
	free(indices);
}
END_TEST

/* As many colours as a palette has are all exact, whatever comes later. */
START_TEST(test_png__palette)
{
	struct palette p;
	uint32_t colours[PALETTE_SIZE];
	uint64_t state = 4;

	/* Two by two in one cell, which is found as one colour. */
	for (uint32_t i = 0; i < PALETTE_SIZE; i++)
		colours[i] = (i & 15) << 20 | (i >> 5) << 12 | (i >> 4 & 1) << 1 | 0x10;
	palette_init(&p, colours, PALETTE_SIZE);
	ck_assert_uint_eq(p.ncolours, PALETTE_SIZE);
	for (uint32_t i = 0; i < 1000; i++)
		palette_near(&p, sample_next(&state) & 0xffffff);
	for (uint32_t i = 0; i < PALETTE_SIZE; i++) {
		ck_assert_uint_eq(p.colours[palette_index(&p, colours[i])], colours[i]);
		ck_assert_uint_eq(p.colours[palette_near(&p, colours[i])], colours[i] & ~2u);
	}
	ck_assert_uint_eq(p.ncolours, PALETTE_SIZE);
}
END_TEST

/* What was nearest is so until a nearer colour comes. */
START_TEST(test_png__palette_grows)
{
	const uint32_t first = 0x101010;
	struct palette p;

	palette_init(&p, &first, 1);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(p.colours[palette_index(&p, 0xff171717)], first);
	ck_assert_uint_eq(p.colours[palette_near(&p, 0x191919)], 0x191919);
	for (int i = 0; i < 2; i++)
		ck_assert_uint_eq(p.colours[palette_index(&p, 0x171717)], 0x191919);
	ck_assert_uint_eq(p.ncolours, 2);
}
END_TEST

static int fail_later(void *arg, uint32_t y, const uint8_t **row, struct error *err)
{
	*row = arg;
	return y < 20 ? 0 : error_set(err, ERR_REFUSED, "no row %u", (unsigned)y);
}

static bool write_failing(void *arg)
{
	static uint8_t pixels[64];
	const struct image_note note = { "Request", "GET /" };
	struct image image = { 64, 64, &note, 1, &palette, arg ? fail_later : next_row, NULL };
	uint8_t *all = calloc(64, 64);
	struct buf out = BUF_INIT;
	struct error err;
	int rc;

	image.arg = arg ? pixels : all;
	rc = image_write(&out, &image, &err);
	buf_release(&out);
	free(all);
	if (rc < 0 && arg != NULL && err.code == ERR_REFUSED)
		ck_assert_str_eq(err.text, "no row 20");
	else if (rc < 0)
		ck_assert_int_eq(err.code, ERR_NOMEM);
	return rc == 0;
}

/* Each allocation fails in turn, libpng's own as well. */
START_TEST(test_png__without_memory)
{
	size_t n = 0;

	do {
		mem_fail_at(++n, false);
	} while (!write_failing(NULL) && n < 1000);
	mem_fail_at(0, false);
	ck_assert_uint_gt(n, 3);
	ck_assert_uint_lt(n, 1000);
}
END_TEST

START_TEST(test_png__a_row_that_fails)
{
	static char yes;

	ck_assert(!write_failing(&yes));
}
END_TEST

UNIT_MAIN("draw/png", test_png__colours, test_png__palette, test_png__palette_grows,
	  test_png__without_memory, test_png__a_row_that_fails)
