#include "format/line.h"

#include <string.h>

bool line_next(struct bytes *in, struct bytes *line)
{
	const uint8_t *end;
	size_t len;

	if (in->len == 0)
		return false;
	end = memchr(in->data, '\n', in->len);
	len = end ? (size_t)(end - in->data) : in->len;
	*line = (struct bytes){ in->data, len };
	in->data += len + (end != NULL);
	in->len -= len + (end != NULL);
	if (line->len != 0 && line->data[line->len - 1] == '\r')
		line->len--;
	return true;
}
