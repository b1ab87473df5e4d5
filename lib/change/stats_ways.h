/* stats_ways.h -- the ways to part a row of values in two. Inside change/ alone. */
#ifndef CPROF_CHANGE_STATS_WAYS_H
#define CPROF_CHANGE_STATS_WAYS_H

#include <stdint.h>

#include "change/stats.h"

enum { STATS_WAYS_MAX = 1000000 };

/* n over k, or more than STATS_WAYS_MAX. */
double stats_ways(size_t n, size_t k);

/* 0 to 1, the same numbers everywhere. */
double stats_draw(uint64_t *state);

#endif
