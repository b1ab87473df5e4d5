#include "git/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

enum { TAB = 8, MAX_DEPTH = 100 };

/* A line of the file. */
struct line {
	const char *text; /* behind its indentation */
	size_t len;       /* without white space at its end */
	unsigned indent;
	bool begins; /* a statement: the line before is not continued by it */
	bool code;   /* neither empty nor a comment */
};

struct scan {
	struct line *lines;
	size_t n, cap;
	/* What a line leaves open for the next. */
	char quote;   /* of a string of three quotes, or 0 */
	unsigned depth; /* of brackets */
	bool continued; /* by a backslash */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

static bool is_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

/* Behind a string that begins at s[i], or the end where a string of three quotes goes on;
 * one of a single quote ends with its line. */
static size_t skip_string(struct scan *scan, const char *s, size_t i, size_t end)
{
	char quote = s[i];
	bool three = i + 2 < end && s[i + 1] == quote && s[i + 2] == quote;

	for (i += three ? 3 : 1; i < end; i++) {
		if (s[i] == '\\') {
			i++;
		} else if (s[i] == quote) {
			if (!three)
				return i + 1;
			if (i + 2 < end && s[i + 1] == quote && s[i + 2] == quote)
				return i + 3;
		}
	}
	if (three)
		scan->quote = quote;
	return end;
}

/* Inside a string of three quotes: behind its end. */
static size_t leave_string(struct scan *scan, const char *s, size_t end)
{
	for (size_t i = 0; i < end; i++) {
		if (s[i] == '\\') {
			i++;
		} else if (i + 2 < end && s[i] == scan->quote && s[i + 1] == scan->quote &&
			   s[i + 2] == scan->quote) {
			scan->quote = 0;
			return i + 3;
		}
	}
	return end;
}

/* Notes what the line leaves open. */
static void read_line(struct scan *scan, const char *s, size_t end)
{
	size_t i = scan->quote ? leave_string(scan, s, end) : 0;

	scan->continued = false;
	while (i < end) {
		char c = s[i];

		if (c == '#')
			return;
		if (c == '"' || c == '\'') {
			i = skip_string(scan, s, i, end);
			continue;
		}
		if (c == '(' || c == '[' || c == '{')
			scan->depth++;
		else if ((c == ')' || c == ']' || c == '}') && scan->depth > 0)
			scan->depth--;
		else if (c == '\\' && i + 1 == end)
			scan->continued = true;
		i++;
	}
}

static int add_line(struct scan *scan, const char *s, size_t len)
{
	struct line *grown = mem_grow(scan->lines, &scan->cap, scan->n + 1, sizeof *grown);
	struct line line = { .begins = !scan->quote && scan->depth == 0 && !scan->continued };
	size_t i = 0;

	if (grown == NULL)
		return -1;
	scan->lines = grown;
	for (; i < len && is_space(s[i]); i++)
		line.indent = s[i] == '\t' ? (line.indent / TAB + 1) * TAB : line.indent + 1;
	while (len > i && is_space(s[len - 1]))
		len--;
	line.text = s + i;
	line.len = len - i;
	line.code = line.len > 0 && (!line.begins || line.text[0] != '#');
	read_line(scan, line.text, line.len);
	scan->lines[scan->n++] = line;
	return 0;
}

static int split(struct scan *scan, struct bytes text)
{
	const char *s = (const char *)text.data, *end = s + text.len;

	while (s < end) {
		const char *stop = memchr(s, '\n', (size_t)(end - s));

		if (stop == NULL)
			stop = end;
		if (add_line(scan, s, (size_t)(stop - s)) < 0)
			return -1;
		s = stop + 1;
	}
	return 0;
}

/* Whether the line goes on with this word; *at is moved behind it. */
static bool word(const struct line *line, size_t *at, const char *expected)
{
	size_t len = strlen(expected), i = *at;

	if (line->len - i <= len || memcmp(line->text + i, expected, len) != 0 ||
	    !is_space(line->text[i + len]))
		return false;
	for (i += len; i < line->len && is_space(line->text[i]);)
		i++;
	*at = i;
	return true;
}

/* The name that the line defines, or 0. Of Cython's own forms `cdef class` alone: its C
 * functions are not to be seen in a profile by other names than their module's. */
static size_t defined_name(const struct line *line, size_t *at, bool *is_class)
{
	size_t len = 0;

	*at = 0;
	word(line, at, "async");
	*is_class = false;
	if (!word(line, at, "def")) {
		word(line, at, "cdef");
		if (!word(line, at, "class"))
			return 0;
		*is_class = true;
	}
	while (*at + len < line->len && is_name(line->text[*at + len]))
		len++;
	return len;
}

/* The line without the name, wherever that stands as a word. */
static uint64_t hash_line(const struct line *line, const char *name, size_t nname)
{
	uint64_t hash = 0;
	size_t from = 0, i = 0;

	while (i < line->len) {
		size_t len = 0;

		while (i + len < line->len && is_name(line->text[i + len]))
			len++;
		if (len == nname && memcmp(line->text + i, name, len) == 0) {
			hash = map_mix(hash ^ map_hash(line->text + from, i - from));
			from = i + len;
		}
		i += len ? len : 1;
	}
	return map_mix(hash ^ map_hash(line->text + from, line->len - from));
}

static int by_hash(const void *a, const void *b)
{
	const struct source_line *x = a, *y = b;

	return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Where what begins in lines[first] ends: at the next statement that is not deeper. */
static size_t end_of(const struct scan *scan, size_t first)
{
	size_t i = first + 1;

	while (i < scan->n && !(scan->lines[i].begins && scan->lines[i].code &&
				scan->lines[i].indent <= scan->lines[first].indent))
		i++;
	return i;
}

static int read_lines(struct definition *d, const struct scan *scan, size_t first,
		      struct arena *arena)
{
	size_t end = end_of(scan, first), nname = strlen(d->last);

	d->lines = arena_alloc(arena, (end - first) * sizeof *d->lines);
	if (d->lines == NULL)
		return -1;
	for (size_t i = first; i < end; i++) {
		const struct line *line = &scan->lines[i];
		struct source_line *to = &d->lines[d->nlines];

		if (!line->code)
			continue;
		to->hash = hash_line(line, d->last, nname);
		to->weight = (uint32_t)line->len;
		d->exact = map_mix(d->exact ^ to->hash);
		d->weight += to->weight;
		d->body += i > first ? to->weight : 0;
		d->nlines++;
	}
	qsort(d->lines, d->nlines, sizeof *d->lines, by_hash);
	return 0;
}

static int name_it(struct definition *d, const struct source *all, const char *last, size_t len,
		   struct arena *arena)
{
	const struct definition *outer = d->outer < 0 ? NULL : &all->v[d->outer];
	const char *join = outer == NULL ? "" : outer->is_class ? "." : ".<locals>.";
	size_t nouter = outer ? strlen(outer->name) : 0, njoin = strlen(join);
	char *name = arena_alloc(arena, nouter + njoin + len + 1);

	if (name == NULL)
		return -1;
	if (outer != NULL)
		memcpy(name, outer->name, nouter);
	memcpy(name + nouter, join, njoin);
	memcpy(name + nouter + njoin, last, len);
	name[nouter + njoin + len] = '\0';
	d->name = name;
	d->last = name + nouter + njoin;
	return 0;
}

/* The definitions that the line at hand is inside of. */
struct nesting {
	struct {
		int64_t definition;
		unsigned indent;
	} open[MAX_DEPTH];
	size_t n;
};

static int define(struct source *out, const struct scan *scan, size_t i, struct nesting *nesting,
		  struct arena *arena)
{
	const struct line *line = &scan->lines[i];
	struct definition d = { .outer = -1 };
	size_t at, len = defined_name(line, &at, &d.is_class);

	while (nesting->n > 0 && nesting->open[nesting->n - 1].indent >= line->indent)
		nesting->n--;
	if (len == 0 || nesting->n == MAX_DEPTH)
		return 0;
	if (nesting->n > 0)
		d.outer = nesting->open[nesting->n - 1].definition;
	if (name_it(&d, out, line->text + at, len, arena) < 0 ||
	    read_lines(&d, scan, i, arena) < 0)
		return -1;
	nesting->open[nesting->n].definition = (int64_t)out->n;
	nesting->open[nesting->n++].indent = line->indent;
	out->v[out->n++] = d;
	return 0;
}

int source_scan(struct source *out, struct bytes text, struct arena *arena, struct error *err)
{
	struct scan scan = { .lines = NULL };
	struct nesting nesting = { .n = 0 };
	size_t most = 0, at;
	bool is_class;
	int rc = -1;

	memset(out, 0, sizeof *out);
	if (split(&scan, text) < 0)
		goto done;
	for (size_t i = 0; i < scan.n; i++)
		most += scan.lines[i].begins && defined_name(&scan.lines[i], &at, &is_class) != 0;
	out->v = arena_alloc(arena, (most + 1) * sizeof *out->v);
	if (out->v == NULL)
		goto done;
	for (size_t i = 0; i < scan.n; i++)
		if (scan.lines[i].begins && scan.lines[i].code &&
		    define(out, &scan, i, &nesting, arena) < 0)
			goto done;
	rc = 0;
done:
	mem_free(scan.lines);
	return rc < 0 ? error_nomem(err) : 0;
}

double definition_similarity(const struct definition *a, const struct definition *b)
{
	uint64_t common = 0;
	size_t i = 0, j = 0;

	while (i < a->nlines && j < b->nlines) {
		const struct source_line *x = &a->lines[i], *y = &b->lines[j];

		if (x->hash == y->hash)
			common += x->weight + y->weight;
		i += x->hash <= y->hash;
		j += y->hash <= x->hash;
	}
	return a->weight + b->weight == 0 ? 0 :
	       (double)common / (double)(a->weight + b->weight);
}
