#include "format/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum { LONGEST = 1100 }; /* more digits than any double has */

/* What stands between "0" and "5" when this locale writes a half. */
static size_t decimal_point(char *point, size_t size)
{
	char half[32];
	int n = snprintf(half, sizeof half, "%.1f", 0.5);
	size_t len = n > 2 ? (size_t)n - 2 : 0;

	if (len == 0 || len >= size || (size_t)n >= sizeof half)
		len = 0;
	memcpy(point, half + 1, len);
	point[len] = '\0';
	return len;
}

/* Puts a point where the locale's separator stands. */
static void to_c_locale(char *text)
{
	char point[16], *at;
	size_t len = decimal_point(point, sizeof point);

	if (len == 0 || strcmp(point, ".") == 0)
		return;
	at = strstr(text, point);
	if (at == NULL)
		return;
	*at = '.';
	memmove(at + 1, at + len, strlen(at + len) + 1);
}

char *number_put_thousandths(char *to, int width, double value)
{
	unsigned rest;
	uint64_t n;
	int before = 1; /* the point */

	if (!text_scale(value, 1000, &n))
		return NULL;
	/* As most of a profile's times are. */
	if (n == 0 && width == 8) {
		memcpy(to, "   0.000", 8);
		return to + 8;
	}
	rest = (unsigned)(n % 1000);
	n /= 1000;
	for (uint64_t tens = n; tens >= 10; tens /= 10)
		before++;
	memset(to, ' ', NUMBER_WIDTH_MAX);
	to += width > before + 4 ? width - before - 4 : 0;
	if (n < 10)
		*to++ = (char)('0' + n);
	else
		to = buf_digits(to, n);
	to[0] = '.';
	to[1] = (char)('0' + rest / 100);
	to[2] = (char)('0' + rest / 10 % 10);
	to[3] = (char)('0' + rest % 10);
	return to + 4;
}

void number_add_fixed(struct buf *out, int width, int decimals, double value)
{
	char text[400], *end = decimals == 3 && width <= NUMBER_WIDTH_MAX
			     ? number_put_thousandths(text, width, value) : NULL;

	/* Of times there are five a line, and printf takes its time. */
	if (end != NULL) {
		buf_add(out, text, (size_t)(end - text));
		return;
	}

	snprintf(text, sizeof text, "%.*f", decimals, value);
	to_c_locale(text);
	if ((size_t)width > strlen(text))
		buf_pad(out, ' ', (size_t)width - strlen(text));
	buf_adds(out, text);
}

void number_add_double(struct buf *out, double value)
{
	char text[64];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	to_c_locale(text);
	buf_adds(out, text);
}

void number_add_millionths(struct buf *out, uint64_t n)
{
	uint64_t rest = n % MILLIONTHS;

	buf_addu(out, n / MILLIONTHS);
	if (rest != 0)
		buf_addc(out, '.');
	for (uint64_t place = MILLIONTHS / 10; rest != 0; rest %= place, place /= 10)
		buf_addc(out, (char)('0' + rest / place));
}

bool number_parse(const char *s, size_t len, double *value)
{
	char text[LONGEST + 32], point[16], *end;
	const char *dot = memchr(s, '.', len);
	size_t npoint, before = dot ? (size_t)(dot - s) : len;

	if (len > LONGEST)
		return false;
	memcpy(text, s, before);
	if (dot == NULL) {
		text[len] = '\0';
	} else {
		npoint = decimal_point(point, sizeof point);
		memcpy(text + before, point, npoint);
		memcpy(text + before + npoint, dot + 1, len - before - 1);
		text[len - 1 + npoint] = '\0';
	}
	*value = strtod(text, &end);
	return end != text && *end == '\0' && isfinite(*value);
}
