/* Any bytes as JSON; what is taken, written and read again is the same. */
#include <stdlib.h>
#include <string.h>

#include "format/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_value(struct buf *out, const struct json *value)
{
	struct json_writer w;

	json_begin(&w, out);
	json_add_value(&w, "value", value);
	json_end(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct bytes in = { data, size };
	struct error err = ERROR_INIT;
	struct json *v = json_parse(&arena, in, &err);

	if (v != NULL) {
		write_value(&once, v);
		v = json_parse(&arena, buf_bytes(&once), &err);
		/* One level more than it came with. */
		if (v == NULL && strstr(err.text, "deep") == NULL)
			abort();
		if (v != NULL) {
			write_value(&twice, json_get(v, "value"));
			if (once.len != twice.len || memcmp(once.data, twice.data, once.len) != 0)
				abort();
		}
	} else if (err.code != ERR_FORMAT) {
		abort();
	}
	buf_release(&once);
	buf_release(&twice);
	arena_release(&arena);
	return 0;
}
