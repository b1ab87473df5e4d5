#include "draw/picture.h"

#include <stdio.h>

#include "base/mem.h"
#include "decode.h"
#include "failing.h"
#include "profile/derive.h"
#include "leaks.h"
#include "sample.h"
#include "unit.h"

static const struct picture_options options = PICTURE_OPTIONS_INIT;

static const struct caption caption = {
	.request = "GET /user/{id}",
	.status = "200 OK",
	.date = "2026-11-21 18:20:37",
	.commit = "3346cdb1f0e9a8b7c6d5e4f3a2b1c0d9e8f7a6b5",
	.branch = "main",
	.subject = "Lay out the library",
	.dirty = 1,
	.wall_ns = 5310000,
};

static struct decoded draw(const struct profile *p, const struct caption *c,
			   const struct picture_options *o)
{
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct decoded d;

	ck_assert_msg(picture_draw(&out, p, c, o, &err) == 0, "%s", err.text);
	d = decode(&out);
	buf_release(&out);
	return d;
}

/* A picture with a bit of everything about it: a middling share of paper, some
 * ink, a margin all around. */
static void check_sane(const struct decoded *d, double most_white)
{
	double white = decode_share(d, 255, 255, 255);

	ck_assert_msg(white < most_white, "%.1f %% of %u x %u is white", 100 * white, d->width,
		      d->height);
	ck_assert_double_gt(white, 0.2);
	for (uint32_t x = 0; x < d->width; x++)
		for (int k = 0; k < 3; k++) {
			ck_assert_uint_eq(d->rgb[3 * x + k], 255);
			ck_assert_uint_eq(
				d->rgb[3 * ((size_t)(d->height - 1) * d->width + x) + k], 255);
		}
}

/* As a request goes: a dozen functions deep, each with helpers of its own, that
 * call built-ins they share. */
static struct profile *request(void)
{
	struct profile *p = sample_new();
	uint64_t state = 11;
	uint32_t at = 0;
	char name[32];

	for (unsigned i = 0; i < 14; i++) {
		snprintf(name, sizeof name, "dispatch_%u", i);
		at = sample_calls(p, at, sample_function(p, "/srv/app/views.py", i, name, NULL), 1,
				  10000);
		for (unsigned k = 0; k < 3; k++) {
			uint32_t helper;

			snprintf(name, sizeof name, "helper_%u_%u", i, k);
			helper = sample_function(p, "/v/lib/python3.11/site-packages/flask/app.py",
						 10 * i + k, name, NULL);
			helper = sample_calls(p, at, helper, 1 + sample_next(&state) % 9,
					      5000 + sample_next(&state) % 20000);
			snprintf(name, sizeof name, "<built-in method builtins.f%u>",
				 sample_next(&state) % 20);
			sample_calls(p, helper, sample_function(p, "~", 0, name, NULL), 12,
				     4000 + sample_next(&state) % 9000);
		}
	}
	return p;
}

START_TEST(test_picture__size_and_chunks)
{
	struct profile *p = request();
	struct decoded d = draw(p, &caption, &options);

	ck_assert_str_eq(d.request, "GET /user/{id}");
	ck_assert_str_eq(d.commit, caption.commit);
	ck_assert_int_eq(strncmp(d.software, "cprof ", 6), 0);
	ck_assert_uint_ge(d.width, 560);
	ck_assert_uint_le(d.width, 4000);
	check_sane(&d, 0.80);
	free(d.rgb);
	profile_free(p);
}
END_TEST

START_TEST(test_picture__without_a_caption)
{
	struct profile *p = request();
	struct decoded d = draw(p, NULL, &options);

	ck_assert_str_eq(d.request, "");
	ck_assert_str_eq(d.commit, "");
	ck_assert_int_eq(strncmp(d.software, "cprof ", 6), 0);
	check_sane(&d, 0.80);
	free(d.rgb);
	profile_free(p);
}
END_TEST

/* A tangle of eighty boxes still fills a fifth of its picture. */
START_TEST(test_picture__share_of_white)
{
	struct profile *p = sample_random(3, 200, 900);
	struct decoded d = draw(p, &caption, &options);

	check_sane(&d, 0.88);
	free(d.rgb);
	profile_free(p);
}
END_TEST

/* Drawn as always, and then with `second`. */
static void assert_same_bytes(struct profile *p, const struct picture_options *second)
{
	struct buf a = BUF_INIT, b = BUF_INIT;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(picture_draw(&a, p, &caption, &options, &err), 0);
	ck_assert_int_eq(picture_draw(&b, p, &caption, second, &err), 0);
	ck_assert_uint_eq(a.len, b.len);
	ck_assert_mem_eq(a.data, b.data, a.len);
	buf_release(&a);
	buf_release(&b);
}

