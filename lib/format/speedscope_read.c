/* The layout is in speedscope.c. Members come in any order, and a file may be large:
 * it is gone over twice, for frames and what each profile measures, then for what
 * is in the profiles. Nothing is kept of it but the call tree, and of one profile's
 * samples their nodes, until the weights come.
 *
 *     {"type":"evented", ..., "events":[{"type":"O","frame":0,"at":0.5}, ...]}
 *
 * opens and closes frames instead. A file of ours has a profile for each metric;
 * in one of another maker those of one unit (threads, requests) add up to one.
 * Weights without a unit are kept in millionths where any has a fraction. All are
 * sampled: frames are not calls. When things happened is lost. */
#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "format/foreign.h"
#include "format/json_walk.h"
#include "format/number.h"
#include "format/speedscope.h"
#include "format/stacks.h"

enum { MAX_DEPTH = 1 << 16, MAX_PROFILES = 1 << 16, SNIFFED = 4096 };

/* What one of "profiles" measures. */
struct part {
	const char *name, *unit; /* in p->strings, or NULL */
	bool fractions; /* of its weights */
	uint32_t metric;
	double scale;
};

struct reader {
	struct json_lexer lex;
	struct profile *p;
	struct error *err;
	bool ours;

	uint32_t *frames; /* functions */
	size_t nframes, frames_cap;
	struct buf name, file; /* of one frame */
	uint32_t line;

	struct part *parts;
	size_t nparts, parts_cap, at; /* at: the part that is read */

	/* Of one profile. */
	uint32_t *nodes; /* of its samples */
	size_t nnodes, nodes_cap;
	double *weights;
	size_t nweights, weights_cap;
	uint32_t node, depth; /* of one stack */

	/* Of its events. */
	uint32_t *open; /* nodes */
	size_t nopen, open_cap;
	double last;
	char event_type;
	double event_at;
	int64_t event_frame;
};

static int bad(struct reader *r, const char *what)
{
	return json_fail(&r->lex, what);
}

static int nomem(struct reader *r)
{
	return error_nomem(r->err);
}

static int check_size(struct reader *r)
{
	return profile_is_too_large(r->p, 0) ? bad(r, PROFILE_TOO_LARGE) : 0;
}

/* --- first: frames, and what profiles measure */

static int frame_member(void *arg, const char *key)
{
	struct reader *r = arg;
	const char *s;
	struct json v;

	if (strcmp(key, "name") == 0 || strcmp(key, "file") == 0) {
		struct buf *to = key[0] == 'n' ? &r->name : &r->file;

		if (json_take_string(&r->lex, &s) < 0)
			return -1;
		buf_clear(to);
		if (s != NULL)
			foreign_name(to, (struct bytes){ (const uint8_t *)s, strlen(s) });
		return to->failed ? nomem(r) : 0;
	}
	if (strcmp(key, "line") == 0 && json_peek(&r->lex) != 'n') {
		if (json_take_number(&r->lex, &v) < 0)
			return -1;
		r->line = v.is_int && v.integer >= 0 && v.integer <= UINT32_MAX
				  ? (uint32_t)v.integer : 0;
		return 0;
	}
	return json_skip(&r->lex);
}

static int read_frame(void *arg)
{
	struct reader *r = arg;
	uint32_t f, *grown;

	buf_clear(&r->name);
	buf_clear(&r->file);
	r->line = 0;
	if (json_walk_object(&r->lex, frame_member, r) < 0)
		return -1;
	f = profile_function(r->p, buf_str(&r->file), r->line, buf_str(&r->name), NULL);
	grown = mem_grow(r->frames, &r->frames_cap, r->nframes + 1, sizeof *grown);
	if (grown == NULL)
		return nomem(r);
	r->frames = grown;
	if (f == PROFILE_NONE || r->name.failed || r->file.failed)
		return nomem(r);
	grown[r->nframes++] = f;
	return check_size(r);
}

