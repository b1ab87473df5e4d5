/* plugin.h -- what is loaded only by the commands that need it, for graphviz, cairo and
 * libgit2 take longer to load than a table takes to print, and C++ is not everywhere:
 *
 *     PREFIX/bin/cprof              what is run: text, without plug-ins (handover.c)
 *     PREFIX/lib/cprof/cprof        the same commands, with plug-ins (plugin.c)
 *     PREFIX/lib/cprof/draw.so      render, diff --png
 *     PREFIX/lib/cprof/page.so      render to PDF, log --png; letters that the usual font
 *                                   lacks: what needs cairo and fontconfig, which take
 *                                   three times the memory of all else that is loaded
 *     PREFIX/lib/cprof/git.so       tag, store, fetch, log, diff, gate
 *     PREFIX/lib/cprof/toml.so      gate, where there is a cprof.toml
 *
 * Each exports one table of functions, made for this very version.
 *
 * Two programs, because a dynamic linker takes as long to start one as a text command needs
 * for all else: the first is linked statically, where the system has what that takes, and
 * what is so linked can load nothing. A command that may load a plug-in goes on in the
 * second.
 */
#ifndef CPROF_TOOLS_PLUGIN_H
#define CPROF_TOOLS_PLUGIN_H

#include "draw/page/series.h"
#include "draw/picture.h"
#include "git/rename.h"
#include "git/revision.h"
#include "git/store.h"
#include "git/tag.h"
#include "plugin_toml.h"

struct draw_plugin {
	const char *version; /* the first member of each */
	int (*draw)(struct buf *out, const struct profile *p, const struct caption *caption,
		    const struct picture_options *options, struct error *err);
	int (*draw_diff)(struct buf *out, const struct profile *before,
			 const struct profile *after, const struct caption *old_caption,
			 const struct caption *new_caption,
			 const struct picture_options *options, struct error *err);
	const struct picture_format *svg; /* PNG is what is drawn unless asked otherwise */
};

struct page_plugin {
	const char *version;
	int (*draw)(struct buf *out, const struct profile *p, const struct caption *caption,
		    const struct picture_options *options, struct error *err);
	const struct picture_format *pdf;
	int (*series)(struct buf *out, const struct series *s, struct error *err);
	font_finder *find_font;
};

/* lib/git's functions, by their headers there: revision_commit is `commit`. */
struct git_plugin {
	const char *version;
	struct repository *(*open)(const char *dir, struct error *err);
	void (*close)(struct repository *r);
	const char *(*worktree)(const struct repository *r);
	int (*commit_at)(struct repository *r, int64_t unix_ns, bool force,
			 struct manifest_git *out, struct arena *arena, struct error *err);

	const char *(*commit)(struct repository *r, const char *name, struct arena *arena,
			      struct error *err);
	int (*range)(struct repository *r, const char *text, bool *is_range, const char **from,
		     const char **to, struct arena *arena, struct error *err);
	const char *(*merge_base)(struct repository *r, const char *a, const char *b,
				  struct arena *arena, struct error *err);
	int (*walk)(struct repository *r, const char *commit, size_t limit,
		    bool (*visit)(void *arg, const char *commit, const char *subject,
				  int64_t time_s), void *arg, bool *shallow, struct error *err);

	int (*rename_find)(struct repository *r, const char *old_commit, const char *new_commit,
			   struct rename_map *out, struct arena *arena, struct error *err);

	int (*store_add)(struct repository *r, const struct store_run *run,
			 const struct store_file *files, size_t nfiles, struct error *err);
	int (*store_list)(struct repository *r, const char *commit, struct store_run **runs,
			  size_t *n, struct arena *arena, struct error *err);
	int (*store_read)(struct repository *r, const char *commit, const char *run,
			  const char *path, struct bytes *out, struct arena *arena,
			  struct error *err);
	int (*store_trim)(struct repository *r, unsigned days, size_t count, const char *keep,
			  int64_t now_s, size_t *dropped, struct error *err);
	int (*store_fetch)(struct repository *r, const char *remote, struct error *err);
	int (*store_push)(struct repository *r, const char *remote, struct error *err);
	void (*store_tidy)(struct repository *r);
};

/* Keeps the arguments of main: options are taken out of argv as they are read. */
void plugin_begin(int argc, char **argv);

/* To be called before a command that may load a plug-in reads or writes anything: goes on
 * in the program that can load. Returns in that one; and where it is not there, in which
 * case nothing can be loaded. */
void plugin_host(void);

/* Loaded when first asked for, and then for good; NULL with err. */
const struct draw_plugin *plugin_draw(struct error *err);
const struct page_plugin *plugin_page(struct error *err);
const struct git_plugin *plugin_git(struct error *err);
/* May have been left out when cprof was built (TOML=no): the error says so. */
const struct toml_plugin *plugin_toml(struct error *err);

#define PLUGIN_EXPORT __attribute__((visibility("default")))

#endif
