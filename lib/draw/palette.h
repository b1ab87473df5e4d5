/* palette.h -- at most 256 colours for all pixels of a picture, found on the way. */
#ifndef CPROF_DRAW_PALETTE_H
#define CPROF_DRAW_PALETTE_H

#include <stddef.h>
#include <stdint.h>

enum { PALETTE_SIZE = 256, PALETTE_CELLS = 1 << 15, PALETTE_ASKED = 256 };

/* What was nearest to a colour when there were so many. */
struct palette_answer {
	uint32_t colour;
	uint16_t ncolours; /* 0: none yet */
	uint8_t index;
};

struct palette {
	uint32_t colours[PALETTE_SIZE]; /* 0xRRGGBB */
	unsigned ncolours;
	/* By the five upper bits of each channel: 1 + the index of the colour that
	 * stands for it, 0 where none does yet. */
	uint16_t cells[PALETTE_CELLS];
	/* A picture's boxes have few colours, and each is asked for in every band. */
	struct palette_answer asked[PALETTE_ASKED];
};

/* With these colours, those past 256 left out. */
void palette_init(struct palette *p, const uint32_t *colours, size_t n);

/* The index of a colour (0x??RRGGBB), or of one near it. */
uint8_t palette_near(struct palette *p, uint32_t colour);

/* The same, but exact where the palette has it. */
uint8_t palette_index(struct palette *p, uint32_t colour);

#endif
