#include "change/summary_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/compare.h"

static int nomem(struct summary_in *in)
{
	return error_nomem(in->err);
}

static int bad(struct summary_in *in, const char *what)
{
	return json_fail(&in->lex, what);
}

/* --- values */

int summary_take_string(struct summary_in *in, const char **to)
{
	int c = json_peek(&in->lex);
	const char *text;

	if (c != '"' && c != 'n')
		return bad(in, "no text where one should be");
	if (json_take_string(&in->lex, &text) < 0)
		return -1;
	*to = text != NULL ? arena_strdup(&in->s->arena, text) : NULL;
	return text != NULL && *to == NULL ? nomem(in) : 0;
}

/* One that may not be null. */
static int take_text(struct summary_in *in, const char **to)
{
	if (summary_take_string(in, to) < 0)
		return -1;
	return *to == NULL ? bad(in, "null where a text should be") : 0;
}

int summary_take_int(struct summary_in *in, int64_t least, int64_t *to)
{
	struct json v;

	if (json_take_number(&in->lex, &v) < 0)
		return -1;
	if (!v.is_int)
		return bad(in, "no whole number, or one too large");
	if (v.integer < least)
		return bad(in, "a number less than it can be");
	*to = v.integer;
	return 0;
}

int summary_take_count(struct summary_in *in, uint64_t *to)
{
	int64_t n = 0;

	if (summary_take_int(in, 0, &n) < 0)
		return -1;
	*to = (uint64_t)n;
	return 0;
}

int summary_take_bool(struct summary_in *in, bool *to)
{
	int c = json_peek(&in->lex);
	struct json v;

	if (c != 't' && c != 'f')
		return bad(in, "neither true nor false");
	if (json_lex_word(&in->lex, &v) < 0)
		return -1;
	*to = v.boolean;
	return 0;
}

static int parse_hex(const char *text, size_t digits, uint64_t *value)
{
	*value = 0;
	if (strlen(text) != digits || strspn(text, "0123456789abcdef") != digits)
		return -1;
	*value = strtoull(text, NULL, 16);
	return 0;
}

int summary_parse_id(struct summary_in *in, const char *text, uint32_t *id)
{
	uint64_t value;

	if (parse_hex(text, 8, &value) < 0)
		return bad(in, "an id that is not of eight hexadecimal digits");
	*id = (uint32_t)value;
	return 0;
}

/* --- who functions are */

struct known_in {
	struct summary_in *in;
	struct summary_function function;
	uint32_t id;
	bool has_id;
};

static int take_origin(struct summary_in *in, enum origin *to)
{
	static const char *const names[] = { "app", "package", "stdlib", "builtin" };
	const char *text;

	if (json_take_string(&in->lex, &text) < 0)
		return -1;
	for (size_t i = 0; text != NULL && i < sizeof names / sizeof *names; i++) {
		if (strcmp(text, names[i]) == 0) {
			*to = (enum origin)i;
			return 0;
		}
	}
	return bad(in, "an origin that is none");
}

static int take_u32(struct summary_in *in, uint32_t *to)
{
	int64_t n = 0;

	if (summary_take_int(in, 0, &n) < 0)
		return -1;
	if (n > UINT32_MAX)
		return bad(in, "a number larger than it can be");
	*to = (uint32_t)n;
	return 0;
}

static int known_member(void *arg, const char *key)
{
	struct known_in *k = arg;
	struct summary_function *f = &k->function;
	const char *text;

	if (strcmp(key, "id") == 0) {
		if (json_take_string(&k->in->lex, &text) < 0)
			return -1;
		k->has_id = true;
		return summary_parse_id(k->in, text != NULL ? text : "", &k->id);
	}
	if (strcmp(key, "origin") == 0)
		return take_origin(k->in, &f->id.origin);
	if (strcmp(key, "file") == 0)
		return take_text(k->in, &f->id.file);
	if (strcmp(key, "name") == 0)
		return take_text(k->in, &f->id.name);
	if (strcmp(key, "nth") == 0)
		return take_u32(k->in, &f->id.nth);
	if (strcmp(key, "line") == 0)
		return take_u32(k->in, &f->line);
	return json_skip(&k->in->lex);
}

