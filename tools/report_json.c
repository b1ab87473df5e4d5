/* report_json.c -- a change for programs; the schema is tools/schema/diff.json. */
#include <math.h>
#include <string.h>

#include "format/json.h"
#include "report.h"

static void put_quantity(struct json_writer *w, const char *key, const struct quantity *q)
{
	json_open_object(w, key);
	json_add_number(w, "old", q->old_value);
	json_add_number(w, "new", q->new_value);
	json_add_number(w, "delta", q->delta);
	json_add_number(w, "ratio", q->ratio); /* null where old is 0 */
	json_close_object(w);
}

static void put_count(struct json_writer *w, const char *key, uint64_t old, uint64_t new)
{
	struct quantity q = { (double)old, (double)new, (double)new - (double)old,
			      old ? (double)new / (double)old : (double)NAN };

	put_quantity(w, key, &q);
}

static void put_range_of(struct json_writer *w, const char *key, const struct count_range *r)
{
	json_open_array(w, key);
	json_add_int(w, NULL, (int64_t)r->min);
	json_add_int(w, NULL, (int64_t)r->max);
	json_close_array(w);
}

static void put_calls(struct json_writer *w, bool known, const struct count_range *old,
		      const struct count_range *new)
{
	if (!known) {
		json_add_null(w, "calls");
		return;
	}
	json_open_object(w, "calls");
	json_add_int(w, "old", (int64_t)old->median);
	json_add_int(w, "new", (int64_t)new->median);
	json_add_number(w, "delta", (double)new->median - (double)old->median);
	json_add_number(w, "ratio", old->median ? (double)new->median / (double)old->median
						: (double)NAN);
	put_range_of(w, "old_range", old);
	put_range_of(w, "new_range", new);
	json_close_object(w);
}

static void put_interval(struct json_writer *w, const struct interval *i)
{
	if (i->reached == 0) {
		json_add_null(w, "interval");
		return;
	}
	json_open_object(w, "interval");
	json_add_number(w, "low", i->low);
	json_add_number(w, "high", i->high);
	json_add_number(w, "estimate", i->estimate);
	json_add_number(w, "level", i->reached);
	json_close_object(w);
}

static const char *const match_names[] = {
	[MATCH_SAME] = "same", [MATCH_MOVED] = "moved", [MATCH_RENAMED] = "renamed",
	[MATCH_NEW] = "new", [MATCH_GONE] = "gone"
};

static void put_function(struct json_writer *w, const struct report *r,
			 const struct request_change *c, const struct function_change *f)
{
	const struct summary_function *shown = f->after ? f->after : f->before;

	json_open_object(w, NULL);
	json_add_string(w, "file", shown->id.file);
	json_add_int(w, "line", shown->line);
	json_add_string(w, "name", shown->id.name);
	json_add_string(w, "match", match_names[f->match]);
	if (f->match == MATCH_MOVED || f->match == MATCH_RENAMED) {
		json_open_object(w, "was");
		json_add_string(w, "file", f->before->id.file);
		json_add_string(w, "name", f->before->id.name);
		json_close_object(w);
	} else {
		json_add_null(w, "was");
	}
	put_calls(w, c->counts_known, &f->old_calls, &f->new_calls);
	put_quantity(w, "self", &f->self[0]);
	put_quantity(w, "cum", &f->cum[0]);
	json_add_number(w, "more_calls", f->more_calls_ns);
	json_add_number(w, "dearer_calls", f->dearer_calls_ns);
	put_interval(w, &f->interval);
	json_open_object(w, "metrics");
	for (size_t m = 1; m < r->change->nmetrics; m++) {
		json_open_object(w, r->change->metrics[m].name);
		put_quantity(w, "self", &f->self[m]);
		put_quantity(w, "cum", &f->cum[m]);
		json_close_object(w);
	}
	json_close_object(w);
	json_close_object(w);
}

static int put_functions(struct json_writer *w, const struct report *r,
			 const struct request_change *c, struct error *err)
{
	struct report_functions s = { NULL, 0, 0 };

	if (request_is_told(r, c) && report_select(&s, r, c) < 0)
		return error_nomem(err);
	json_open_array(w, "functions");
	for (size_t i = 0; i < s.n; i++)
		put_function(w, r, c, s.v[i]);
	json_close_array(w);
	report_functions_release(&s);
	return 0;
}

