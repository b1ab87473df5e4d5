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
	struct place {
		uint32_t file; /* its place among the files */
		uint32_t line;
		const char *name;
		uint32_t entry;
	} *order;
	uint32_t *first, *last; /* per entry: its calls, or MAP_NONE */
	struct call *calls;
	uint32_t ncalls;
	struct map names; /* file, name -> entry: twice where there are several */
	/* What is written of an entry where it is called, "FILE\ncfn=NAME\ncalls=":
	 * it is written again and again. */
	struct buf labels;
	size_t *labels_from; /* nentries + 1 */
};

static int by_label(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int by_text(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
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

/* Files once, in their order: they are long, and many functions share one. */
static int rank_files(const struct writer *w, struct map *ranks)
{
	size_t n = w->s->nentries, nfiles = 0;
	const char **files = mem_array(NULL, n, sizeof *files);
	int rc = files == NULL ? -1 : 0;

	for (uint32_t i = 0; i < n && rc == 0; i++) {
		const char *file = key_of(w, i)->file;

		if (map_get(ranks, (uintptr_t)file) != MAP_NONE)
			continue;
		files[nfiles++] = file;
		rc = map_add(ranks, (uintptr_t)file, 0);
	}
	if (rc == 0 && nfiles != 0)
		qsort(files, nfiles, sizeof *files, by_text);
	map_clear(ranks);
	for (uint32_t i = 0; i < nfiles && rc == 0; i++)
		rc = map_add(ranks, (uintptr_t)files[i], i);
	mem_free(files);
	return rc;
}

static int sort_entries(struct writer *w)
{
	struct map ranks = MAP_INIT;
	size_t n = w->s->nentries;
	int rc = rank_files(w, &ranks);

	for (uint32_t i = 0; i < n && rc == 0; i++) {
		const struct pstats_key *k = key_of(w, i);

		w->order[i] = (struct place){ map_get(&ranks, (uintptr_t)k->file), k->line,
					      k->name, i };
	}
	if (rc == 0 && n != 0)
		qsort(w->order, n, sizeof *w->order, by_label);
	map_release(&ranks);
	return rc;
}

static int prepare(struct writer *w)
{
	const struct pstats_sum *s = w->s;
	size_t n = s->nentries;

	w->order = mem_array(NULL, n, sizeof *w->order);
	w->first = mem_array(NULL, n, sizeof *w->first);
	w->last = mem_array(NULL, n, sizeof *w->last);
	w->calls = mem_array(NULL, s->ncallers, sizeof *w->calls);
	w->labels_from = mem_array(NULL, n + 1, sizeof *w->labels_from);
	if (w->order == NULL || w->first == NULL || w->last == NULL || w->calls == NULL ||
	    w->labels_from == NULL || map_reserve(&w->names, n) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		w->first[i] = MAP_NONE;
		if (count_namesakes(w, key_of(w, i)) < 2 &&
		    map_add(&w->names, name_hash(key_of(w, i)), i) < 0)
			return -1;
	}
	return sort_entries(w);
}

/* Callees in their order, so that each caller's list is in it, too. */
static void link_calls(struct writer *w)
{
	const struct pstats_sum *s = w->s;

	for (size_t i = 0; i < s->nentries; i++) {
		uint32_t callee = w->order[i].entry;

		for (uint32_t c = s->entries[callee].first; c != MAP_NONE; c = s->callers[c].next) {
			uint32_t caller = s->keys[s->callers[c].key].entry;

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

static void put_name(struct buf *out, const struct writer *w, const struct pstats_key *k)
{
	text_printable(out, k->name);
	if (count_namesakes(w, k) > 1) {
		buf_addc(out, ':');
		buf_addu(out, k->line);
	}
	buf_addc(out, '\n');
}

static void make_labels(struct writer *w)
{
	size_t n = w->s->nentries;

	for (uint32_t i = 0; i < n; i++) {
		w->labels_from[i] = w->labels.len;
		text_printable(&w->labels, key_of(w, i)->file);
		buf_add(&w->labels, "\ncfn=", 5);
		put_name(&w->labels, w, key_of(w, i));
		buf_add(&w->labels, "calls=", 6);
	}
	w->labels_from[n] = w->labels.len;
}

static void put_cost(struct buf *out, uint32_t line, double seconds)
{
	buf_addu(out, line);
	buf_addc(out, ' ');
	put_int(out, to_ns(seconds));
	buf_addc(out, '\n');
}

static void put_call(struct writer *w, const struct call *call)
{
	const struct pstats_row *row = &w->s->callers[call->caller_row].row;
	size_t from = w->labels_from[call->callee];

	buf_add(w->out, "cfl=", 4);
	buf_add(w->out, w->labels.data + from, w->labels_from[call->callee + 1] - from);
	put_int(w->out, row->ncalls);
	buf_addc(w->out, ' ');
	buf_addu(w->out, key_of(w, call->callee)->line);
	buf_addc(w->out, '\n');
}

static void put_entry(struct writer *w, uint32_t entry)
{
	const struct pstats_sum *s = w->s;
	const struct pstats_key *k = key_of(w, entry);

	buf_add(w->out, "fl=", 3);
	text_printable(w->out, k->file);
	buf_add(w->out, "\nfn=", 4);
	put_name(w->out, w, k);
	put_cost(w->out, k->line, s->entries[entry].row.tottime);
	for (uint32_t i = w->first[entry]; i != MAP_NONE; i = w->calls[i].next) {
		put_call(w, &w->calls[i]);
		put_cost(w->out, k->line, s->callers[w->calls[i].caller_row].row.cumtime);
	}
	buf_addc(w->out, '\n');
}

/* About as much as it will be: so that it is not moved again and again. */
static void reserve(struct writer *w)
{
	size_t need = w->labels.len + 48 * w->s->nentries;

	for (uint32_t i = 0; i < w->ncalls; i++) {
		uint32_t callee = w->calls[i].callee;

		need += w->labels_from[callee + 1] - w->labels_from[callee] + 40;
	}
	buf_reserve(w->out, need);
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
	make_labels(&w);
	if (w.labels.failed)
		goto done;
	reserve(&w);
	for (size_t i = 0; i < s->nentries; i++)
		if (to_ns(s->entries[i].row.cumtime) > most)
			most = to_ns(s->entries[i].row.cumtime);
	buf_adds(out, "event: ns : Nanoseconds\nevents: ns\nsummary: ");
	put_int(out, most);
	buf_addc(out, '\n');
	for (size_t i = 0; i < s->nentries; i++)
		put_entry(&w, w.order[i].entry);
	rc = out->failed || w.labels.failed ? -1 : 0;
done:
	mem_free(w.order);
	mem_free(w.first);
	mem_free(w.last);
	mem_free(w.calls);
	map_release(&w.names);
	buf_release(&w.labels);
	mem_free(w.labels_from);
	return rc < 0 ? error_nomem(err) : 0;
}
