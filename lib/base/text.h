/* text.h -- numbers and foreign text for people to read. */
#ifndef CPROF_BASE_TEXT_H
#define CPROF_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Three significant digits with a unit: "738 ms", "2.12 s", "41.0 us", "7 ns";
 * a minus for less than none. */
void text_time(struct buf *out, int64_t ns);
/* "1,234,567" */
void text_count(struct buf *out, uint64_t n);
/* "1.5 MB" (powers of 1000) */
void text_size(struct buf *out, uint64_t bytes);

/* Foreign text for one line of a terminal: control characters, escapes and
 * bytes that are not UTF-8 appear as \xNN; bidirectional overrides too. */
void text_printable(struct buf *out, const char *s);

/* Printable text for XML, escaped where that means something by it; '?' for U+FFFE and
 * U+FFFF, which it does not know. */
void text_xml(struct buf *out, const char *s);

/* How many of the first characters are printable ASCII. */
size_t text_plain_length(const char *s, size_t left);

/* What could move a terminal's cursor, colour it, or turn the text around. */
bool text_is_unprintable(uint32_t code);

/* value * scale, of up to 1000, rounded as printf rounds, which takes ten times as
 * long. False for less than 0, too large, or no number. */
bool text_scale(double value, unsigned scale, uint64_t *n);

/* Columns that printable text takes: one per code point. */
size_t text_width(const char *s);

/* The length of the well-formed UTF-8 character at s (1 to 4), 0 if there is
 * none; *code is its code point. `left` bytes may be read. */
size_t text_utf8(const char *s, size_t left, uint32_t *code);

#endif
