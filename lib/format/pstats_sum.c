#include "format/pstats_sum.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "format/pstats_scan.h"
#include "profile/profile.h"

enum {
	SMALLEST_ARC = 10, /* bytes in a file: two references */
	/* Bytes in memory, with what `show` makes of them. */
	KEY_COST = 260,
	CALLER_COST = 100,
	KNOWN_COST = sizeof(struct known) + sizeof(size_t)
};

static int check_size(struct scan *s, const struct marshal_value *v)
{
	const struct pstats_sum *sum = s->sum;

	size_t cost = sum->strings.arena.total + sum->nkeys * KEY_COST +
		      sum->ncallers * CALLER_COST + s->nknown * KNOWN_COST;

	return cost <= PROFILE_ROOM + 2 * sum->nbytes ? 0 : pstats_bad(s, v, PROFILE_TOO_LARGE);
}

static int read_count(struct scan *s, int64_t *count)
{
	if (!known_number(s, count) &&
	    pstats_new_number(s, count, NULL, "no number where calls are counted") < 0)
		return -1;
	if (*count < 0)
		s->kind.sampled = true;
	return 0;
}

static int read_new_time(struct scan *s, double *seconds)
{
	struct marshal_value v;

	if (marshal_next(&s->in, &v, false) < 0)
		return -1;
	if (v.type == MARSHAL_INT)
		*seconds = (double)v.integer;
	else if (v.type == MARSHAL_FLOAT)
		*seconds = v.number;
	else
		return pstats_bad(s, &v, "no number where a time should be");
	return isfinite(*seconds) ? 0 : pstats_bad(s, &v, "a time that is not finite");
}

static int read_time(struct scan *s, double *seconds)
{
	struct marshal_value at = { .offset = s->in.at };
	const uint8_t *number = marshal_peek(&s->in, 'g', 8);

	if (number != NULL)
		*seconds = marshal_load_double(number);
	if (number != NULL && isfinite(*seconds))
		marshal_pass(&s->in, 9);
	else if (read_new_time(s, seconds) < 0)
		return -1;
	s->seconds += fabs(*seconds);
	if (s->seconds > PSTATS_SECONDS_MAX)
		return pstats_bad(s, &at, "times that add up to over a century");
	return 0;
}

static int add_row(struct scan *s, const struct marshal_value *v, struct pstats_row *to,
		   const struct pstats_row *row)
{
	if (__builtin_add_overflow(to->ncalls, row->ncalls, &to->ncalls) ||
	    __builtin_add_overflow(to->nprimitive, row->nprimitive, &to->nprimitive))
		return pstats_bad(s, v, "more calls than can be counted");
	to->tottime += row->tottime;
	to->cumtime += row->cumtime;
	return 0;
}

/* A tuple of n items, of which the first four are as in nearly all: two whole numbers, new
 * or known, and two doubles, none a reference that is counted. False where they are not:
 * then nothing was read. */
static inline bool take_numbers(struct scan *s, uint8_t n, int64_t counts[2], double times[2])
{
	enum { COUNTS = 2, COUNT = 5, TIMES = COUNTS + 2 * COUNT, TIME = 9,
	       SIZE = TIMES + 2 * TIME };
	const uint8_t *b = s->in.in.data + s->in.at;
	double seconds = s->seconds;

	if (s->in.in.len - s->in.at < SIZE || b[0] != ')' || b[1] != n)
		return false;
	for (int i = 0; i < 2; i++) {
		const uint8_t *count = b + COUNTS + i * COUNT, *time = b + TIMES + i * TIME;
		uint32_t value = marshal_load32(count + 1);

		if (count[0] == 'i')
			counts[i] = (int32_t)value;
		else if (count[0] == 'r' && value < s->nknown && s->known[value].is == KNOWN_NUMBER)
			counts[i] = s->known[value].number;
		else
			return false;
		if (time[0] != 'g')
			return false;
		times[i] = marshal_load_double(time + 1);
		seconds += fabs(times[i]);
	}
	/* Nor is what is not finite. */
	if (!(seconds <= PSTATS_SECONDS_MAX))
		return false;
	s->seconds = seconds;
	s->kind.sampled = s->kind.sampled || counts[0] < 0 || counts[1] < 0;
	marshal_pass(&s->in, SIZE);
	return true;
}

/* Which of its callers has this key, when it comes again; MAP_NONE. In the first file
 * none may, which is told without an index; in others they mostly come in the order
 * that they had. */
