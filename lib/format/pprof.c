/* profile.pb.gz: gzip around pprof's profile.proto (field numbers in
 * pprof_fields.h, the wire in proto.h):
 *
 *     sample_type   calls/count, wall/nanoseconds, ...    our metrics
 *     sample        location ids, LEAF FIRST; a value for each type
 *     location      id; lines: function id, line; the LAST line is the
 *                   outermost of what was inlined
 *     function      id; name (our qualname), system_name (our name, none
 *                   where it is the same), filename, start_line
 *     string_table  [0] is ""; all texts are indices into it
 *     comment       see pprof_fields.h
 *
 * A node of our tree is one sample with its calls and self values; reading adds
 * them up again: cum is self and the children's cum, of the root without its
 * strands, which other readers do add. The root's own time is a sample without
 * locations. Fields come in any order, numbers packed or one by
 * one, so reading goes over the file twice: for all that samples refer to, then
 * for samples. Files of other makers have no calls first: they are sampled. */
#include "format/pprof.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "format/foreign.h"
#include "format/gzip.h"
#include "format/pprof_fields.h"
#include "format/pprof_path.h"
#include "format/pprof_raw.h"
#include "format/proto.h"
#include "format/stacks.h"

enum {
	MAX_UNPACKED = 256 << 20,
	/* Frames that a byte of the file may stand for: a location that goes by
	 * one byte can be many inlined functions, but not in all samples. */
	FRAMES_PER_BYTE = 16,
	FORGET = 1 << 20
};

struct reader {
	struct profile *p;
	struct bytes in;
	struct error *err;
	size_t file_size;  /* as it came: of what it unpacked to it may be a tenth */
	char *unpacked;    /* in.data where that is ours, or NULL */
	size_t nforgotten; /* bytes of it that are not needed any more */

	struct pprof_raw raw;
	bool ours;

	struct pprof_path path;
	/* Of one sample. */
	int64_t values[PPROF_MAX_TYPES];
	unsigned nvalues;
	uint64_t nframes; /* of all samples so far */
};

static int bad(struct reader *r, size_t offset, const char *what)
{
	return pprof_bad(r->err, offset, what);
}

/* --- from texts and ids to the profile's own */

/* NULL with err. */
static const char *get_text(struct reader *r, uint64_t i, size_t offset)
{
	struct buf name = BUF_INIT;
	struct pprof_text *t;

	if (i >= r->raw.ntexts) {
		bad(r, offset, "a text that is not in the file");
		return NULL;
	}
	t = &r->raw.texts[i];
	if (t->interned != NULL)
		return t->interned;
	foreign_name(&name, (struct bytes){ r->in.data + t->offset, t->len });
	if (!name.failed)
		t->interned = strtab_add(&r->p->strings, name.data ? name.data : "", name.len);
	buf_release(&name);
	if (t->interned == NULL)
		error_nomem(r->err);
	return t->interned;
}

static int read_comments(struct reader *r)
{
	for (size_t i = 0; i < r->raw.ncomments; i++) {
		const char *text = get_text(r, r->raw.comments[i], 0);

		if (text == NULL)
			return -1;
		if (strncmp(text, PPROF_VERSION, strlen(PPROF_VERSION)) == 0)
			r->ours = true;
		else if (strncmp(text, PPROF_LOST, strlen(PPROF_LOST)) == 0)
			r->p->nlost = strtoull(text + strlen(PPROF_LOST), NULL, 10);
		else if (strncmp(text, PPROF_FOLDED, strlen(PPROF_FOLDED)) == 0)
			r->p->nfolded = strtoull(text + strlen(PPROF_FOLDED), NULL, 10);
	}
	return 0;
}

