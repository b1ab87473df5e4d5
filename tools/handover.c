/* handover.c -- plugin.h in the program that loads nothing: what may need a plug-in goes
 * on in the other one, PREFIX/lib/cprof/cprof beside PREFIX/bin. */
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "plugin.h"
#include "program.h"

#ifdef __GLIBC__
/* Of what loads nothing the C library need not know where it lies: to ask /proc for that
 * is a sixth of a static program's start. (char *)-1 is its own word for "unknown". */
const char *_dl_get_origin(void);
const char *_dl_get_origin(void)
{
	return (const char *)-1;
}
#endif

static char **words; /* ends with NULL, as argv does */

void plugin_begin(int argc, char **argv)
{
	size_t size = ((size_t)argc + 1) * sizeof *words;

	words = mem_alloc(size);
	if (words != NULL)
		memcpy(words, argv, size);
}

/* Appends "PREFIX/lib/cprof/NAME"; -1 where that cannot be known. */
static int path_of(struct buf *out, const char *name)
{
	const char *slash;

	if (program_folder(out) < 0 || (slash = strrchr(buf_str(out), '/')) == NULL)
		return -1;
	out->len = (size_t)(slash - out->data);
	buf_printf(out, "/lib/cprof/%s", name);
	return out->failed ? -1 : 0;
}

void plugin_host(void)
{
	struct buf path = BUF_INIT;

	if (words != NULL && path_of(&path, "cprof") == 0)
		execv(buf_str(&path), words);
	buf_release(&path);
}

/* The other one is not there. */
static const void *refuse(const char *name, struct error *err)
{
	struct buf path = BUF_INIT;

	if (path_of(&path, name) < 0)
		error_set(err, ERR_NOT_FOUND, "cannot tell where cprof is installed");
	else
		error_set(err, ERR_NOT_FOUND, "%s is not loaded: the program 'cprof' beside it "
			  "cannot be started", buf_str(&path));
	buf_release(&path);
	return NULL;
}

const struct draw_plugin *plugin_draw(struct error *err)
{
	return refuse("draw.so", err);
}

const struct page_plugin *plugin_page(struct error *err)
{
	return refuse("page.so", err);
}

const struct git_plugin *plugin_git(struct error *err)
{
	return refuse("git.so", err);
}

const struct toml_plugin *plugin_toml(struct error *err)
{
	return refuse("toml.so", err);
}
