#include "change/summary.h"

#include <string.h>

int group_compare(const struct summary_group *a, const struct summary_group *b)
{
	int order;

	if (a->label != NULL && b->label != NULL) {
		order = strcmp(a->label, b->label);
		return order != 0 ? order : a->ordinal < b->ordinal ? -1 : a->ordinal > b->ordinal;
	}
	order = strcmp(a->method, b->method);
	return order != 0 ? order : strcmp(a->route, b->route);
}

void summary_release(struct summary *s)
{
	arena_release(&s->arena);
	*s = (struct summary){ .arena = ARENA_INIT };
}
