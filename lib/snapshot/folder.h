/* folder.h -- what the other files of this module do with folders: list, lock,
 * rename without replacing, remove. Nothing here follows a symbolic link that
 * is the last part of a path: inside an archive there should be none, and a
 * stranger's may hold some.
 *
 * Hidden names that are ours, and may be swept when they are old:
 *
 *     .GET.root.000738ms     a snapshot that is being written
 *     .cprof-new.PID.N       a run folder that is being made
 *     .cprof-gone.PID.N      a folder that is being deleted
 */
#ifndef CPROF_SNAPSHOT_FOLDER_H
#define CPROF_SNAPSHOT_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"

struct folder_entry {
	const char *name; /* in the list's arena */
	bool is_folder;
	bool is_file;     /* a regular one; neither: a link, a socket, ... */
	uint64_t size;
	int64_t mtime_ns;
};

struct folder_list {
	struct folder_entry *entries; /* by name */
	size_t n, cap;
	struct arena arena;
};

#define FOLDER_LIST_INIT { NULL, 0, 0, ARENA_INIT }

/* All entries but "." and ".."; those that vanish meanwhile are left out. */
int folder_list_read(struct folder_list *out, const char *path, struct error *err);
const struct folder_entry *folder_list_find(const struct folder_list *l, const char *name);
void folder_list_release(struct folder_list *l);

bool folder_exists(const char *path); /* as a folder, and not by a link */
int64_t folder_mtime_ns(const char *path); /* 0 where there is nothing */

/* Makes the folder and those above it, 0700. *made: it was not there. */
int folder_make(const char *path, bool *made, struct error *err);

/* A new folder "DIR/.cprof-WHAT.PID.N"; its path in new memory, NULL with err. */
char *folder_make_hidden(const char *dir, const char *what, struct error *err);
bool folder_is_hidden_of_ours(const char *name);

/* Renames without replacing: -1 with errno, EEXIST when `to` is there. */
int folder_rename(const char *from, const char *to);
/* The same where the system cannot do it in one step. What is moved must be no
 * empty folder: rename() itself then refuses to replace another of that kind. */
int folder_rename_checked(const char *from, const char *to);

/* Deletes a folder and what is in it, as far as it can; -1 with errno. */
int folder_remove(const char *path);

/* Renames DIR/NAME to a hidden name in DIR, so that readers see it whole or not
 * at all while it is deleted; the new path in new memory, NULL with err. */
char *folder_hide(const char *dir, const char *name, struct error *err);

/* As file_read, but a link is not followed. */
int folder_read_file(struct buf *out, const char *path, size_t max, struct error *err);

/* Replaces or makes DIR/NAME whole: temporary name, rename. */
int folder_write_file(const char *dir, const char *name, struct bytes content,
		      struct error *err);

/* Makes a file that nobody sees in the folder, to be written and then renamed: its
 * descriptor, with its path in new memory; -1 with err. */
int folder_new_file(const char *dir, char **path, struct error *err);

/* Takes the lock file at `path`, made when missing, among processes; tries for
 * a second. -1 with err. Released by folder_unlock. */
int folder_lock(const char *path, struct error *err);
void folder_unlock(int lock);

#endif
