#include "plugin.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "base/version.h"

/* Where this program lies; -1 where that cannot be known. */
static int own_path(char *path, size_t size)
{
#ifdef __APPLE__
	uint32_t room = (uint32_t)size;

	return _NSGetExecutablePath(path, &room);
#else
	ssize_t n = readlink("/proc/self/exe", path, size - 1);

	if (n < 0)
		return -1;
	path[n] = '\0';
	return 0;
#endif
}

/* DIR/bin/cprof -> DIR/lib/cprof/NAME.so */
static int plugin_path(struct buf *out, const char *name)
{
	char path[PATH_MAX];

	if (own_path(path, sizeof path) < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		char *slash = strrchr(path, '/');

		if (slash == NULL)
			return -1;
		*slash = '\0';
	}
	buf_adds(out, path);
	buf_printf(out, "/lib/cprof/%s.so", name);
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