static int read_known(void *arg)
{
	struct summary_in *in = arg;
	struct known_in k = { .in = in };
	struct summary_function *grown;

	if (json_walk_object(&in->lex, known_member, &k) < 0)
		return -1;
	if (!k.has_id || k.function.id.file == NULL || k.function.id.name == NULL)
		return bad(in, "a function without id, file or name");
	if (map_get(&in->by_id, k.id) != MAP_NONE)
		return bad(in, "a function's id that comes twice");
	if (in->nknown != 0 &&
	    identity_compare(&in->known[in->nknown - 1].id, &k.function.id) >= 0)
		return bad(in, "a function that does not follow the one before, in order");
	grown = mem_grow(in->known, &in->known_cap, in->nknown + 1, sizeof *grown);
	if (grown == NULL)
		return nomem(in);
	in->known = grown;
	if (map_add(&in->by_id, k.id, (uint32_t)in->nknown) < 0)
		return nomem(in);
	grown[in->nknown++] = k.function;
	return 0;
}

/* --- the whole */

struct metric_in {
	struct summary_in *in;
	struct metric *metric;
};

static int metric_item(void *arg)
{
	struct metric_in *m = arg;
	struct metric *to = m->metric;

	if (to->unit != NULL)
		return bad(m->in, "a metric of more than name and unit");
	return take_text(m->in, to->name == NULL ? &to->name : &to->unit);
}

static int read_metric(void *arg)
{
	struct summary_in *in = arg;
	struct summary *s = in->s;
	struct metric_in m = { in, &s->metrics[s->nmetrics] };

	if (s->nmetrics == PROFILE_MAX_METRICS)
		return bad(in, "more metrics than a profile has");
	*m.metric = (struct metric){ 0 };
	if (json_walk_array(&in->lex, metric_item, &m) < 0)
		return -1;
	if (m.metric->unit == NULL)
		return bad(in, "a metric without a unit");
	s->nmetrics++;
	return 0;
}

static int read_metrics(struct summary_in *in)
{
	if (in->s->nmetrics != 0 || in->ngroups != 0)
		return bad(in, "metrics that come twice, or behind groups");
	return json_walk_array(&in->lex, read_metric, in);
}

static int read_groups(struct summary_in *in)
{
	if (in->index != NULL)
		return bad(in, "groups that come twice");
	in->index = mem_array(NULL, in->nknown, sizeof *in->index);
	if (in->index == NULL)
		return nomem(in);
	memset(in->index, 0xff, in->nknown * sizeof *in->index);
	return json_walk_array(&in->lex, summary_read_group, in);
}

static int read_schema(struct summary_in *in)
{
	int64_t schema = 0;

	if (summary_take_int(in, 1, &schema) < 0)
		return -1;
	return schema > SUMMARY_SCHEMA ? bad(in, "written by a newer cprof") : 0;
}

static int read_machine(struct summary_in *in)
{
	const char *text;

	if (json_take_string(&in->lex, &text) < 0)
		return -1;
	if (text == NULL || parse_hex(text, 16, &in->s->machine) < 0)
		return bad(in, "a machine that is not of sixteen hexadecimal digits");
	return 0;
}

static int read_outcome(struct summary_in *in)
{
	static const enum run_outcome all[] = { RUN_PASSED, RUN_FAILED, RUN_UNFINISHED };
	const char *text;

	if (json_take_string(&in->lex, &text) < 0)
		return -1;
	if (text == NULL)
		return 0;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (strcmp(text, run_outcome_name(all[i])) == 0) {
			in->s->outcome = all[i];
			return 0;
		}
	}
	return bad(in, "an outcome that is none");
}

static int read_requests_of(struct summary_in *in, uint64_t *to)
{
	in->s->has_counts = true;
	return summary_take_count(in, to);
}

