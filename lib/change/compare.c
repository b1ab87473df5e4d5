#include "change/compare.h"

#include <string.h>

int compare_texts(const char *a, const char *b)
{
	return a == NULL || b == NULL ? (a != NULL) - (b != NULL) : strcmp(a, b);
}

int compare_routes(const struct summary_group *x, const struct summary_group *y)
{
	int order = compare_texts(x->method, y->method);

	return order != 0 ? order : compare_texts(x->route, y->route);
}

int compare_ordinals(const struct summary_group *x, const struct summary_group *y)
{
	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

int group_order(const struct summary_group *x, const struct summary_group *y)
{
	int order = compare_texts(x->label, y->label);

	if (order == 0)
		order = compare_routes(x, y);
	return order != 0 ? order : compare_ordinals(x, y);
}
