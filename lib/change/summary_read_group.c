#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "change/summary_read.h"

/* One that grows; copied into the summary's arena when its end is known. */
struct group_in {
	struct summary_in *in;
	struct summary_group g;
	struct summary_function *functions;
	uint32_t *known;          /* per function: its index there */
	struct summary_arc *arcs; /* at first with callees of known */
	int64_t *values;          /* by metric, then request */
	uint64_t *calls;
	size_t nvalues;
	size_t functions_cap, known_cap, arcs_cap, values_cap, calls_cap;
	uint32_t caller;          /* of the arcs that are read */
	size_t column;            /* of values: metrics so far */
};

static int bad(struct group_in *r, const char *what)
{
	return json_fail(&r->in->lex, what);
}

static int nomem(struct group_in *r)
{
	return error_nomem(r->in->err);
}

/* --- ranges of counts */

struct range_in {
	struct group_in *r;
	uint64_t v[3];
	unsigned n;
};

static int range_item(void *arg)
{
	struct range_in *range = arg;

	if (range->n == 3)
		return bad(range->r, "a range of more than three counts");
	return summary_take_count(range->r->in, &range->v[range->n++]);
}

static int take_range(struct group_in *r, struct count_range *to)
{
	struct range_in range = { .r = r };
	struct json_lexer *l = &r->in->lex;

	if (json_peek(l) != '[') {
		if (summary_take_count(r->in, &to->min) < 0)
			return -1;
		to->median = to->max = to->min;
		return 0;
	}
	if (json_walk_array(l, range_item, &range) < 0)
		return -1;
	if (range.n != 3 || range.v[0] > range.v[1] || range.v[1] > range.v[2])
		return bad(r, "a range that is not minimum, median and maximum");
	*to = (struct count_range){ range.v[0], range.v[1], range.v[2] };
	return 0;
}

/* --- requests */

static int call_item(void *arg)
{
	struct group_in *r = arg;
	uint64_t *grown = mem_grow(r->calls, &r->calls_cap, r->g.nrequests + 1, sizeof *grown);

	if (grown == NULL)
		return nomem(r);
	r->calls = grown;
	return summary_take_count(r->in, &grown[r->g.nrequests++]);
}

static int value_item(void *arg)
{
	struct group_in *r = arg;
	int64_t *grown = mem_grow(r->values, &r->values_cap, r->nvalues + 1, sizeof *grown);

	if (grown == NULL)
		return nomem(r);
	r->values = grown;
	return summary_take_int(r->in, INT64_MIN, &grown[r->nvalues++]);
}

static int value_column(void *arg)
{
	struct group_in *r = arg;

	if (json_walk_array(&r->in->lex, value_item, r) < 0)
		return -1;
	r->column++;
	if (r->nvalues != r->column * r->g.nrequests)
		return bad(r, "not as many values as requests");
	return 0;
}

/* --- functions and arcs */

struct function_in {
	struct group_in *r;
	struct summary_function f;
	uint32_t known;
	size_t nself, ncum;
	bool has_calls;
};

static int take_known(struct group_in *r, const char *id_text, uint32_t *known)
{
	uint32_t id;

	if (summary_parse_id(r->in, id_text, &id) < 0)
		return -1;
	*known = map_get(&r->in->by_id, id);
	return *known == MAP_NONE ? bad(r, "an id that no function has") : 0;
}

static int arc_member(void *arg, const char *key)
{
	struct group_in *r = arg;
	struct summary_arc *grown, arc = { .caller = r->caller };

	if (take_known(r, key, &arc.callee) < 0 || take_range(r, &arc.calls) < 0)
		return -1;
	grown = mem_grow(r->arcs, &r->arcs_cap, r->g.narcs + 1, sizeof *grown);
	if (grown == NULL)
		return nomem(r);
	r->arcs = grown;
	grown[r->g.narcs++] = arc;
	return 0;
}

static int self_item(void *arg)
{
	struct function_in *f = arg;

	if (f->nself == f->r->in->s->nmetrics)
		return bad(f->r, "more values than metrics");
	return summary_take_int(f->r->in, INT64_MIN, &f->f.self[f->nself++]);
}

