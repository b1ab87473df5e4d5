#include "format/pyprof2calltree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

/* A call, in the list of its caller. */
struct call {
	uint32_t callee; /* entry */
	uint32_t caller_row; /* of s->callers */
	uint32_t next;
};

struct writer {
	struct buf *out;
	const struct pstats_sum *s;
	struct place { const struct pstats_key *key; uint32_t entry; } *order;
	uint32_t *first, *last; /* per entry: its calls, or MAP_NONE */
	struct call *calls;
	uint32_t ncalls;
	struct map names; /* file, name -> entry: twice where there are several */
};

static int by_label(const void *left, const void *right)
{
	const struct pstats_key *a = ((const struct place *)left)->key;
	const struct pstats_key *b = ((const struct place *)right)->key;
	int order = strcmp(a->file, b->file);

	if (order == 0 && a->line != b->line)
		order = a->line < b->line ? -1 : 1;
	return order != 0 ? order : strcmp(a->name, b->name);
}

static uint64_t name_hash(const struct pstats_key *k)
{
	return map_mix((uintptr_t)k->file) ^ (uintptr_t)k->name;
}

static const struct pstats_key *key_of(const struct writer *w, uint32_t entry)
{
	return &w->s->keys[w->s->entries[entry].key];
}

/* How many of this file and name there are, 2 standing for more. */
static unsigned count_namesakes(const struct writer *w, const struct pstats_key *k)
{
	unsigned n = 0;
	uint32_t i;
	size_t at = 0;

	while (n < 2 && (i = map_find(&w->names, name_hash(k), &at)) != MAP_NONE)
		n += key_of(w, i)->file == k->file && key_of(w, i)->name == k->name;
	return n;
}

static int prepare(struct writer *w)
{
	const struct pstats_sum *s = w->s;
	size_t n = s->nentries;

	w->order = mem_array(NULL, n, sizeof *w->order);
	w->first = mem_array(NULL, n, sizeof *w->first);
	w->last = mem_array(NULL, n, sizeof *w->last);
	w->calls = mem_array(NULL, s->ncallers, sizeof *w->calls);
	if (w->order == NULL || w->first == NULL || w->last == NULL || w->calls == NULL)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		w->order[i] = (struct place){ key_of(w, i), i };
		w->first[i] = MAP_NONE;
		if (count_namesakes(w, key_of(w, i)) < 2 &&
		    map_add(&w->names, name_hash(key_of(w, i)), i) < 0)
			return -1;
	}
	if (n != 0)
		qsort(w->order, n, sizeof *w->order, by_label);
	return 0;
}

/* Callees in their order, so that each caller's list is in it, too. */
static void link_calls(struct writer *w)
{
	const struct pstats_sum *s = w->s;

	for (size_t i = 0; i < s->nentries; i++) {
		uint32_t callee = w->order[i].entry;

		for (uint32_t c = s->entries[callee].first; c != MAP_NONE; c = s->callers[c].next) {
			uint32_t caller = s->entry_of[s->callers[c].key];

			if (caller == MAP_NONE)
				continue;
			w->calls[w->ncalls] = (struct call){ callee, c, MAP_NONE };
			if (w->first[caller] == MAP_NONE)
				w->first[caller] = w->ncalls;
			else
				w->calls[w->last[caller]].next = w->ncalls;
			w->last[caller] = w->ncalls++;
		}
	}
}

static int64_t to_ns(double seconds)
{
	return (int64_t)(seconds * 1e9);
}

static void put_int(struct buf *out, int64_t n)
{
	if (n < 0)
		buf_addc(out, '-');
	buf_addu(out, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

static void put_names(struct writer *w, const struct pstats_key *k, const char *fl, const char *fn)
{
	buf_adds(w->out, fl);
	text_printable(w->out, k->file);
	buf_adds(w->out, fn);
	text_printable(w->out, k->name);
	if (count_namesakes(w, k) > 1) {
		buf_addc(w->out, ':');
		buf_addu(w->out, k->line);
	}
	buf_addc(w->out, '\n');
}

static void put_cost(struct buf *out, uint32_t line, double seconds)
{
	buf_addu(out, line);
	buf_addc(out, ' ');
	put_int(out, to_ns(seconds));
	buf_addc(out, '\n');
}

static void put_entry(struct writer *w, uint32_t entry)
{
	const struct pstats_sum *s = w->s;
	const struct pstats_key *k = key_of(w, entry);

	put_names(w, k, "fl=", "\nfn=");
	put_cost(w->out, k->line, s->entries[entry].row.tottime);
	for (uint32_t i = w->first[entry]; i != MAP_NONE; i = w->calls[i].next) {
		const struct pstats_key *callee = key_of(w, w->calls[i].callee);
		const struct pstats_row *row = &s->callers[w->calls[i].caller_row].row;

		put_names(w, callee, "cfl=", "\ncfn=");
		buf_adds(w->out, "calls=");
		put_int(w->out, row->ncalls);
		buf_addc(w->out, ' ');
		buf_addu(w->out, callee->line);
		buf_addc(w->out, '\n');
		put_cost(w->out, k->line, row->cumtime);
	}
	buf_addc(w->out, '\n');
}

int pyprof2calltree_write(struct buf *out, const struct pstats_sum *s, struct error *err)
{
	struct writer w = { .out = out, .s = s };
	int64_t most = 0;
	int rc = -1;

	if (s->kind.counts_only)
		return error_set(err, ERR_REFUSED, "its callers have no times, without which "
				 "pyprof2calltree has no costs for calls");
	/* to_ns() of what no int64_t holds is undefined. */
	if (s->seconds > 4e9)
		return error_set(err, ERR_REFUSED, "times that add up to over a century");
	if (prepare(&w) < 0)
		goto done;
	link_calls(&w);
	for (size_t i = 0; i < s->nentries; i++)
		if (to_ns(s->entries[i].row.cumtime) > most)
			most = to_ns(s->entries[i].row.cumtime);
	buf_adds(out, "event: ns : Nanoseconds\nevents: ns\nsummary: ");
	put_int(out, most);
	buf_addc(out, '\n');
	for (size_t i = 0; i < s->nentries; i++)
		put_entry(&w, w.order[i].entry);
	rc = out->failed ? -1 : 0;
done:
	mem_free(w.order);
	mem_free(w.first);
	mem_free(w.last);
	mem_free(w.calls);
	map_release(&w.names);
	return rc < 0 ? error_nomem(err) : 0;
}
