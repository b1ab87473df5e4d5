/* pstats_scan.h -- the reading of one file into a sum: what its references led to, and
 * the keys that they make. Inside format/ alone, for pstats_sum.c and pstats_key.c.
 */
#ifndef CPROF_FORMAT_PSTATS_SCAN_H
#define CPROF_FORMAT_PSTATS_SCAN_H

#include "base/buf.h"
#include "format/marshal.h"
#include "format/pstats_sum.h"

/* What references of this file led to before: there may be as many as functions, and
 * names of them. */
struct known {
	enum { KNOWN_NOT, KNOWN_TEXT, KNOWN_NUMBER } is;
	uint32_t key; /* or MAP_NONE */
	union {
		const char *text;
		int64_t number;
	};
};

struct scan {
	struct pstats_sum *sum;
	struct marshal_reader in;
	struct known *known;
	size_t nknown, known_cap;
	struct buf scratch, code;
	/* In one file after the other mostly the same comes in the same order: what is
	 * expected next need not be found by a hash. */
	uint32_t last_entry;      /* key, or MAP_NONE */
	uint32_t expected_caller; /* or MAP_NONE */
	size_t narcs, max_arcs;
	struct pstats_kind kind;
	bool has_rows;   /* a caller with four numbers was seen */
	bool has_counts; /* a function that was called was seen */
	double seconds;  /* of all times, without their signs */
};

/* "not a pstats file: byte 12: `what`"; -1. */
int pstats_bad(struct scan *s, const struct marshal_value *v, const char *what);

/* NULL with err; of a text that may well be `expected`, the one that is in the sum. */
const char *pstats_text(struct scan *s, const struct marshal_value *v, const char *expected);

/* The key that a (file, line, name) is, added where it is new, and may well be the one
 * numbered `guess`, or that is MAP_NONE; MAP_NONE with err. */
uint32_t pstats_key(struct scan *s, const struct marshal_value *v, uint32_t guess);

/* An integer that comes next and was there before: CPython has one object for each
 * small number, so most are references. */
static inline bool known_number(struct scan *s, int64_t *n)
{
	uint32_t ref = marshal_peek_ref(&s->in);

	if (ref >= s->nknown || s->known[ref].is != KNOWN_NUMBER)
		return false;
	marshal_pass(&s->in, 5);
	*n = s->known[ref].number;
	return true;
}

/* One that was not just there: `what` is wrong when it is none, or with `of`. -1 with err. */
int pstats_new_number(struct scan *s, int64_t *n, const struct marshal_value *of,
		      const char *what);

#endif
