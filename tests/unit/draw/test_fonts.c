#include "draw/fonts.h"

#include <math.h>
#include <string.h>

#include "draw/page/find.h"
#include "leaks.h"
#include "unit.h"

static void write_utf8(char *to, uint32_t code)
{
	if (code < 0x800) {
		*to++ = (char)(0xC0 | code >> 6);
	} else {
		*to++ = (char)(0xE0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3F));
	}
	*to++ = (char)(0x80 | (code & 0x3F));
	*to = '\0';
}

/* One that the normal font has and the bold one has not, 0 where there is none. */
static uint32_t only_in_normal(const struct fonts *f)
{
	for (uint32_t code = 0x100; code < 0xD800; code++)
		if (face_has(f->faces.regular[0], code) && !face_has(f->faces.regular[1], code))
			return code;
	return 0;
}

START_TEST(test_fonts__what_the_font_lacks_comes_from_another)
{
	struct fonts f;
	struct error err = ERROR_INIT;
	char text[16] = "a", odd[8];
	uint32_t code;
	double a, mixed;

	ck_assert_msg(fonts_init(&f, find_font, &err) == 0, "%s", err.text);
	code = only_in_normal(&f);
	a = fonts_width(&f, STYLE_NAME, "a");
	ck_assert_int_eq(f.faces.nfallbacks, 0);
	if (code != 0) {
		write_utf8(odd, code);
		strcat(text, odd);
		strcat(text, "a");
		mixed = fonts_width(&f, STYLE_NAME, text);
		ck_assert_int_eq(f.faces.nfallbacks, 1);
		ck_assert(face_has(&f.faces.fallbacks[0], code));
		ck_assert_double_ge(mixed, 2 * a);
		ck_assert_double_le(fabs(mixed - 2 * a - fonts_width(&f, STYLE_NAME, odd)), 2);
		/* It is asked for once. */
		fonts_width(&f, STYLE_TITLE, text);
		ck_assert_int_eq(f.faces.nfallbacks, 1);
	}
	fonts_release(&f);
}
END_TEST

/* Nobody there who could find another font: something is drawn all the same. */
START_TEST(test_fonts__nobody_to_ask)
{
	struct fonts f;
	struct error err = ERROR_INIT;
	const char *text = "\xe4\xb8\xad";
	const struct letter *letter;

	ck_assert_int_eq(fonts_init(&f, NULL, &err), 0);
	letter = letters_next(&f.letters[STYLE_TEXT], &text);
	ck_assert_ptr_nonnull(letter);
	ck_assert_ptr_eq(letter->face, f.faces.regular[0]);
	ck_assert_str_eq(text, "");
	fonts_release(&f);
}
END_TEST

/* As many kinds of letters as there are: each is what it is when it comes again. */
START_TEST(test_fonts__many_letters)
{
	struct fonts f;
	struct error err = ERROR_INIT;
	char one[8];

	ck_assert_int_eq(fonts_init(&f, NULL, &err), 0);
	for (int turn = 0; turn < 2; turn++)
		for (uint32_t code = 0x80; code < 0x600; code++) {
			const struct letter *letter;
			const char *s = one;

			write_utf8(one, code);
			letter = letters_next(&f.letters[STYLE_TEXT], &s);
			ck_assert_ptr_nonnull(letter);
			ck_assert_uint_eq(letter->code, code);
			ck_assert_uint_eq(letter->glyph != 0, face_has(f.faces.regular[0], code));
		}
	ck_assert(!fonts_failed(&f));
	fonts_release(&f);
}
END_TEST

/* Letters of half the size are about half as large, and of each scale anew. */
START_TEST(test_fonts__scaled)
{
	struct fonts f;
	struct error err = ERROR_INIT;
	uint32_t height[3];

	ck_assert_int_eq(fonts_init(&f, NULL, &err), 0);
	for (int i = 0; i < 3; i++) {
		const char *s = "M";

		height[i] = letters_next(fonts_letters(&f, STYLE_TITLE, 1.0 / (i + 1)), &s)->mask.height;
	}
	ck_assert_ptr_eq(fonts_letters(&f, STYLE_TITLE, 1), &f.letters[STYLE_TITLE]);
	ck_assert_int_le(abs((int)height[0] - 2 * (int)height[1]), 2);
	ck_assert_int_le(abs((int)height[0] - 3 * (int)height[2]), 3);
	fonts_release(&f);
}
END_TEST

/* What is no character is shown as replaced. */
START_TEST(test_fonts__what_no_font_has)
{
	struct fonts f;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(fonts_init(&f, find_font, &err), 0);
	ck_assert_double_eq(fonts_width(&f, STYLE_TEXT, "a\xef\xb7\x90z\xf3\xaf\xbf\xbf"),
			    fonts_width(&f, STYLE_TEXT, "a\xef\xbf\xbdz\xef\xbf\xbd"));
	ck_assert_double_gt(fonts_width(&f, STYLE_TEXT, "\xef\xbf\xbd"), 0);
	fonts_release(&f);
}
END_TEST

START_TEST(test_fonts__elided)
{
	struct fonts f;
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	const char *name = "a_function_with_quite_a_long_name";
	double whole;
	const char *s;

	ck_assert_int_eq(fonts_init(&f, find_font, &err), 0);
	whole = fonts_width(&f, STYLE_NAME, name);
	ck_assert_ptr_eq(fonts_elide(&f, STYLE_NAME, name, whole, ELIDE_MIDDLE, &arena), name);
	for (double width = 30; width < whole; width += 7) {
		s = fonts_elide(&f, STYLE_NAME, name, width, ELIDE_MIDDLE, &arena);
		ck_assert_double_le(fonts_width(&f, STYLE_NAME, s), width);
		ck_assert_int_eq(s[0], 'a');
		ck_assert_ptr_nonnull(strstr(s, "\xe2\x80\xa6"));
	}
	s = fonts_elide(&f, STYLE_NAME, name, whole / 2, ELIDE_MIDDLE, &arena);
	ck_assert_int_eq(s[strlen(s) - 1], 'e');
	s = fonts_elide(&f, STYLE_NAME, name, whole / 2, ELIDE_END, &arena);
	ck_assert_str_eq(s + strlen(s) - 3, "\xe2\x80\xa6");
	arena_release(&arena);
	fonts_release(&f);
}
END_TEST

UNIT_MAIN("draw/fonts", test_fonts__what_the_font_lacks_comes_from_another,
	  test_fonts__nobody_to_ask, test_fonts__many_letters, test_fonts__scaled,
	  test_fonts__what_no_font_has, test_fonts__elided)