static int shared_member(void *arg, const char *key)
{
	struct reader *r = arg;

	if (strcmp(key, "frames") == 0)
		return json_walk_array(&r->lex, read_frame, r);
	return json_skip(&r->lex);
}

static int survey_weight(void *arg)
{
	struct reader *r = arg;
	struct json v;

	if (json_take_number(&r->lex, &v) < 0)
		return -1;
	r->parts[r->nparts - 1].fractions |= !v.is_int && v.number != floor(v.number);
	return 0;
}

static int part_member(void *arg, const char *key)
{
	struct reader *r = arg;
	struct part *part = &r->parts[r->nparts - 1];
	const char *s, *kept = NULL;

	if (strcmp(key, "weights") == 0)
		return json_walk_array(&r->lex, survey_weight, r);
	if (strcmp(key, "name") != 0 && strcmp(key, "unit") != 0)
		return json_skip(&r->lex);
	if (json_take_string(&r->lex, &s) < 0)
		return -1;
	if (s != NULL) {
		kept = strtab_add(&r->p->strings, s, foreign_cut(s, strlen(s)));
		if (kept == NULL)
			return nomem(r);
	}
	*(key[0] == 'n' ? &part->name : &part->unit) = kept;
	return 0;
}

static int read_part(void *arg)
{
	struct reader *r = arg;
	struct part *grown;

	if (r->nparts == MAX_PROFILES)
		return bad(r, "over 65,536 profiles");
	grown = mem_grow(r->parts, &r->parts_cap, r->nparts + 1, sizeof *grown);
	if (grown == NULL)
		return nomem(r);
	r->parts = grown;
	grown[r->nparts++] = (struct part){ NULL, NULL, false, 0, 1 };
	return json_walk_object(&r->lex, part_member, r);
}

static int file_member(void *arg, const char *key)
{
	struct reader *r = arg;
	const char *s;

	if (strcmp(key, "shared") == 0)
		return json_walk_object(&r->lex, shared_member, r);
	if (strcmp(key, "profiles") == 0)
		return json_walk_array(&r->lex, read_part, r);
	if (strcmp(key, "exporter") == 0) {
		if (json_take_string(&r->lex, &s) < 0)
			return -1;
		r->ours = s != NULL && strncmp(s, SPEEDSCOPE_EXPORTER,
					       strlen(SPEEDSCOPE_EXPORTER)) == 0;
		return 0;
	}
	return json_skip(&r->lex);
}

static const struct unit { const char *name, *metric, *ours; double scale; } units[] = {
	{ "nanoseconds", "wall", "nanoseconds", 1 }, { "microseconds", "wall", "nanoseconds", 1e3 },
	{ "milliseconds", "wall", "nanoseconds", 1e6 }, { "seconds", "wall", "nanoseconds", 1e9 },
	{ "bytes", "bytes", "bytes", 1 }, { "none", "samples", "count", 1 }
}, fractions = { "none", "samples", UNIT_MILLIONTHS, MILLIONTHS };

/* Of a name that is not there it is the last. */
static const struct unit *find_unit(const char *name)
{
	size_t n = sizeof units / sizeof *units;

	for (size_t i = 0; i < n; i++)
		if (name != NULL && strcmp(units[i].name, name) == 0)
			return &units[i];
	return &units[n - 1];
}

/* Weights without a unit may add up, so that all have the same. */
static const struct unit *unit_of_others(const struct reader *r)
{
	const struct unit *none = find_unit(NULL);

	for (size_t i = 0; i < r->nparts; i++)
		if (r->parts[i].fractions && find_unit(r->parts[i].unit) == none)
			return &fractions;
	return none;
}