static uint32_t find_caller(const struct scan *s, uint32_t entry, uint32_t key)
{
	const struct pstats_sum *sum = s->sum;

	if (s->expected_caller != MAP_NONE && sum->callers[s->expected_caller].key == key)
		return s->expected_caller;
	if (sum->nfiles != 1)
		return map_get(&sum->caller_index, map_pair(sum->entries[entry].key, key));
	if (sum->keys[key].callee != entry)
		return MAP_NONE;
	for (uint32_t i = sum->entries[entry].first; i != MAP_NONE; i = sum->callers[i].next)
		if (sum->callers[i].key == key)
			return i;
	return MAP_NONE;
}

/* Before the second file. */
static int index_callers(struct pstats_sum *sum)
{
	if (map_reserve(&sum->caller_index, sum->ncallers) < 0)
		return -1;
	for (size_t e = 0; e < sum->nentries; e++)
		for (uint32_t i = sum->entries[e].first; i != MAP_NONE; i = sum->callers[i].next)
			if (map_add(&sum->caller_index,
				    map_pair(sum->entries[e].key, sum->callers[i].key), i) < 0)
				return -1;
	return 0;
}

static int add_caller(struct scan *s, uint32_t entry, uint32_t key,
		      const struct marshal_value *v, const struct pstats_row *row)
{
	struct pstats_sum *sum = s->sum;
	struct pstats_entry *e = &sum->entries[entry];
	uint32_t i = find_caller(s, entry, key), added = (uint32_t)sum->ncallers;
	struct pstats_caller *grown;

	if (i != MAP_NONE) {
		struct pstats_caller *c = &sum->callers[i];

		if (c->file == sum->nfiles)
			return pstats_bad(s, v, "a caller that comes twice");
		c->file = sum->nfiles;
		s->expected_caller = c->next;
		return add_row(s, v, &c->row, row);
	}
	grown = sum->ncallers < sum->callers_cap
	      ? sum->callers
	      : mem_grow(sum->callers, &sum->callers_cap, sum->ncallers + 1, sizeof *grown);
	if (grown != NULL)
		sum->callers = grown;
	if (grown == NULL || (sum->nfiles != 1 &&
			      map_add(&sum->caller_index, map_pair(e->key, key), added) < 0))
		return error_nomem(s->in.err);
	sum->keys[key].callee = entry;
	grown[sum->ncallers++] = (struct pstats_caller){ key, sum->nfiles, MAP_NONE, *row };
	if (e->first == MAP_NONE)
		e->first = added;
	else
		grown[e->last].next = added;
	e->last = added;
	return 0;
}

static int read_new_caller_row(struct scan *s, const struct marshal_value *v,
			       struct pstats_row *row)
{
	struct marshal_place place;
	int rc = -1;

	*row = (struct pstats_row){ 0, 0, 0, 0 };
	if (v->type == MARSHAL_INT) {
		row->ncalls = row->nprimitive = v->integer;
		s->kind.counts_only = true;
		return v->integer < 0 ? pstats_bad(s, v, "fewer than no calls") : 0;
	}
	if (v->type != MARSHAL_TUPLE || v->nitems != 4)
		return pstats_bad(s, v, "no (nc, cc, tt, ct) of a caller");
	s->has_rows = true;
	place = marshal_enter(&s->in, v);
	if (read_count(s, &row->ncalls) == 0 && read_count(s, &row->nprimitive) == 0 &&
	    read_time(s, &row->tottime) == 0 && read_time(s, &row->cumtime) == 0)
		rc = 0;
	marshal_leave(&s->in, v, place);
	return rc;
}

/* (nc, cc, tt, ct), or one number. */
static int read_caller_row(struct scan *s, struct pstats_row *row)
{
	struct marshal_value v;
	int64_t counts[2];
	double times[2];

	if (take_numbers(s, 4, counts, times)) {
		*row = (struct pstats_row){ counts[0], counts[1], times[0], times[1] };
		s->has_rows = true;
		return 0;
	}
	return marshal_next_tuple(&s->in, &v, 4, false) < 0 ? -1 : read_new_caller_row(s, &v, row);
}

/* A key that comes next and was there before, or MAP_NONE. */
static uint32_t known_key(struct scan *s, struct marshal_value *v)
{
	uint32_t ref = marshal_peek_ref(&s->in);

	if (ref >= s->nknown || s->known[ref].key == MAP_NONE)
		return MAP_NONE;
	v->offset = s->in.at;
	marshal_pass(&s->in, 5);
	return s->known[ref].key;
}

static uint32_t expected_caller_key(const struct scan *s)
{
	return s->expected_caller != MAP_NONE ? s->sum->callers[s->expected_caller].key : MAP_NONE;
}

