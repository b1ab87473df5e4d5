/* select.h -- medians of whole numbers, by Hoare's way of finding the k-th: a sort of
 * each function's times took longer than all else. v comes out in another order. */
#ifndef CPROF_CHANGE_SELECT_H
#define CPROF_CHANGE_SELECT_H

#include <stddef.h>
#include <stdint.h>

/* The k-th smallest, from 0; k < n. */
int64_t select_nth(int64_t *v, size_t n, size_t k);

/* Of an even number the mean of the middle two, rounded down. n > 0. */
int64_t select_median(int64_t *v, size_t n);

#endif
