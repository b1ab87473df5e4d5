#include <string.h>

#include "help.h"

const struct usage completion_usage = {
	"SHELL", 1, 1, "shell", NULL,
	"Prints a completion script for SHELL: bash, zsh or fish. It completes commands,\n"
	"options and their values, and the runs and snapshots of the archive.\n",
	NULL,
	"  source <(cprof completion bash)   now, or from ~/.bashrc\n"
	"  cprof completion zsh >\"${fpath[1]}/_cprof\"\n"
	"  cprof completion fish >~/.config/fish/completions/cprof.fish\n"
};

static const char *const shells[] = { "bash", "zsh", "fish", NULL };

int cmd_completion(int argc, char **argv)
{
	struct buf out = BUF_INIT;
	int status, n = command_options("completion", NULL, argc, argv, &status);
	const char *meant;

	if (n < 0)
		return status;
	if (strcmp(argv[0], "bash") == 0)
		complete_bash(&out);
	else if (strcmp(argv[0], "zsh") == 0)
		complete_zsh(&out);
	else if (strcmp(argv[0], "fish") == 0)
		complete_fish(&out);
	else if ((meant = nearest_word(argv[0], shells)) != NULL)
		return complain("completion: no shell '%s'; did you mean '%s'?", argv[0], meant);
	else
		return complain("completion: no shell '%s'; there are bash, zsh and fish",
				argv[0]);
	out_write(&out);
	buf_release(&out);
	return EXIT_DONE;
}
