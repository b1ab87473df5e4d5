/* summary_read.h -- what the readers of a summary's parts share. The layout is in
 * summary.h. Members come in the order that is written: metrics and functions before the
 * groups that speak of them. */
#ifndef CPROF_CHANGE_SUMMARY_READ_H
#define CPROF_CHANGE_SUMMARY_READ_H

#include "base/map.h"
#include "change/summary.h"
#include "format/json_walk.h"

struct summary_in {
	struct json_lexer lex;
	struct summary *s;
	struct error *err;

	struct summary_function *known; /* id and line alone; by identity */
	size_t nknown, known_cap;
	struct map by_id;
	uint32_t *index; /* of known -> function of the group that is read, or MAP_NONE */

	struct summary_group *groups;
	size_t ngroups, groups_cap;
};

/* An item of "groups". */
int summary_read_group(void *arg);

/* Strings are in the summary's arena, NULL for null; numbers are whole and not less than
 * `least`. All return -1 with err. */
int summary_take_string(struct summary_in *in, const char **to);
int summary_take_int(struct summary_in *in, int64_t least, int64_t *to);
int summary_take_count(struct summary_in *in, uint64_t *to);
int summary_take_bool(struct summary_in *in, bool *to);
/* "3f2a91bc", read from there */
int summary_parse_id(struct summary_in *in, const char *text, uint32_t *id);

#endif
