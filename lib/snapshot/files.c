#include "snapshot/files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "format/format.h"
#include "format/pstats.h"
#include "snapshot/folder.h"

static const struct format_info no_info;

/* What is in `out` behind `from`, if it is not pstats already. */
static int to_pstats(struct buf *out, size_t from, struct error *err)
{
	struct bytes in = { (const uint8_t *)out->data + from, out->len - from };
	struct profile *p;
	int rc;

	if (in.len != 0 && pstats_sniff(in))
		return 0;
	p = format_read(in, err);
	out->len = from;
	rc = p == NULL ? -1 : pstats_write(out, p, &no_info, err);
	profile_free(p);
	return rc;
}

/* A snapshot without profile.prof was imported and has something else. */
static int read_snapshot(struct buf *out, const char *path, struct error *err)
{
	char *file = path_join(path, "profile.prof");
	struct profile *p;
	int rc;

	if (file == NULL)
		return error_nomem(err);
	rc = folder_read_file(out, file, SNAPSHOT_FILE_MAX, err);
	mem_free(file);
	if (rc == 0 || err->code != ERR_NOT_FOUND)
		return rc;
	p = snapshot_profile(path, err);
	rc = p == NULL ? -1 : pstats_write(out, p, &no_info, err);
	profile_free(p);
	return rc;
}

int snapshot_pstats(struct buf *out, const char *path, struct error *err)
{
	size_t from = out->len;
	struct stat st;
	int rc;

	/* Most are files, of thousands: what else it is, is asked where it is none. */
	rc = file_read(out, path, SNAPSHOT_FILE_MAX, err);
	if (rc < 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		*err = (struct error)ERROR_INIT;
		return read_snapshot(out, path, err);
	}
	if (rc < 0)
		return -1;
	rc = to_pstats(out, from, err);
	if (rc < 0)
		error_prefix(err, "%s: ", file_called(path));
	return rc;
}

/* --- import */

static bool fits(const struct format *f, const struct profile *p)
{
	if (strcmp(f->name, "pstats") == 0 || strcmp(f->name, "callstack") == 0)
		return pstats_time_metric(p) >= 0;
	if (strcmp(f->name, "pprof") == 0)
		return profile_has_tree(p);
	return strcmp(f->name, "callgrind") == 0;
}

static int write_file(const char *folder, const char *name, struct buf *content, struct error *err)
{
	char *path = path_join(folder, name);
	int rc;

	if (path == NULL)
		return error_nomem(err);
	rc = file_create(path, buf_bytes(content), err);
	mem_free(path);
	buf_clear(content);
	return rc;
}

static int write_all(const char *folder, const char *path, const struct profile *p,
		     const struct manifest *m, struct error *err)
{
	struct buf content = BUF_INIT, command = BUF_INIT, typed = BUF_INIT;
	struct format_info info = { .time_ns = m->start_ns, .duration_ns = m->wall_ns };
	char *prof = path_join(folder, "profile.prof");
	int rc = prof == NULL ? error_nomem(err) : 0;

	buf_printf(&command, "%s %s", m->method, m->route);
	buf_printf(&typed, "%s/profile.prof", path);
	info.command = buf_str(&command);
	info.path = buf_str(&typed);
	for (const struct format *f = formats; f->name != NULL && rc == 0; f++) {
		if (!fits(f, p))
			continue;
		/* callstack.txt, which comes next, shows that of profile.prof. */
		info.mtime = (time_t)(folder_mtime_ns(prof) / 1000000000);
		rc = f->write(&content, p, &info, err);
		if (rc == 0)
			rc = write_file(folder, f->filename, &content, err);
	}
	if (rc == 0)
		rc = manifest_write(&content, m, err);
	if (rc == 0)
		rc = write_file(folder, "snapshot.json", &content, err);
	if (command.failed || typed.failed)
		rc = error_nomem(err);
	mem_free(prof);
	buf_release(&content);
	buf_release(&command);
	buf_release(&typed);
	return rc;
}

/* The folder above: "." where the path has none. */
static char *copy_parent(const char *path)
{
	size_t len = (size_t)(path_base(path) - path);
	char *parent = path_join(len != 0 ? path : ".", "");

	if (parent != NULL && len != 0)
		parent[len] = '\0';
	return parent;
}

int snapshot_import(const char *path, const struct profile *p, const struct manifest *m,
		    struct error *err)
{
	char *parent = copy_parent(path), *hidden = NULL;
	bool made;
	int rc = -1;

	if (parent == NULL)
		return error_nomem(err);
	if (folder_exists(path))
		error_set(err, ERR_EXISTS, "%s: is there already", path);
	else if (folder_make(parent, &made, err) == 0)
		hidden = folder_make_hidden(parent, "new", err);
	if (hidden == NULL)
		goto done;
	rc = write_all(hidden, path, p, m, err);
	if (rc == 0 && folder_rename(hidden, path) < 0)
		rc = error_errno(err, errno, "%s", path);
	if (rc < 0)
		folder_remove(hidden);
done:
	mem_free(hidden);
	mem_free(parent);
	return rc;
}