static int cum_item(void *arg)
{
	struct function_in *f = arg;

	if (f->ncum == f->r->in->s->nmetrics)
		return bad(f->r, "more values than metrics");
	return summary_take_int(f->r->in, INT64_MIN, &f->f.cum[f->ncum++]);
}

static int function_member(void *arg, const char *key)
{
	struct function_in *f = arg;
	struct json_lexer *l = &f->r->in->lex;
	const char *text;

	if (strcmp(key, "id") == 0) {
		if (json_take_string(l, &text) < 0)
			return -1;
		return take_known(f->r, text != NULL ? text : "", &f->known);
	}
	if (strcmp(key, "calls") == 0) {
		f->has_calls = true;
		return take_range(f->r, &f->f.calls);
	}
	if (strcmp(key, "self") == 0)
		return json_walk_array(l, self_item, f);
	if (strcmp(key, "cum") == 0)
		return json_walk_array(l, cum_item, f);
	if (strcmp(key, "to") == 0) {
		f->r->caller = (uint32_t)f->r->g.nfunctions;
		return json_walk_object(l, arc_member, f->r);
	}
	return json_skip(l);
}

/* Who it is, and its place in the order: that of known. */
static int place_function(struct function_in *f)
{
	struct group_in *r = f->r;
	struct summary_in *in = r->in;
	size_t n = r->g.nfunctions;

	if (f->known == MAP_NONE || !f->has_calls || f->nself != in->s->nmetrics ||
	    f->ncum != in->s->nmetrics)
		return bad(r, "a function without id, calls, or a value for each metric");
	f->f.id = in->known[f->known].id;
	f->f.line = in->known[f->known].line;
	if (n != 0 && identity_compare(&r->functions[n - 1].id, &f->f.id) >= 0)
		return bad(r, "a function that does not follow the one before, in order");
	return 0;
}

static int read_function(void *arg)
{
	struct group_in *r = arg;
	struct function_in f = { .r = r, .known = MAP_NONE };
	size_t nmetrics = r->in->s->nmetrics;
	struct summary_function *grown;
	uint32_t *known;

	f.f.self = arena_alloc(&r->in->s->arena, 2 * nmetrics * sizeof *f.f.self);
	if (f.f.self == NULL)
		return nomem(r);
	f.f.cum = f.f.self + nmetrics;
	if (json_walk_object(&r->in->lex, function_member, &f) < 0 || place_function(&f) < 0)
		return -1;
	grown = mem_grow(r->functions, &r->functions_cap, r->g.nfunctions + 1, sizeof *grown);
	if (grown != NULL)
		r->functions = grown;
	known = mem_grow(r->known, &r->known_cap, r->g.nfunctions + 1, sizeof *known);
	if (known != NULL)
		r->known = known;
	if (grown == NULL || known == NULL)
		return nomem(r);
	r->in->index[f.known] = (uint32_t)r->g.nfunctions;
	known[r->g.nfunctions] = f.known;
	grown[r->g.nfunctions++] = f.f;
	return 0;
}

/* --- the group */

static int read_text_member(struct group_in *r, const char *key)
{
	if (strcmp(key, "label") == 0)
		return summary_take_string(r->in, &r->g.label);
	if (strcmp(key, "method") == 0)
		return summary_take_string(r->in, &r->g.method);
	if (strcmp(key, "route") == 0)
		return summary_take_string(r->in, &r->g.route);
	return json_skip(&r->in->lex);
}

static int take_size(struct group_in *r, size_t *to)
{
	uint64_t n = 0;

	if (summary_take_count(r->in, &n) < 0)
		return -1;
	*to = (size_t)n;
	return 0;
}

static int member(void *arg, const char *key)
{
	struct group_in *r = arg;
	struct json_lexer *l = &r->in->lex;

	if (strcmp(key, "ordinal") == 0)
		return summary_take_count(r->in, &r->g.ordinal);
	if (strcmp(key, "route_is_template") == 0)
		return summary_take_bool(r->in, &r->g.route_is_template);
	if (strcmp(key, "warm") == 0)
		return summary_take_bool(r->in, &r->g.warm);
	if (strcmp(key, "cold") == 0)
		return take_size(r, &r->g.ncold);
	if (strcmp(key, "lost") == 0)
		return summary_take_count(r->in, &r->g.nlost);
	if (strcmp(key, "failed") == 0)
		return summary_take_bool(r->in, &r->g.failed);
	if (strcmp(key, "calls") == 0)
		return json_walk_array(l, call_item, r);
	if (strcmp(key, "values") == 0)
		return json_walk_array(l, value_column, r);
	if (strcmp(key, "functions") == 0)
		return json_walk_array(l, read_function, r);
	if (strcmp(key, "entry") == 0) {
		r->caller = UINT32_MAX;
		return json_walk_object(l, arc_member, r);
	}
	return read_text_member(r, key);
}

