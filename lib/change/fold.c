/* Comprehensions as CPython 3.12 and later have them: no function, no call.
 *
 *     3.11                                        from 3.12 on
 *     f                       1 call   self 2     f              1 call   self 5
 *     f.<locals>.<listcomp>   1 call   self 3
 *     f.<locals>.<listcomp>.<locals>.<lambda>     f.<locals>.<lambda>
 *
 * Generator expressions stay what they are. A list comprehension of a class stands in
 * "C.<listcomp>", a module's in "<listcomp>".
 */
#include <stdlib.h>
#include <string.h>

#include "change/build.h"

static const char *const comprehensions[] = { "<listcomp>", "<setcomp>", "<dictcomp>" };

/* The first of them in `name`; *len is its own. */
static char *find_comprehension(char *name, size_t *len)
{
	char *first = NULL;

	for (size_t i = 0; i < 3; i++) {
		char *at = strstr(name, comprehensions[i]);

		if (at != NULL && (first == NULL || at < first)) {
			first = at;
			*len = strlen(comprehensions[i]);
		}
	}
	return first;
}

static bool ends_with(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(text + len - n, end, n) == 0;
}

/* Takes the comprehensions out of a name, in place: that of the function that they, or
 * what is within them, stand in. */
static void strip(char *name)
{
	size_t len, start;
	char *at;

	while ((at = find_comprehension(name, &len)) != NULL) {
		char *rest = at + len;

		start = (size_t)(at - name);
		if (ends_with(name, start, ".<locals>."))
			start -= strlen(".<locals>.");
		else if (ends_with(name, start, "."))
			start--;
		if (start == 0 && *rest == '\0')
			rest = "<module>";
		else if (start == 0 && strncmp(rest, ".<locals>.", 10) == 0)
			rest += 10;
		/* "<module>" is no longer than what it stands for. */
		memmove(name + start, rest, strlen(rest) + 1);
	}
}

static bool is_comprehension(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < 3; i++)
		if (ends_with(name, len, comprehensions[i]))
			return true;
	return false;
}

/* A function while a group is folded. */
struct folding {
	struct summary_function f;
	bool gone; /* a comprehension whose function was found */
};

static int by_identity(const void *a, const void *b)
{
	const struct summary_function *x = a, *y = b;
	int order = strcmp(x->id.file, y->id.file);

	if (order == 0)
		order = strcmp(x->id.name, y->id.name);
	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* The function of that file and name which begins last before the line; with no name to
 * go by (an older Python's), of all in the file. */
static struct folding *owner_of(struct folding *v, size_t n, const struct folding *of,
				const char *name)
{
	bool any = strcmp(name, "<module>") == 0;
	struct folding *best = NULL;

	for (size_t i = 0; i < n; i++) {
		struct summary_function *f = &v[i].f;

		if (v[i].gone || &v[i] == of || is_comprehension(f->id.name) ||
		    strcmp(f->id.file, of->f.id.file) != 0 || f->line > of->f.line ||
		    (!any && strcmp(f->id.name, name) != 0))
			continue;
		if (best == NULL || f->line > best->f.line)
			best = &v[i];
	}
	return best;
}

/* Books a comprehension's own cost on its function: its calls were none. */
static void book(struct summary_group *g, struct folding *owner, struct folding *what,
		 unsigned nmetrics)
{
	const struct count_range *calls = &what->f.calls;

	for (unsigned m = 0; m < nmetrics; m++)
		owner->f.self[m] = (int64_t)((uint64_t)owner->f.self[m] +
					     (uint64_t)what->f.self[m]);
	if (calls->min != calls->max) {
		/* Which request made how many of them is not known: no count of this
		 * group's calls proves anything. */
		g->nlost++;
	} else {
		for (size_t i = 0; i < g->nrequests; i++)
			g->calls[i] -= g->calls[i] < calls->min ? g->calls[i] : calls->min;
	}
	what->gone = true;
}

static void *copied(struct arena *arena, const void *from, size_t size)
{
	void *to = arena_alloc(arena, size);

	if (to != NULL && size != 0)
		memcpy(to, from, size);
	return to;
}

static int begin(struct folding *v, const struct summary_group *g, unsigned nmetrics,
		 struct arena *arena)
{
	for (size_t i = 0; i < g->nfunctions; i++) {
		v[i] = (struct folding){ g->functions[i], false };
		v[i].f.self = copied(arena, v[i].f.self, nmetrics * sizeof *v[i].f.self);
		if (v[i].f.self == NULL)
			return -1;
	}
	return 0;
}

/* By identity again, and numbered anew: names have become the same. */
static void sort_functions(struct summary_group *to)
{
	if (to->nfunctions != 0)
		qsort(to->functions, to->nfunctions, sizeof *to->functions, by_identity);
	for (size_t i = 0; i < to->nfunctions; i++) {
		struct identity *id = &to->functions[i].id;
		const struct identity *last = i != 0 ? &to->functions[i - 1].id : NULL;

		id->nth = last != NULL && strcmp(last->file, id->file) == 0 &&
			  strcmp(last->name, id->name) == 0 ? last->nth + 1 : 0;
	}
}

static int fold_group(struct summary_group *to, const struct summary_group *g,
		      unsigned nmetrics, struct arena *arena)
{
	struct folding *v = arena_alloc(arena, g->nfunctions * sizeof *v);

	*to = *g;
	to->narcs = 0; /* they go by the functions' numbers */
	to->functions = arena_alloc(arena, g->nfunctions * sizeof *to->functions);
	to->calls = copied(arena, g->calls, g->nrequests * sizeof *g->calls);
	if (v == NULL || to->functions == NULL || to->calls == NULL ||
	    begin(v, g, nmetrics, arena) < 0)
		return -1;
	to->nfunctions = 0;
	for (size_t i = 0; i < g->nfunctions; i++) {
		char *name = arena_strdup(arena, v[i].f.id.name);
		struct folding *owner;

		if (name == NULL)
			return -1;
		strip(name);
		if (is_comprehension(v[i].f.id.name)) {
			owner = owner_of(v, g->nfunctions, &v[i], name);
			if (owner != NULL)
				book(to, owner, &v[i], nmetrics);
		} else {
			v[i].f.id.name = name;
		}
	}
	for (size_t i = 0; i < g->nfunctions; i++)
		if (!v[i].gone)
			to->functions[to->nfunctions++] = v[i].f;
	sort_functions(to);
	return 0;
}

int fold_comprehensions(struct summary_group *groups, const struct summary *run,
			struct arena *arena)
{
	for (size_t i = 0; i < run->ngroups; i++)
		if (fold_group(&groups[i], &run->groups[i], (unsigned)run->nmetrics, arena) < 0)
			return -1;
	return 0;
}
