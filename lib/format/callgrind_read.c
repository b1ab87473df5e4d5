/* The layout of what we write is in callgrind.c. What others write besides, and
 * how it is taken:
 *
 *     events: Ir Dr Dw                  any number; the first 8 are kept
 *     positions: instr line             the line is the last of the positions
 *     ob= cob=                          which program: passed over
 *     fi= fe=                           code inlined from another file: it costs fn
 *     cfi= cfl= cfn=                    where a call goes; no file: fn's own
 *     calls=COUNT TARGET                then one line: SOURCE COST...
 *     jump=, jcnd=                      then one line that costs nothing
 *     (7) name, then (7)                of files and functions alone, "(7)" being
 *                                       one name for both fn and cfn
 *     +3 -3 *                           a position as before, and so far from it
 *     part:, thread:, events: again     parts add up
 *
 * A function is a name in a file. Its line is the first that costs something in
 * its own block, else where a call goes. What no function calls was called we do
 * not know how often; the inclusive cost is its own and that of its calls, but for
 * those to itself, and never more than the whole: calls in a circle each hold the
 * others' cost. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "format/callgrind.h"
#include "format/callgrind_rows.h"
#include "format/line.h"

enum {
	POSITIONS_MAX = 2,
	EVENTS_MAX = 64,
	SNIFFED = 2047,
	/* What names take in memory besides their letters, in bytes, and what they may
	 * take of any file: in real ones they are longer than that. */
	TEXT_COST = 112,
	ID_COST = 48,
	NAMES_ROOM = 8 << 20,
	ROWS_ROOM = 10 << 20 /* for rows, while functions are made of them */
};

enum pending { COSTS_SELF, COSTS_CALL, COSTS_JUMP };

struct reader {
	struct profile *p;
	struct error *err;
	unsigned lineno;
	size_t size;

	struct callgrind_rows all;
	struct map file_ids, name_ids; /* (7) -> text */

	unsigned nevents, npositions;
	int64_t scales[PROFILE_MAX_METRICS];
	const char *titles[EVENTS_MAX][2]; /* of "event:" lines: name, unit */
	unsigned ntitles;
	uint64_t positions[POSITIONS_MAX]; /* of the line before */

	uint32_t file, callee_file; /* of texts, or MAP_NONE */
	uint32_t row, callee;       /* or MAP_NONE */
	enum pending pending;
	uint64_t ncalls;
	uint32_t target_line;
	double sum; /* of all costs */
};

static int bad(struct reader *r, const char *what)
{
	return error_set(r->err, ERR_FORMAT, "line %u: %s", r->lineno, what);
}

/* --- tokens */

static void skip_blanks(struct bytes *s)
{
	while (s->len != 0 && (*s->data == ' ' || *s->data == '\t')) {
		s->data++;
		s->len--;
	}
}

static bool next_word(struct bytes *s, struct bytes *word)
{
	skip_blanks(s);
	word->data = s->data;
	word->len = 0;
	while (s->len != 0 && *s->data != ' ' && *s->data != '\t') {
		s->data++;
		s->len--;
		word->len++;
	}
	return word->len != 0;
}

static bool starts(struct bytes s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && memcmp(s.data, with, len) == 0;
}

