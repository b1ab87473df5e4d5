/* pstats_sum.h -- what one profile.prof says, or the sum of thousands of them, as
 * pstats.Stats.add makes it: the doubles that are in the files, added in the order
 * in which they come, not times rounded to nanoseconds; functions and callers in
 * the order in which pstats' dicts would have them. It grows with the number of
 * functions and callers, not with that of files.
 *
 *     entries   those with an entry of their own, in their order; of each
 *     callers   a list by `next`, in their order; a caller need not have an entry
 *     keys      (file, line, name): of both, in no order that means anything
 *
 * The layout of a file is in pstats.c.
 */
#ifndef CPROF_FORMAT_PSTATS_SUM_H
#define CPROF_FORMAT_PSTATS_SUM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/map.h"
#include "base/strtab.h"

struct pstats_key {
	const char *file, *name; /* in strings */
	uint32_t line;
	uint32_t entry;  /* or MAP_NONE, as the next two */
	uint32_t callee; /* the entry that had it for a caller last */
	uint32_t after;  /* the key of the entry that came behind its own last */
};

struct pstats_row {
	int64_t ncalls, nprimitive; /* less than 0: pyinstrument's "not known" */
	double tottime, cumtime;    /* seconds */
};

struct pstats_entry {
	uint32_t key;
	uint32_t file;  /* number of the last file that had it */
	uint32_t first, last; /* callers, or MAP_NONE */
	struct pstats_row row;
};

struct pstats_caller {
	uint32_t key;
	uint32_t file;
	uint32_t next; /* or MAP_NONE */
	struct pstats_row row;
};

/* Who wrote it, as far as that changes what numbers mean. */
struct pstats_kind {
	bool sampled;     /* counts are numbers of samples (CPython 3.15) or unknown */
	bool marked;      /* CPython 3.15's mark is in it */
	bool counts_only; /* of callers only counts are known (`profile`, CPython 3.15) */
};

struct pstats_sum {
	struct strtab strings;
	struct pstats_key *keys;
	size_t nkeys, keys_cap;
	struct map key_index;
	struct pstats_entry *entries;
	size_t nentries, entries_cap;
	struct pstats_caller *callers;
	size_t ncallers, callers_cap;
	struct map caller_index; /* callee's key, caller's key -> caller; of several files */
	uint32_t nfiles;
	struct pstats_kind kind;
	double seconds; /* of all times, without their signs */
	size_t nbytes;  /* of all files */
};

/* Of all times of a file: over a century, and what fits 64 bits of nanoseconds. */
#define PSTATS_SECONDS_MAX 4e9

#define PSTATS_SUM_INIT { .nkeys = 0 }

/* Adds a file. -1 with err, what came before is then not to be used any more:
 * ERR_REFUSED where this one and those before cannot be added up. */
int pstats_sum_add(struct pstats_sum *s, struct bytes in, struct error *err);
void pstats_sum_release(struct pstats_sum *s);

/* Frees who the keys are; or all but the texts, for what was made of it: before the whole is
 * released, and nothing may ask for it then. */
void pstats_sum_drop_keys(struct pstats_sum *s);
void pstats_sum_keep_texts(struct pstats_sum *s);

/* Appends the sum as a file that pstats loads. */
int pstats_sum_write(struct buf *out, const struct pstats_sum *s, struct error *err);

#endif