/* Other units of time become ours. */
static const char *our_unit(const char *unit, int64_t *scale)
{
	static const struct { const char *name; int64_t ns; } units[] = {
		{ "nanoseconds", 1 }, { "ns", 1 }, { "microseconds", 1000 }, { "us", 1000 },
		{ "milliseconds", 1000000 }, { "ms", 1000000 }, { "seconds", 1000000000 },
		{ "s", 1000000000 }
	};

	*scale = 1;
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (strcmp(unit, units[i].name) == 0) {
			*scale = units[i].ns;
			return "nanoseconds";
		}
	}
	return unit;
}

static int add_metric(struct reader *r, unsigned i)
{
	struct pprof_type *t = &r->raw.types[i];
	const char *unit = get_text(r, t->unit, 0);

	if (unit == NULL)
		return -1;
	unit = our_unit(unit, &t->scale);
	if (r->p->nmetrics == PROFILE_MAX_METRICS) {
		t->metric = PPROF_LEFT_OUT;
		r->p->left_out = "all but 8 kinds of values";
		return 0;
	}
	t->metric = profile_add_metric(r->p, t->name, unit);
	return t->metric < 0 ? error_nomem(r->err) : 0;
}

static bool is_taken(struct reader *r, unsigned from, const char *name)
{
	for (unsigned i = from; i < r->raw.ntypes; i++) {
		const struct pprof_type *t = &r->raw.types[i];

		if (strcmp(get_text(r, t->type, 0), name) == 0 ||
		    (t->name != NULL && strcmp(t->name, name) == 0))
			return true;
	}
	return false;
}

/* The n-th of one name, counted from 1: "cpu_2". */
static int number_name(struct reader *r, unsigned from, struct pprof_type *t, unsigned n)
{
	struct buf name = BUF_INIT;

	do {
		buf_clear(&name);
		buf_printf(&name, "%s_%u", get_text(r, t->type, 0), n++);
	} while (!name.failed && is_taken(r, from, buf_str(&name)));
	if (!name.failed)
		t->name = strtab_add(&r->p->strings, name.data, name.len);
	buf_release(&name);
	return t->name == NULL ? error_nomem(r->err) : 0;
}

/* Of one name there may be several, of which viewers reach the first alone ("go tool
 * pprof" none): the others get a number behind theirs. */
static int name_types(struct reader *r, unsigned from)
{
	for (unsigned i = from; i < r->raw.ntypes; i++)
		if (get_text(r, r->raw.types[i].type, 0) == NULL)
			return -1;
	for (unsigned i = from; i < r->raw.ntypes; i++) {
		struct pprof_type *t = &r->raw.types[i];
		const char *name = get_text(r, t->type, 0);
		unsigned n = 1;

		for (unsigned k = from; k < i; k++)
			n += get_text(r, r->raw.types[k].type, 0) == name;
		if (n == 1)
			t->name = name;
		else if (number_name(r, from, t, n) < 0)
			return -1;
	}
	return 0;
}

/* The type that viewers show first, which is the last if the file says nothing,
 * is the first of our metrics. */
static int read_types(struct reader *r)
{
	const char *name = get_text(r, r->raw.types[0].type, 0);
	const char *unit = get_text(r, r->raw.types[0].unit, 0);
	const char *first = get_text(r, r->raw.default_type, 0);
	unsigned from, main_type = r->raw.ntypes - 1;

	if (name == NULL || unit == NULL || first == NULL)
		return -1;
	r->p->sampled = r->raw.ntypes < 2 || strcmp(name, PPROF_CALLS) != 0 ||
			strcmp(unit, "count") != 0;
	from = r->p->sampled ? 0 : 1;
	if (!r->p->sampled)
		r->raw.types[0].metric = PPROF_CALLS_TYPE;
	if (name_types(r, from) < 0)
		return -1;
	for (unsigned i = r->raw.ntypes; first[0] != '\0' && i-- > from;)
		if (r->raw.types[i].name == first)
			main_type = i;
	if (add_metric(r, main_type) < 0)
		return -1;
	for (unsigned i = from; i < r->raw.ntypes; i++)
		if (i != main_type && add_metric(r, i) < 0)
			return -1;
	return 0;
}