static void put_where(struct json_writer *w, const struct request_change *c)
{
	json_open_array(w, "where");
	for (size_t i = 0; i < c->nwhere; i++) {
		const struct place *p = &c->where[i];

		json_open_object(w, NULL);
		json_add_string(w, "file", p->id.file);
		json_add_int(w, "line", p->line);
		json_add_string(w, "name", p->id.name);
		put_count(w, "calls", p->old_calls, p->new_calls);
		json_add_number(w, "delta", (double)p->new_value - (double)p->old_value);
		json_close_object(w);
	}
	json_close_array(w);
}

static const char *const evidence_names[] = {
	[EVIDENCE_PROVEN] = "proven",
	[EVIDENCE_NOT] = "not proven",
	[EVIDENCE_BEYOND_NOISE] = "beyond noise",
	[EVIDENCE_WITHIN_NOISE] = "within noise",
	[EVIDENCE_UNKNOWN] = "unknown",
};

/* Of standard input, of which there is a file for as long as this runs, "-". */
static const char *typical_path(const struct report *r, const struct report_side *side,
				const struct summary_group *g)
{
	if (g == NULL)
		return NULL;
	return r->single ? side->path : g->typical;
}

static int put_request(struct json_writer *w, const struct report *r,
		       const struct request_change *c, struct error *err)
{
	const struct summary_group *g = request_group(c);

	json_open_object(w, NULL);
	json_add_string(w, "label", g->label);
	json_add_int(w, "ordinal", (int64_t)g->ordinal);
	json_add_string(w, "method", g->method);
	json_add_string(w, "route", g->route);
	json_add_string(w, "verdict", standing_names[request_standing(c)]);
	put_count(w, "runs", c->old_runs, c->new_runs);
	put_count(w, "requests", c->old_requests, c->new_requests);
	put_calls(w, c->counts_known, &c->old_calls, &c->new_calls);
	put_quantity(w, "wall", &c->metrics[0]);
	json_open_object(w, "metrics");
	for (size_t m = 1; m < r->change->nmetrics; m++)
		put_quantity(w, r->change->metrics[m].name, &c->metrics[m]);
	json_close_object(w);
	json_add_string(w, "evidence", evidence_names[c->evidence]);
	json_add_number(w, "p", c->p);
	json_add_number(w, "noise", c->noise);
	put_interval(w, &c->interval);
	json_open_object(w, "typical");
	json_add_string(w, "old", typical_path(r, &r->before, c->before));
	json_add_string(w, "new", typical_path(r, &r->after, c->after));
	json_close_object(w);
	json_add_string(w, "where_by", c->where_is_calls ? "calls" : "wall");
	put_where(w, c);
	if (put_functions(w, r, c, err) < 0)
		return -1;
	json_close_object(w);
	return 0;
}

/* The commit of all runs of a side; NULL where they are not of one. */
static const char *one_commit(const struct change_side *side)
{
	const char *commit = side->runs[0]->commit;

	for (size_t i = 1; i < side->nruns && commit != NULL; i++)
		if (side->runs[i]->commit == NULL || strcmp(side->runs[i]->commit, commit) != 0)
			commit = NULL;
	return commit;
}

static void put_side(struct json_writer *w, const char *key, const struct report_side *side)
{
	json_open_object(w, key);
	json_add_string(w, "path", side->path);
	json_add_string(w, "commit", one_commit(&side->runs));
	json_add_string(w, "branch", side->runs.runs[0]->branch);
	json_add_int(w, "runs", (int64_t)side->runs.nruns);
	json_close_object(w);
}

int report_json(struct buf *out, const struct report *r, struct error *err)
{
	struct json_writer w;

	json_begin(&w, out);
	json_add_int(&w, "schema", 2);
	json_add_string(&w, "kind", r->single ? "profiles" : "runs");
	json_add_bool(&w, "different", report_differs(r->change));
	put_side(&w, "before", &r->before);
	put_side(&w, "after", &r->after);
	json_add_bool(&w, "other_machine", r->change->other_machine);
	json_add_bool(&w, "took_turns", r->change->took_turns);
	json_add_string(&w, "forced", r->change->refused);
	json_add_string(&w, "unit", r->change->metrics[0].unit);
	json_open_array(&w, "requests");
	for (size_t i = 0; i < r->change->nrequests; i++)
		if (put_request(&w, r, &r->change->requests[i], err) < 0)
			return -1;
	json_close_array(&w);
	json_end(&w);
	return out->failed ? error_nomem(err) : 0;
}
