/* alike.h -- requests that changed alike, told once.
 *
 *     tests/test_shop.py::test_page[/orders] #2 to #6 GET /orders     one test's
 *     GET /orders, in 12 tests: tests/test_shop.py::test_page[/orders] and 11 more
 *
 * A suite labels every request by its test and its number in it, so that one finding comes
 * as often as the tests send the request. What has the same method and route and changed
 * the same way is one entry for people; programs get each request.
 */
#ifndef CPROF_TOOLS_ALIKE_H
#define CPROF_TOOLS_ALIKE_H

#include "change/change.h"

struct alike {
	const struct request_change *const *v; /* in the change's order; one at least */
	size_t n;
	bool counts_agree; /* all have the same functions' calls changed by as many */
	/* What is told of functions is its: of most with the same counts, that of the
	 * median change in wall time. */
	const struct request_change *typical;
};

struct alikes {
	struct alike *v; /* in the order of their first ones */
	size_t n;
	const struct request_change **members;
};

/* Groups those with the same key; what has the key 0 is left out. -1 with err, without
 * memory; *out needs alikes_release in any case. */
int alikes_by_key(struct alikes *out, const struct change *c, const uint64_t *keys,
		  struct error *err);
void alikes_release(struct alikes *a);

/* How a request changed: its method and route, how it stands, and which functions are
 * called more often, less often, newly, no longer; by how much is left out. */
uint64_t alike_key(const struct request_change *r);

/* Parts of other keys: of the method and route (apart with a label and without), of a
 * function. */
uint64_t route_key(const struct request_change *r);
uint64_t function_key(const struct identity *id);

/* "tests/test_shop.py::test_page #2 to #6 GET /orders"; appends, printable. */
void alike_name(struct buf *out, const struct alike *a);

/* The member whose place in the call tree stands for all: typical, or with its counts. */
const struct request_change *alike_located(const struct alike *a);

/* The same for a row: of many tests "GET /orders, in 12 tests" alone. */
void alike_short_name(struct buf *out, const struct alike *a);

/* "Numbers are those of #4, which is typical of these 5."; nothing of one alone. */
void alike_put_whose(struct buf *out, const struct alike *a);

/* All of a group as one request: ranges of calls over all, medians of times. `wall` is for
 * its metrics, of which there is one then. Of a group of one that request as it is. -1
 * with err, without memory. */
int alike_sum(struct request_change *out, struct quantity *wall, const struct alike *a,
	      struct error *err);

#endif