START_TEST(test_picture__same_bytes_each_time)
{
	struct profile *p = request();

	assert_same_bytes(p, &options);
	profile_free(p);
}
END_TEST

static void drop_costs(void *profile)
{
	profile_drop_costs(profile);
}

/* What was measured may go when there is the graph. */
START_TEST(test_picture__costs_dropped_on_the_way)
{
	struct profile *p = request();
	struct picture_options o = options;

	o.graph_made = drop_costs;
	o.arg = p;
	assert_same_bytes(p, &o);
	ck_assert(!profile_has_tree(p));
	profile_free(p);
}
END_TEST

static bool is_mark(const struct decoded *d, uint32_t x, uint32_t y)
{
	const uint8_t *at = d->rgb + 3 * ((size_t)y * d->width + x);

	return at[0] == 0x0a && at[1] == 0x5b && at[2] == 0xd3;
}

/* Bands are a matter of memory, not of looks. Every box of own code has its mark
 * on the left, as high as the box is (71 px) less its border; one that lies
 * across two bands is cut if either of them leaves it out. */
START_TEST(test_picture__bands_do_not_show)
{
	struct profile *p = request();
	struct decoded d = draw(p, &caption, &options);
	unsigned across = 0;

	ck_assert_uint_gt(d.height, 900);
	for (uint32_t x = 0; x < d.width; x++)
		for (uint32_t y = 0, end; y < d.height; y = end + 1) {
			for (end = y; end < d.height && is_mark(&d, x, end); end++)
				;
			if (end - y < 20) /* the legend's is 12 */
				continue;
			ck_assert_uint_ge(end - y, 60);
			ck_assert_uint_le(end - y, 71);
			across += y / 256 != end / 256;
		}
	ck_assert_uint_gt(across, 0);
	free(d.rgb);
	profile_free(p);
}
END_TEST

START_TEST(test_picture__nothing_to_show_is_a_picture)
{
	struct profile *p = profile_new(), *q = sample_new();
	struct decoded d = draw(p, &caption, &options);

	ck_assert_double_lt(decode_share(&d, 255, 255, 255), 0.99); /* it says so */
	ck_assert_uint_le(d.height, 200);
	free(d.rgb);
	d = draw(q, NULL, &options);
	ck_assert_double_lt(decode_share(&d, 255, 255, 255), 0.99);
	free(d.rgb);
	profile_free(p);
	profile_free(q);
}
END_TEST

START_TEST(test_picture__hostile_texts)
{
	static char huge[50000];
	static const char *const bad[] = { "\x1b[31m\xff\xfe", "\xc3(\xe2\x80\xae", "",
					   "a\nb\tc", huge };
	struct profile *p = sample_new();
	uint32_t top = sample_calls(p, 0, sample_function(p, "f.py", 1, "main", NULL), 1, 1);

	memset(huge, 'x', sizeof huge - 1);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct caption c = { bad[i], bad[i], bad[i], bad[i], bad[i], bad[i], -1, -5 };
		struct decoded d;

		sample_calls(p, top, sample_function(p, bad[i], 1, bad[i], bad[i]), 1, 100);
		d = draw(p, &c, &options);
		ck_assert_uint_le(d.width, 4000);
		for (const char *s = d.request; *s != '\0'; s++)
			ck_assert((unsigned char)*s >= 0x20);
		free(d.rgb);
	}
	profile_free(p);
}
END_TEST

/* Four hundred calls deep, each its own function: 39,000 px at 100 per cent. */
START_TEST(test_picture__never_larger_than_viewers_open)
{
	struct profile *p = sample_new();
	struct picture_options all = { .graph = { .max_nodes = 0 } };
	struct decoded d;
	uint32_t at = 0;

	for (unsigned i = 0; i < 400; i++) {
		char name[16];

		snprintf(name, sizeof name, "f%u", i);
		at = sample_calls(p, at, sample_function(p, "a.py", i, name, NULL), 1, 1);
	}
	d = draw(p, &caption, &all);
	ck_assert_uint_le(d.height, 32767);
	ck_assert_uint_ge(d.height, 32000);
	free(d.rgb);
	profile_free(p);
}
END_TEST

/* Without calls the picture of the same numbers is another one, and hardly larger. */
START_TEST(test_picture__sampled_has_no_calls)
{
	struct profile *p = request();
	struct decoded traced = draw(p, &caption, &options), sampled;

	p->sampled = true;
	sampled = draw(p, &caption, &options);
	ck_assert_double_le((double)sampled.width * sampled.height,
			    1.1 * traced.width * traced.height);
	ck_assert(sampled.width != traced.width || sampled.height != traced.height ||
		  memcmp(sampled.rgb, traced.rgb,
			 (size_t)traced.width * traced.height * 3) != 0);
	free(traced.rgb);
	free(sampled.rgb);
	profile_free(p);
}
END_TEST

