#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "change/summary.h"
#include "format/json.h"

/* A function of any group, with the name by which groups speak of it. */
struct known {
	const struct summary_function *function;
	uint32_t id;
};

struct writing {
	struct json_writer w;
	const struct summary *s;
	bool raw_paths;
	struct known *known; /* by identity, each once */
	size_t nknown;
	uint32_t *ids;       /* of one group's functions */
};

static bool is_kept(const struct writing *o, const struct summary_group *g)
{
	return o->raw_paths || g->route_is_template || g->label != NULL;
}

static int by_identity(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return identity_compare(&x->function->id, &y->function->id);
}

/* The same at every commit, unless two of a run have one. */
static int name_functions(struct writing *o)
{
	struct map taken = MAP_INIT;
	struct buf text = BUF_INIT;
	int rc = -1;

	for (size_t i = 0; i < o->nknown; i++) {
		const struct identity *id = &o->known[i].function->id;

		buf_clear(&text);
		buf_adds(&text, id->file);
		buf_addc(&text, '\0');
		buf_adds(&text, id->name);
		buf_addc(&text, '\0');
		buf_addu(&text, id->nth);
		if (text.failed)
			goto done;
		o->known[i].id = (uint32_t)map_hash(text.data, text.len);
		while (map_get(&taken, o->known[i].id) != MAP_NONE)
			o->known[i].id++;
		if (map_add(&taken, o->known[i].id, 0) < 0)
			goto done;
	}
	rc = 0;
done:
	map_release(&taken);
	buf_release(&text);
	return rc;
}

static int know_functions(struct writing *o)
{
	const struct summary *s = o->s;
	size_t n = 0, most = 0, kept = 0;

	for (size_t i = 0; i < s->ngroups; i++) {
		n += s->groups[i].nfunctions;
		most = s->groups[i].nfunctions > most ? s->groups[i].nfunctions : most;
	}
	o->known = mem_array(NULL, n, sizeof *o->known);
	o->ids = mem_array(NULL, most, sizeof *o->ids);
	if (o->known == NULL || o->ids == NULL)
		return -1;
	n = 0;
	for (size_t i = 0; i < s->ngroups; i++)
		for (size_t k = 0; is_kept(o, &s->groups[i]) && k < s->groups[i].nfunctions; k++)
			o->known[n++].function = &s->groups[i].functions[k];
	if (n != 0)
		qsort(o->known, n, sizeof *o->known, by_identity);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || by_identity(&o->known[kept - 1], &o->known[i]) != 0)
			o->known[kept++] = o->known[i];
	o->nknown = kept;
	return name_functions(o);
}

/* --- values in one line */

static void add_id(struct buf *out, uint32_t id)
{
	buf_printf(out, "\"%08" PRIx32 "\"", id);
}

static void add_int(struct buf *out, int64_t n)
{
	if (n < 0)
		buf_addc(out, '-');
	buf_addu(out, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

/* JSON's readers, ours too, have no whole numbers beyond. */
static void add_count(struct buf *out, uint64_t n)
{
	buf_addu(out, n < INT64_MAX ? n : INT64_MAX);
}

static void add_range(struct buf *out, struct count_range r)
{
	if (r.min == r.max) {
		add_count(out, r.min);
		return;
	}
	buf_addc(out, '[');
	add_count(out, r.min);
	buf_adds(out, ", ");
	add_count(out, r.median);
	buf_adds(out, ", ");
	add_count(out, r.max);
	buf_addc(out, ']');
}

/* Of a row, or with a step of a column. */
static void add_ints(struct buf *out, const int64_t *v, size_t n, size_t step)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i != 0)
			buf_adds(out, ", ");
		add_int(out, v[i * step]);
	}
	buf_addc(out, ']');
}

/* --- the parts */

static const char *origin_name(enum origin origin)
{
	static const char *const names[] = { "app", "package", "stdlib", "builtin" };

	return names[origin];
}

static void write_known(struct writing *o)
{
	struct buf *out = o->w.out;

	json_open_array(&o->w, "functions");
	for (size_t i = 0; i < o->nknown; i++) {
		const struct summary_function *f = o->known[i].function;

		json_place(&o->w, NULL);
		buf_adds(out, "{\"id\": ");
		add_id(out, o->known[i].id);
		buf_printf(out, ", \"origin\": \"%s\", \"file\": ", origin_name(f->id.origin));
		json_text(out, f->id.file);
		buf_adds(out, ", \"name\": ");
		json_text(out, f->id.name);
		if (f->id.nth != 0)
			buf_printf(out, ", \"nth\": %" PRIu32, f->id.nth);
		buf_printf(out, ", \"line\": %" PRIu32 "}", f->line);
	}
	json_close_array(&o->w);
}

/* Both are in the order of identities. */
static void find_ids(struct writing *o, const struct summary_group *g)
{
	size_t at = 0;

	for (size_t i = 0; i < g->nfunctions; i++) {
		while (identity_compare(&o->known[at].function->id, &g->functions[i].id) != 0)
			at++;
		o->ids[i] = o->known[at].id;
	}
}

