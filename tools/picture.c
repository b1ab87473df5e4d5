#include "picture.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "cmd.h"
#include "snapshot/write.h"

void caption_fill(struct captioned *out, const struct snapshot *s, const char *path)
{
	const struct manifest *m = &s->manifest;

	*out = (struct captioned){ .request = BUF_INIT, .date = BUF_INIT };
	if (!s->has_manifest) {
		out->caption.request = s->name ? s->name : path_base(path);
		return;
	}
	request_title(&out->request, s);
	local_time(&out->date, m->start_ns);
	out->caption = (struct caption){
		.request = buf_str(&out->request),
		.status = m->status,
		.date = buf_str(&out->date),
		.commit = m->git.commit,
		.branch = m->git.branch,
		.subject = m->git.subject,
		.dirty = m->git.dirty == 1,
		.wall_ns = m->wall_ns,
	};
}

void caption_release(struct captioned *c)
{
	buf_release(&c->request);
	buf_release(&c->date);
}

static int write_into(const char *path, struct bytes content, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t done = 0;

	if (fd < 0)
		return error_errno(err, errno, "%s", path);
	while (done < content.len) {
		ssize_t n = write(fd, content.data + done, content.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error_errno(err, errno, "%s", path);
			close(fd);
			return -1;
		}
		done += (size_t)n;
	}
	if (close(fd) < 0)
		return error_errno(err, errno, "%s", path);
	return 0;
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

int output_file(const char *path, struct bytes content, struct error *err)
{
	struct stat st;
	char *folder;
	int rc;

	if (strcmp(path, "-") == 0) {
		out_bytes(content.data, content.len);
		return 0;
	}
	/* Renaming over /dev/stdout would replace the device. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return write_into(path, content, err);
	folder = folder_of(path);
	if (folder == NULL)
		return error_nomem(err);
	/* Its own message would name a temporary file, not what the user typed. */
	if (access(folder, W_OK) < 0)
		rc = error_errno(err, errno, "%s", path);
	else
		rc = snapshot_replace_file(folder, path_base(path), content, err);
	mem_free(folder);
	return rc;
}

int output_finish(struct error *err)
{
	int errnum = out_finish();

	if (errnum != 0 && errnum != EPIPE)
		return error_errno(err, errnum, "standard output");
	return 0;
}