static int make_metrics(struct reader *r)
{
	const struct unit *none = find_unit(NULL), *others = unit_of_others(r);

	if (r->nparts == 0)
		return error_set(r->err, ERR_FORMAT, "no profile in this speedscope file");
	for (size_t i = 0; i < r->nparts; i++) {
		struct part *part = &r->parts[i];
		const struct unit *unit = find_unit(part->unit);
		const char *name = r->ours && part->name ? part->name : unit->metric;
		int m = profile_metric(r->p, name);

		if (unit == none)
			unit = others;
		part->scale = unit->scale;
		if (m >= 0 && !r->ours)
			r->p->left_out = "which of its profiles something is from: they are added up";
		if (m < 0 && r->p->nmetrics == PROFILE_MAX_METRICS)
			return error_set(r->err, ERR_FORMAT,
					 "more kinds of values than cprof can hold");
		if (m < 0)
			m = profile_add_metric(r->p, name, unit->ours);
		if (m < 0)
			return nomem(r);
		part->metric = (uint32_t)m;
	}
	return 0;
}

/* --- then: samples and events */

/* Down from r->node. */
static int enter_frame(struct reader *r, int64_t frame)
{
	if (frame < 0 || (uint64_t)frame >= r->nframes)
		return bad(r, "a frame that is not in the file");
	if (++r->depth > MAX_DEPTH)
		return bad(r, "a stack of over 65,536 frames");
	r->node = profile_child(r->p, r->node, r->frames[frame]);
	if (r->node == PROFILE_NONE)
		return nomem(r);
	return check_size(r);
}

static int read_index(void *arg)
{
	struct reader *r = arg;
	struct json v;

	if (json_take_number(&r->lex, &v) < 0)
		return -1;
	return enter_frame(r, v.is_int ? v.integer : -1);
}

static int read_sample(void *arg)
{
	struct reader *r = arg;
	uint32_t *grown = mem_grow(r->nodes, &r->nodes_cap, r->nnodes + 1, sizeof *grown);

	if (grown == NULL)
		return nomem(r);
	r->nodes = grown;
	r->node = r->depth = 0;
	if (json_walk_array(&r->lex, read_index, r) < 0)
		return -1;
	r->nodes[r->nnodes++] = r->node;
	return 0;
}

static int read_weight(void *arg)
{
	struct reader *r = arg;
	double *grown = mem_grow(r->weights, &r->weights_cap, r->nweights + 1, sizeof *grown);
	struct json v;

	if (grown == NULL)
		return nomem(r);
	r->weights = grown;
	if (json_take_number(&r->lex, &v) < 0)
		return -1;
	grown[r->nweights++] = v.number;
	return 0;
}

static int add_value(struct reader *r, uint32_t node, double value)
{
	const struct part *part = &r->parts[r->at];
	int64_t *to = &profile_node_cum(r->p, node)[part->metric];

	value *= part->scale;
	if (!(value >= 0 && value < 4e18))
		return bad(r, "a weight that is too large, or less than none");
	return __builtin_add_overflow(*to, llround(value), to)
		       ? bad(r, "values too large to add up") : 0;
}

static int event_member(void *arg, const char *key)
{
	struct reader *r = arg;
	const char *s;
	struct json v;

	if (strcmp(key, "type") == 0) {
		if (json_take_string(&r->lex, &s) < 0)
			return -1;
		r->event_type = s != NULL && s[0] != '\0' && s[1] == '\0' ? s[0] : '\0';
		return 0;
	}
	if (strcmp(key, "at") != 0 && strcmp(key, "frame") != 0)
		return json_skip(&r->lex);
	if (json_take_number(&r->lex, &v) < 0)
		return -1;
	if (key[0] == 'a')
		r->event_at = v.number;
	else
		r->event_frame = v.is_int ? v.integer : -1;
	return 0;
}

static int open_frame(struct reader *r)
{
	uint32_t *grown = mem_grow(r->open, &r->open_cap, r->nopen + 1, sizeof *grown);

	if (grown == NULL)
		return nomem(r);
	r->open = grown;
	r->node = r->nopen ? r->open[r->nopen - 1] : 0;
	r->depth = (uint32_t)r->nopen;
	if (enter_frame(r, r->event_frame) < 0)
		return -1;
	r->open[r->nopen++] = r->node;
	return 0;
}

