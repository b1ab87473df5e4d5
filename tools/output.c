#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd.h"
#include "snapshot/folder.h"

static bool take(struct buf_sink *sink, struct bytes content)
{
	struct output *o = (struct output *)sink;

	if (o->fd < 0)
		return out_bytes(content.data, content.len);
	if (o->errnum == 0)
		o->errnum = file_write(o->fd, content);
	return o->errnum == 0;
}

static char *folder_of(const char *path)
{
	size_t len = (size_t)(path_base(path) - path);
	char *folder;

	if (len == 0)
		return path_join(".", "");
	folder = mem_alloc(len + 1);
	if (folder != NULL) {
		memcpy(folder, path, len);
		folder[len] = '\0';
	}
	return folder;
}

/* What a snapshot holds is its owner's alone; what was asked for by name is as readable
 * as any file, or as the one whose place it takes. */
static void set_mode(int fd, const struct stat *old)
{
	mode_t mask = umask(0);

	umask(mask);
	/* Where a file system has no modes, there is none to set. */
	(void)!fchmod(fd, old != NULL ? old->st_mode & 0777 : 0666 & ~mask);
}

/* Its own message would name a temporary file, not what the user typed. */
static int begin_hidden(struct output *o, struct error *err)
{
	char *folder = folder_of(o->path);

	if (folder == NULL)
		return error_nomem(err);
	if (access(folder, W_OK) < 0)
		error_errno(err, errno, "%s", o->path);
	else
		o->fd = folder_new_file(folder, &o->hidden, err);
	mem_free(folder);
	return o->fd < 0 ? -1 : 0;
}

int output_begin(struct output *o, const char *path, struct error *err)
{
	struct stat st;
	bool exists;

	*o = (struct output){ .sink = { take, false }, .path = path, .fd = -1 };
	if (strcmp(path, "-") == 0)
		return 0;
	/* Renaming over /dev/stdout would replace the device. */
	exists = stat(path, &st) == 0;
	if (!exists || S_ISREG(st.st_mode)) {
		if (begin_hidden(o, err) < 0)
			return -1;
		set_mode(o->fd, exists ? &st : NULL);
		return 0;
	}
	o->fd = open(path, O_WRONLY | O_CLOEXEC);
	return o->fd < 0 ? error_errno(err, errno, "%s", path) : 0;
}

int output_end(struct output *o, struct bytes rest, bool failed, struct error *err)
{
	int rc = 0;

	if (!failed)
		take(&o->sink, rest);
	if (o->fd >= 0 && close(o->fd) < 0 && o->errnum == 0)
		o->errnum = errno;
	if (o->hidden != NULL && !failed && o->errnum == 0 && rename(o->hidden, o->path) < 0)
		o->errnum = errno;
	if (o->errnum != 0)
		rc = error_errno(err, o->errnum, "%s", o->path);
	if (o->hidden != NULL && (failed || rc < 0))
		unlink(o->hidden);
	mem_free(o->hidden);
	o->hidden = NULL;
	o->fd = -1;
	return rc;
}

int output_file(const char *path, struct bytes content, struct error *err)
{
	struct output o;

	return output_begin(&o, path, err) < 0 ? -1 : output_end(&o, content, false, err);
}

int output_finish(struct error *err)
{
	int errnum = out_finish();

	if (errnum != 0 && errnum != EPIPE)
		return error_errno(err, errnum, "standard output");
	return 0;
}