/* Takes `key` off the front. */
static bool take_key(struct bytes *s, const char *key)
{
	size_t len = strlen(key);

	if (!starts(*s, key))
		return false;
	s->data += len;
	s->len -= len;
	return true;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decimal or 0x..., off the front. */
static bool take_number(struct bytes *s, uint64_t *n)
{
	unsigned base = 10;
	size_t digits = 0;

	if (s->len > 2 && s->data[0] == '0' && (s->data[1] | 0x20) == 'x') {
		base = 16;
		s->data += 2;
		s->len -= 2;
	}
	*n = 0;
	while (s->len != 0) {
		int digit = hex_digit(*s->data);

		if (digit < 0 || (unsigned)digit >= base)
			break;
		if (__builtin_mul_overflow(*n, base, n) ||
		    __builtin_add_overflow(*n, (uint64_t)digit, n))
			return false;
		s->data++;
		s->len--;
		digits++;
	}
	return digits != 0;
}

/* --- names */

static int add_text(struct reader *r, struct bytes s, uint32_t *text)
{
	size_t names;

	*text = callgrind_text(&r->all, s);
	if (*text == MAP_NONE)
		return error_nomem(r->err);
	names = r->all.ntexts * TEXT_COST + (r->file_ids.used + r->name_ids.used) * ID_COST;
	return names > NAMES_ROOM + r->size ? bad(r, PROFILE_TOO_LARGE) : 0;
}

/* "name", "(7) name" or "(7)". A blank in front is the name's own where there is no
 * number, as for KCachegrind and callgrind_annotate. */
static int read_name(struct reader *r, struct bytes s, struct map *ids, uint32_t *text)
{
	uint64_t id;
	uint32_t was;
	struct bytes rest = s;

	if (rest.len != 0 && *rest.data == '(') {
		rest.data++;
		rest.len--;
	}
	/* "(anonymous)" is a name. */
	if (rest.data == s.data || !take_number(&rest, &id) || rest.len == 0 || *rest.data != ')')
		return add_text(r, s, text);
	rest.data++;
	rest.len--;
	skip_blanks(&rest);
	was = map_get(ids, id);
	if (rest.len == 0) {
		*text = was;
		return was == MAP_NONE ? bad(r, "a number that no name was given to") : 0;
	}
	if (add_text(r, rest, text) < 0)
		return -1;
	if (was != MAP_NONE)
		return was == *text ? 0 : bad(r, "a number that was given to another name");
	return map_add(ids, id, *text) < 0 ? error_nomem(r->err) : 0;
}

/* A row becomes a function, and is as dear as one and a half arcs. */
static int check_size(struct reader *r)
{
	return profile_is_too_large(r->p, r->all.calls.narcs + r->all.nrows * 3 / 2)
		       ? bad(r, PROFILE_TOO_LARGE) : 0;
}

static int get_row(struct reader *r, uint32_t file, uint32_t name, uint32_t *row)
{
	*row = callgrind_row(&r->all, file, name);
	return *row == MAP_NONE ? error_nomem(r->err) : check_size(r);
}

/* A file that is not named is "". */
static int current_file(struct reader *r, uint32_t *file)
{
	*file = r->file != MAP_NONE ? r->file : callgrind_text(&r->all, (struct bytes){ (const uint8_t *)"", 0 });
	return *file == MAP_NONE ? error_nomem(r->err) : 0;
}

static int read_fn(struct reader *r, struct bytes s)
{
	uint32_t name, file;

	if (read_name(r, s, &r->name_ids, &name) < 0 || current_file(r, &file) < 0 ||
	    get_row(r, file, name, &r->row) < 0)
		return -1;
	r->callee = r->callee_file = MAP_NONE;
	return 0;
}

static int read_cfn(struct reader *r, struct bytes s)
{
	uint32_t name, file = r->callee_file;

	if (r->row == MAP_NONE)
		return bad(r, "a call outside of a function");
	if (file == MAP_NONE)
		file = r->all.rows[r->row].file;
	if (read_name(r, s, &r->name_ids, &name) < 0)
		return -1;
	return get_row(r, file, name, &r->callee);
}

/* --- the header */

static const struct unit { const char *name, *ours; int64_t scale; } units[] = {
	{ "nanoseconds", "nanoseconds", 1 }, { "microseconds", "nanoseconds", 1000 },
	{ "milliseconds", "nanoseconds", 1000000 }, { "seconds", "nanoseconds", 1000000000 },
	{ "bytes", "bytes", 1 }, { "count", "count", 1 }
};

static const struct unit *find_unit(const char *title)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strcasecmp(units[i].name, title) == 0)
			return &units[i];
	return &units[sizeof units / sizeof *units - 1];
}

