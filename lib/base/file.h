/* file.h -- whole files in and out. Errors name the path. */
#ifndef CPROF_BASE_FILE_H
#define CPROF_BASE_FILE_H

#include <stddef.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

/* What people call the path: "standard input" for "-". */
const char *file_called(const char *path);

/* Appends the file's content to out; "-" is standard input. A file of over
 * `max` bytes, or one that is no regular file, is refused. */
int file_read(struct buf *out, const char *path, size_t max, struct error *err);

/* Creates the file (0600; it must not exist) and writes all of it. On failure it
 * is removed again. */
int file_create(const char *path, struct bytes content, struct error *err);

/* Writes all of it; 0 or the errno of what stopped that. */
int file_write(int fd, struct bytes content);

/* "DIR/NAME" in new memory, NULL without; mem_free it. */
char *path_join(const char *dir, const char *name);

/* The last part of a path: "c" of "a/b/c". Borrowed from path. */
const char *path_base(const char *path);

/* The last `parts` parts: of two "b/c"; all of a path that has no more. */
const char *path_end(const char *path, int parts);

#endif
