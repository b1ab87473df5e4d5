/* archive.h -- reading an archive back: runs, snapshots, their files.
 *
 * An archive is only folders. What is hidden or has no snapshot's name is
 * passed over; symbolic links inside an archive are, too. Whatever an archive
 * holds may come from a stranger: what is wrong with one snapshot is said in its
 * `problem` and never stops the list.
 */
#ifndef CPROF_SNAPSHOT_ARCHIVE_H
#define CPROF_SNAPSHOT_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/profile.h"
#include "snapshot/manifest.h"
#include "snapshot/run.h"

struct snapshot {
	char *path;   /* as reached from the path that was given */
	char *run;    /* name of its run folder */
	char *name;   /* name of its folder */
	struct manifest manifest;
	/* false: snapshot.json is missing or bad. The manifest then has what the
	 * folder tells: method, route and wall time by its name, start by its
	 * time of modification. */
	bool has_manifest;
	struct error problem; /* what is missing or bad; ERR_NONE: nothing */
	uint64_t size;       /* bytes of its files */
	bool has_picture;    /* dot.png is there ... */
	bool picture_is_old; /* ... but snapshot.json is newer */
};

/* Folders that are there and could not be opened. They are left out. */
struct closed {
	size_t n;
	struct error first; /* what the first of them said */
};

struct run_info {
	char *path, *name;
	int64_t created_ns; /* run.json's word, else the oldest snapshot's start */
	struct snapshot *snapshots; /* oldest start first */
	size_t nsnapshots;
	uint64_t seen, kept, dropped; /* from run.json, summed over processes */
	bool has_counts;
	unsigned nprocesses;
	enum run_outcome outcome; /* RUN_UNKNOWN also of what is no suite, as a server */
	struct closed closed; /* snapshots */
};

struct archive {
	char *path;
	struct run_info *runs; /* oldest first */
	size_t nruns;
	struct closed closed; /* runs */
};

enum path_kind { PATH_ARCHIVE, PATH_RUN, PATH_SNAPSHOT, PATH_FILE };

/* What a path on the command line is. A run holds run.json or snapshots, a
 * snapshot has a snapshot's name or holds profile.prof or profile.pb.gz; any
 * other folder is taken for an archive. What is no path is looked up in
 * `archive` (may be NULL): a run's name, RUN/SNAPSHOT, or a snapshot's name
 * alone, which must be in one run only (else ERR_REFUSED). The real path is put
 * into *found, which the caller frees with mem_free. */
int archive_find(const char *archive, const char *what, enum path_kind *kind, char **found,
		 struct error *err);

/* Reads the whole archive, one run, or one snapshot; all manifests, no profile.
 * An empty or missing archive is ERR_NOT_FOUND with a hint. */
int archive_read(struct archive *out, const char *path, struct error *err);
/* The runs alone, for who wants the newest: of one whose run.json says how old it
 * is, no snapshot is read. */
int archive_read_runs(struct archive *out, const char *path, struct error *err);
int run_read(struct run_info *out, const char *path, struct error *err);
int snapshot_read(struct snapshot *out, const char *path, struct error *err);
void archive_release(struct archive *a);
void run_info_release(struct run_info *r);
void snapshot_release(struct snapshot *s);

/* A snapshot's profile: profile.pb.gz, or where that is missing profile.prof, or
 * where that is missing too (it was imported) profile.kgrind.
 * Also takes the path of a profile's file, "-" for standard input. NULL with err, which names the file. */
struct profile *snapshot_profile(const char *path, struct error *err);

/* If the archive holds more than `max_bytes`, deletes the oldest snapshots (by the
 * run's, then their own age, both by the time at which profile.prof was written)
 * until there is room for `room` bytes, never those younger than a minute. All
 * folders are looked at for that: room for many spares the next looks. Empty run folders whose leader
 * has gone are deleted then, and always what processes that died left hidden,
 * once it is an hour old. *bytes: what is left. Safe while other processes write
 * or delete: a folder is renamed to a hidden name before it is taken apart. */
int archive_trim(const char *path, uint64_t max_bytes, uint64_t room, uint64_t *bytes,
		 struct error *err);

#endif
