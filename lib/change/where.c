#include "change/where.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "change/build.h"

/* How many functions one below the other may be new, or gone, and be passed through. */
enum { THROUGH = 3 };

/* A function of one of the two profiles. */
struct named {
	struct identity id;  /* the older one's as the newer commit calls it */
	struct identity was; /* as it was called */
	const char *key;     /* the file, or the end of it where the other side has not got it */
	uint32_t line, function;
	bool old;
};

/* One tree, as it is walked. */
struct tree {
	const struct profile *p;
	int64_t *value;          /* by node: cum, or calls below and in it */
	uint32_t *number;        /* by function: the same in both trees */
	const struct named **named; /* by function */
	uint32_t *child, *next;  /* by node: the first child, the next sibling */
};

static int name_function(struct named *to, const struct profile *p, uint32_t function, bool old,
			 const char *root, const struct rename_map *renames, struct arena *arena)
{
	const struct function *f = &p->functions[function];
	bool failed = false;

	*to = (struct named){ .line = f->line, .function = function, .old = old };
	to->id.file = identity_file(arena, f->file, root, &to->id.origin);
	to->id.name = identity_name(arena, f->qualname);
	if (to->id.file == NULL || to->id.name == NULL)
		return -1;
	to->was = to->id;
	if (old)
		rename_identity(&to->id, renames, arena, &failed);
	to->key = to->id.file;
	return failed ? -1 : 0;
}

static int by_key_then_side(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	if (order == 0)
		order = strcmp(x->id.name, y->id.name);
	if (order == 0 && x->old != y->old)
		order = x->old ? -1 : 1;
	if (order == 0 && x->line != y->line)
		order = x->line < y->line ? -1 : 1;
	return order != 0 ? order : (x->function > y->function) - (x->function < y->function);
}

/* Of a path that only one side has its last two parts count. */
static void shorten_keys(struct named *v, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		bool sides[2] = { false, false };
		const char *key = v[i].key;

		for (end = i; end < n && strcmp(v[end].key, key) == 0; end++)
			sides[v[end].old] = true;
		if (key[0] != '/' || (sides[0] && sides[1]))
			continue;
		for (size_t j = i; j < end; j++)
			v[j].key = path_end(key, 2);
	}
}

/* Numbers the functions: the n-th of a file and name is the n-th on the other side. */
static void number_functions(struct named *v, size_t n, struct tree *old, struct tree *new)
{
	uint32_t base = 0;

	for (size_t i = 0, end; i < n; i = end) {
		uint32_t nth[2] = { 0, 0 };

		for (end = i; end < n && strcmp(v[end].key, v[i].key) == 0 &&
			      strcmp(v[end].id.name, v[i].id.name) == 0; end++) {
			struct tree *t = v[end].old ? old : new;

			v[end].was.nth = nth[v[end].old];
			t->named[v[end].function] = &v[end];
			t->number[v[end].function] = base + nth[v[end].old]++;
		}
		base += nth[0] > nth[1] ? nth[0] : nth[1];
	}
}

static void fill_values(struct tree *t, int metric)
{
	const struct profile *p = t->p;

	for (uint32_t i = 0; i < p->nnodes; i++)
		t->value[i] = metric == WHERE_CALLS ? (int64_t)p->nodes[i].ncalls
						    : profile_node_cum(p, i)[metric];
	if (metric != WHERE_CALLS)
		return;
	/* A parent stands before its children; a stranger's numbers may be any. */
	for (uint32_t i = p->nnodes; i-- > 1;)
		if (!node_is_strand(p, i)) {
			int64_t *up = &t->value[p->nodes[i].parent];

			*up = (int64_t)((uint64_t)*up + (uint64_t)t->value[i]);
		}
}

static int open_tree(struct tree *t, const struct profile *p, int metric, struct arena *arena)
{
	*t = (struct tree){ .p = p };
	t->value = arena_alloc(arena, p->nnodes * sizeof *t->value);
	t->number = arena_alloc(arena, p->nfunctions * sizeof *t->number);
	t->named = arena_alloc(arena, p->nfunctions * sizeof *t->named);
	t->child = arena_alloc(arena, p->nnodes * sizeof *t->child);
	t->next = arena_alloc(arena, p->nnodes * sizeof *t->next);
	if (t->value == NULL || t->number == NULL || t->named == NULL || t->child == NULL || t->next == NULL)
		return -1;
	fill_values(t, metric);
	for (uint32_t i = 0; i < p->nnodes; i++)
		t->child[i] = t->next[i] = PROFILE_NONE;
	/* What ran beside the request is no part of its time. */
	for (uint32_t i = p->nnodes; i-- > 1;)
		if (!node_is_strand(p, i)) {
			t->next[i] = t->child[p->nodes[i].parent];
			t->child[p->nodes[i].parent] = i;
		}
	return 0;
}

