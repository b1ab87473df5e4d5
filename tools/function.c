#include "function.h"

#include <string.h>

#include "format/pstats.h"

void function_name(struct buf *out, const struct function *f)
{
	struct function qualified = *f;

	qualified.name = f->qualname;
	pstats_name(out, &qualified);
}

void function_label(struct buf *out, const struct function *f)
{
	const char *file = f->file + strlen(f->file);
	int parts = 2;

	if (strcmp(f->file, "~") == 0 || f->line == 0) {
		function_name(out, f);
		return;
	}
	while (file > f->file && !(file[-1] == '/' && --parts == 0))
		file--;
	buf_printf(out, "%s  %s:%u", f->qualname, file, (unsigned)f->line);
}
