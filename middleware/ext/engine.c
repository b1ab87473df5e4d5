#include "engine.h"

#include <stddef.h>
#include <string.h>

#include "compat.h"

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

/* 3.13 enters __init__ without asking the frame evaluation hook, once the call is
 * specialised (CALL_ALLOC_AND_ENTER_INIT). */
static bool hook_misses_frames(void)
{
	return PY_VERSION_HEX >= 0x030D0000 && PY_VERSION_HEX < 0x030E0000;
}

const struct engine *engine_choose(enum mode mode)
{
	const struct engine *best = NULL;

	if (mode == MODE_EXACT || (mode == MODE_FAST && hook_misses_frames()))
		best = engine_monitoring();
	else if (mode == MODE_APP)
		best = engine_app();
	if (best != NULL)
		return best;
	return mode == MODE_EXACT ? &engine_setprofile : &engine_frame;
}
