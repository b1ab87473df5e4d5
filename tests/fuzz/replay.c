/* replay.c -- a fuzz target without a fuzzer: runs it over the files given, and
 * over those in the folders given, so that old crashes are tried each time. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	struct buf in = BUF_INIT;
	struct error err;
	uint8_t *exact;

	if (file_read(&in, path, 1 << 28, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		buf_release(&in);
		return -1;
	}
	/* A copy of just its size: the sanitizers see one byte too far. */
	exact = malloc(in.len ? in.len : 1);
	if (exact == NULL)
		abort();
	if (in.len != 0)
		memcpy(exact, in.data, in.len);
	LLVMFuzzerTestOneInput(exact, in.len);
	free(exact);
	buf_release(&in);
	return 1;
}

/* How many files were run, or -1. */
static int replay(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	if (dir == NULL)
		return replay_file(path);
	while (n >= 0 && (entry = readdir(dir)) != NULL) {
		char *file;
		int rc;

		if (entry->d_name[0] == '.')
			continue;
		file = path_join(path, entry->d_name);
		if (file == NULL)
			abort();
		rc = replay(file);
		n = rc < 0 ? -1 : n + rc;
		mem_free(file);
	}
	closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int n = replay(argv[i]);

		if (n < 0)
			return 1;
		total += n;
	}
	printf("%d inputs\n", total);
	/* An empty corpus would pass for ever. */
	return total > 0 ? 0 : 1;
}
