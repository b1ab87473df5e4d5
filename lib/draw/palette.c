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

/* The index of a colour, whose cell it takes where that is free. */
static unsigned add(struct palette *p, uint32_t colour, int near)
{
	uint16_t *cell = &p->cells[cell_of(colour)];
	unsigned i;
	int least;

	if (*cell != 0 && p->colours[*cell - 1] == colour)
		return *cell - 1;
	i = nearest(p, colour, &least);
	if (least > near && p->ncolours < PALETTE_SIZE) {
		i = p->ncolours++;
		p->colours[i] = colour;
	}
	if (*cell == 0)
		*cell = (uint16_t)(i + 1);
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

uint8_t palette_near(struct palette *p, uint32_t colour)
{
	unsigned cell = p->cells[cell_of(colour)];

	return (uint8_t)(cell != 0 ? cell - 1 : add(p, colour & 0xffffff, near_enough(p)));
}

uint8_t palette_index(struct palette *p, uint32_t colour)
{
	uint8_t index = palette_near(p, colour);
	struct palette_answer *asked;
	int least;

	colour &= 0xffffff;
	if (p->colours[index] == colour)
		return index;
	asked = &p->asked[colour * 0x9E3779B1u >> 24];
	if (asked->colour != colour || asked->ncolours != p->ncolours)
		*asked = (struct palette_answer){ colour, (uint16_t)p->ncolours,
						  (uint8_t)nearest(p, colour, &least) };
	return asked->index;
}
