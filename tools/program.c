#include "program.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

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

int program_folder(struct buf *out)
{
	char path[PATH_MAX], *slash;

	if (own_path(path, sizeof path) < 0 || (slash = strrchr(path, '/')) == NULL)
		return -1;
	buf_add(out, path, (size_t)(slash - path));
	return out->failed ? -1 : 0;
}
