/* buf.h -- bytes that grow: what a writer fills. Running out of memory is
 * sticky: the writer appends on and asks buf_failed once at the end.
 */
#ifndef CPROF_BASE_BUF_H
#define CPROF_BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Where the content of a buf may go before all of it is there. Where it cannot be taken
 * `take` is false and remembers why; then the sink has failed, and the buf with it. */
struct buf_sink {
	bool (*take)(struct buf_sink *sink, struct bytes content);
	bool failed;
};

struct buf {
	char *data; /* not NUL-terminated; see buf_str */
	size_t len;
	size_t cap;
	bool failed;
	struct buf_sink *sink; /* borrowed; NULL: all is kept */
};

#define BUF_INIT { NULL, 0, 0, false, NULL }

/* How much a buf with a sink holds before it is passed on. */
enum { BUF_PASS = 1 << 16 };

void buf_release(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory, forgets a failure */

void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_pad(struct buf *b, char c, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap);

/* Unsigned decimal: printf costs ten times as much. */
void buf_addu(struct buf *b, uint64_t n);

/* The same at `to`, at most BUF_DIGITS characters; where they end. */
enum { BUF_DIGITS = 20 };
char *buf_digits(char *to, uint64_t n);

/* Makes room for `extra` more bytes; false without memory. */
bool buf_reserve(struct buf *b, size_t extra);

static inline void buf_addc(struct buf *b, char c)
{
	/* What failed has room, but no use for it. */
	if ((b->len < b->cap && !b->failed) || buf_reserve(b, 1))
		b->data[b->len++] = c;
}

/* The text so far with a NUL behind it; "" when nothing could be allocated.
 * Borrowed until the next append. */
const char *buf_str(struct buf *b);

/* For a writer that may write far more than was read: between two records, none of which
 * it looks at again. What there is may then be in the sink, and no longer in the buf. */
void buf_pass_on(struct buf *b);

static inline void buf_pass(struct buf *b)
{
	if (b->sink != NULL && b->len >= BUF_PASS)
		buf_pass_on(b);
}

/* The content as borrowed bytes. */
struct bytes buf_bytes(const struct buf *b);

#endif