static int close_frame(struct reader *r)
{
	int64_t frame = r->event_frame;

	if (r->nopen == 0 || frame < 0 || (uint64_t)frame >= r->nframes ||
	    r->p->nodes[r->open[r->nopen - 1]].function != r->frames[frame])
		return bad(r, "a frame is closed that was not opened last");
	r->nopen--;
	return 0;
}

static int read_event(void *arg)
{
	struct reader *r = arg;

	r->event_type = '\0';
	r->event_at = r->last;
	r->event_frame = -1;
	if (json_walk_object(&r->lex, event_member, r) < 0)
		return -1;
	if (r->nopen != 0 && add_value(r, r->open[r->nopen - 1], r->event_at - r->last) < 0)
		return -1;
	r->last = r->event_at;
	if (r->event_type == 'O')
		return open_frame(r);
	return r->event_type == 'C' ? close_frame(r) : bad(r, "an event that is neither O nor C");
}

static int profile_member(void *arg, const char *key)
{
	struct reader *r = arg;

	if (strcmp(key, "samples") == 0)
		return json_walk_array(&r->lex, read_sample, r);
	if (strcmp(key, "weights") == 0)
		return json_walk_array(&r->lex, read_weight, r);
	if (strcmp(key, "events") == 0)
		return json_walk_array(&r->lex, read_event, r);
	return json_skip(&r->lex);
}

static int read_profile(void *arg)
{
	struct reader *r = arg;

	r->nnodes = r->nweights = r->nopen = 0;
	r->last = 0;
	if (json_walk_object(&r->lex, profile_member, r) < 0)
		return -1;
	if (r->nnodes != r->nweights)
		return bad(r, "not as many weights as samples");
	if (r->nopen != 0)
		return bad(r, "a frame that is never closed");
	for (size_t i = 0; i < r->nnodes; i++)
		if (add_value(r, r->nodes[i], r->weights[i]) < 0)
			return -1;
	r->at++;
	return 0;
}

static int second_member(void *arg, const char *key)
{
	struct reader *r = arg;

	if (strcmp(key, "profiles") != 0)
		return json_skip(&r->lex);
	/* Of two of one name the parts are known of both. */
	return json_walk_array(&r->lex, read_profile, r);
}

static int read_file(struct reader *r, struct bytes in)
{
	json_lex_begin(&r->lex, in, r->err);
	profile_limit(r->p, in.len, 0);
	if (json_walk_object(&r->lex, file_member, r) < 0)
		return -1;
	if (json_peek(&r->lex) >= 0)
		return bad(r, "something stands behind the end");
	if (make_metrics(r) < 0)
		return -1;
	r->p->sampled = true;
	if (profile_add_root(r->p) < 0)
		return nomem(r);
	r->lex.at = r->lex.start;
	if (json_walk_object(&r->lex, second_member, r) < 0)
		return -1;
	return stacks_sum_up(r->p, r->err);
}

bool speedscope_sniff(struct bytes in)
{
	static const char schema[] = "speedscope.app/file-format-schema";
	size_t at = 0, some = in.len < SNIFFED ? in.len : SNIFFED;

	while (at < in.len && strchr(" \t\r\n", in.data[at]) != NULL && in.data[at] != '\0')
		at++;
	if (at == in.len || in.data[at] != '{')
		return false;
	return memmem(in.data, some, schema, sizeof schema - 1) != NULL ||
	       memmem(in.data + in.len - some, some, schema, sizeof schema - 1) != NULL;
}

struct profile *speedscope_read(struct bytes in, struct error *err)
{
	struct reader r = { .p = profile_new(), .err = err };
	int rc = r.p == NULL ? error_nomem(err) : read_file(&r, in);

	json_lex_end(&r.lex);
	mem_free(r.frames);
	mem_free(r.parts);
	mem_free(r.nodes);
	mem_free(r.weights);
	mem_free(r.open);
	buf_release(&r.name);
	buf_release(&r.file);
	if (rc == 0)
		return r.p;
	profile_free(r.p);
	return NULL;
}
