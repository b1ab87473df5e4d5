#include "engine.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = { "exact", "fast", "app" };

const char *mode_name(enum mode mode)
{
	return names[mode];
}

int mode_parse(const char *name, enum mode *mode)
{
	for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++) {
		if (strcmp(names[i], name) == 0) {
			*mode = (enum mode)i;
			return 0;
		}
	}
	return -1;
}

const struct engine *engine_choose(enum mode mode)
{
	const struct engine *best = NULL;

	if (mode == MODE_EXACT)
		best = engine_monitoring();
	else if (mode == MODE_APP)
		best = engine_app();
	if (best != NULL)
		return best;
	return mode == MODE_EXACT ? &engine_setprofile : &engine_frame;
}
