/* Becomes lib/cprof/page.so, see plugin.h. */
#include "base/version.h"
#include "draw/page/find.h"
#include "draw/page/pdf.h"
#include "plugin.h"

extern const struct page_plugin cprof_page;

PLUGIN_EXPORT const struct page_plugin cprof_page = { CPROF_VERSION, picture_draw, &picture_pdf,
						      series_draw, find_font };
