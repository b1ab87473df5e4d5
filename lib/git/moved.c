#include "git/moved.h"

#include <stdlib.h>
#include <string.h>

/* What a body must hold, in bytes, so that its text says something. */
enum { BODY_SAME = 24, BODY_SAME_NAMED = 8, BODY_ALIKE = 80, LINES_ALIKE = 4 };

static const double alike = 0.7, alike_named = 0.5;
/* By how much the best one must be better than the next. */
static const double clearly = 0.1;

/* Of commits that have little in common: beyond so many comparisons of texts only same
 * ones are looked for, and beyond so many of these none. */
static const size_t max_comparisons = 1 << 20, max_same = 1 << 27;

static bool is_over(size_t n, size_t m, size_t limit)
{
	return m != 0 && n > limit / m;
}

struct candidate {
	const struct moved_file *file;
	const struct source *source;
	const struct definition *def;
	struct candidate *partner;
	bool matched; /* or what it is in is */
};

struct candidates {
	struct candidate *v;
	size_t n;
};

static bool defines(const struct source *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->v[i].name, name) == 0)
			return true;
	return false;
}

/* Of several of one name the first stands for all: they are told apart by order. */
static bool is_first(const struct source *s, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(s->v[i].name, s->v[at].name) == 0)
			return false;
	return true;
}

static void add_missing(struct candidates *to, const struct moved_file *file,
			const struct source *source, const struct source *other)
{
	for (size_t i = 0; i < source->n; i++)
		if (!defines(other, source->v[i].name) && is_first(source, i))
			to->v[to->n++] = (struct candidate){ file, source, &source->v[i], NULL,
							     false };
}

static int collect(struct candidates *gone, struct candidates *new,
		   const struct moved_file *files, size_t nfiles, struct arena *arena)
{
	size_t nold = 0, nnew = 0;

	for (size_t i = 0; i < nfiles; i++) {
		nold += files[i].old_source.n;
		nnew += files[i].new_source.n;
	}
	*gone = (struct candidates){ arena_alloc(arena, (nold + 1) * sizeof *gone->v), 0 };
	*new = (struct candidates){ arena_alloc(arena, (nnew + 1) * sizeof *new->v), 0 };
	if (gone->v == NULL || new->v == NULL)
		return -1;
	for (size_t i = 0; i < nfiles; i++) {
		const struct moved_file *f = &files[i];

		add_missing(gone, f, &f->old_source, &f->new_source);
		add_missing(new, f, &f->new_source, &f->old_source);
	}
	return 0;
}

static bool is_open(const struct candidate *c, bool outermost)
{
	return !c->matched && (!outermost || c->def->outer < 0);
}

/* Whether b's name is what a's, which is inside `outer`, becomes where outer is renamed. */
static bool is_inner_of(const struct candidate *a, const struct candidate *outer)
{
	size_t len = strlen(outer->def->name);

	return a->source == outer->source && strncmp(a->def->name, outer->def->name, len) == 0 &&
	       a->def->name[len] == '.';
}

static void cover_inner(struct candidates *gone, struct candidates *new, struct candidate *old,
			struct candidate *now)
{
	size_t nold = strlen(old->def->name), nnow = strlen(now->def->name);

	for (size_t i = 0; i < gone->n; i++) {
		struct candidate *a = &gone->v[i];

		for (size_t j = 0; j < new->n && is_inner_of(a, old); j++) {
			struct candidate *b = &new->v[j];

			if (is_inner_of(b, now) &&
			    strcmp(a->def->name + nold, b->def->name + nnow) == 0)
				a->matched = b->matched = true;
		}
	}
}

static void join(struct candidates *gone, struct candidates *new, struct candidate *old,
		 struct candidate *now)
{
	old->partner = now;
	now->partner = old;
	old->matched = now->matched = true;
	cover_inner(gone, new, old, now);
}

static bool is_same(const struct candidate *a, const struct candidate *b)
{
	return a->def->exact == b->def->exact && a->def->is_class == b->def->is_class;
}

