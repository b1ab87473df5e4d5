#include "plugin.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"
#include "program.h"

void plugin_begin(int argc, char **argv)
{
	(void)argc, (void)argv;
}

void plugin_host(void)
{
}

/* They lie beside this program. */
static int plugin_path(struct buf *out, const char *name)
{
	if (program_folder(out) < 0)
		return -1;
	buf_printf(out, "/%s.so", name);
	return out->failed ? -1 : 0;
}

static const void *load(const char *name, const char *symbol, struct error *err)
{
	struct buf path = BUF_INIT;
	void *library = NULL;
	const void *found = NULL;
	const char *const *version;

	if (plugin_path(&path, name) < 0)
		error_set(err, ERR_NOT_FOUND, "cannot tell where cprof is installed");
	else if ((library = dlopen(buf_str(&path), RTLD_LAZY | RTLD_LOCAL)) == NULL)
		error_set(err, ERR_NOT_FOUND, "%s", dlerror());
	else if ((version = found = dlsym(library, symbol)) == NULL ||
		 strcmp(*version, CPROF_VERSION) != 0) {
		error_set(err, ERR_REFUSED, "%s is of another version of cprof",
			  buf_str(&path));
		found = NULL;
	}
	buf_release(&path);
	return found;
}

const struct draw_plugin *plugin_draw(struct error *err)
{
	static const struct draw_plugin *loaded;

	if (loaded == NULL)
		loaded = load("draw", "cprof_draw", err);
	return loaded;
}

const struct page_plugin *plugin_page(struct error *err)
{
	static const struct page_plugin *loaded;

	if (loaded == NULL)
		loaded = load("page", "cprof_page", err);
	return loaded;
}

const struct git_plugin *plugin_git(struct error *err)
{
	static const struct git_plugin *loaded;

	if (loaded == NULL)
		loaded = load("git", "cprof_git", err);
	return loaded;
}

const struct toml_plugin *plugin_toml(struct error *err)
{
	static const struct toml_plugin *loaded;
	struct buf path = BUF_INIT;

	if (loaded == NULL)
		loaded = load("toml", "cprof_toml", err);
	if (loaded == NULL && plugin_path(&path, "toml") == 0 &&
	    access(buf_str(&path), F_OK) < 0)
		error_set(err, ERR_NOT_FOUND, "this cprof was built without what reads it: "
			  "install a C++ compiler and toml++ (Debian: g++ "
			  "libtomlplusplus-dev), and build cprof again");
	buf_release(&path);
	return loaded;
}
