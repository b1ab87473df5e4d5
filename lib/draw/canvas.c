#include "draw/canvas.h"

void canvas_open_nothing(struct canvas *c, enum part part, uint32_t index)
{
	(void)c;
	(void)part;
	(void)index;
}

void canvas_close_nothing(struct canvas *c)
{
	(void)c;
}
