#include "draw/fonts.h"

#include <math.h>
#include <string.h>

#include "draw/face.h"
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
		if (face_has(f->regular[0].face, code) && !face_has(f->regular[1].face, code))
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

	ck_assert_msg(fonts_init(&f, &err) == 0, "%s", err.text);
	code = only_in_normal(&f);
	a = fonts_width(&f, STYLE_NAME, "a");
	ck_assert_int_eq(f.nfallbacks, 0);
	if (code != 0) {
		write_utf8(odd, code);
		strcat(text, odd);
		strcat(text, "a");
		mixed = fonts_width(&f, STYLE_NAME, text);
		ck_assert_int_eq(f.nfallbacks, 1);
		ck_assert(face_has(f.fallbacks[0].face, code));
		ck_assert_double_ge(mixed, 2 * a);
		ck_assert_double_le(fabs(mixed - 2 * a - fonts_width(&f, STYLE_NAME, odd)), 2);
		/* It is asked for once. */
		fonts_width(&f, STYLE_TITLE, text);
		ck_assert_int_eq(f.nfallbacks, 1);
	}
	fonts_release(&f);
}
END_TEST

/* cairo would draw nothing of a text with a noncharacter: it is shown as replaced. */
START_TEST(test_fonts__what_no_font_has)
{
	struct fonts f;
	struct error err = ERROR_INIT;

	ck_assert_int_eq(fonts_init(&f, &err), 0);
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

	ck_assert_int_eq(fonts_init(&f, &err), 0);
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
	  test_fonts__what_no_font_has, test_fonts__elided)