static int by_ends(const void *a, const void *b)
{
	const struct summary_arc *x = a, *y = b;
	uint64_t left = map_pair(x->caller, x->callee), right = map_pair(y->caller, y->callee);

	return left < right ? -1 : left > right;
}

/* From known functions to the group's. */
static int place_arcs(struct group_in *r)
{
	struct summary_group *g = &r->g;

	for (size_t i = 0; i < g->narcs; i++) {
		struct summary_arc *arc = &r->arcs[i];

		arc->callee = r->in->index[arc->callee];
		if (arc->callee == MAP_NONE ||
		    (arc->caller != UINT32_MAX && arc->caller >= g->nfunctions))
			return bad(r, "a call of a function that the group does not have");
	}
	if (g->narcs != 0)
		qsort(r->arcs, g->narcs, sizeof *r->arcs, by_ends);
	for (size_t i = 1; i < g->narcs; i++)
		if (by_ends(&r->arcs[i - 1], &r->arcs[i]) == 0)
			return bad(r, "a call of one function that comes twice");
	return 0;
}

static void *copy(struct arena *arena, const void *from, size_t n, size_t size)
{
	void *to = arena_alloc(arena, n * size);

	if (to != NULL && n != 0)
		memcpy(to, from, n * size);
	return to;
}

static int keep_group(struct group_in *r)
{
	struct summary *s = r->in->s;
	struct summary_group *g = &r->g, *grown;
	size_t nmetrics = s->nmetrics;

	g->values = arena_alloc(&s->arena, r->nvalues * sizeof *g->values);
	g->calls = copy(&s->arena, r->calls, g->nrequests, sizeof *g->calls);
	g->functions = copy(&s->arena, r->functions, g->nfunctions, sizeof *g->functions);
	g->arcs = copy(&s->arena, r->arcs, g->narcs, sizeof *g->arcs);
	grown = mem_grow(r->in->groups, &r->in->groups_cap, r->in->ngroups + 1, sizeof *grown);
	if (grown != NULL)
		r->in->groups = grown;
	if (grown == NULL || g->values == NULL || g->calls == NULL || g->functions == NULL ||
	    g->arcs == NULL)
		return nomem(r);
	for (size_t i = 0; i < g->nrequests; i++)
		for (size_t m = 0; m < nmetrics; m++)
			g->values[i * nmetrics + m] = r->values[m * g->nrequests + i];
	grown[r->in->ngroups++] = *g;
	return 0;
}

static int check_group(struct group_in *r)
{
	struct summary_group *g = &r->g;

	if (g->method == NULL || g->nrequests == 0)
		return bad(r, "a group without a method or without requests");
	if (r->nvalues != g->nrequests * r->in->s->nmetrics)
		return bad(r, "not a row of values for each metric");
	if (g->label == NULL)
		g->ordinal = 0;
	if (g->route == NULL)
		g->route = "";
	return 0;
}

int summary_read_group(void *arg)
{
	struct summary_in *in = arg;
	struct group_in r = { .in = in };
	int rc = -1;

	if (in->s->nmetrics == 0)
		return bad(&r, "groups before metrics");
	if (json_walk_object(&in->lex, member, &r) == 0 && check_group(&r) == 0 &&
	    place_arcs(&r) == 0 && keep_group(&r) == 0)
		rc = 0;
	/* Only what was set, for there may be many small groups. */
	for (size_t i = 0; i < r.g.nfunctions; i++)
		in->index[r.known[i]] = MAP_NONE;
	mem_free(r.functions);
	mem_free(r.known);
	mem_free(r.arcs);
	mem_free(r.values);
	mem_free(r.calls);
	return rc;
}
