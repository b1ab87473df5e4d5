#include "repo.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"

struct repository *repo_open(const struct git_plugin *git, const char *option,
			     const char *path, const char *up, struct error *err)
{
	struct repository *repo = NULL;
	struct error ignored = ERROR_INIT;
	char *joined, *parent;

	if (option != NULL)
		return git->open(option, err);
	joined = path_join(path, up);
	parent = joined ? realpath(joined, NULL) : NULL;
	if (parent != NULL)
		repo = git->open(parent, &ignored);
	mem_free(joined);
	free(parent);
	return repo != NULL ? repo : git->open(".", err);
}