static const char *keep(struct reader *r, struct bytes s)
{
	uint32_t i = callgrind_text(&r->all, s);

	return i == MAP_NONE ? NULL : r->all.texts[i];
}

/* "event: wall : Nanoseconds"; what stands between '=' and ':' is a formula. */
static int read_title(struct reader *r, struct bytes s)
{
	struct bytes name;
	const uint8_t *colon;

	if (!next_word(&s, &name) || r->ntitles == EVENTS_MAX)
		return 0;
	colon = memchr(s.data, ':', s.len);
	if (colon == NULL)
		return 0;
	s.len -= (size_t)(colon + 1 - s.data);
	s.data = colon + 1;
	skip_blanks(&s);
	r->titles[r->ntitles][0] = keep(r, name);
	r->titles[r->ntitles][1] = keep(r, s);
	if (r->titles[r->ntitles][0] == NULL || r->titles[r->ntitles][1] == NULL)
		return error_nomem(r->err);
	r->ntitles++;
	return 0;
}

static int add_event(struct reader *r, struct bytes word)
{
	const char *name = keep(r, word);
	const struct unit *unit = find_unit("count");
	uint32_t m = r->p->nmetrics;

	if (name == NULL)
		return error_nomem(r->err);
	r->nevents++;
	if (m == PROFILE_MAX_METRICS) {
		r->p->left_out = "all but the first 8 events";
		return 0;
	}
	for (unsigned i = 0; i < r->ntitles; i++)
		if (r->titles[i][0] == name)
			unit = find_unit(r->titles[i][1]);
	r->scales[m] = unit->scale;
	if (profile_add_metric(r->p, name, unit->ours) < 0)
		return error_nomem(r->err);
	r->all.calls.nmetrics = r->p->nmetrics;
	return 0;
}

/* Of a later part they must be the same. */
static int read_events(struct reader *r, struct bytes s)
{
	struct bytes word;
	unsigned n = 0;
	bool again = r->nevents != 0;

	while (next_word(&s, &word)) {
		if (!again) {
			if (n == EVENTS_MAX)
				return bad(r, "more events than there are");
			if (add_event(r, word) < 0)
				return -1;
		} else if (n >= r->nevents ||
			   (n < r->p->nmetrics &&
			    (strlen(r->p->metrics[n].name) != word.len ||
			     memcmp(r->p->metrics[n].name, word.data, word.len) != 0))) {
			return bad(r, "other events than before");
		}
		n++;
	}
	return n == r->nevents && n != 0 ? 0 : bad(r, "no events, or fewer than before");
}

static int read_positions(struct reader *r, struct bytes s)
{
	struct bytes word;

	r->npositions = 0;
	while (next_word(&s, &word))
		r->npositions++;
	return r->npositions >= 1 && r->npositions <= POSITIONS_MAX
		       ? 0 : bad(r, "\"positions:\" is \"line\", or \"instr line\"");
}

/* --- costs */

/* "12", "0x1f", "+3", "-3" or "*"; of a range "12-14" or "12+2" the first. */
static int read_position(struct reader *r, struct bytes word, uint64_t *position)
{
	uint64_t n;
	bool relative = word.len != 0 && (*word.data == '+' || *word.data == '-');
	bool minus = relative && *word.data == '-';

	if (word.len == 1 && *word.data == '*')
		return 0;
	if (relative) {
		word.data++;
		word.len--;
	}
	if (!take_number(&word, &n) ||
	    (word.len != 0 && *word.data != '+' && *word.data != '-'))
		return bad(r, "no position where one should be");
	if (!relative)
		*position = n;
	else
		*position = minus ? *position - n : *position + n;
	return 0;
}

static int read_place(struct reader *r, struct bytes *s)
{
	struct bytes word;

	for (unsigned i = 0; i < r->npositions; i++) {
		if (!next_word(s, &word))
			return bad(r, "no position where one should be");
		if (read_position(r, word, &r->positions[i]) < 0)
			return -1;
	}
	return 0;
}