static int64_t value_of(const struct tree *t, uint32_t node)
{
	return node == PROFILE_NONE ? 0 : t->value[node];
}

static uint32_t number_of(const struct tree *t, uint32_t node)
{
	return t->number[t->p->nodes[node].function];
}

static uint32_t child_with(const struct tree *t, uint32_t parent, uint32_t number)
{
	uint32_t c = parent == PROFILE_NONE ? PROFILE_NONE : t->child[parent];

	while (c != PROFILE_NONE && number_of(t, c) != number)
		c = t->next[c];
	return c;
}

/* What stands somewhere below `node`, which only its tree has, and right below `beside` in
 * the other: the other tree's cost of it. parent: node's. */
static int64_t found_below(const struct tree *t, uint32_t node, const struct tree *other,
			   uint32_t beside, uint32_t parent, unsigned depth)
{
	uint64_t sum = 0; /* a stranger's numbers may be any */

	for (uint32_t c = t->child[node]; c != PROFILE_NONE && depth != 0; c = t->next[c]) {
		uint32_t number = number_of(t, c);
		uint32_t there = child_with(other, beside, number);

		/* What the parent calls as well is that one's partner. */
		if (there != PROFILE_NONE && child_with(t, parent, number) == PROFILE_NONE)
			sum += (uint64_t)value_of(other, there);
		else
			sum += (uint64_t)found_below(t, c, other, beside, parent, depth - 1);
	}
	return (int64_t)sum;
}

/* Where the walk is, and what one step leads to. */
struct step {
	uint32_t old, new;           /* nodes; PROFILE_NONE: not in that tree */
	bool only_old, only_new;     /* of the children only that tree's are looked at */
	struct place place;
};

struct walk {
	struct tree old, new;
	double sign;
	struct step at, best;
	double gain; /* of best */
};

static void consider(struct walk *w, const struct step *s)
{
	double gain = w->sign * ((double)s->place.new_value - (double)s->place.old_value);

	if (gain > w->gain) {
		w->gain = gain;
		w->best = *s;
	}
}

static void fill_place(struct step *s, const struct walk *w, uint32_t old, uint32_t new)
{
	const struct tree *t = new != PROFILE_NONE ? &w->new : &w->old;
	const struct named *f = t->named[t->p->nodes[new != PROFILE_NONE ? new : old].function];

	s->place.id = f->was;
	s->place.line = f->line;
	s->place.old_value = value_of(&w->old, old);
	s->place.new_value = value_of(&w->new, new);
	s->place.old_calls = old == PROFILE_NONE ? 0 : w->old.p->nodes[old].ncalls;
	s->place.new_calls = new == PROFILE_NONE ? 0 : w->new.p->nodes[new].ncalls;
}

static void consider_new(struct walk *w, uint32_t y)
{
	uint32_t x = child_with(&w->old, w->at.old, number_of(&w->new, y));
	struct step s = { .old = x, .new = y };

	fill_place(&s, w, x, y);
	if (x == PROFILE_NONE && w->at.old != PROFILE_NONE) {
		s.place.old_value = found_below(&w->new, y, &w->old, w->at.old, w->at.new, THROUGH);
		if (s.place.old_value != 0) {
			s.old = w->at.old;
			s.only_new = true;
		}
	}
	consider(w, &s);
}

static void consider_gone(struct walk *w, uint32_t x)
{
	struct step s = { .old = x, .new = PROFILE_NONE };

	if (child_with(&w->new, w->at.new, number_of(&w->old, x)) != PROFILE_NONE)
		return;
	fill_place(&s, w, x, PROFILE_NONE);
	if (w->at.new != PROFILE_NONE) {
		s.place.new_value = found_below(&w->old, x, &w->new, w->at.new, w->at.old, THROUGH);
		if (s.place.new_value != 0) {
			s.new = w->at.new;
			s.only_old = true;
		}
	}
	consider(w, &s);
}

