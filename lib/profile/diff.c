#include "profile/diff.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "profile/derive.h"
#include "profile/origin.h"

static const struct totals no_totals = { .costs = { [PROFILE_MAX_METRICS - 1] = { 0 } } };

/* What counts as one function of a profile. */
struct group {
	const char *file; /* of the passes: the whole path, or the end of it */
	const char *name; /* without addresses */
	uint32_t line;
	uint32_t first;   /* its first function */
	uint32_t index;   /* its row in the derived table */
	bool matched;
	bool alone;       /* the other profile does not have its file */
};

/* One of the two profiles. */
struct side {
	const struct profile *p;
	struct arena arena;
	uint32_t *group_of; /* per function */
	struct group *groups;
	uint32_t ngroups;
};

uint32_t profile_time_metric(const struct profile *p)
{
	int wall = profile_metric(p, "wall");

	if (wall >= 0)
		return (uint32_t)wall;
	for (uint32_t i = 0; i < p->nmetrics; i++)
		if (strcmp(p->metrics[i].unit, "nanoseconds") == 0)
			return i;
	return 0;
}

static int compare_lines(const struct group *x, const struct group *y)
{
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

static int compare_names(const struct group *x, const struct group *y)
{
	int order = strcmp(x->file, y->file);

	return order != 0 ? order : strcmp(x->name, y->name);
}

static int by_file_name_line(const void *a, const void *b)
{
	int order = compare_names(a, b);

	return order != 0 ? order : compare_lines(a, b);
}

/* Sorts one group per function, then runs together those that differ in
 * nothing that is compared. */
static int side_group(struct side *side, bool by_qualname)
{
	const struct profile *p = side->p;
	uint32_t n = 0;

	side->groups = mem_array(NULL, p->nfunctions, sizeof *side->groups);
	side->group_of = mem_array(NULL, p->nfunctions, sizeof *side->group_of);
	if (side->groups == NULL || side->group_of == NULL)
		return -1;
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct function *f = &p->functions[i];
		const char *name = name_without_addresses(&side->arena,
						     by_qualname ? f->qualname : f->name);

		if (name == NULL)
			return -1;
		side->groups[i] = (struct group){ .file = f->file, .name = name,
						  .line = f->line, .first = i };
	}
	if (p->nfunctions != 0)
		qsort(side->groups, p->nfunctions, sizeof *side->groups, by_file_name_line);
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		struct group *g = &side->groups[i];
		uint32_t function = g->first;

		if (n == 0 || compare_names(&side->groups[n - 1], g) != 0 ||
		    side->groups[n - 1].line != g->line) {
			side->groups[n] = *g;
			side->groups[n].index = n;
			n++;
		}
		side->group_of[function] = n - 1;
	}
	side->ngroups = n;
	return 0;
}

static bool has_qualnames(const struct profile *p)
{
	for (uint32_t i = 0; i < p->nfunctions; i++)
		if (p->functions[i].qualname != p->functions[i].name)
			return true;
	return false;
}

static void add_row(struct diff *d, const struct group *before, const struct group *after)
{
	struct diff_row *row = &d->rows[d->nrows++];

	row->before = before ? before->first : PROFILE_NONE;
	row->after = after ? after->first : PROFILE_NONE;
	row->old_totals = before ? table_function(&d->old_table, before->index) : &no_totals;
	row->new_totals = after ? table_function(&d->new_table, after->index) : &no_totals;
}

/* Pairs what has the same file and name: the n-th with the n-th. Both are
 * sorted; what stays over in a run of equals has no partner. */
static void match(struct diff *d, struct group *a, uint32_t na, struct group *b, uint32_t nb)
{
	uint32_t i = 0, j = 0;

	while (i < na && j < nb) {
		int order = compare_names(&a[i], &b[j]);

		if (order == 0) {
			a[i].matched = b[j].matched = true;
			add_row(d, &a[i], &b[j]);
		}
		i += order <= 0;
		j += order >= 0;
	}
}

/* Marks the groups whose file the other profile lacks; both are sorted by it. */
static void mark_alone(struct group *a, uint32_t na, const struct group *b, uint32_t nb)
{
	for (uint32_t i = 0, j = 0; i < na; i++) {
		while (j < nb && strcmp(b[j].file, a[i].file) < 0)
			j++;
		a[i].alone = j == nb || strcmp(b[j].file, a[i].file) != 0;
	}
}

/* Copies the groups that may still be matched by the ends of their paths. */
static uint32_t collect(struct group *to, const struct side *side, int parts)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < side->ngroups; i++) {
		const struct group *g = &side->groups[i];

		if (g->matched || !g->alone)
			continue;
		to[n] = *g;
		to[n++].file = path_end(side->p->functions[g->first].file, parts);
	}
	if (n != 0)
		qsort(to, n, sizeof *to, by_file_name_line);
	return n;
}

static void note_matched(struct side *side, const struct group *matched, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (matched[i].matched)
			side->groups[matched[i].index].matched = true;
}

static int match_moved(struct diff *d, struct side *before, struct side *after)
{
	struct group *a = mem_array(NULL, before->ngroups, sizeof *a);
	struct group *b = mem_array(NULL, after->ngroups, sizeof *b);
	int rc = -1;

	if (a == NULL || b == NULL)
		goto done;
	for (int parts = 2; parts >= 1; parts--) {
		uint32_t na = collect(a, before, parts);
		uint32_t nb = collect(b, after, parts);

		match(d, a, na, b, nb);
		note_matched(before, a, na);
		note_matched(after, b, nb);
	}
	rc = 0;
done:
	mem_free(a);
	mem_free(b);
	return rc;
}

