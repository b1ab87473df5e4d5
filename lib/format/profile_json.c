/* All that a profile has, for programs:
 *
 *     {"schema": 1, "creator": "cprof 0.1.0", "command": "GET /user/{id}",
 *      "sampled": false, "lost": 0, "folded": 0,
 *      "metrics": [{"name": "wall", "unit": "nanoseconds"}],
 *      "functions": [
 *       {"file": "app.py", "line": 12, "name": "show", "qualname": "View.show",
 *        "calls": 3, "primitive_calls": 1, "self": [10], "cum": [30]}],
 *      "arcs": [
 *       {"caller": 0, "callee": 1, "calls": 2, "primitive_calls": 2,
 *        "self": [5], "cum": [20]}],
 *      "tree": [
 *       {"parent": null, "function": null, "calls": null, "cum": [30]},
 *       {"parent": 0, "function": 0, "calls": 1, "cum": [30]}]}
 *
 * self and cum have a number for each metric. Callers and callees, functions and
 * parents are indices; parents come first, the first node stands for the request.
 * null are "command" where none is known, the calls of a sampled profile, and the
 * "tree" of a profile that has none. */
#include "format/profile_json.h"

#include "base/version.h"
#include "format/json.h"
#include "profile/derive.h"

static void put_text(struct buf *out, const char *key, const char *text)
{
	buf_adds(out, key);
	if (text != NULL)
		json_text(out, text);
	else
		buf_adds(out, "null");
}

static void put_number(struct buf *out, const char *key, uint64_t n)
{
	buf_adds(out, key);
	buf_addu(out, n);
}

static void put_count(struct buf *out, const struct profile *p, const char *key, uint64_t n)
{
	buf_adds(out, key);
	if (p->sampled)
		buf_adds(out, "null");
	else
		buf_addu(out, n);
}

static void put_values(struct buf *out, const struct profile *p, const char *key,
		       const int64_t *values)
{
	buf_adds(out, key);
	for (uint32_t m = 0; m < p->nmetrics; m++)
		buf_printf(out, "%s%lld", m == 0 ? "[" : ", ", (long long)values[m]);
	buf_adds(out, p->nmetrics == 0 ? "[]" : "]");
}

static void put_totals(struct buf *out, const struct profile *p, const struct totals *t)
{
	int64_t self[PROFILE_MAX_METRICS], cum[PROFILE_MAX_METRICS];

	for (uint32_t m = 0; m < p->nmetrics; m++) {
		self[m] = t->costs[m].self;
		cum[m] = t->costs[m].cum;
	}
	put_count(out, p, ", \"calls\": ", t->ncalls);
	put_count(out, p, ", \"primitive_calls\": ", t->nprimitive);
	put_values(out, p, ", \"self\": ", self);
	put_values(out, p, ", \"cum\": ", cum);
	buf_addc(out, '}');
}

static void put_head(struct buf *out, const struct profile *p, const struct format_info *info)
{
	put_text(out, "{\"schema\": 1, \"creator\": ", "cprof " CPROF_VERSION);
	put_text(out, ", \"command\": ", info->command);
	buf_adds(out, p->sampled ? ",\n\"sampled\": true" : ",\n\"sampled\": false");
	put_number(out, ", \"lost\": ", p->nlost);
	put_number(out, ", \"folded\": ", p->nfolded);
	buf_adds(out, ",\n\"metrics\": [");
	for (uint32_t m = 0; m < p->nmetrics; m++) {
		put_text(out, m == 0 ? "{\"name\": " : ", {\"name\": ", p->metrics[m].name);
		put_text(out, ", \"unit\": ", p->metrics[m].unit);
		buf_addc(out, '}');
	}
}

static void put_functions(struct buf *out, const struct profile *p, const struct table *t)
{
	buf_adds(out, "],\n\"functions\": [");
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct function *f = &p->functions[i];

		put_text(out, i == 0 ? "\n{\"file\": " : ",\n{\"file\": ", f->file);
		put_number(out, ", \"line\": ", f->line);
		put_text(out, ", \"name\": ", f->name);
		put_text(out, ", \"qualname\": ", f->qualname);
		put_totals(out, p, table_function(t, i));
		buf_pass(out);
	}
}

static void put_arcs(struct buf *out, const struct profile *p, const struct table *t)
{
	buf_adds(out, "],\n\"arcs\": [");
	for (uint32_t i = 0; i < t->narcs; i++) {
		const struct arc *arc = table_arc_at(t, i);

		put_number(out, i == 0 ? "\n{\"caller\": " : ",\n{\"caller\": ", arc->caller);
		put_number(out, ", \"callee\": ", arc->callee);
		put_totals(out, p, &arc->totals);
		buf_pass(out);
	}
}

static void put_tree(struct buf *out, const struct profile *p)
{
	if (!profile_has_tree(p)) {
		buf_adds(out, "],\n\"tree\": null}\n");
		return;
	}
	buf_adds(out, "],\n\"tree\": [\n{\"parent\": null, \"function\": null, \"calls\": null");
	for (uint32_t i = 0; i < p->nnodes; i++) {
		const struct node *n = &p->nodes[i];

		if (i != 0) {
			put_number(out, ",\n{\"parent\": ", n->parent);
			put_number(out, ", \"function\": ", n->function);
			put_count(out, p, ", \"calls\": ", n->ncalls);
		}
		put_values(out, p, ", \"cum\": ", profile_node_cum(p, i));
		buf_addc(out, '}');
		buf_pass(out);
	}
	buf_adds(out, "]}\n");
}

int profile_json_write(struct buf *out, const struct profile *p, const struct format_info *info,
		       struct error *err)
{
	const struct table *t;
	struct table own;

	if (derive_view(&t, &own, p, NULL, 0, err) < 0)
		return -1;
	put_head(out, p, info);
	put_functions(out, p, t);
	put_arcs(out, p, t);
	put_tree(out, p);
	table_release(&own);
	return out->failed ? error_nomem(err) : 0;
}