static unsigned count_like(const struct decoded *d, int red)
{
	size_t n = (size_t)d->width * d->height;
	unsigned hits = 0;

	for (size_t i = 0; i < n; i++) {
		int r = d->rgb[3 * i], g = d->rgb[3 * i + 1], b = d->rgb[3 * i + 2];

		hits += red ? r > g + 90 : g > r + 60 && g > b + 20;
	}
	return hits;
}

/* Twice as slow is red, and the other way round green. */
START_TEST(test_picture__difference)
{
	struct profile *p = request(), *q = request();
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct decoded d;

	for (uint32_t i = 0; i < q->nnodes; i++)
		*profile_node_cum(q, i) *= 2;
	ck_assert_msg(picture_draw_diff(&out, p, q, &caption, &caption, &options, &err) == 0, "%s",
		      err.text);
	d = decode(&out);
	ck_assert_uint_gt(count_like(&d, 1), 20000);
	ck_assert_uint_lt(count_like(&d, 0), 6000); /* the legend's green field */
	free(d.rgb);
	buf_clear(&out);
	ck_assert_int_eq(picture_draw_diff(&out, q, p, NULL, NULL, &options, &err), 0);
	d = decode(&out);
	ck_assert_uint_gt(count_like(&d, 0), 20000);
	free(d.rgb);
	buf_clear(&out);
	q->sampled = true;
	ck_assert_int_eq(picture_draw_diff(&out, p, q, NULL, NULL, &options, &err), -1);
	ck_assert_int_eq((int)err.code, (int)ERR_REFUSED);
	ck_assert_uint_eq(out.len, 0);
	buf_release(&out);
	profile_free(p);
	profile_free(q);
}
END_TEST

static char *drawn(const struct profile *p, const char *theme, const struct picture_format *format,
		   size_t *len)
{
	struct picture_options o = PICTURE_OPTIONS_INIT;
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	char *copy;

	o.theme = theme;
	o.format = format;
	ck_assert_msg(picture_draw(&out, p, &caption, &o, &err) == 0, "%s", err.text);
	*len = out.len;
	copy = malloc(out.len + 1);
	memcpy(copy, out.data, out.len);
	copy[out.len] = '\0';
	buf_release(&out);
	return copy;
}

static unsigned count_of(const char *text, const char *what)
{
	unsigned n = 0;

	for (const char *s = strstr(text, what); s != NULL; s = strstr(s + 1, what))
		n++;
	return n;
}

START_TEST(test_picture__svg)
{
	struct profile *p = request();
	uint32_t bad = sample_function(p, "/srv/<a> \"b\"&.py", 1, "<script>alert(1)</script>",
				       NULL);
	size_t len;
	char *svg;

	sample_calls(p, 0, bad, 1, 90000);
	svg = drawn(p, "light", &picture_svg, &len);
	ck_assert_int_eq(strncmp(svg, "<svg xmlns=", 11), 0);
	ck_assert_uint_eq(strlen(svg), len);
	ck_assert_ptr_nonnull(strstr(svg, "<title>GET /user/{id}</title>"));
	ck_assert_ptr_nonnull(strstr(svg, caption.commit));
	/* A box for each function, with a tooltip, and a link where its file has a path. */
	ck_assert_uint_gt(count_of(svg, "<g class=\"n\" id="), 14 + 42 + 1);
	ck_assert_ptr_nonnull(strstr(svg, "<a href=\"file:///srv/%3Ca%3E%20%22b%22%26.py\">"));
	ck_assert_ptr_nonnull(strstr(svg, "&lt;script&gt;alert(1)&lt;/script&gt;"));
	ck_assert_uint_eq(count_of(svg, "<script>"), 1);
	ck_assert_uint_eq(count_of(svg, "<a href=\"file://"), 14 + 42 + 1);
	ck_assert_uint_eq(count_of(svg, "</a>"), 14 + 42 + 1);
	ck_assert_uint_eq(count_of(svg, "<g "), count_of(svg, "</g>"));
	free(svg);
	profile_free(p);
}
END_TEST

/* Without colours, too: each way to differ has a shape of its own, and the legend those
 * that are there. */
