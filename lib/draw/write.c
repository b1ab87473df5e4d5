#include "draw/write.h"

#include <string.h>

#include "base/text.h"

#define TIMES "\xc3\x97"

void write_share(struct buf *out, double share)
{
	double percent = 100 * share;

	/* Tenths and hundredths are counted out: printf would write a comma in
	 * some languages. */
	if (percent >= 99.95) {
		buf_printf(out, "%.0f%%", percent);
	} else if (percent >= 9.995) {
		unsigned tenths = (unsigned)(percent * 10 + 0.5);

		buf_printf(out, "%u.%u%%", tenths / 10, tenths % 10);
	} else {
		unsigned hundredths = (unsigned)((percent > 0 ? percent : 0) * 100 + 0.5);

		buf_printf(out, "%u.%02u%%", hundredths / 100, hundredths % 100);
	}
}

void write_value(struct buf *out, const struct graph *g, int64_t value)
{
	uint64_t size = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	if (strcmp(g->unit, "nanoseconds") == 0) {
		text_time(out, value);
		return;
	}
	if (value < 0)
		buf_addc(out, '-');
	if (strcmp(g->unit, "bytes") == 0)
		text_size(out, size);
	else
		text_count(out, size);
}

void write_delta(struct buf *out, const struct graph *g, int64_t value)
{
	if (value >= 0)
		buf_adds(out, value > 0 ? "+" : "\xc2\xb1");
	write_value(out, g, value);
}

void write_calls(struct buf *out, const struct graph_cost *cost)
{
	text_count(out, cost->ncalls);
	if (cost->nprimitive != cost->ncalls) {
		buf_addc(out, '/');
		text_count(out, cost->nprimitive);
	}
	buf_adds(out, TIMES);
}
