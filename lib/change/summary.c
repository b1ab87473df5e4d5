#include "change/summary.h"

void summary_release(struct summary *s)
{
	arena_release(&s->arena);
	*s = (struct summary){ .arena = ARENA_INIT };
}
