/* diff_json.c -- a comparison for programs; the schema is in the help of diff. */
#include <string.h>

#include "diff_view.h"

static void put_change(struct json_writer *w, const char *key, int64_t old, int64_t new)
{
	json_open_object(w, key);
	json_add_int(w, "old", old);
	json_add_int(w, "new", new);
	json_add_int(w, "delta", (int64_t)((uint64_t)new - (uint64_t)old));
	if (old != 0)
		json_add_number(w, "ratio", (double)new / (double)old);
	else
		json_add_null(w, "ratio");
	json_close_object(w);
}

static void put_calls(struct json_writer *w, bool known, uint64_t old, uint64_t new)
{
	if (known)
		put_change(w, "calls", (int64_t)old, (int64_t)new);
	else
		json_add_null(w, "calls");
}

static int put_functions(struct json_writer *w, const struct diff_view *view,
			 const struct diff *d, struct error *err)
{
	struct diff_selection s;
	int rc = diff_select(&s, d, view->options->sort, view->options->limit);

	if (rc < 0) {
		error_nomem(err);
		goto done;
	}
	json_open_array(w, "functions");
	for (size_t i = 0; i < s.nrows; i++) {
		const struct diff_row *r = s.rows[i];
		const struct totals *old = r->old_totals, *new = r->new_totals;
		const struct function *f = diff_row_function(d, r);

		json_open_object(w, NULL);
		json_add_string(w, "file", f->file);
		json_add_int(w, "line", f->line);
		json_add_string(w, "name", f->name);
		json_add_string(w, "qualname", f->qualname);
		json_add_string(w, "verdict", r->before == PROFILE_NONE ? "new"
				: r->after == PROFILE_NONE ? "gone"
				: diff_row_calls_differ(d, r) ? "changed" : "same");
		put_calls(w, !d->before->sampled, old->ncalls, new->ncalls);
		put_change(w, "tottime", old->self[d->old_metric], new->self[d->new_metric]);
		put_change(w, "cumtime", old->cum[d->old_metric], new->cum[d->new_metric]);
		json_close_object(w);
	}
	json_close_array(w);
done:
	diff_selection_release(&s);
	return rc;
}

static void put_side(struct json_writer *w, const char *key, const char *path,
		     const struct manifest_git *git)
{
	json_open_object(w, key);
	json_add_string(w, "path", path);
	json_add_string(w, "commit", git ? git->commit : NULL);
	json_add_string(w, "branch", git ? git->branch : NULL);
	json_close_object(w);
}

int diff_json_profiles(struct buf *out, const struct diff_view *view,
		       const struct diff_side *before, const struct diff_side *after,
		       const struct diff *d, struct error *err)
{
	struct json_writer w;

	json_begin(&w, out);
	json_add_int(&w, "schema", 1);
	json_add_string(&w, "kind", "profiles");
	json_add_bool(&w, "different", diff_differs(d));
	put_side(&w, "before", before->path, &before->snapshot->manifest.git);
	put_side(&w, "after", after->path, &after->snapshot->manifest.git);
	json_add_string(&w, "unit", d->after->metrics[d->new_metric].unit);
	put_calls(&w, !d->before->sampled, profile_calls(d->before), profile_calls(d->after));
	if (put_functions(&w, view, d, err) < 0)
		return -1;
	json_end(&w);
	return out->failed ? error_nomem(err) : 0;
}

/* Only where calls changed, as in the text. */
static int put_route_functions(struct json_writer *w, const struct diff_view *view,
			       const struct route_change *r, struct error *err)
{
	struct profile *p, *q;
	struct diff d;
	int rc;

	if (r->verdict > ROUTE_OTHER) {
		json_open_array(w, "functions");
		json_close_array(w);
		return 0;
	}
	if (diff_snapshots(&d, r->before.typical->path, r->after.typical->path, &p, &q, err) < 0)
		return -1;
	rc = put_functions(w, view, &d, err);
	diff_release(&d);
	profile_free(p);
	profile_free(q);
	return rc;
}

static int put_route(struct json_writer *w, const struct diff_view *view,
		     const struct route_change *r, bool sampled, struct error *err)
{
	const struct route_side *old = &r->before, *new = &r->after;

	json_open_object(w, NULL);
	json_add_string(w, "method", r->method);
	json_add_string(w, "route", r->route);
	json_add_string(w, "verdict", verdict_names[r->verdict]);
	put_change(w, "requests", (int64_t)old->nrequests, (int64_t)new->nrequests);
	put_change(w, "wall_ns", old->wall_ns, new->wall_ns);
	put_calls(w, !sampled, old->ncalls, new->ncalls);
	json_open_object(w, "typical");
	json_add_string(w, "old", old->typical ? old->typical->path : NULL);
	json_add_string(w, "new", new->typical ? new->typical->path : NULL);
	json_close_object(w);
	if (put_route_functions(w, view, r, err) < 0)
		return -1;
	json_close_object(w);
	return 0;
}

int diff_json_runs(struct buf *out, const struct diff_view *view, const struct run_info *before,
		   const struct run_info *after, const struct comparison *c,
		   struct error *err)
{
	struct json_writer w;

	json_begin(&w, out);
	json_add_int(&w, "schema", 1);
	json_add_string(&w, "kind", "runs");
	json_add_bool(&w, "different", comparison_differs(c));
	put_side(&w, "before", before->path, run_commit(before));
	put_side(&w, "after", after->path, run_commit(after));
	json_add_string(&w, "unit", "nanoseconds");
	json_open_array(&w, "routes");
	for (size_t i = 0; i < c->nroutes; i++)
		if (put_route(&w, view, &c->routes[i], c->sampled, err) < 0)
			return -1;
	json_close_array(&w);
	json_end(&w);
	return out->failed ? error_nomem(err) : 0;
}
