/* nearest.h -- "did you mean": which word was probably meant. */
#ifndef CPROF_BASE_NEAREST_H
#define CPROF_BASE_NEAREST_H

/* The one of `words` (ends with NULL) that is a typing error away from `typed` or
 * begins with it; NULL when none is. */
const char *nearest_word(const char *typed, const char *const *words);

#endif
