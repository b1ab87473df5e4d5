/* Becomes lib/cprof/git.so, see plugin.h. */
#include "base/version.h"
#include "plugin.h"

extern const struct git_plugin cprof_git;

PLUGIN_EXPORT const struct git_plugin cprof_git = {
	.version = CPROF_VERSION,
	.open = repository_open,
	.close = repository_close,
	.worktree = repository_worktree,
	.commit_at = repository_commit_at,
	.commit = revision_commit,
	.range = revision_range,
	.merge_base = revision_merge_base,
	.walk = revision_walk,
	.rename_find = rename_find,
	.store_add = store_add,
	.store_list = store_list,
	.store_read = store_read,
	.store_trim = store_trim,
	.store_fetch = store_fetch,
	.store_push = store_push,
	.store_tidy = store_tidy,
};
