/* Any bytes as a cprof.toml; what is taken has rules that can be said. */
#include "change/rules.h"
#include "target.h"

#include "../../tools/plugin_toml.h"

extern const struct toml_plugin cprof_toml;

static void use(const struct rules *rules)
{
	struct buf text = BUF_INIT;

	TARGET_CHECK(rules->n != 0);
	for (size_t i = 0; i < rules->n; i++) {
		size_t len = text.len;

		rule_text(&text, &rules->rules[i]);
		TARGET_CHECK(text.len > len);
	}
	buf_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = ARENA_INIT;
	struct rules rules = { .arena = ARENA_INIT };
	struct error err = ERROR_INIT;
	struct config *document = cprof_toml.read(&arena, (struct bytes){ data, size }, &err);

	if (document != NULL && rules_read(&rules, document, "cprof.toml", &err) == 0)
		use(&rules);
	else
		TARGET_CHECK(err.code == ERR_FORMAT && err.text[0] != '\0');
	rules_release(&rules);
	arena_release(&arena);
	return 0;
}
