#include "draw/page/series.h"

#include <math.h>

#include "base/mem.h"
#include "decode.h"
#include "unit.h"

START_TEST(test_series__scale)
{
	static const struct {
		double most;
		enum series_unit unit;
		double top, step;
	} cases[] = {
		{ 0, SERIES_TIME, 1, 1 },      { 12, SERIES_TIME, 15, 5 },
		{ 19.4e6, SERIES_TIME, 20e6, 5e6 }, { 1e9, SERIES_TIME, 1e9, 2e8 },
		{ 3, SERIES_COUNT, 3, 1 },     { 0, SERIES_COUNT, 1, 1 },
		{ 2841, SERIES_COUNT, 3000, 1000 }, { 100, SERIES_COUNT, 100, 20 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct series_scale s = series_scale(cases[i].most, cases[i].unit);

		ck_assert_double_eq_tol(s.top, cases[i].top, 1e-6 * cases[i].top);
		ck_assert_double_eq_tol(s.step, cases[i].step, 1e-6 * cases[i].step);
	}
}
END_TEST

START_TEST(test_series__ticks)
{
	static const struct {
		double top, value;
		enum series_unit unit;
		const char *text;
	} cases[] = {
		{ 20e6, 5e6, SERIES_TIME, "5 ms" }, { 20e6, 0, SERIES_TIME, "0 ms" },
		{ 2e9, 5e8, SERIES_TIME, "0.5 s" }, { 2e9, 1.25e9, SERIES_TIME, "1.25 s" },
		{ 1e3, 1e3, SERIES_TIME, "1 us" },  { 10, 2, SERIES_TIME, "2 ns" },
		{ 1e9, 9.999999e8, SERIES_TIME, "1 s" },
		{ 3e12, 2e12, SERIES_TIME, "2,000 s" },
		{ 3000, 1500, SERIES_COUNT, "1,500" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct series_scale scale = { cases[i].top, 1 };
		struct buf text = BUF_INIT;

		series_tick(&text, &scale, cases[i].unit, cases[i].value);
		ck_assert_str_eq(buf_str(&text), cases[i].text);
		buf_release(&text);
	}
}
END_TEST

enum { MOST = 3000 };

static double value[MOST], none[MOST];
static struct series_mark marks[MOST];
static struct series_label labels[MOST];

static struct series series_of(size_t n, struct series_panel panels[2])
{
	static const struct series_note note = { "1a1a1a1", "wall +60 %", "Load the lines", 1 };

	for (size_t i = 0; i < MOST; i++) {
		value[i] = i % 7 == 3 ? (double)NAN : 1e6 * (double)(i % 5);
		none[i] = (double)NAN;
		marks[i] = (struct series_mark){ i % 3 == 1 ? "+60 %" : NULL, i % 2 ? 1 : -1 };
		labels[i] = (struct series_label){ "1a2b3c4", "2026-11-21" };
	}
	panels[0] = (struct series_panel){ "wall", SERIES_TIME, value, value, value, marks };
	panels[1] = (struct series_panel){ "calls", SERIES_COUNT, none, none, none, marks };
	return (struct series){ "GET /user/{id}", "a subtitle", n, labels, panels, 2, &note, 1 };
}

static bool has_colour(const struct decoded *d, unsigned r, unsigned g, unsigned b)
{
	for (size_t i = 0; i < (size_t)d->width * d->height; i++)
		if (d->rgb[3 * i] == r && d->rgb[3 * i + 1] == g && d->rgb[3 * i + 2] == b)
			return true;
	return false;
}

START_TEST(test_series__picture)
{
	static const size_t sizes[] = { 1, 2, 40, MOST };

	for (size_t i = 0; i < 4; i++) {
		struct series_panel panels[2];
		struct series s = series_of(sizes[i], panels);
		struct error err = ERROR_INIT;
		struct buf png = BUF_INIT;
		struct decoded d;

		ck_assert_msg(series_draw(&png, &s, &err) == 0, "%s", err.text);
		d = decode(&png);
		ck_assert_str_eq(d.request, "GET /user/{id}");
		ck_assert_uint_ge(d.width, 800);
		ck_assert_uint_le(d.width, 32767);
		ck_assert_uint_ge(d.height, 500);
		/* The line, and the change that the note tells of. */
		ck_assert(has_colour(&d, 0x0a, 0x5b, 0xd3));
		ck_assert(has_colour(&d, 0xc2, 0x3b, 0x2b));
		free(d.rgb);
		buf_release(&png);
	}
}
END_TEST

START_TEST(test_series__out_of_memory)
{
	struct series_panel panels[2];
	struct series s = series_of(3, panels);
	int rc = -1;

	for (size_t n = 1; rc < 0; n++) {
		struct error err = ERROR_INIT;
		struct buf png = BUF_INIT;

		mem_fail_at(n, true);
		rc = series_draw(&png, &s, &err);
		mem_fail_at(0, false);
		ck_assert_int_eq(rc < 0 ? err.code : ERR_NOMEM, ERR_NOMEM);
		buf_release(&png);
	}
}
END_TEST

UNIT_MAIN("draw/series", test_series__scale, test_series__ticks, test_series__picture,
	  test_series__out_of_memory)