static int read_costs(struct reader *r, struct bytes s, int64_t *costs)
{
	struct bytes word;
	uint64_t n;

	memset(costs, 0, PROFILE_MAX_METRICS * sizeof *costs);
	for (unsigned i = 0; next_word(&s, &word); i++) {
		if (i == r->nevents)
			return bad(r, "more costs than there are events");
		if (!take_number(&word, &n) || word.len != 0)
			return bad(r, "a cost that is no number");
		if (i >= r->p->nmetrics)
			continue;
		/* A quarter of what fits: others add and subtract. */
		r->sum += (double)n * (double)r->scales[i];
		if (r->sum > 2e18)
			return bad(r, "costs too large to add up");
		costs[i] = (int64_t)n * r->scales[i];
	}
	return 0;
}

static uint32_t line_of(uint64_t position)
{
	return position > UINT32_MAX ? 0 : (uint32_t)position;
}

static int add_call(struct reader *r, const int64_t *costs)
{
	struct arc *arc = table_arc(&r->all.calls, r->row, r->callee);
	struct callgrind_row *callee = &r->all.rows[r->callee];

	if (arc == NULL)
		return error_nomem(r->err);
	if (arc->totals.ncalls + r->ncalls > INT64_MAX / 2 ||
	    callee->ncalls + r->ncalls > INT64_MAX / 2)
		return bad(r, "more calls than can be counted");
	arc->totals.ncalls += r->ncalls;
	callee->ncalls += r->ncalls;
	if (r->row != r->callee) {
		arc->totals.nprimitive += r->ncalls;
		callee->nprimitive += r->ncalls;
	}
	for (uint32_t m = 0; m < r->p->nmetrics; m++) {
		arc->totals.costs[m].cum += costs[m];
		if (r->row != r->callee)
			arc->totals.costs[m].below += costs[m];
	}
	if (callee->line == 0)
		callee->line = r->target_line;
	return check_size(r);
}

static int read_cost_line(struct reader *r, struct bytes s)
{
	int64_t costs[PROFILE_MAX_METRICS];
	enum pending pending = r->pending;
	struct callgrind_row *row;

	r->pending = COSTS_SELF;
	if (read_place(r, &s) < 0)
		return -1;
	if (pending == COSTS_JUMP)
		return 0;
	if (r->nevents == 0)
		return bad(r, "costs before \"events:\"");
	if (r->row == MAP_NONE)
		return bad(r, "costs outside of a function");
	if (read_costs(r, s, costs) < 0)
		return -1;
	if (pending == COSTS_CALL)
		return add_call(r, costs);
	row = &r->all.rows[r->row];
	if (row->rank == MAP_NONE) {
		row->rank = (uint32_t)r->all.nblocks++;
		row->line = line_of(r->positions[r->npositions - 1]);
	}
	for (uint32_t m = 0; m < r->p->nmetrics; m++)
		row->self[m] += costs[m];
	return 0;
}

static int read_calls(struct reader *r, struct bytes s)
{
	struct bytes word;
	uint64_t positions[POSITIONS_MAX];

	if (r->callee == MAP_NONE)
		return bad(r, "calls of nothing");
	if (!next_word(&s, &word) || !take_number(&word, &r->ncalls) || word.len != 0)
		return bad(r, "no number where calls are counted");
	memcpy(positions, r->positions, sizeof positions);
	for (unsigned i = 0; i < r->npositions; i++)
		if (!next_word(&s, &word) || read_position(r, word, &positions[i]) < 0)
			return bad(r, "no position where one should be");
	r->target_line = line_of(positions[r->npositions - 1]);
	r->pending = COSTS_CALL;
	r->callee_file = MAP_NONE;
	return 0;
}

static int read_file(struct reader *r, struct bytes s, uint32_t *file)
{
	return read_name(r, s, &r->file_ids, file);
}

