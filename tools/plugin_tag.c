/* Becomes lib/cprof/tag.so, see plugin.h. */
#include "base/version.h"
#include "plugin.h"

extern const struct tag_plugin cprof_tag;

PLUGIN_EXPORT const struct tag_plugin cprof_tag = { CPROF_VERSION, repository_open,
						    repository_close, repository_commit_at };