static int read_function(struct reader *r, struct pprof_function *f)
{
	const char *name = get_text(r, f->name, f->offset);
	const char *system = get_text(r, f->system_name, f->offset);
	const char *file = get_text(r, f->file, f->offset);

	if (name == NULL || system == NULL || file == NULL)
		return -1;
	if (f->line == UINT32_MAX)
		return bad(r, f->offset, "a line that no file has");
	/* In files of others it is the linker's name, if anything. */
	if (system[0] == '\0' || (!r->ours && name[0] != '\0'))
		system = name;
	f->function = profile_function_of(r->p, file, (uint32_t)f->line, system,
					  name[0] != '\0' ? name : system);
	if (f->function == PROFILE_NONE)
		return error_nomem(r->err);
	return profile_is_too_large(r->p, 0) ? bad(r, f->offset, PROFILE_TOO_LARGE) : 0;
}

static int by_id(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

/* Rows begin with their id. */
static void *find_id(void *rows, size_t n, size_t size, uint64_t id)
{
	/* Most files count from 1. */
	if (id - 1 < n) {
		uint64_t *row = (uint64_t *)((char *)rows + (id - 1) * size);

		if (*row == id)
			return row;
	}
	return n == 0 ? NULL : bsearch(&id, rows, n, size, by_id);
}

/* By their id; returns the second of two rows with one, or 0. */
static size_t sort_by_id(void *rows, size_t n, size_t size)
{
	const char *row = rows;
	size_t i;

	/* Most files have them so, ours too. */
	for (i = 1; i < n; i++)
		if (by_id(row + (i - 1) * size, row + i * size) >= 0)
			break;
	if (i >= n)
		return 0;
	qsort(rows, n, size, by_id);
	for (i = 1; i < n; i++)
		if (by_id(row + (i - 1) * size, row + i * size) == 0)
			return i;
	return 0;
}

static int read_functions(struct reader *r)
{
	size_t twice;

	/* In the order of the file, which is that of our writer's profile. */
	for (size_t i = 0; i < r->raw.nfunctions; i++)
		if (read_function(r, &r->raw.functions[i]) < 0)
			return -1;
	twice = sort_by_id(r->raw.functions, r->raw.nfunctions, sizeof *r->raw.functions);
	return twice == 0 ? 0 : bad(r, r->raw.functions[twice].offset,
				    "a function's id that comes twice");
}

/* Without symbols a location has an address and no lines. */
static int name_address(struct reader *r, struct pprof_location *l)
{
	char name[32];
	uint32_t function;

	snprintf(name, sizeof name, "0x%" PRIx64, l->address);
	function = profile_function(r->p, "", 0, name, NULL);
	if (function == PROFILE_NONE)
		return error_nomem(r->err);
	if (profile_is_too_large(r->p, 0))
		return bad(r, l->offset, PROFILE_TOO_LARGE);
	l->first_line = (uint32_t)r->raw.nlines;
	l->nlines = 1;
	return pprof_push(&r->raw.lines, &r->raw.nlines, &r->raw.lines_cap, function, r->err);
}

static int read_locations(struct reader *r)
{
	size_t twice;

	for (size_t i = 0; i < r->raw.nlocations; i++) {
		struct pprof_location *l = &r->raw.locations[i];

		for (size_t k = l->first_line; k < (size_t)l->first_line + l->nlines; k++) {
			const struct pprof_function *f = find_id(r->raw.functions, r->raw.nfunctions,
							       sizeof *f, r->raw.lines[k]);

			if (f == NULL)
				return bad(r, l->offset, "a function that is not in the file");
			r->raw.lines[k] = f->function;
		}
		if (l->nlines == 0 && name_address(r, l) < 0)
			return -1;
	}
	twice = sort_by_id(r->raw.locations, r->raw.nlocations, sizeof *r->raw.locations);
	return twice == 0 ? 0 : bad(r, r->raw.locations[twice].offset,
				    "a location's id that comes twice");
}

/* --- samples */

static int read_values(struct reader *r, const struct proto *in, const struct proto_field *f)
{
	struct proto_numbers n;
	uint64_t value;
	int rc;

	proto_numbers_begin(&n, in, f);
	while ((rc = proto_numbers_next(&n, &value)) > 0) {
		if (r->nvalues == r->raw.ntypes)
			return bad(r, f->offset, "a sample with too many values");
		r->values[r->nvalues++] = (int64_t)value;
	}
	return rc;
}

/* The frames of a location, outermost first. */
static int enter_location(struct reader *r, uint64_t id, uint32_t *node, size_t offset)
{
	const struct pprof_location *l = find_id(r->raw.locations, r->raw.nlocations, sizeof *l, id);

	if (l == NULL)
		return bad(r, offset, "a location that is not in the file");
	r->nframes += l->nlines;
	if (r->nframes > (uint64_t)r->in.len * FRAMES_PER_BYTE)
		return bad(r, offset, "more frames than the file can mean");
	for (size_t i = l->nlines; i-- > 0;) {
		*node = profile_child(r->p, *node, (uint32_t)r->raw.lines[l->first_line + i]);
		if (*node == PROFILE_NONE)
			return error_nomem(r->err);
	}
	return profile_is_too_large(r->p, 0) ? bad(r, offset, PROFILE_TOO_LARGE) : 0;
}

/* Only what is not the path of the sample before, too. */
static int enter_path(struct reader *r, uint32_t *node, size_t offset)
{
	struct pprof_path *path = &r->path;

	if (pprof_path_end(path, r->err) < 0)
		return -1;
	*node = path->nshared != 0 ? path->nodes[path->nshared - 1] : 0;
	for (size_t i = path->nids; i-- > 0;) {
		if (enter_location(r, path->ids[i], node, offset) < 0)
			return -1;
		path->nodes[path->nnodes++] = *node;
	}
	return 0;
}

static int add_values(struct reader *r, uint32_t node, size_t offset)
{
	for (unsigned i = 0; i < r->raw.ntypes; i++) {
		const struct pprof_type *t = &r->raw.types[i];
		int64_t value = r->values[i], *to;

		if (t->metric == PPROF_LEFT_OUT)
			continue;
		if (t->metric == PPROF_CALLS_TYPE) {
			uint64_t *ncalls = &r->p->nodes[node].ncalls;

			if (value < 0 || *ncalls + (uint64_t)value > INT64_MAX)
				return bad(r, offset, "a number of calls that none can be");
			*ncalls += (uint64_t)value;
			continue;
		}
		to = &profile_node_cum(r->p, node)[t->metric];
		if (__builtin_mul_overflow(value, t->scale, &value) ||
		    __builtin_add_overflow(*to, value, to))
			return bad(r, offset, "values too large to add up");
	}
	return 0;
}

static int read_sample(struct reader *r, struct proto in)
{
	struct proto_field f;
	uint32_t node = 0;
	int rc;

	pprof_path_begin(&r->path);
	r->nvalues = 0;
	while ((rc = proto_next(&in, &f)) > 0) {
		if (f.number == SAMPLE_LOCATION_ID && pprof_path_field(&r->path, &in, &f) < 0)
			return -1;
		if (f.number == SAMPLE_VALUE && read_values(r, &in, &f) < 0)
			return -1;
	}
	if (rc < 0)
		return -1;
	if (r->nvalues != r->raw.ntypes)
		return bad(r, in.offset, "a sample with too few values");
	if (enter_path(r, &node, in.offset) < 0)
		return -1;
	return add_values(r, node, in.offset);
}

/* The nodes that are made take the place of what they are made of. */
static void forget(struct reader *r, size_t from, size_t to)
{
	if (r->unpacked == NULL || from >= to)
		return;
	mem_forget(r->unpacked + from, to - from);
	r->nforgotten += to - from;
	profile_limit(r->p, r->file_size, r->in.len - r->nforgotten + pprof_raw_size(&r->raw));
}

static int read_samples(struct reader *r)
{
	struct proto in = proto_whole(r->in, r->err);
	struct proto_field f;
	size_t at = r->raw.samples, forgotten = at;
	int rc;

	if (profile_add_root(r->p) < 0)
		return error_nomem(r->err);
	forget(r, 0, at);
	forget(r, r->raw.samples_end, r->in.len);
	in.at = at;
	in.in.len = r->raw.samples_end;
	while ((rc = proto_next(&in, &f)) > 0) {
		if (f.number != PROFILE_SAMPLE)
			continue;
		if (read_sample(r, proto_inside(&in, &f)) < 0)
			return -1;
		/* The next one's path is compared with this one's. */
		if (at - forgotten >= FORGET) {
			forget(r, forgotten, at);
			forgotten = at;
		}
		at = in.at;
	}
	if (rc < 0)
		return -1;
	/* So far a node's values are its self. */
	if (stacks_sum_up(r->p, r->err) < 0)
		return r->err->code == ERR_NOMEM ? -1 : bad(r, 0, "values too large to add up");
	return 0;
}

static void release(struct reader *r)
{
	pprof_raw_release(&r->raw);
	pprof_path_release(&r->path);
}

static int read_rows(struct reader *r)
{
	profile_limit(r->p, r->file_size, (r->unpacked ? r->in.len : 0) + pprof_raw_size(&r->raw));
	return read_comments(r) < 0 || read_types(r) < 0 || read_functions(r) < 0 ||
	       read_locations(r) < 0 ? -1 : read_samples(r);
}

/* Of a file of so many bytes. unpacked: in.data, where nobody else needs that. */
static struct profile *read_message(struct bytes in, size_t file_size, char *unpacked,
				    struct error *err)
{
	struct reader r = { .p = profile_new(), .in = in, .err = err, .file_size = file_size,
			    .unpacked = unpacked };
	int rc = -1;

	if (r.p == NULL)
		error_nomem(err);
	else if (pprof_scan(&r.raw, in, err) == 0)
		rc = read_rows(&r);
	release(&r);
	if (rc < 0) {
		profile_free(r.p);
		return NULL;
	}
	profile_limit(r.p, file_size, 0);
	return r.p;
}

/* Uncompressed it begins with a small message of numbers, or the empty text. */
bool pprof_sniff(struct bytes in)
{
	struct error err;
	struct proto whole = proto_whole(in, &err), type;
	struct proto_field f;

	if (gzip_sniff(in))
		return true;
	if (proto_next(&whole, &f) <= 0 || !f.is_bytes)
		return false;
	if (f.number == PROFILE_STRING_TABLE)
		return f.bytes.len == 0;
	if (f.number != PROFILE_SAMPLE_TYPE || f.bytes.len == 0)
		return false;
	type = proto_inside(&whole, &f);
	while (proto_next(&type, &f) > 0)
		if (f.is_bytes || f.number > VALUE_TYPE_UNIT)
			return false;
	return type.at == type.in.len;
}

struct profile *pprof_read(struct bytes in, struct error *err)
{
	struct buf content = BUF_INIT;
	struct profile *p = NULL;
	bool is_pprof;

	if (!gzip_sniff(in))
		return read_message(in, in.len, NULL, err);
	if (gzip_read(&content, in, MAX_UNPACKED, err) == 0) {
		is_pprof = pprof_sniff(buf_bytes(&content));
		p = read_message(buf_bytes(&content), in.len, content.data, err);
		if (p == NULL && err->code == ERR_FORMAT)
			error_prefix(err, is_pprof ? "unpacked: "
				     : "of what is packed by gzip only pprof is read, unpack others: ");
	}
	buf_release(&content);
	return p;
}