/* The arcs of one caller, which stand together from g->arcs[*at] on. */
static void add_arcs(struct writing *o, const struct summary_group *g, size_t *at, uint32_t caller)
{
	struct buf *out = o->w.out;
	size_t begin = *at;

	buf_addc(out, '{');
	for (; *at < g->narcs && g->arcs[*at].caller == caller; ++*at) {
		if (*at != begin)
			buf_adds(out, ", ");
		add_id(out, o->ids[g->arcs[*at].callee]);
		buf_adds(out, ": ");
		add_range(out, g->arcs[*at].calls);
	}
	buf_addc(out, '}');
}

static void write_functions(struct writing *o, const struct summary_group *g)
{
	struct buf *out = o->w.out;
	size_t nmetrics = o->s->nmetrics, arc = 0;

	find_ids(o, g);
	json_open_array(&o->w, "functions");
	for (size_t i = 0; i < g->nfunctions; i++) {
		const struct summary_function *f = &g->functions[i];

		json_place(&o->w, NULL);
		buf_adds(out, "{\"id\": ");
		add_id(out, o->ids[i]);
		buf_adds(out, ", \"calls\": ");
		add_range(out, f->calls);
		buf_adds(out, ", \"self\": ");
		add_ints(out, f->self, nmetrics, 1);
		buf_adds(out, ", \"cum\": ");
		add_ints(out, f->cum, nmetrics, 1);
		if (arc < g->narcs && g->arcs[arc].caller == i) {
			buf_adds(out, ", \"to\": ");
			add_arcs(o, g, &arc, (uint32_t)i);
		}
		buf_addc(out, '}');
	}
	json_close_array(&o->w);
	json_place(&o->w, "entry");
	add_arcs(o, g, &arc, UINT32_MAX);
}

static void write_requests(struct writing *o, const struct summary_group *g)
{
	struct buf *out = o->w.out;
	size_t nmetrics = o->s->nmetrics;

	json_place(&o->w, "calls");
	buf_addc(out, '[');
	for (size_t i = 0; i < g->nrequests; i++) {
		if (i != 0)
			buf_adds(out, ", ");
		add_count(out, g->calls[i]);
	}
	buf_addc(out, ']');
	json_open_array(&o->w, "values");
	for (size_t m = 0; m < nmetrics; m++) {
		json_place(&o->w, NULL);
		add_ints(out, &g->values[m], g->nrequests, nmetrics);
	}
	json_close_array(&o->w);
}

static void add_count_member(struct json_writer *w, const char *key, uint64_t n)
{
	json_place(w, key);
	add_count(w->out, n);
}

static void write_group(struct writing *o, const struct summary_group *g)
{
	bool names_route = o->raw_paths || g->route_is_template;
	struct json_writer *w = &o->w;

	json_open_object(w, NULL);
	if (g->label != NULL) {
		json_add_string(w, "label", g->label);
		add_count_member(w, "ordinal", g->ordinal);
	}
	json_add_string(w, "method", g->method);
	json_add_string(w, "route", names_route && g->route[0] != '\0' ? g->route : NULL);
	json_add_bool(w, "route_is_template", g->route_is_template);
	json_add_bool(w, "warm", g->warm);
	add_count_member(w, "cold", g->ncold);
	add_count_member(w, "lost", g->nlost);
	json_add_bool(w, "failed", g->failed);
	write_requests(o, g);
	write_functions(o, g);
	json_close_object(w);
}

static void write_head(struct writing *o)
{
	const struct summary *s = o->s;
	struct json_writer *w = &o->w;

	json_add_int(w, "schema", SUMMARY_SCHEMA);
	json_add_string(w, "name", s->name);
	json_add_int(w, "created_ns", s->created_ns);
	json_add_string(w, "commit", s->commit);
	json_add_string(w, "branch", s->branch);
	json_add_bool(w, "dirty", s->dirty);
	json_add_string(w, "python", s->python);
	json_add_string(w, "implementation", s->implementation);
	json_add_string(w, "mode", s->mode);
	json_add_bool(w, "sampled", s->sampled);
	json_place(w, "machine");
	buf_printf(w->out, "\"%016" PRIx64 "\"", s->machine);
	json_add_string(w, "outcome", run_outcome_name(s->outcome));
	if (s->has_counts) {
		add_count_member(w, "seen", s->seen);
		add_count_member(w, "kept", s->kept);
		add_count_member(w, "dropped", s->dropped);
	}
	json_open_array(w, "metrics");
	for (size_t i = 0; i < s->nmetrics; i++) {
		json_place(w, NULL);
		buf_addc(w->out, '[');
		json_text(w->out, s->metrics[i].name);
		buf_adds(w->out, ", ");
		json_text(w->out, s->metrics[i].unit);
		buf_addc(w->out, ']');
	}
	json_close_array(w);
}

int summary_write(struct buf *out, const struct summary *s, bool raw_paths, struct error *err)
{
	struct writing o = { .s = s, .raw_paths = raw_paths };
	int rc = -1;

	if (know_functions(&o) < 0)
		goto done;
	json_begin(&o.w, out);
	write_head(&o);
	write_known(&o);
	json_open_array(&o.w, "groups");
	for (size_t i = 0; i < s->ngroups; i++)
		if (is_kept(&o, &s->groups[i]))
			write_group(&o, &s->groups[i]);
	json_close_array(&o.w);
	json_end(&o.w);
	if (!out->failed)
		rc = 0;
done:
	mem_free(o.known);
	mem_free(o.ids);
	return rc < 0 ? error_nomem(err) : 0;
}
