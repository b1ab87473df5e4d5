#include "draw/colour.h"

#include <math.h>

static double linear(double channel)
{
	return channel <= 0.04045 ? channel / 12.92 : pow((channel + 0.055) / 1.055, 2.4);
}

double colour_luminance(struct colour c)
{
	return 0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b);
}

double colour_contrast(struct colour a, struct colour b)
{
	double x = colour_luminance(a), y = colour_luminance(b);

	return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

uint32_t colour_pixel(struct colour c)
{
	return (uint32_t)lround(c.r * 255) << 16 | (uint32_t)lround(c.g * 255) << 8 |
	       (uint32_t)lround(c.b * 255);
}

struct colour colour_mix(struct colour a, struct colour b, double at)
{
	return (struct colour){ a.r + (b.r - a.r) * at, a.g + (b.g - a.g) * at,
				a.b + (b.b - a.b) * at };
}

struct colour colour_scale(const struct colour *stops, int n, double at)
{
	double x = fmin(fmax(at, 0), 1) * (n - 1);
	int i = (int)x;

	if (i >= n - 1)
		return stops[n - 1];
	return colour_mix(stops[i], stops[i + 1], x - i);
}
