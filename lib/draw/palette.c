#include "draw/palette.h"

#include <limits.h>
#include <string.h>

/* Colours no further apart than this (squares of channels added up) are one: blends
 * at the edges of letters, between two colours that are kept. The fuller the palette,
 * the further, so that what comes last finds a place too. */
enum { NEAR = 3 * 8 * 8, ROOMY = 144, FULLER = 14 };

static unsigned cell_of(uint32_t c)
{
	return (c >> 9 & 0x7c00) | (c >> 6 & 0x03e0) | (c >> 3 & 0x001f);
}

static int distance(uint32_t a, uint32_t b)
{
	int red = (int)(a >> 16 & 0xff) - (int)(b >> 16 & 0xff);
	int green = (int)(a >> 8 & 0xff) - (int)(b >> 8 & 0xff);
	int blue = (int)(a & 0xff) - (int)(b & 0xff);

	return red * red + green * green + blue * blue;
}

static unsigned nearest(const struct palette *p, uint32_t colour, int *least)
{
	unsigned best = 0;

	*least = INT_MAX;
	for (unsigned i = 0; i < p->ncolours && *least != 0; i++) {
		int d = distance(p->colours[i], colour);

		if (d < *least) {
			*least = d;
			best = i;
		}
	}
	return best;
}

/* The index of a colour whose cell is free, which it then takes. */
static unsigned add(struct palette *p, uint32_t colour, int near)
{
	int least;
	unsigned i = nearest(p, colour, &least);

	if (least > near && p->ncolours < PALETTE_SIZE) {
		i = p->ncolours++;
		p->colours[i] = colour;
	}
	if (p->cells[cell_of(colour)] == 0)
		p->cells[cell_of(colour)] = (uint16_t)(i + 1);
	return i;
}

void palette_init(struct palette *p, const uint32_t *colours, size_t n)
{
	memset(p, 0, sizeof *p);
	for (size_t i = 0; i < n; i++)
		add(p, colours[i] & 0xffffff, 0);
}

static int near_enough(const struct palette *p)
{
	int full = p->ncolours > ROOMY ? ((int)p->ncolours - ROOMY) / FULLER : 0;

	return NEAR * (1 + full * full);
}

static uint64_t pair_at(const uint32_t *p)
{
	uint64_t pair;

	memcpy(&pair, p, sizeof pair);
	return pair;
}

/* How many pixels from here on have the first one's colour: most are paper. */
static size_t same(const uint32_t *from, size_t n)
{
	uint64_t pair;
	size_t i = 1;

	if (n < 4 || from[1] != from[0])
		return 1;
	pair = pair_at(from);
	for (i = 2; i + 8 <= n; i += 8)
		if (((pair_at(from + i) ^ pair) | (pair_at(from + i + 2) ^ pair) |
		     (pair_at(from + i + 4) ^ pair) | (pair_at(from + i + 6) ^ pair)) != 0)
			break;
	while (i < n && from[i] == from[0])
		i++;
	return i;
}

void palette_map(struct palette *p, uint8_t *to, const uint32_t *from, size_t n)
{
	for (size_t i = 0, len; i < n; i += len) {
		uint32_t colour = from[i] & 0xffffff;
		unsigned cell = p->cells[cell_of(colour)];
		unsigned index = cell != 0 ? cell - 1 : add(p, colour, near_enough(p));

		len = same(from + i, n - i);
		if (len == 1)
			to[i] = (uint8_t)index;
		else
			memset(to + i, (int)index, len);
	}
}