static int read_callers(struct scan *s, uint32_t entry)
{
	struct marshal_value dict, key;
	struct marshal_place place;
	struct pstats_row row;

	if (marshal_next(&s->in, &dict, false) < 0)
		return -1;
	if (dict.type != MARSHAL_DICT)
		return pstats_bad(s, &dict, "no dict of callers");
	place = marshal_enter(&s->in, &dict);
	s->expected_caller = s->sum->entries[entry].first;
	for (;;) {
		uint32_t caller = known_key(s, &key);

		if (caller == MAP_NONE) {
			if (marshal_next_tuple(&s->in, &key, 3, true) < 0)
				return -1;
			if (key.type == MARSHAL_END)
				break;
			caller = pstats_key(s, &key, expected_caller_key(s));
		}
		if (caller == MAP_NONE)
			return -1;
		/* References could make a small file stand for a huge table. */
		if (s->narcs++ >= s->max_arcs)
			return pstats_bad(s, &dict, "more callers than the file can hold");
		if (read_caller_row(s, &row) < 0 ||
		    add_caller(s, entry, caller, &key, &row) < 0 || check_size(s, &key) < 0)
			return -1;
	}
	marshal_leave(&s->in, &dict, place);
	return 0;
}

/* The entry of this key, added when it is new; MAP_NONE with err. */
static uint32_t get_entry(struct scan *s, uint32_t key, const struct marshal_value *v)
{
	struct pstats_sum *sum = s->sum;
	uint32_t i = sum->keys[key].entry;
	struct pstats_entry *grown;

	if (i != MAP_NONE) {
		if (sum->entries[i].file == sum->nfiles) {
			pstats_bad(s, v, "a function that comes twice");
			return MAP_NONE;
		}
		sum->entries[i].file = sum->nfiles;
		return i;
	}
	grown = mem_grow(sum->entries, &sum->entries_cap, sum->nentries + 1, sizeof *grown);
	if (grown == NULL) {
		error_nomem(s->in.err);
		return MAP_NONE;
	}
	sum->entries = grown;
	grown[sum->nentries] = (struct pstats_entry){ key, sum->nfiles, MAP_NONE, MAP_NONE,
						      { 0, 0, 0, 0 } };
	sum->keys[key].entry = (uint32_t)sum->nentries;
	return (uint32_t)sum->nentries++;
}

/* (cc, nc, tt, ct, and what is left to be read: callers); *v is it, `place` where to go on
 * behind it. */
static int read_entry_row(struct scan *s, struct pstats_row *row, struct marshal_value *v,
			  struct marshal_place *place)
{
	int64_t counts[2];
	double times[2];

	*v = (struct marshal_value){ .offset = s->in.at };
	if (take_numbers(s, 5, counts, times)) {
		*row = (struct pstats_row){ counts[1], counts[0], times[0], times[1] };
		return 0;
	}
	if (marshal_next_tuple(&s->in, v, 5, false) < 0)
		return -1;
	if (v->type != MARSHAL_TUPLE || v->nitems != 5)
		return pstats_bad(s, v, "no (cc, nc, tt, ct, callers)");
	*place = marshal_enter(&s->in, v);
	if (read_count(s, &row->nprimitive) < 0 || read_count(s, &row->ncalls) < 0 ||
	    read_time(s, &row->tottime) < 0 || read_time(s, &row->cumtime) < 0)
		return -1;
	return 0;
}

static int read_entry(struct scan *s, uint32_t key, const struct marshal_value *key_value)
{
	struct marshal_value v;
	struct marshal_place place = { 0, false };
	struct pstats_row row;
	uint32_t entry = get_entry(s, key, key_value);

	if (entry == MAP_NONE || read_entry_row(s, &row, &v, &place) < 0 ||
	    add_row(s, &v, &s->sum->entries[entry].row, &row) < 0 || read_callers(s, entry) < 0)
		return -1;
	s->has_counts = s->has_counts || row.ncalls != 0;
	marshal_leave(&s->in, &v, place);
	return 0;
}

/* CPython 3.15's mark is a key as well: ("__sampled__",): True. */
static int read_mark(struct scan *s, const struct marshal_value *tuple)
{
	struct marshal_place place = marshal_enter(&s->in, tuple);
	struct marshal_value v;
	const char *text = NULL;

	if (marshal_next(&s->in, &v, false) == 0 && v.type == MARSHAL_TEXT)
		text = pstats_text(s, &v, NULL);
	marshal_leave(&s->in, tuple, place);
	if (text == NULL || strcmp(text, "__sampled__") != 0)
		return s->in.err->code != ERR_NONE ? -1 : pstats_bad(s, tuple, "no (file, line, name)");
	s->kind.marked = s->kind.sampled = true;
	if (marshal_next(&s->in, &v, false) < 0)
		return -1;
	return v.type == MARSHAL_CONSTANT ? 0 : pstats_bad(s, &v, "no mark of a sampled profile");
}