static int read_text_member(struct summary_in *in, const char *key)
{
	struct summary *s = in->s;

	if (strcmp(key, "name") == 0)
		return take_text(in, &s->name);
	if (strcmp(key, "commit") == 0)
		return summary_take_string(in, &s->commit);
	if (strcmp(key, "branch") == 0)
		return summary_take_string(in, &s->branch);
	if (strcmp(key, "python") == 0)
		return take_text(in, &s->python);
	if (strcmp(key, "implementation") == 0)
		return take_text(in, &s->implementation);
	if (strcmp(key, "mode") == 0)
		return take_text(in, &s->mode);
	return json_skip(&in->lex);
}

static int member(void *arg, const char *key)
{
	struct summary_in *in = arg;
	struct summary *s = in->s;

	if (strcmp(key, "schema") == 0)
		return read_schema(in);
	if (strcmp(key, "created_ns") == 0)
		return summary_take_int(in, INT64_MIN, &s->created_ns);
	if (strcmp(key, "dirty") == 0)
		return summary_take_bool(in, &s->dirty);
	if (strcmp(key, "sampled") == 0)
		return summary_take_bool(in, &s->sampled);
	if (strcmp(key, "machine") == 0)
		return read_machine(in);
	if (strcmp(key, "outcome") == 0)
		return read_outcome(in);
	if (strcmp(key, "seen") == 0)
		return read_requests_of(in, &s->seen);
	if (strcmp(key, "kept") == 0)
		return read_requests_of(in, &s->kept);
	if (strcmp(key, "dropped") == 0)
		return read_requests_of(in, &s->dropped);
	if (strcmp(key, "metrics") == 0)
		return read_metrics(in);
	if (strcmp(key, "functions") == 0)
		return in->index != NULL ? bad(in, "functions behind groups")
					 : json_walk_array(&in->lex, read_known, in);
	if (strcmp(key, "groups") == 0)
		return read_groups(in);
	return read_text_member(in, key);
}

/* As request_compare. */
static int by_group(const void *a, const void *b)
{
	const struct summary_group *x = a, *y = b;
	int order = compare_texts(x->label, y->label);

	if (order == 0)
		order = compare_ordinals(x, y);
	if (order == 0)
		order = compare_routes(x, y);
	return order != 0 ? order : (int)x->route_is_template - (int)y->route_is_template;
}

static int read_whole(struct summary_in *in)
{
	struct summary *s = in->s;

	s->metrics = arena_zalloc(&s->arena, PROFILE_MAX_METRICS * sizeof *s->metrics);
	if (s->metrics == NULL)
		return nomem(in);
	if (json_walk_object(&in->lex, member, in) < 0)
		return -1;
	if (json_peek(&in->lex) >= 0)
		return bad(in, "something behind the end");
	if (s->name == NULL || s->python == NULL || s->implementation == NULL || s->mode == NULL ||
	    s->nmetrics == 0 || in->index == NULL)
		return bad(in, "no summary of a run: a member is missing");
	s->groups = arena_alloc(&s->arena, in->ngroups * sizeof *s->groups);
	if (s->groups == NULL)
		return nomem(in);
	if (in->ngroups != 0) {
		memcpy(s->groups, in->groups, in->ngroups * sizeof *s->groups);
		qsort(s->groups, in->ngroups, sizeof *s->groups, by_group);
	}
	s->ngroups = in->ngroups;
	return 0;
}

int summary_read(struct summary *out, struct bytes bytes, struct error *err)
{
	struct summary_in in = { .s = out, .err = err, .by_id = MAP_INIT };
	int rc;

	*out = (struct summary){ .arena = ARENA_INIT };
	json_lex_begin(&in.lex, bytes, err);
	rc = read_whole(&in);
	json_lex_end(&in.lex);
	mem_free(in.known);
	map_release(&in.by_id);
	mem_free(in.index);
	mem_free(in.groups);
	if (rc < 0)
		summary_release(out);
	return rc;
}
