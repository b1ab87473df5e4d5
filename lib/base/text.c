#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void three_digits(struct buf *out, double value, const char *unit)
{
	int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

	buf_printf(out, "%.*f %s", decimals, value, unit);
}

void text_time(struct buf *out, int64_t ns)
{
	double value = fabs((double)ns);

	if (ns < 0)
		buf_addc(out, '-');
	if (value < 999.5)
		buf_printf(out, "%.0f ns", value);
	else if (value < 999.5e3)
		three_digits(out, value / 1e3, "us");
	else if (value < 999.5e6)
		three_digits(out, value / 1e6, "ms");
	else
		three_digits(out, value / 1e9, "s");
}

void text_count(struct buf *out, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n);

	for (int i = 0; i < len; i++) {
		if (i != 0 && (len - i) % 3 == 0)
			buf_addc(out, ',');
		buf_addc(out, digits[i]);
	}
}

void text_size(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	double value = (double)bytes;
	int u = -1;

	if (bytes < 1000) {
		buf_printf(out, "%llu B", (unsigned long long)bytes);
		return;
	}
	while (value >= 999.5) {
		value /= 1000;
		u++;
	}
	three_digits(out, value, units[u]);
}

size_t text_utf8(const char *s, size_t left, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)s;
	size_t len;
	uint32_t c;

	if (left == 0)
		return 0;
	if (p[0] < 0x80) {
		*code = p[0];
		return 1;
	}
	len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
	if (p[0] < 0xC2 || p[0] > 0xF4 || left < len)
		return 0;
	c = p[0] & (0xFFu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3F);
	}
	if (c < least[len] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 0;
	*code = c;
	return len;
}

bool text_is_unprintable(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

/* Most of what is printed is ASCII: eight at a time. A top bit is set where a
 * character has it, is less than ' ', or is a DEL. */
size_t text_plain_length(const char *s, size_t left)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t word;
	size_t len = 0;

	for (; left - len >= sizeof word; len += sizeof word) {
		memcpy(&word, s + len, sizeof word);
		if (((word | (word - ones * ' ') | (word + ones)) & ones << 7) != 0)
			break;
	}
	while (len < left && s[len] >= ' ' && s[len] <= '~')
		len++;
	return len;
}

void text_printable(struct buf *out, const char *s)
{
	size_t left = strlen(s);

	while (left != 0) {
		size_t plain = text_plain_length(s, left), len;
		uint32_t code;

		buf_add(out, s, plain);
		s += plain;
		left -= plain;
		len = text_utf8(s, left, &code);
		if (left == 0)
			return;
		if (len != 0 && !text_is_unprintable(code)) {
			buf_add(out, s, len);
		} else {
			len = len ? len : 1;
			for (size_t i = 0; i < len; i++)
				buf_printf(out, "\\x%02x", (unsigned char)s[i]);
		}
		s += len;
		left -= len;
	}
}

void text_xml(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		switch (*s) {
		case '&':
			buf_adds(out, "&amp;");
			break;
		case '<':
			buf_adds(out, "&lt;");
			break;
		case '>':
			buf_adds(out, "&gt;");
			break;
		case '"':
			buf_adds(out, "&quot;");
			break;
		case '\xef':
			if (s[1] == '\xbf' && (unsigned char)s[2] >= 0xbe) {
				buf_addc(out, '?');
				s += 2;
				break;
			}
			/* fall through */
		default:
			buf_addc(out, *s);
		}
	}
}

/* The double is m * 2^-shift, exactly, and m of 53 bits, so that m * 1000 fits. */
bool text_scale(double value, unsigned scale, uint64_t *n)
{
	uint64_t bits, m, rest, half;
	unsigned shift;

	memcpy(&bits, &value, sizeof bits);
	if (!(value < 1e12) || bits >> 63)
		return false;
	shift = 1075 - (unsigned)(bits >> 52);
	if (shift > 63) {
		*n = 0; /* m * 1000 is below 2^63: less than half of one */
		return true;
	}
	m = ((bits & ((1ull << 52) - 1)) | 1ull << 52) * scale;
	rest = m & ((1ull << shift) - 1);
	half = 1ull << (shift - 1);
	*n = m >> shift;
	*n += rest > half || (rest == half && *n % 2 != 0);
	return true;
}

size_t text_width(const char *s)
{
	size_t width = 0;

	for (; *s != '\0'; s++)
		width += ((unsigned char)*s & 0xC0) != 0x80;
	return width;
}
