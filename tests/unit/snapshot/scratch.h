/* scratch.h -- a folder for one test, and something to put into it. */
#ifndef CPROF_TESTS_SNAPSHOT_SCRATCH_H
#define CPROF_TESTS_SNAPSHOT_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "profile/profile.h"
#include "snapshot/folder.h"
#include "snapshot/manifest.h"
#include "unit.h"

/* The folder of this test; scratch_end removes it. */
static char scratch[200];

static inline void scratch_begin(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(scratch, sizeof scratch, "%s/cprof-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(scratch));
}

static inline void scratch_end(void)
{
	ck_assert_int_eq(folder_remove(scratch), 0);
}

/* "SCRATCH/formatted"; one of a few buffers in turn, so that a line may have
 * two of them. */
__attribute__((format(printf, 1, 2))) static inline const char *at(const char *fmt, ...)
{
	static char paths[8][2000];
	static unsigned turn;
	char *path = paths[turn++ % 8];
	int n = snprintf(path, sizeof paths[0], "%s/", scratch);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path + n, sizeof paths[0] - (size_t)n, fmt, ap);
	va_end(ap);
	return path;
}

static inline void put_file(const char *path, const char *text)
{
	struct bytes content = { (const uint8_t *)text, strlen(text) };
	struct error err = ERROR_INIT;

	unlink(path);
	ck_assert_msg(file_create(path, content, &err) == 0, "%s", err.text);
}

/* What the file holds, up to 64 kB; borrowed until the next call. */
static inline const char *get_file(const char *path)
{
	static char text[65536];
	FILE *f = fopen(path, "r");
	size_t n;

	ck_assert_msg(f != NULL, "%s", path);
	n = fread(text, 1, sizeof text - 1, f);
	text[n] = '\0';
	fclose(f);
	return text;
}

static inline bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Entries of a folder, hidden ones too. */
static inline size_t count_entries(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	size_t n = 0;

	ck_assert_msg(dir != NULL, "%s", path);
	while ((e = readdir(dir)) != NULL)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(dir);
	return n;
}

static inline void set_mtime(const char *path, int64_t seconds)
{
	struct timespec times[2] = { { (time_t)seconds, 0 }, { (time_t)seconds, 0 } };

	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

/* main calls load twice: main 100 ns of which load has 40. */
static inline struct profile *small_profile(void)
{
	struct profile *p = profile_new();
	uint32_t f, g, node, child;

	ck_assert_ptr_nonnull(p);
	ck_assert_int_eq(profile_add_metric(p, "wall", "nanoseconds"), 0);
	ck_assert_int_eq(profile_add_root(p), 0);
	f = profile_function(p, "app.py", 10, "main", NULL);
	g = profile_function(p, "app.py", 20, "load", NULL);
	node = profile_child(p, 0, f);
	child = profile_child(p, node, g);
	p->nodes[node].ncalls = 1;
	p->nodes[child].ncalls = 2;
	*profile_node_cum(p, 0) = 100;
	*profile_node_cum(p, node) = 100;
	*profile_node_cum(p, child) = 40;
	return p;
}

static inline struct manifest small_manifest(void)
{
	struct manifest m = {
		.schema = MANIFEST_SCHEMA, .method = "GET", .route = "/user/{id}",
		.route_is_template = true, .path = "/user/7", .status = "200 OK",
		.start_ns = 1764000000123456789, .wall_ns = 2123400000, .cpu_ns = 2000000001,
		.bytes_sent = 5120, .bytes_known = true, .pid = 71, .thread = 72,
		.served_before = 12, .host = "host", .python = "3.11.7",
		.implementation = "CPython", .cprof = "0.1", .mode = "exact",
		.engine = "setprofile", .events = 6, .ended = "closed", .git = { .dirty = -1 },
	};

	return m;
}

#endif
