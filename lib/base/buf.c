#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

void buf_release(struct buf *b)
{
	mem_free(b->data);
	*b = (struct buf)BUF_INIT;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

bool buf_reserve(struct buf *b, size_t extra)
{
	size_t need = b->len + extra;
	size_t cap = b->cap < 64 ? 64 : b->cap;
	char *grown;

	if (b->failed)
		return false;
	if (need < b->len || need > SIZE_MAX / 2) {
		b->failed = true;
		return false;
	}
	if (need <= b->cap)
		return true;
	while (cap < need)
		cap *= 2;
	grown = mem_realloc(b->data, cap);
	if (grown == NULL) {
		b->failed = true;
		return false;
	}
	b->data = grown;
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	if (len == 0)
		return;
	if ((b->failed || len > b->cap - b->len) && !buf_reserve(b, len))
		return;
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_pass_on(struct buf *b)
{
	if (b->failed)
		return;
	b->failed = b->sink->failed = !b->sink->take(b->sink, buf_bytes(b));
	b->len = 0;
}

void buf_pad(struct buf *b, char c, size_t n)
{
	if (n == 0 || !buf_reserve(b, n))
		return;
	memset(b->data + b->len, c, n);
	b->len += n;
}

void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	if (!buf_reserve(b, 64))
		return;
	va_copy(again, ap);
	n = vsnprintf(b->data + b->len, b->cap - b->len, fmt, ap);
	if (n >= 0 && (size_t)n >= b->cap - b->len) {
		if (buf_reserve(b, (size_t)n + 1))
			n = vsnprintf(b->data + b->len, b->cap - b->len, fmt, again);
		else
			n = -1;
	}
	va_end(again);
	if (n < 0)
		b->failed = true;
	else
		b->len += (size_t)n;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

static size_t count_digits(uint64_t n)
{
	size_t count = 1;

	for (; n >= 10000; n /= 10000)
		count += 4;
	return count + (n >= 10) + (n >= 100) + (n >= 1000);
}

char *buf_digits(char *to, uint64_t n)
{
	static const char pairs[] = "0001020304050607080910111213141516171819"
				    "2021222324252627282930313233343536373839"
				    "4041424344454647484950515253545556575859"
				    "6061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";
	char *end = to + count_digits(n), *at = end;

	for (; n >= 100; n /= 100) {
		at -= 2;
		memcpy(at, &pairs[n % 100 * 2], 2);
	}
	if (n >= 10)
		memcpy(to, &pairs[n * 2], 2);
	else
		*to = (char)('0' + n);
	return end;
}

void buf_addu(struct buf *b, uint64_t n)
{
	if (buf_reserve(b, BUF_DIGITS))
		b->len = (size_t)(buf_digits(b->data + b->len, n) - b->data);
}

const char *buf_str(struct buf *b)
{
	if (!buf_reserve(b, 1))
		return "";
	b->data[b->len] = '\0';
	return b->data;
}

struct bytes buf_bytes(const struct buf *b)
{
	struct bytes out = { (const uint8_t *)b->data, b->len };

	return out;
}