/* KEY=VALUE */
static int read_spec(struct reader *r, struct bytes s)
{
	uint32_t ignored;

	if (take_key(&s, "fn="))
		return read_fn(r, s);
	if (take_key(&s, "fl="))
		return read_file(r, s, &r->file);
	if (take_key(&s, "cfn="))
		return read_cfn(r, s);
	if (take_key(&s, "cfi=") || take_key(&s, "cfl="))
		return read_file(r, s, &r->callee_file);
	if (take_key(&s, "calls="))
		return read_calls(r, s);
	if (take_key(&s, "fi=") || take_key(&s, "fe=") || take_key(&s, "jfi="))
		return read_file(r, s, &ignored);
	if (take_key(&s, "jfn=") || take_key(&s, "frfn="))
		return read_name(r, s, &r->name_ids, &ignored);
	if (starts(s, "jump=") || starts(s, "jcnd="))
		r->pending = COSTS_JUMP;
	else if (!starts(s, "ob=") && !starts(s, "cob=") && !starts(s, "rcalls="))
		return bad(r, "not a line of a callgrind file");
	return 0;
}

/* KEY: VALUE */
static int read_header(struct reader *r, struct bytes s)
{
	if (take_key(&s, "events:"))
		return read_events(r, s);
	if (take_key(&s, "event:"))
		return read_title(r, s);
	if (take_key(&s, "positions:"))
		return read_positions(r, s);
	if (take_key(&s, CALLGRIND_SAMPLED))
		r->p->sampled = true;
	return 0;
}

static int read_line(struct reader *r, struct bytes s)
{
	size_t letters = 0;

	skip_blanks(&s);
	if (s.len == 0 || *s.data == '#')
		return 0;
	if (isdigit(*s.data) || *s.data == '+' || *s.data == '-' || *s.data == '*')
		return read_cost_line(r, s);
	if (r->pending != COSTS_SELF)
		return bad(r, "no costs behind a call or jump");
	while (letters < s.len && isalpha(s.data[letters]))
		letters++;
	if (letters != 0 && letters < s.len && s.data[letters] == ':')
		return read_header(r, s);
	return read_spec(r, s);
}

static int finish(struct reader *r)
{
	if (r->nevents == 0)
		return error_set(r->err, ERR_FORMAT, "not a callgrind file: no \"events:\" in it");
	if (r->pending != COSTS_SELF)
		return bad(r, "the file ends behind a call");
	return callgrind_rows_finish(&r->all) < 0 ? error_nomem(r->err) : 0;
}

static int read_all(struct reader *r, struct bytes in)
{
	struct bytes line;

	r->file = r->callee_file = r->row = r->callee = MAP_NONE;
	r->npositions = 1;
	r->size = in.len;
	/* Real files have some 15 bytes a line and 100 for an arc. */
	profile_limit(r->p, in.len * 4, ROWS_ROOM);
	while (line_next(&in, &line)) {
		r->lineno++;
		if (read_line(r, line) < 0)
			return -1;
	}
	return finish(r);
}

/* KCachegrind's rule. */
bool callgrind_sniff(struct bytes in)
{
	struct bytes line, head = in;

	if (starts(in, "# callgrind format"))
		return true;
	if (head.len > SNIFFED)
		head.len = SNIFFED;
	while (line_next(&head, &line))
		if (starts(line, "events:") || starts(line, "creator:"))
			return true;
	return false;
}

struct profile *callgrind_read(struct bytes in, struct error *err)
{
	struct reader r = { .p = profile_new(), .err = err };
	int rc;

	r.all.p = r.p;
	rc = r.p == NULL ? error_nomem(err) : read_all(&r, in);

	callgrind_rows_release(&r.all);
	map_release(&r.file_ids);
	map_release(&r.name_ids);
	if (rc == 0)
		return r.p;
	profile_free(r.p);
	return NULL;
}
