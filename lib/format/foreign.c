#include "format/foreign.h"

#include "base/text.h"

size_t foreign_cut(const char *s, size_t len)
{
	if (len <= FOREIGN_NAME_MAX)
		return len;
	len = FOREIGN_NAME_MAX;
	while (len > 0 && ((unsigned char)s[len] & 0xC0) == 0x80)
		len--;
	return len;
}

void foreign_name(struct buf *out, struct bytes name)
{
	const char *s = (const char *)name.data;

	for (size_t i = 0; i < name.len && out->len < FOREIGN_NAME_MAX;) {
		uint32_t code;
		size_t len = text_utf8(s + i, name.len - i, &code);

		if (len != 0 && code != 0) {
			buf_add(out, s + i, len);
		} else {
			len = 1;
			buf_printf(out, "\\x%02x", name.data[i]);
		}
		i += len;
	}
	out->len = foreign_cut(out->data, out->len);
}
