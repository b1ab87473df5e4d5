/* compare.h -- how texts and requests follow one another. Inside change/ alone. */
#ifndef CPROF_CHANGE_COMPARE_H
#define CPROF_CHANGE_COMPARE_H

#include "change/summary.h"

/* By their bytes; one that is missing, NULL, before all others. */
int compare_texts(const char *a, const char *b);

/* By label, method, route, ordinal: an order that no address has a part in. 0: the same
 * request in another run. */
int group_order(const struct summary_group *x, const struct summary_group *y);

/* Of method and route alone, and of the ordinal alone. */
int compare_routes(const struct summary_group *x, const struct summary_group *y);
int compare_ordinals(const struct summary_group *x, const struct summary_group *y);

#endif
