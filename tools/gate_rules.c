/* Where the rules are: cprof.toml beside or above, within the repository. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "gate.h"
#include "plugin.h"

enum { FILE_MAX = 1 << 20 };

#define RULES_FILE "cprof.toml"

static bool holds(const char *folder, const char *name)
{
	char *path = path_join(folder, name);
	bool is = path != NULL && access(path, F_OK) == 0;

	mem_free(path);
	return is;
}

/* "cprof.toml", "../cprof.toml", ...; nothing where there is none. */
static int find_file(struct buf *out)
{
	char *folder = realpath(".", NULL), *slash;
	size_t up = 0;

	while (folder != NULL && !holds(folder, RULES_FILE)) {
		slash = strrchr(folder, '/');
		if (slash == NULL || slash == folder || holds(folder, ".git")) {
			free(folder);
			return 0;
		}
		*slash = '\0';
		up++;
	}
	free(folder);
	while (up-- > 0)
		buf_adds(out, "../");
	buf_adds(out, RULES_FILE);
	return out->failed ? -1 : 0;
}

static int read_rules(struct rules *out, const char *path, struct error *err)
{
	const struct toml_plugin *toml = plugin_toml(err);
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT;
	struct config *document;
	int rc = -1;

	if (toml == NULL) {
		error_prefix(err, "%s: ", path);
		goto done;
	}
	if (file_read(&text, path, FILE_MAX, err) < 0)
		goto done;
	document = toml->read(&arena, buf_bytes(&text), err);
	if (document != NULL)
		rc = rules_read(out, document, path, err);
	else
		error_prefix(err, "%s:", path);
done:
	buf_release(&text);
	arena_release(&arena);
	return rc;
}

int gate_read_rules(struct rules *out, const char *config, struct error *err)
{
	struct buf found = BUF_INIT;
	int rc;

	*out = (struct rules){ .arena = ARENA_INIT };
	if (config == NULL && find_file(&found) < 0)
		rc = error_nomem(err);
	else if (config == NULL && found.len == 0)
		rc = rules_default(out, err);
	else
		rc = read_rules(out, config ? config : buf_str(&found), err);
	buf_release(&found);
	return rc;
}
