/* Any bytes as a summary; what is taken, written and read again is the same. */
#include <stdlib.h>
#include <string.h>

#include "change/summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_group(const struct summary_group *g)
{
	check(g->nrequests != 0 && g->method != NULL && g->route != NULL);
	for (size_t i = 1; i < g->nfunctions; i++)
		check(identity_compare(&g->functions[i - 1].id, &g->functions[i].id) < 0);
	for (size_t i = 0; i < g->narcs; i++) {
		check(g->arcs[i].callee < g->nfunctions);
		check(g->arcs[i].caller < g->nfunctions || g->arcs[i].caller == UINT32_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct bytes in = { data, size };
	struct error err = ERROR_INIT;
	struct summary s, again;

	if (summary_read(&s, in, &err) < 0) {
		check(err.code == ERR_FORMAT && err.text[0] != '\0');
		return 0;
	}
	for (size_t i = 0; i < s.ngroups; i++)
		check_group(&s.groups[i]);
	check(summary_write(&once, &s, true, &err) == 0);
	summary_release(&s);
	check(summary_read(&again, buf_bytes(&once), &err) == 0);
	check(summary_write(&twice, &again, true, &err) == 0);
	check(once.len == twice.len && memcmp(once.data, twice.data, once.len) == 0);
	buf_clear(&once);
	check(summary_write(&once, &again, false, &err) == 0);
	summary_release(&again);
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
