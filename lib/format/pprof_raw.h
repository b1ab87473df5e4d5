/* pprof_raw.h -- a profile.proto as it stands in the file: all that samples
 * refer to, by ids and indices nobody has checked yet. */
#ifndef CPROF_FORMAT_PPROF_RAW_H
#define CPROF_FORMAT_PPROF_RAW_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "profile/profile.h"

/* Real files have up to a dozen. */
enum { PPROF_MAX_TYPES = 64 };

/* What a type may be instead of a metric. */
enum { PPROF_CALLS_TYPE = -1, PPROF_LEFT_OUT = -2 };

struct pprof_type {
	uint64_t type, unit; /* texts */
	/* For the reader to fill in: the metric's name and number, or one of the above,
	 * and what makes its unit ours. */
	const char *name;
	int metric;
	int64_t scale;
};

/* Rows are small, for a hostile file has millions: offsets are those of a file of
 * under 4 GB, and what does not fit into a text's index is UINT32_MAX. */
struct pprof_function {
	uint64_t id;
	uint32_t name, system_name, file, line;
	uint32_t offset;
	uint32_t function; /* of the profile; for the reader to fill in */
};

struct pprof_location {
	uint64_t id, address;
	uint32_t offset;
	uint32_t first_line, nlines; /* in pprof_raw.lines */
};

struct pprof_text {
	uint32_t offset, len;
	const char *interned; /* for the reader to fill in */
};

struct pprof_raw {
	struct pprof_text *texts;
	size_t ntexts, texts_cap;
	struct pprof_type types[PPROF_MAX_TYPES];
	unsigned ntypes;
	struct pprof_function *functions;
	size_t nfunctions, functions_cap;
	struct pprof_location *locations;
	size_t nlocations, locations_cap;
	uint64_t *lines; /* function ids, innermost first */
	size_t nlines, lines_cap;
	uint64_t *comments; /* texts */
	size_t ncomments, comments_cap;
	uint64_t default_type; /* a text */
	size_t samples, samples_end; /* where in the file all samples are */
};

/* Fills *r, which begins zeroed and is to be released also on failure. There is
 * at least one type, and text 0 is empty; rows take no more than some 20 MB and half
 * of what the file does. */
int pprof_scan(struct pprof_raw *r, struct bytes in, struct error *err);
/* What the rows take. */
size_t pprof_raw_size(const struct pprof_raw *r);
void pprof_raw_release(struct pprof_raw *r);

/* "not a pprof file: byte 12: what"; returns -1. */
int pprof_bad(struct error *err, size_t offset, const char *what);

int pprof_push(uint64_t **array, size_t *n, size_t *cap, uint64_t value, struct error *err);

#endif
