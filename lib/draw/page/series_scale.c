/* The numbers at a chart's side. */
#include <math.h>

#include "base/text.h"
#include "draw/page/series.h"

enum { STEPS = 5 };

struct series_scale series_scale(double most, enum series_unit unit)
{
	static const double nice[] = { 1, 2, 5, 10 };
	struct series_scale s;
	double power;
	int i = 0;

	if (!(most > 0))
		most = 1;
	power = pow(10, floor(log10(most / STEPS)));
	while (i < 3 && nice[i] * power * STEPS < most * (1 - 1e-9))
		i++;
	s.step = nice[i] * power;
	if (unit == SERIES_COUNT || s.step < 1)
		s.step = fmax(s.step, 1);
	s.top = ceil(most / s.step - 1e-9) * s.step;
	return s;
}

struct time_unit {
	double ns;
	const char *name;
};

/* That of the topmost number. */
static const struct time_unit *unit_of(double top)
{
	static const struct time_unit units[] = {
		{ 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" }, { 1, "ns" },
	};
	const struct time_unit *u = units;

	while (u->ns > 1 && top < u->ns)
		u++;
	return u;
}

void series_tick(struct buf *out, const struct series_scale *scale, enum series_unit unit,
		 double value)
{
	const struct time_unit *u;
	double in_unit;
	unsigned thousandths;

	if (unit == SERIES_COUNT) {
		text_count(out, (uint64_t)(value + 0.5));
		return;
	}
	u = unit_of(scale->top);
	in_unit = value / u->ns;
	/* printf would write a comma in some languages. */
	thousandths = (unsigned)(fmod(in_unit, 1) * 1000 + 0.5);
	if (thousandths == 1000) {
		thousandths = 0;
		in_unit += 0.5;
	}
	text_count(out, (uint64_t)in_unit);
	if (thousandths != 0) {
		char digits[4] = { (char)('0' + thousandths / 100),
				   (char)('0' + thousandths / 10 % 10),
				   (char)('0' + thousandths % 10), '\0' };

		for (int i = 2; i > 0 && digits[i] == '0'; i--)
			digits[i] = '\0';
		buf_printf(out, ".%s", digits);
	}
	buf_printf(out, " %s", u->name);
}