START_TEST(test_picture__shapes_of_a_difference)
{
	struct profile *p = sample_new(), *q = sample_new();
	static const struct { const char *name; int64_t old, new; } made[] = {
		{ "slow", 100, 200 }, { "quick", 100, 20 }, { "even", 100, 100 },
		{ "added", 0, 90 }, { "dropped", 90, 0 },
	};
	struct picture_options o = PICTURE_OPTIONS_INIT;
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	const char *svg;

	for (size_t i = 0; i < 5; i++) {
		if (made[i].old != 0)
			sample_calls(p, 0, sample_function(p, "a.py", 1, made[i].name, NULL), 1,
				     made[i].old);
		if (made[i].new != 0)
			sample_calls(q, 0, sample_function(q, "a.py", 1, made[i].name, NULL), 1,
				     made[i].new);
	}
	o.format = &picture_svg;
	ck_assert_int_eq(picture_draw_diff(&out, p, q, NULL, NULL, &o, &err), 0);
	svg = buf_str(&out);
	for (size_t i = 0; i < 4; i++) {
		static const char *const items[] = { ">slower</text>", ">faster</text>",
						     ">new</text>", ">gone</text>" };

		ck_assert_uint_ge(count_of(svg, items[i]), 1);
	}
	/* Five boxes and four in the legend; of each the one that is gone is dashed. */
	ck_assert_uint_eq(count_of(svg, "Z\" fill=\"#") - 2 /* signs */, 9);
	ck_assert_uint_eq(count_of(svg, "stroke-dasharray"), 2);
	buf_clear(&out);
	ck_assert_int_eq(picture_draw_diff(&out, p, p, NULL, NULL, &o, &err), 0);
	svg = buf_str(&out);
	ck_assert_ptr_null(strstr(svg, ">slower</text>"));
	ck_assert_ptr_null(strstr(svg, ">gone</text>"));
	buf_release(&out);
	profile_free(p);
	profile_free(q);
}
END_TEST

START_TEST(test_picture__themes)
{
	static const struct { const char *name; uint8_t paper[3]; } themes[] = {
		{ "light", { 255, 255, 255 } }, { "dark", { 0x15, 0x18, 0x1d } },
		{ "print", { 255, 255, 255 } }, { "gprof2dot", { 255, 255, 255 } },
	};
	struct picture_options o = PICTURE_OPTIONS_INIT;
	struct profile *p = request();
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < sizeof themes / sizeof themes[0]; i++) {
		struct decoded d;

		o.theme = themes[i].name;
		d = draw(p, &caption, &o);
		ck_assert_double_gt(decode_share(&d, themes[i].paper[0], themes[i].paper[1],
						 themes[i].paper[2]), 0.3);
		if (strcmp(themes[i].name, "print") == 0)
			for (size_t k = 0; k < (size_t)d.width * d.height; k++)
				ck_assert(d.rgb[3 * k] == d.rgb[3 * k + 1] &&
					  d.rgb[3 * k] == d.rgb[3 * k + 2]);
		free(d.rgb);
	}
	o.theme = "pink";
	ck_assert_int_eq(picture_draw(&out, p, &caption, &o, &err), -1);
	ck_assert_int_eq((int)err.code, (int)ERR_NOT_FOUND);
	ck_assert_uint_eq(out.len, 0);
	profile_free(p);
}
END_TEST

static int run(void *arg, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = picture_draw(&out, arg, &caption, &options, err);

	buf_release(&out);
	return rc;
}

static int run_diff(void *arg, struct error *err)
{
	struct buf out = BUF_INIT;
	int rc = picture_draw_diff(&out, arg, arg, &caption, &caption, &options, err);

	buf_release(&out);
	return rc;
}

static int run_svg(void *arg, struct error *err)
{
	struct picture_options o = PICTURE_OPTIONS_INIT;
	struct buf out = BUF_INIT;
	int rc;

	o.format = &picture_svg;
	o.theme = "gprof2dot";
	rc = picture_draw(&out, arg, &caption, &o, err);
	buf_release(&out);
	return rc;
}

START_TEST(test_picture__out_of_memory)
{
	struct profile *p = sample_new();
	uint32_t top = sample_calls(p, 0, sample_function(p, "a.py", 1, "main", NULL), 1, 10);

	sample_calls(p, top, sample_function(p, "~", 0, "<built-in method builtins.len>", NULL), 2,
		     30);
	ck_assert_uint_gt(fail_each_allocation(run, p), 60);
	ck_assert_uint_gt(fail_each_allocation(run_diff, p), 60);
	ck_assert_uint_gt(fail_each_allocation(run_svg, p), 30);
	profile_free(p);
}
END_TEST

UNIT_MAIN("draw/picture", test_picture__size_and_chunks, test_picture__without_a_caption,
	  test_picture__share_of_white, test_picture__same_bytes_each_time,
	  test_picture__costs_dropped_on_the_way,
	  test_picture__bands_do_not_show, test_picture__nothing_to_show_is_a_picture,
	  test_picture__hostile_texts, test_picture__never_larger_than_viewers_open,
	  test_picture__sampled_has_no_calls, test_picture__difference,
	  test_picture__svg, test_picture__shapes_of_a_difference,
	  test_picture__themes,
	  test_picture__out_of_memory)
