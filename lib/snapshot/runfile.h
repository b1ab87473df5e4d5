/* runfile.h -- run.json as text: see run.h for what is in it. */
#ifndef CPROF_SNAPSHOT_RUNFILE_H
#define CPROF_SNAPSHOT_RUNFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "format/json.h"
#include "snapshot/leader.h"
#include "snapshot/run.h"

enum {
	RUNFILE_MAX = 1 << 20, /* bytes that are read */
	/* Rows past which those of processes that are gone become one: a server
	 * that renews its workers every thousand requests makes many. */
	RUNFILE_ROWS = 256
};

struct runfile_totals {
	struct run_counts counts;
	uint64_t nprocesses;
};

/* The document of RUN_FOLDER/run.json in `arena`; NULL with err. */
const struct json *runfile_read(struct arena *arena, const char *run_folder, struct error *err);

/* What it says; doc may be NULL or anything. */
bool runfile_leader(const struct json *doc, struct process *out);
bool runfile_created(const struct json *doc, int64_t *unix_ns);
bool runfile_totals(const struct json *doc, struct runfile_totals *out);
enum run_outcome runfile_outcome(const struct json *doc);

/* Appends a new one without rows. */
int runfile_write_new(struct buf *out, const struct process *leader, struct error *err);

/* Appends `doc` with the row of `self` replaced; NULL: a new one. */
int runfile_write_row(struct buf *out, const struct json *doc, const struct process *self,
		      const struct run_counts *counts, struct error *err);

/* Appends `doc` with this outcome; NULL: a new one. */
int runfile_write_outcome(struct buf *out, const struct json *doc, enum run_outcome outcome,
			  struct error *err);

#endif
