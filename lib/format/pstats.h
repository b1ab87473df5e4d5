/* pstats.h -- profile.prof, what pstats loads. The layout is in pstats.c. */
#ifndef CPROF_FORMAT_PSTATS_H
#define CPROF_FORMAT_PSTATS_H

#include "format/format.h"

bool pstats_sniff(struct bytes in);
struct profile *pstats_read(struct bytes in, struct error *err);
int pstats_write(struct buf *out, const struct profile *p, const struct format_info *info,
		 struct error *err);

/* What pstats can tell apart: (file, line, name). Functions that share it are
 * one group; groups are numbered in the order of their first function. */
struct pstats_groups {
	uint32_t *of;    /* nfunctions: a function's group */
	uint32_t *first; /* ngroups: a group's first function */
	uint32_t ngroups;
};

int pstats_group(struct pstats_groups *out, const struct profile *p, struct error *err);
void pstats_groups_release(struct pstats_groups *g);

/* derive_view (profile/derive.h) by groups, of which each function may be one. */
int pstats_derive(const struct table **out, struct table *own, const struct profile *p,
		  const struct pstats_groups *g, struct error *err);

/* The metric that pstats is given: "wall", else the first in nanoseconds; -1
 * when there is none. */
int pstats_time_metric(const struct profile *p);

/* A metric's value as pstats holds it: seconds, the very double in the file. */
double pstats_seconds(int64_t ns);

/* How pstats prints a function: "{built-in method builtins.len}" or
 * "app.py:12(show)" (func_std_string). Appends to out. */
void pstats_name(struct buf *out, const struct function *f);

#endif