/* Below one that is passed through in the older tree, the newer one's partner of x. */
static void consider_old(struct walk *w, uint32_t x)
{
	uint32_t y = child_with(&w->new, w->at.new, number_of(&w->old, x));
	struct step s = { .old = x, .new = y };

	if (y == PROFILE_NONE) {
		consider_gone(w, x);
		return;
	}
	fill_place(&s, w, x, y);
	consider(w, &s);
}

static void find_step(struct walk *w)
{
	uint32_t a = w->at.old == PROFILE_NONE ? PROFILE_NONE : w->old.child[w->at.old];
	uint32_t b = w->at.new == PROFILE_NONE ? PROFILE_NONE : w->new.child[w->at.new];

	w->gain = 0;
	if (!w->at.only_old)
		for (; b != PROFILE_NONE; b = w->new.next[b])
			consider_new(w, b);
	for (; a != PROFILE_NONE && !w->at.only_new; a = w->old.next[a])
		if (w->at.only_old)
			consider_old(w, a);
		else
			consider_gone(w, a);
}

static int open_walk(struct walk *w, struct named *v, const struct roots *roots,
		     const struct rename_map *renames, struct arena *keep)
{
	size_t n = 0;

	for (int old = 0; old <= 1; old++) {
		const struct profile *p = old ? w->old.p : w->new.p;
		const char *root = old ? roots->before : roots->after;

		for (uint32_t i = 0; i < p->nfunctions; i++)
			if (name_function(&v[n++], p, i, old, root, renames, keep) < 0)
				return -1;
	}
	qsort(v, n, sizeof *v, by_key_then_side);
	shorten_keys(v, n);
	qsort(v, n, sizeof *v, by_key_then_side);
	number_functions(v, n, &w->old, &w->new);
	return 0;
}

static int copy_texts(struct place *p, struct arena *arena)
{
	p->id.file = arena_strdup(arena, p->id.file);
	p->id.name = arena_strdup(arena, p->id.name);
	return p->id.file == NULL || p->id.name == NULL ? -1 : 0;
}

/* No deeper than both trees have nodes. */
static int walk_down(struct walk *w, struct place **out, size_t *n, struct arena *arena)
{
	double total = (double)value_of(&w->new, 0) - (double)value_of(&w->old, 0);
	size_t cap = 0;
	struct place *way = NULL;
	int rc = -1;

	w->sign = total < 0 ? -1 : 1;
	w->at = (struct step){ .old = 0, .new = 0 };
	while (total != 0) {
		struct place *more;

		find_step(w);
		if (w->gain <= w->sign * total / 2)
			break;
		w->at = w->best;
		more = mem_grow(way, &cap, *n + 1, sizeof *way);
		if (more == NULL)
			goto done;
		way = more;
		way[*n] = w->best.place;
		if (copy_texts(&way[(*n)++], arena) < 0)
			goto done;
	}
	*out = arena_alloc(arena, *n * sizeof **out);
	if (*out == NULL)
		goto done;
	if (*n != 0)
		memcpy(*out, way, *n * sizeof **out);
	rc = 0;
done:
	mem_free(way);
	return rc;
}

int where_between(struct place **out, size_t *n, const struct profile *before,
		  int old_metric, const struct profile *after, int new_metric,
		  const struct roots *roots, const struct rename_map *renames,
		  struct arena *arena, struct error *err)
{
	struct arena scratch = ARENA_INIT;
	struct named *v;
	struct walk w;
	int rc = -1;

	*n = 0;
	*out = NULL;
	if (!profile_has_tree(before) || !profile_has_tree(after) || before->nfunctions == 0 ||
	    after->nfunctions == 0)
		return 0;
	v = arena_alloc(&scratch, ((size_t)before->nfunctions + after->nfunctions) * sizeof *v);
	if (v == NULL || open_tree(&w.old, before, old_metric, &scratch) < 0 ||
	    open_tree(&w.new, after, new_metric, &scratch) < 0 ||
	    open_walk(&w, v, roots, renames, &scratch) < 0 ||
	    walk_down(&w, out, n, arena) < 0)
		error_nomem(err);
	else
		rc = 0;
	arena_release(&scratch);
	return rc;
}
