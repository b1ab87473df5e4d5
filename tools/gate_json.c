/* gate_json.c -- a gate for programs; the schema is in the help of gate. */
#include <math.h>
#include <string.h>

#include "format/json.h"
#include "gate.h"

static const char *const verdict_names[] = { "passed", "failed", "skipped" };
static const char *const kind_names[] = {
	[RULE_CALLS] = "calls", [RULE_TOTAL_CALLS] = "total_calls", [RULE_SQL] = "sql",
	[RULE_METRIC] = "metric", [RULE_TIME] = "time", [RULE_NEW_CALLEES] = "new_callees"
};

static void put_side(struct json_writer *w, const char *key, const struct gate_side *side)
{
	uint64_t seen = 0, kept = 0, dropped = 0;

	if (side->runs.nruns == 0) {
		json_add_null(w, key);
		return;
	}
	for (size_t i = 0; i < side->runs.nruns; i++) {
		seen += side->runs.runs[i]->seen;
		kept += side->runs.runs[i]->kept;
		dropped += side->runs.runs[i]->dropped;
	}
	json_open_object(w, key);
	json_add_string(w, "commit", side->runs.runs[0]->commit);
	json_add_string(w, "branch", side->runs.runs[0]->branch);
	json_open_array(w, "runs");
	for (size_t i = 0; i < side->runs.nruns; i++)
		json_add_string(w, NULL, side->runs.runs[i]->name);
	json_close_array(w);
	json_add_int(w, "seen", (int64_t)seen);
	json_add_int(w, "kept", (int64_t)kept);
	json_add_int(w, "dropped", (int64_t)dropped);
	json_close_object(w);
}

static void put_function(struct json_writer *w, const struct summary_function *f)
{
	struct buf name = BUF_INIT;

	identity_dotted(&name, &f->id);
	json_add_string(w, "function", buf_str(&name));
	json_add_string(w, "file", f->id.file);
	json_add_int(w, "line", f->line);
	buf_release(&name);
}

static void put_change(struct json_writer *w, const char *key, double old, double new)
{
	json_open_object(w, key);
	json_add_number(w, "old", old);
	json_add_number(w, "new", new);
	json_close_object(w);
}

static void put_blame(struct json_writer *w, const struct finding *f, const struct blame *b)
{
	const struct function_change *c = b->function;

	json_open_object(w, NULL);
	put_function(w, c->after ? c->after : c->before);
	put_change(w, "calls", (double)c->old_calls.median, (double)c->new_calls.median);
	put_change(w, "self", c->self[f->metric].old_value, c->self[f->metric].new_value);
	json_add_number(w, "more_calls_ns", c->more_calls_ns);
	json_add_number(w, "dearer_calls_ns", c->dearer_calls_ns);
	if (b->from != NULL) {
		json_open_object(w, "from");
		put_function(w, b->from);
		json_close_object(w);
	} else {
		json_add_null(w, "from");
	}
	json_close_object(w);
}

static void put_rule(struct json_writer *w, const struct rule *r)
{
	struct buf text = BUF_INIT;

	rule_text(&text, r);
	json_open_object(w, "rule");
	json_add_string(w, "text", buf_str(&text));
	json_add_string(w, "kind", kind_names[r->kind]);
	json_add_string(w, "name", r->name);
	json_add_int(w, "line", r->line);
	json_close_object(w);
	buf_release(&text);
}

static void put_request(struct json_writer *w, const struct summary_group *g)
{
	json_add_string(w, "label", g->label);
	if (g->label != NULL)
		json_add_int(w, "ordinal", (int64_t)g->ordinal);
	else
		json_add_null(w, "ordinal");
	json_add_string(w, "method", g->method);
	json_add_string(w, "route", g->route);
}

static void put_finding(struct json_writer *w, const struct finding *f)
{
	static const struct signs plain = { "->", "x", "...", "-", "", "", "" };
	struct buf text = BUF_INIT;

	json_open_object(w, NULL);
	put_rule(w, f->rule);
	put_request(w, f->request->after);
	json_add_string(w, "verdict", verdict_names[f->verdict]);
	json_add_string(w, "skipped", f->skip != SKIP_NONE ? skip_texts[f->skip] : NULL);
	if (f->verdict == VERDICT_FAILED)
		gate_put_finding(&text, f, &plain);
	json_add_string(w, "text", text.len != 0 ? buf_str(&text) : NULL);
	json_add_number(w, "old", f->verdict != VERDICT_SKIPPED ? f->old_value : (double)NAN);
	json_add_number(w, "new", f->verdict != VERDICT_SKIPPED ? f->new_value : (double)NAN);
	json_add_number(w, "p", f->p);
	json_open_array(w, "functions");
	for (size_t i = 0; i < f->nblamed; i++)
		put_blame(w, f, &f->blamed[i]);
	json_close_array(w);
	json_add_string(w, "typical", f->request->after->typical);
	json_close_object(w);
	buf_release(&text);
}

int gate_json(struct buf *out, const struct gate_view *v, struct error *err)
{
	const struct gate *g = v->gate;
	struct json_writer w;

	json_begin(&w, out);
	json_add_int(&w, "schema", 1);
	json_add_string(&w, "verdict", g == NULL ? "nothing" : verdict_names[g->nfailed != 0]);
	json_add_string(&w, "rules", v->rules->file);
	put_side(&w, "baseline", &v->sides->old);
	put_side(&w, "current", &v->sides->new);
	json_add_int(&w, "passed", g ? (int64_t)g->npassed : 0);
	json_add_int(&w, "failed", g ? (int64_t)g->nfailed : 0);
	json_add_int(&w, "skipped", g ? (int64_t)g->nskipped : 0);
	json_open_array(&w, "findings");
	for (size_t i = 0; g != NULL && i < g->n; i++)
		put_finding(&w, &g->findings[i]);
	json_close_array(&w);
	json_end(&w);
	return out->failed ? error_nomem(err) : 0;
}