static int match_all(struct diff *d, struct side *before, struct side *after)
{
	struct group *a = before->groups, *b = after->groups;

	d->rows = mem_array(NULL, (size_t)before->ngroups + after->ngroups, sizeof *d->rows);
	if (d->rows == NULL)
		return -1;
	mark_alone(a, before->ngroups, b, after->ngroups);
	mark_alone(b, after->ngroups, a, before->ngroups);
	match(d, a, before->ngroups, b, after->ngroups);
	if (match_moved(d, before, after) < 0)
		return -1;
	for (uint32_t i = 0; i < before->ngroups; i++)
		if (!a[i].matched)
			add_row(d, &a[i], NULL);
	for (uint32_t i = 0; i < after->ngroups; i++)
		if (!b[i].matched)
			add_row(d, NULL, &b[i]);
	return 0;
}

static uint64_t distance(uint64_t x, uint64_t y)
{
	return x > y ? x - y : y - x;
}

/* A row with what it is sorted by: qsort takes no argument. */
struct weighed {
	struct diff_row row;
	uint64_t calls;
	uint64_t self;
	size_t at;
};

static int by_change(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;

	if (x->calls != y->calls)
		return x->calls > y->calls ? -1 : 1;
	if (x->self != y->self)
		return x->self > y->self ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int sort_rows(struct diff *d)
{
	struct weighed *w = mem_array(NULL, d->nrows, sizeof *w);

	if (w == NULL)
		return -1;
	for (size_t i = 0; i < d->nrows; i++) {
		const struct diff_row *r = &d->rows[i];
		int64_t was = r->old_totals->costs[d->old_metric].self;
		int64_t is = r->new_totals->costs[d->new_metric].self;

		w[i].row = *r;
		w[i].calls = distance(r->old_totals->ncalls, r->new_totals->ncalls);
		w[i].self = is > was ? (uint64_t)is - (uint64_t)was
				     : (uint64_t)was - (uint64_t)is;
		w[i].at = i;
	}
	if (d->nrows != 0)
		qsort(w, d->nrows, sizeof *w, by_change);
	for (size_t i = 0; i < d->nrows; i++)
		d->rows[i] = w[i].row;
	mem_free(w);
	return 0;
}

static int check_alike(const struct diff *d, struct error *err)
{
	const struct profile *a = d->before, *b = d->after;
	const char *old_unit, *new_unit;

	if (a->sampled != b->sampled)
		return error_set(err, ERR_REFUSED,
				 "a sampled profile and a traced one cannot be compared");
	if (a->nmetrics == 0 || b->nmetrics == 0)
		return error_set(err, ERR_REFUSED, "a profile without values cannot be compared");
	old_unit = a->metrics[d->old_metric].unit;
	new_unit = b->metrics[d->new_metric].unit;
	if (strcmp(old_unit, new_unit) != 0)
		return error_set(err, ERR_REFUSED, "%s cannot be compared with %s", old_unit,
				 new_unit);
	return 0;
}

static int derive_side(struct side *side, struct table *table, bool by_qualname,
		       struct error *err)
{
	if (side_group(side, by_qualname) < 0)
		return error_nomem(err);
	return derive_table(table, side->p, side->group_of, side->ngroups, err);
}

int diff_profiles(struct diff *out, const struct profile *before, const struct profile *after,
		  struct error *err)
{
	struct side a = { .p = before, .arena = ARENA_INIT };
	struct side b = { .p = after, .arena = ARENA_INIT };
	bool by_qualname = has_qualnames(before) && has_qualnames(after);
	int rc = -1;

	*out = (struct diff){ .before = before, .after = after,
			      .old_table = TABLE_INIT, .new_table = TABLE_INIT,
			      .old_metric = profile_time_metric(before),
			      .new_metric = profile_time_metric(after) };
	if (check_alike(out, err) < 0)
		goto done;
	if (derive_side(&a, &out->old_table, by_qualname, err) < 0 ||
	    derive_side(&b, &out->new_table, by_qualname, err) < 0)
		goto done;
	if (match_all(out, &a, &b) < 0 || sort_rows(out) < 0) {
		error_nomem(err);
		goto done;
	}
	rc = 0;
done:
	arena_release(&a.arena);
	arena_release(&b.arena);
	mem_free(a.groups);
	mem_free(b.groups);
	mem_free(a.group_of);
	mem_free(b.group_of);
	if (rc < 0)
		diff_release(out);
	return rc;
}

void diff_release(struct diff *d)
{
	table_release(&d->old_table);
	table_release(&d->new_table);
	mem_free(d->rows);
	d->rows = NULL;
	d->nrows = 0;
}

bool diff_row_calls_differ(const struct diff *d, const struct diff_row *row)
{
	if (d->before->sampled)
		return false;
	return row->before == PROFILE_NONE || row->after == PROFILE_NONE ||
	       row->old_totals->ncalls != row->new_totals->ncalls;
}

int64_t diff_strands(const struct diff *d, bool old)
{
	int64_t sum = 0;

	for (size_t i = 0; i < d->nrows; i++) {
		const struct diff_row *r = &d->rows[i];
		uint32_t f = old ? r->before : r->after;

		if (f == PROFILE_NONE)
			continue;
		if (old && function_is_strand(&d->before->functions[f]))
			sum += r->old_totals->costs[d->old_metric].cum;
		if (!old && function_is_strand(&d->after->functions[f]))
			sum += r->new_totals->costs[d->new_metric].cum;
	}
	return sum;
}
