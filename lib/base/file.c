#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

enum { BLOCK = 4096 };

/* To the end, which is where `size` bytes are, if that is not 0. */
static int read_all(struct buf *out, int fd, const char *path, size_t size, size_t max,
		    struct error *err)
{
	size_t start = out->len;

	for (;;) {
		ssize_t n;

		if (!buf_reserve(out, BLOCK)) {
			error_nomem(err);
			return error_prefix(err, "%s: ", path);
		}
		n = read(fd, out->data + out->len, out->cap - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "%s", path);
		out->len += (size_t)n;
		if (n == 0 || (size != 0 && out->len - start == size))
			return 0;
		if (out->len - start > max)
			return error_set(err, ERR_REFUSED, "%s: larger than %zu MB", path,
					 max >> 20);
	}
}

/* What is made of a profile takes five to eight times its bytes. */
enum { TIMES = 8 };

static int read_file(struct buf *out, int fd, const char *path, size_t size, size_t max,
		     struct error *err)
{
	/* One block more, in which the end is found; and /proc says 0 of its files. */
	if (size <= max) {
		mem_expect(size * TIMES);
		buf_reserve(out, size + BLOCK);
	}
	return read_all(out, fd, path, size <= max ? size : 0, max, err);
}

const char *file_called(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard input" : path;
}

int file_read(struct buf *out, const char *path, size_t max, struct error *err)
{
	struct stat st;
	int fd, rc;

	if (strcmp(path, "-") == 0)
		return read_all(out, STDIN_FILENO, file_called(path), 0, max, err);
	/* A FIFO must not hang the open. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	if (fstat(fd, &st) < 0)
		rc = error_errno(err, errno, "%s", path);
	else if (!S_ISREG(st.st_mode))
		rc = error_set(err, ERR_REFUSED, "%s: not a file", path);
	else
		rc = read_file(out, fd, path, (size_t)st.st_size, max, err);
	close(fd);
	return rc;
}

int file_write(int fd, struct bytes content)
{
	while (content.len != 0) {
		ssize_t n = write(fd, content.data, content.len);

		if (n < 0 && errno != EINTR)
			return errno;
		if (n > 0) {
			content.data += n;
			content.len -= (size_t)n;
		}
	}
	return 0;
}

int file_create(const char *path, struct bytes content, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int errnum;

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	errnum = file_write(fd, content);
	if (close(fd) < 0 && errnum == 0)
		errnum = errno;
	if (errnum != 0) {
		unlink(path);
		return error_errno(err, errnum, "%s", path);
	}
	return 0;
}

char *path_join(const char *dir, const char *name)
{
	size_t ndir = strlen(dir), nname = strlen(name);
	char *path = mem_alloc(ndir + nname + 2);

	if (path == NULL)
		return NULL;
	while (ndir > 1 && dir[ndir - 1] == '/')
		ndir--;
	memcpy(path, dir, ndir);
	if (ndir != 1 || dir[0] != '/')
		path[ndir++] = '/';
	memcpy(path + ndir, name, nname + 1);
	return path;
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *path_end(const char *path, int parts)
{
	const char *s = path + strlen(path);

	while (s > path) {
		if (s[-1] == '/' && --parts == 0)
			break;
		s--;
	}
	return s;
}
