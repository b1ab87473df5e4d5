#include "base/version.h"
#include "cmd.h"

const struct usage version_usage = {
	"", 0, 0, NULL, NULL,
	"Prints the version of cprof.\n",
	NULL,
	"  cprof version\n"
};

int cmd_version(int argc, char **argv)
{
	static const char text[] = "cprof " CPROF_VERSION "\n";
	int status, n = command_options("version", NULL, argc, argv, &status);

	if (n < 0)
		return status;
	out_bytes(text, sizeof text - 1);
	return EXIT_DONE;
}