static uint32_t get_entry_key(struct scan *s, const struct marshal_value *v)
{
	struct pstats_key *keys = s->sum->keys;
	uint32_t guess = s->last_entry != MAP_NONE ? keys[s->last_entry].after : MAP_NONE;
	uint32_t key = pstats_key(s, v, guess);

	if (key != guess && s->last_entry != MAP_NONE)
		s->sum->keys[s->last_entry].after = key;
	s->last_entry = key;
	return key;
}

static int read_stats(struct scan *s)
{
	struct marshal_value v;
	uint32_t key;

	if (marshal_next(&s->in, &v, false) < 0)
		return -1;
	if (v.type != MARSHAL_DICT)
		return pstats_bad(s, &v, "no dict");
	for (;;) {
		if (marshal_next_tuple(&s->in, &v, 3, true) < 0)
			return -1;
		if (v.type == MARSHAL_END)
			return 0;
		if (v.type == MARSHAL_TUPLE && v.nitems == 1) {
			if (read_mark(s, &v) < 0)
				return -1;
			continue;
		}
		key = get_entry_key(s, &v);
		if (key == MAP_NONE || read_entry(s, key, &v) < 0 || check_size(s, &v) < 0)
			return -1;
	}
}

/* Samples are no calls, and a number is no row of four. */
static int check_kind(struct scan *s)
{
	const struct pstats_kind *was = &s->sum->kind, *is = &s->kind;

	if (is->counts_only && s->has_rows)
		return error_set(s->in.err, ERR_FORMAT, "not a pstats file: callers of two kinds");
	if (s->sum->nfiles == 1) {
		s->sum->kind = *is;
		return 0;
	}
	if (was->sampled != is->sampled || was->marked != is->marked)
		return error_set(s->in.err, ERR_REFUSED, "it is %s, and what came before is not: "
				 "the two do not add up", is->sampled ? "sampled" : "traced");
	/* A file without a caller is of either kind. */
	if (s->narcs != 0 && was->counts_only != is->counts_only)
		return error_set(s->in.err, ERR_REFUSED, "its callers have %s, not so in what came "
				 "before", is->counts_only ? "no times" : "times");
	return 0;
}

/* Room for about what a file of this size holds, so that it is not moved again and
 * again; what is not touched costs nothing. */
static int expect(struct pstats_sum *sum, size_t len)
{
	size_t functions = len / 135, callers = len / 65;
	void *grown[] = {
		mem_reserve(sum->keys, &sum->keys_cap, functions, sizeof *sum->keys),
		mem_reserve(sum->entries, &sum->entries_cap, functions, sizeof *sum->entries),
		mem_reserve(sum->callers, &sum->callers_cap, callers, sizeof *sum->callers),
	};

	sum->keys = grown[0] ? grown[0] : sum->keys;
	sum->entries = grown[1] ? grown[1] : sum->entries;
	sum->callers = grown[2] ? grown[2] : sum->callers;
	if (grown[0] == NULL || grown[1] == NULL || grown[2] == NULL)
		return -1;
	if (map_reserve(&sum->strings.index, len / 150) < 0)
		return -1;
	return map_reserve(&sum->key_index, functions);
}

int pstats_sum_add(struct pstats_sum *sum, struct bytes in, struct error *err)
{
	struct scan s = { .sum = sum, .max_arcs = in.len / SMALLEST_ARC,
			  .last_entry = MAP_NONE, .expected_caller = MAP_NONE };
	int rc;

	*err = (struct error)ERROR_INIT;
	if ((sum->nfiles == 0 && expect(sum, in.len) < 0) ||
	    (sum->nfiles == 1 && index_callers(sum) < 0))
		return error_nomem(err);
	sum->nfiles++;
	sum->nbytes += in.len;
	marshal_open(&s.in, in, err);
	rc = read_stats(&s);
	/* No call was counted, but time was: what we write of a sampled profile. */
	if (!s.has_counts && s.seconds != 0)
		s.kind.sampled = true;
	if (rc == 0)
		rc = check_kind(&s);
	sum->seconds += s.seconds;
	marshal_close(&s.in);
	mem_free(s.known);
	buf_release(&s.scratch);
	buf_release(&s.code);
	return rc;
}

void pstats_sum_drop_keys(struct pstats_sum *s)
{
	mem_free(s->keys);
	s->keys = NULL;
	map_release(&s->key_index);
}

void pstats_sum_keep_texts(struct pstats_sum *s)
{
	pstats_sum_drop_keys(s);
	mem_free(s->entries);
	mem_free(s->callers);
	map_release(&s->caller_index);
	s->entries = NULL;
	s->callers = NULL;
	s->nkeys = s->nentries = s->ncallers = 0;
}

void pstats_sum_release(struct pstats_sum *s)
{
	pstats_sum_keep_texts(s);
	strtab_release(&s->strings);
	*s = (struct pstats_sum)PSTATS_SUM_INIT;
}
