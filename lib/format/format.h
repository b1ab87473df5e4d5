/* format.h -- the table of file formats. A reader takes bytes, a writer fills a
 * buf; none opens a file, so every one can be fed by a test or a fuzzer.
 *
 * Bytes from outside are hostile: readers check every bound, cap what they
 * allocate to a small multiple of the input, and name the offset in errors
 * ("truncated at byte 512"); the caller prefixes the file's name.
 */
#ifndef CPROF_FORMAT_FORMAT_H
#define CPROF_FORMAT_FORMAT_H

#include <time.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "profile/profile.h"

/* What a file says beside the profile. All may be NULL or 0. */
struct format_info {
	const char *path;    /* callstack: where profile.prof will be, as a user types it */
	time_t mtime;        /* callstack: modification time of that file */
	const char *command; /* callgrind `cmd:`, pprof comment: "GET /user/{id}" */
	int64_t time_ns;     /* pprof: Unix time at the start */
	int64_t duration_ns; /* pprof: wall time as served */
	int pid;             /* callgrind `pid:` */
	uint32_t metric;     /* collapsed: which of them; the first */
};

/* What a profile may have and a format not. */
enum format_holds {
	HOLDS_TREE = 1,
	HOLDS_ARCS = 2,
	HOLDS_CALLS = 4,
	HOLDS_METRICS = 8, /* several */
	HOLDS_NAMES = 16,  /* name and qualified name */
	HOLDS_LOSSES = 32, /* how many calls are missing or folded */
	HOLDS_RECURSION = 64, /* primitive calls and their time; calls without a caller */
	HOLDS_OWN = 128,   /* of the time of an arc, how much is the callee's own */
	HOLDS_UNITS = 256,
	HOLDS_NEGATIVES = 512, /* values below zero: others write 0, or nothing */
	HOLDS_CUM = 1024,  /* a function's cumulative time, where its calls have none */
};

struct format {
	const char *name;     /* "pstats" */
	const char *filename; /* in a snapshot: "profile.prof" */
	unsigned holds;
	/* Whether these bytes look like the format; NULL: never read. */
	bool (*sniff)(struct bytes in);
	/* A new profile, or NULL with err filled. NULL: the format is only written. */
	struct profile *(*read)(struct bytes in, struct error *err);
	/* Appends to out; -1 with err filled: no memory, or ERR_REFUSED where
	 * the format wants a call tree, or times, and the profile has none. */
	int (*write)(struct buf *out, const struct profile *p, const struct format_info *info,
		     struct error *err);
};

/* All of them, in the order in which they are sniffed; ends with name NULL. */
extern const struct format formats[];

/* The row of this name, or NULL; the one whose reader takes these bytes, or NULL. */
const struct format *format_find(const char *name);
const struct format *format_of(struct bytes in);

/* Appends what this profile has and the format does not hold: "the call tree, numbers
 * of calls"; nothing where all of it fits. */
void format_losses(struct buf *out, const struct format *f, const struct profile *p);

/* Reads by content; "not a profile in a format that cprof reads" when none
 * fits. An empty input says so. */
struct profile *format_read(struct bytes in, struct error *err);

#endif
