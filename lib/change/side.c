/* One side of a change: its requests, each with its group in every run. */
#include <stdlib.h>
#include <string.h>

#include "change/build.h"
#include "change/compare.h"

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A group and where it was. */
struct found {
	const struct summary_group *group;
	size_t run;
};

static int by_request_and_run(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int order = group_order(x->group, y->group);

	return order != 0 ? order : (x->run > y->run) - (x->run < y->run);
}

int group_median(double *median, const struct summary_group *g, unsigned metric,
		 unsigned nmetrics, struct arena *arena)
{
	double *v = arena_alloc(arena, g->nrequests * sizeof *v);

	*median = 0;
	if (v == NULL)
		return -1;
	for (size_t i = 0; i < g->nrequests; i++)
		v[i] = (double)g->values[i * nmetrics + metric];
	if (g->nrequests != 0)
		*median = stats_median(v, g->nrequests);
	return 0;
}

struct timed {
	double wall;
	size_t run;
	bool at_hand;
};

static int by_wall(const void *a, const void *b)
{
	const struct timed *x = a, *y = b;

	if (x->at_hand != y->at_hand)
		return x->at_hand ? -1 : 1;
	if (x->wall != y->wall)
		return x->wall < y->wall ? -1 : 1;
	return (x->run > y->run) - (x->run < y->run);
}

/* The run of median wall time, of those whose snapshots are here if there are any. */
static int choose_typical(struct side_request *r, const struct side *s, struct arena *arena)
{
	struct timed *v = arena_alloc(arena, r->npresent * sizeof *v);
	size_t n = 0, nhere = 0;

	if (v == NULL)
		return -1;
	for (size_t i = 0; i < s->nruns; i++) {
		const struct summary_group *g = r->groups[i];

		if (g == NULL)
			continue;
		v[n] = (struct timed){ .run = i, .at_hand = g->typical != NULL };
		if (group_median(&v[n++].wall, g, s->metric_at[i][0],
				 (unsigned)s->runs[i]->nmetrics, arena) < 0)
			return -1;
		nhere += g->typical != NULL;
	}
	qsort(v, n, sizeof *v, by_wall);
	r->typical = v[((nhere ? nhere : n) - 1) / 2].run;
	return 0;
}

static int add_request(struct side *s, const struct found *found, size_t n, struct arena *arena)
{
	struct side_request *r = &s->requests[s->nrequests++];

	*r = (struct side_request){ .npresent = 0 };
	r->groups = arena_zalloc(arena, s->nruns * sizeof *r->groups);
	if (r->groups == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		/* A run has each once; should a stranger's have two, the first counts. */
		if (r->groups[found[i].run] != NULL)
			continue;
		r->groups[found[i].run] = found[i].group;
		r->npresent++;
	}
	return choose_typical(r, s, arena);
}

int side_find_requests(struct side *s, struct arena *arena)
{
	size_t n = 0, at = 0;
	struct found *found;

	for (size_t i = 0; i < s->nruns; i++)
		n += s->runs[i]->ngroups;
	found = arena_alloc(arena, n * sizeof *found);
	s->requests = arena_alloc(arena, n * sizeof *s->requests);
	if (found == NULL || s->requests == NULL)
		return -1;
	for (size_t i = 0; i < s->nruns; i++)
		for (size_t g = 0; g < s->runs[i]->ngroups; g++)
			if (s->groups[i][g].nrequests != 0)
				found[at++] = (struct found){ &s->groups[i][g], i };
	n = at;
	if (n != 0)
		qsort(found, n, sizeof *found, by_request_and_run);
	for (size_t i = 0; i < n; i = at) {
		for (at = i + 1; at < n && group_order(found[i].group, found[at].group) == 0; at++)
			;
		if (add_request(s, found + i, at - i, arena) < 0)
			return -1;
	}
	return 0;
}

/* The files of all functions of all runs, each once. */
static int find_files(struct side *s, struct arena *arena)
{
	size_t n = 0, kept = 0;

	for (size_t pass = 0; pass < 2; pass++) {
		n = 0;
		for (size_t i = 0; i < s->nruns; i++)
			for (size_t g = 0; g < s->runs[i]->ngroups; g++) {
				const struct summary_group *group = &s->groups[i][g];
				const char *last = NULL;

				/* Functions are sorted by file. */
				for (size_t f = 0; f < group->nfunctions; f++) {
					const char *file = group->functions[f].id.file;

					if (last != NULL && strcmp(last, file) == 0)
						continue;
					if (pass == 1)
						s->files[n] = file;
					n++;
					last = file;
				}
			}
		if (pass == 0 && (s->files = arena_alloc(arena, n * sizeof *s->files)) == NULL)
			return -1;
	}
	if (n != 0)
		qsort(s->files, n, sizeof *s->files, by_text);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || strcmp(s->files[kept - 1], s->files[i]) != 0)
			s->files[kept++] = s->files[i];
	s->nfiles = kept;
	return 0;
}

bool side_has_file(const struct side *s, const char *file)
{
	return s->nfiles != 0 &&
	       bsearch(&file, s->files, s->nfiles, sizeof *s->files, by_text) != NULL;
}

int side_open(struct side *s, const struct change_side *from, bool fold, struct arena *keep,
	      struct arena *arena)
{
	*s = (struct side){ .runs = from->runs, .nruns = from->nruns };
	s->groups = arena_zalloc(arena, s->nruns * sizeof *s->groups);
	if (s->groups == NULL)
		return -1;
	for (size_t i = 0; i < s->nruns; i++) {
		const struct summary *run = s->runs[i];

		s->groups[i] = run->groups;
		if (!fold)
			continue;
		s->groups[i] = arena_alloc(keep, run->ngroups * sizeof **s->groups);
		if (s->groups[i] == NULL)
			return -1;
		if (fold_comprehensions(s->groups[i], run, keep) < 0)
			return -1;
	}
	return find_files(s, arena);
}
