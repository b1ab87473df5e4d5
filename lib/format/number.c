#include "format/number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Thousandths, rounded as printf rounds: the double is m * 2^-shift, exactly, and
 * of 53 bits, so that m * 1000 fits. False for what is too large or no number. */
static bool to_thousandths(double value, uint64_t *thousandths)
{
	int exponent, shift;
	uint64_t m, rest, half;

	if (!(value >= 0 && value < 1e12))
		return false;
	m = (uint64_t)ldexp(frexp(value, &exponent), 53) * 1000;
	shift = 53 - exponent;
	if (shift > 63) {
		*thousandths = 0; /* m is below 2^63: less than half of one */
		return true;
	}
	rest = m & ((1ull << shift) - 1);
	half = 1ull << (shift - 1);
	*thousandths = m >> shift;
	*thousandths += rest > half || (rest == half && *thousandths % 2 != 0);
	return true;
}

/* Of times there are five a line, and printf takes its time. */
static bool add_thousandths(struct buf *out, int width, double value)
{
	char text[32], *at = text + sizeof text;
	uint64_t n;

	if (signbit(value) || !to_thousandths(value, &n))
		return false;
	for (int digits = 0; digits < 4 || n != 0; digits++) {
		if (digits == 3)
			*--at = '.';
		*--at = (char)('0' + n % 10);
		n /= 10;
	}
	while (text + sizeof text - at < width && at > text)
		*--at = ' ';
	buf_add(out, at, (size_t)(text + sizeof text - at));
	return true;
}

void number_add_fixed(struct buf *out, int width, int decimals, double value)
{
	char text[400];

	if (decimals == 3 && width <= 16 && add_thousandths(out, width, value))
		return;

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
