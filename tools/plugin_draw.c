/* Becomes lib/cprof/draw.so, see plugin.h. */
#include "base/version.h"
#include "plugin.h"

extern const struct draw_plugin cprof_draw;

PLUGIN_EXPORT const struct draw_plugin cprof_draw = { CPROF_VERSION, picture_draw,
						      picture_draw_diff, &picture_svg };
