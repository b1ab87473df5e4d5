#include "engine.h"

#include <stddef.h>

const struct engine *engine_choose(void)
{
	const struct engine *monitoring = engine_monitoring();

	return monitoring ? monitoring : &engine_setprofile;
}
