/* number.h -- doubles as text and back, the same in every locale: a web
 * application may have called setlocale(LC_ALL, ""), after which printf and
 * strtod mean a comma.
 */
#ifndef CPROF_FORMAT_NUMBER_H
#define CPROF_FORMAT_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* As printf("%*.*f"). */
void number_add_fixed(struct buf *out, int width, int decimals, double value);

/* The same of three decimals, at `to`, where NUMBER_PUT_MAX bytes fit, of a width of
 * NUMBER_WIDTH_MAX at most, and without a NUL: the end, or NULL where the value is less
 * than 0, large, or no number. */
enum { NUMBER_WIDTH_MAX = 16, NUMBER_PUT_MAX = 24 };
char *number_put_thousandths(char *to, int width, double value);

/* The shortest of 15 to 17 digits that reads back as the same double. */
void number_add_double(struct buf *out, double value);

/* The unit of a metric whose file has fractions of a count, and such a value as the file
 * had it: 93 is 0.000093. Never with an exponent, which not every reader expects. */
#define UNIT_MILLIONTHS "millionths"
enum { MILLIONTHS = 1000000 };
void number_add_millionths(struct buf *out, uint64_t n);

/* All of s[0..len), which holds digits, sign, point and exponent only; false
 * when it is longer than any number need be or too large for a double. */
bool number_parse(const char *s, size_t len, double *value);

#endif
