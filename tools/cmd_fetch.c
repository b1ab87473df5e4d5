#include "cmd.h"
#include "repo.h"

struct fetch_options {
	const char *repo, *dir;
};

static const struct opt rows[] = {
	OPT_ROW_REPO(fetch_options),
	OPT_ROW_DIR(fetch_options),
	{ 0, NULL, OPT_FLAG, 0, NULL, NULL, NULL }
};

const struct usage fetch_usage = {
	"[REMOTE]", 0, 1, NULL, rows,
	"Fetches the runs that others have stored (cprof store --push) from a remote of\n"
	"the repository, \"origin\" where none is named, and merges them with those that\n"
	"are stored here. What either side has dropped stays dropped.\n"
	"\n"
	"git itself reaches the remote, with the credentials that it is set up with. In\n"
	"a fresh clone a plain git fetch does the same:\n"
	"  git fetch origin '+refs/cprof/*:refs/cprof/*'\n",
	NULL,
	"  cprof fetch                       from origin\n"
	"  cprof fetch upstream\n"
	"  cprof fetch --repo ~/src/shop\n"
};

int cmd_fetch(int argc, char **argv)
{
	struct fetch_options o = { 0 };
	struct error err = ERROR_INIT;
	struct arena arena = ARENA_INIT;
	struct repository *repo = NULL;
	const struct git_plugin *git;
	struct store_run *runs;
	struct buf out = BUF_INIT;
	int status, n = command_options("fetch", &o, argc, argv, &status);
	size_t nruns;

	if (n < 0)
		return status;
	status = EXIT_COULD_NOT;
	git = plugin_git(&err);
	if (git == NULL)
		goto done;
	repo = repo_open(git, o.repo, archive_folder(o.dir), "..", &err);
	if (repo == NULL || git->store_fetch(repo, n == 1 ? argv[0] : "origin", &err) < 0 ||
	    git->store_list(repo, NULL, &runs, &nruns, &arena, &err) < 0)
		goto done;
	plural(&out, nruns, "run");
	buf_adds(&out, " stored here now\n");
	out_write(&out);
	status = EXIT_DONE;
done:
	if (status != EXIT_DONE)
		complain("fetch: %s", err.text);
	buf_release(&out);
	arena_release(&arena);
	if (repo != NULL)
		git->close(repo);
	return status;
}