static bool same_last(const struct candidate *a, const struct candidate *b)
{
	return strcmp(a->def->last, b->def->last) == 0;
}

/* The only one of `in` with c's text; among several the only one that also has its name.
 * NULL: none, or in doubt. */
static struct candidate *only_same(struct candidates *in, const struct candidate *c,
				   bool outermost)
{
	struct candidate *same = NULL, *named = NULL;
	size_t nsame = 0, nnamed = 0;

	for (size_t i = 0; i < in->n; i++) {
		struct candidate *x = &in->v[i];

		if (!is_open(x, outermost) || !is_same(x, c))
			continue;
		same = x;
		nsame++;
		if (same_last(x, c)) {
			named = x;
			nnamed++;
		}
	}
	if (nsame > 1 || nnamed == 1)
		return nnamed == 1 ? named : NULL;
	return same;
}

static void match_same(struct candidates *gone, struct candidates *new, bool outermost)
{
	if (is_over(gone->n, new->n, max_same))
		return;
	for (size_t i = 0; i < gone->n; i++) {
		struct candidate *a = &gone->v[i], *b;

		if (!is_open(a, outermost))
			continue;
		b = only_same(new, a, outermost);
		if (b == NULL || only_same(gone, b, outermost) != a)
			continue;
		if (a->def->body >= (same_last(a, b) ? BODY_SAME_NAMED : BODY_SAME))
			join(gone, new, a, b);
	}
}

static double score(const struct candidate *a, const struct candidate *b)
{
	uint64_t x = a->def->weight, y = b->def->weight;
	double s;

	if (a->def->is_class != b->def->is_class || x > 4 * y || y > 4 * x)
		return 0;
	s = definition_similarity(a->def, b->def);
	if (same_last(a, b))
		return s >= alike_named && a->def->body >= BODY_SAME && b->def->body >= BODY_SAME
			       ? s : 0;
	return s >= alike && a->def->nlines >= LINES_ALIKE && b->def->nlines >= LINES_ALIKE &&
	       a->def->body >= BODY_ALIKE && b->def->body >= BODY_ALIKE ? s : 0;
}

/* The one that is most like c, and clearly more than any other; or NULL. */
static struct candidate *best_alike(struct candidates *in, const struct candidate *c,
				    bool outermost)
{
	struct candidate *best = NULL;
	double most = 0, next = 0;

	for (size_t i = 0; i < in->n; i++) {
		double s = is_open(&in->v[i], outermost) ? score(&in->v[i], c) : 0;

		if (s > most) {
			next = most;
			most = s;
			best = &in->v[i];
		} else if (s > next) {
			next = s;
		}
	}
	return most - next >= clearly ? best : NULL;
}

static void match_alike(struct candidates *gone, struct candidates *new, bool outermost)
{
	if (is_over(gone->n, new->n, max_comparisons))
		return;
	for (size_t i = 0; i < gone->n; i++) {
		struct candidate *a = &gone->v[i], *b;

		if (!is_open(a, outermost))
			continue;
		b = best_alike(new, a, outermost);
		if (b != NULL && best_alike(gone, b, outermost) == a)
			join(gone, new, a, b);
	}
}

int moved_find(const struct moved_file *files, size_t nfiles, struct moved **out, size_t *n,
	       struct arena *arena, struct error *err)
{
	struct candidates gone, new;

	*n = 0;
	if (collect(&gone, &new, files, nfiles, arena) < 0)
		return error_nomem(err);
	/* A class that was renamed takes its methods with it; only then what is in one is
	 * looked at alone. */
	for (int outermost = 1; outermost >= 0; outermost--) {
		match_same(&gone, &new, outermost);
		match_alike(&gone, &new, outermost);
	}
	*out = arena_alloc(arena, (gone.n + 1) * sizeof **out);
	if (*out == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < gone.n; i++)
		if (gone.v[i].partner != NULL)
			(*out)[(*n)++] = (struct moved){ gone.v[i].file,
							 gone.v[i].partner->file, gone.v[i].def,
							 gone.v[i].partner->def };
	return 0;
}
