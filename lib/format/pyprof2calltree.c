#include "format/pyprof2calltree.h"

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
		uint64_t file_line; /* the file's place among the files, the line */
		const char *name;
		uint32_t entry;
	} *order;
	bool *has_namesake;     /* per entry: another has its file and name */
	uint32_t *first, *last; /* per entry: its calls, or MAP_NONE */
	struct call *calls;
	uint32_t ncalls;
	/* What is written of an entry where it is called, "FILE\ncfn=NAME\ncalls=":
	 * it is written again and again. */
	struct buf labels;
	struct label {
		size_t at, file_len, name_len;
	} *label; /* per entry */
};

static const char between[] = "\ncfn=", behind[] = "\ncalls=";
enum { BETWEEN = sizeof between - 1, BEHIND = sizeof behind - 1 };

static int by_label(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->file_line != b->file_line)
		return a->file_line < b->file_line ? -1 : 1;
	return strcmp(a->name, b->name);
}

struct file {
	const char *name;
	uint32_t number; /* in the order in which they come */
};

static int by_name(const void *left, const void *right)
{
	return strcmp(((const struct file *)left)->name, ((const struct file *)right)->name);
}

static const struct pstats_key *key_of(const struct writer *w, uint32_t entry)
{
	return &w->s->keys[w->s->entries[entry].key];
}

/* Files once, in their order: they are long, and many functions share one. Until they are
 * in order, an entry has the number of its file. */
static int rank_files(struct writer *w)
{
	size_t n = w->s->nentries;
	struct file *files = mem_array(NULL, n, sizeof *files);
	uint32_t *rank = mem_array(NULL, n, sizeof *rank), nfiles = 0;
	struct map numbers = MAP_INIT;
	int rc = files == NULL || rank == NULL ? -1 : 0;

	for (uint32_t i = 0; i < n && rc == 0; i++) {
		const char *name = key_of(w, i)->file;
		uint32_t number = map_get(&numbers, (uintptr_t)name);

		if (number == MAP_NONE) {
			number = nfiles++;
			files[number] = (struct file){ name, number };
			rc = map_add(&numbers, (uintptr_t)name, number);
		}
		w->order[i].file_line = number;
	}
	if (rc == 0 && nfiles != 0)
		qsort(files, nfiles, sizeof *files, by_name);
	for (uint32_t i = 0; i < nfiles && rc == 0; i++)
		rank[files[i].number] = i;
	for (uint32_t i = 0; i < n && rc == 0; i++)
		w->order[i].file_line = map_pair(rank[w->order[i].file_line], key_of(w, i)->line);
	map_release(&numbers);
	mem_free(files);
	mem_free(rank);
	return rc;
}

static int sort_entries(struct writer *w)
{
	size_t n = w->s->nentries;
	int rc = rank_files(w);

	for (uint32_t i = 0; i < n && rc == 0; i++) {
		w->order[i].name = key_of(w, i)->name;
		w->order[i].entry = i;
	}
	if (rc == 0 && n != 0)
		qsort(w->order, n, sizeof *w->order, by_label);
	return rc;
}

static int find_namesakes(struct writer *w)
{
	struct map names = MAP_INIT;
	int rc = map_reserve(&names, w->s->nentries);

	for (uint32_t i = 0; i < w->s->nentries && rc == 0; i++) {
		const struct pstats_key *k = key_of(w, i);
		uint64_t hash = map_mix((uintptr_t)k->file) ^ (uintptr_t)k->name;
		uint32_t other;
		size_t at = 0;

		while ((other = map_find(&names, hash, &at)) != MAP_NONE)
			if (key_of(w, other)->file == k->file && key_of(w, other)->name == k->name)
				break;
		w->has_namesake[i] = other != MAP_NONE;
		if (other != MAP_NONE)
			w->has_namesake[other] = true;
		else
			rc = map_add(&names, hash, i);
	}
	map_release(&names);
	return rc;
}

static int prepare(struct writer *w)
{
	const struct pstats_sum *s = w->s;
	size_t n = s->nentries;

	w->order = mem_array(NULL, n, sizeof *w->order);
	w->has_namesake = mem_array(NULL, n, sizeof *w->has_namesake);
	w->first = mem_array(NULL, n, sizeof *w->first);
	w->last = mem_array(NULL, n, sizeof *w->last);
	w->calls = mem_array(NULL, s->ncallers, sizeof *w->calls);
	w->label = mem_array(NULL, n, sizeof *w->label);
	if (w->order == NULL || w->has_namesake == NULL || w->first == NULL || w->last == NULL ||
	    w->calls == NULL || w->label == NULL)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		w->first[i] = MAP_NONE;
	return find_namesakes(w) < 0 ? -1 : sort_entries(w);
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

/* In the order of the output, in which those of one file stand together. */
static void make_labels(struct writer *w)
{
	const struct label *before = NULL;
	const char *file = NULL;

	for (size_t i = 0; i < w->s->nentries; i++) {
		uint32_t entry = w->order[i].entry;
		const struct pstats_key *k = key_of(w, entry);
		struct label *l = &w->label[entry];

		l->at = w->labels.len;
		if (k->file == file && buf_reserve(&w->labels, before->file_len))
			buf_add(&w->labels, w->labels.data + before->at, before->file_len);
		else
			text_printable(&w->labels, k->file);
		l->file_len = w->labels.len - l->at;
		buf_add(&w->labels, between, BETWEEN);
		text_printable(&w->labels, k->name);
		if (w->has_namesake[entry]) {
			buf_addc(&w->labels, ':');
			buf_addu(&w->labels, k->line);
		}
		l->name_len = w->labels.len - l->at - l->file_len - BETWEEN;
		buf_add(&w->labels, behind, BEHIND);
		before = l;
		file = k->file;
	}
}

static size_t label_len(const struct label *l)
{
	return l->file_len + BETWEEN + l->name_len + BEHIND;
}

/* What follows puts where there is room, and returns where it ends. */

static char *put(char *to, const char *from, size_t n)
{
	memcpy(to, from, n);
	return to + n;
}

static char *put_int(char *to, int64_t n)
{
	if (n < 0)
		*to++ = '-';
	return buf_digits(to, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
}

static char *put_cost(char *to, uint32_t line, double seconds)
{
	to = buf_digits(to, line);
	*to++ = ' ';
	to = put_int(to, to_ns(seconds));
	*to++ = '\n';
	return to;
}

static char *put_call(char *to, const struct writer *w, const struct call *call)
{
	const struct label *l = &w->label[call->callee];

	to = put(to, "cfl=", 4);
	to = put(to, w->labels.data + l->at, label_len(l));
	to = put_int(to, w->s->callers[call->caller_row].row.ncalls);
	*to++ = ' ';
	to = buf_digits(to, key_of(w, call->callee)->line);
	*to++ = '\n';
	return to;
}

static char *put_entry(char *to, const struct writer *w, uint32_t entry)
{
	const struct pstats_sum *s = w->s;
	const struct label *l = &w->label[entry];
	const char *label = w->labels.data + l->at;
	uint32_t line = key_of(w, entry)->line;

	to = put(to, "fl=", 3);
	to = put(to, label, l->file_len);
	to = put(to, "\nfn=", 4);
	to = put(to, label + l->file_len + BETWEEN, l->name_len);
	*to++ = '\n';
	to = put_cost(to, line, s->entries[entry].row.tottime);
	for (uint32_t i = w->first[entry]; i != MAP_NONE; i = w->calls[i].next) {
		to = put_call(to, w, &w->calls[i]);
		to = put_cost(to, line, s->callers[w->calls[i].caller_row].row.cumtime);
	}
	*to++ = '\n';
	return to;
}

/* Room for all that put_entry puts, numbers of any length. */
static bool reserve(const struct writer *w)
{
	enum { HEAD = 100, COST = 2 * BUF_DIGITS + 3, ENTRY = 16 + COST, CALL = 8 + 2 * COST };
	size_t need = HEAD;

	for (size_t i = 0; i < w->s->nentries; i++)
		need += label_len(&w->label[i]) + ENTRY;
	for (uint32_t i = 0; i < w->ncalls; i++)
		need += label_len(&w->label[w->calls[i].callee]) + CALL;
	return buf_reserve(w->out, need);
}

static int put_all(struct writer *w)
{
	struct buf *out = w->out;
	int64_t most = 0;
	char *to;

	/* At once: what grows bit by bit has small pages. */
	if (w->labels.failed || !reserve(w))
		return -1;
	for (size_t i = 0; i < w->s->nentries; i++)
		if (to_ns(w->s->entries[i].row.cumtime) > most)
			most = to_ns(w->s->entries[i].row.cumtime);
	buf_adds(out, "event: ns : Nanoseconds\nevents: ns\nsummary: ");
	buf_addu(out, (uint64_t)most);
	buf_addc(out, '\n');
	to = out->data + out->len;
	for (size_t i = 0; i < w->s->nentries; i++)
		to = put_entry(to, w, w->order[i].entry);
	out->len = (size_t)(to - out->data);
	return 0;
}

int pyprof2calltree_write(struct buf *out, const struct pstats_sum *s, struct error *err)
{
	struct writer w = { .out = out, .s = s };
	int rc = -1;

	if (s->kind.counts_only)
		return error_set(err, ERR_REFUSED, "its callers have no times, without which "
				 "pyprof2calltree has no costs for calls");
	/* to_ns() of what no int64_t holds is undefined. */
	if (s->seconds > 4e9)
		return error_set(err, ERR_REFUSED, "times that add up to over a century");
	if (prepare(&w) == 0) {
		link_calls(&w);
		make_labels(&w);
		rc = put_all(&w);
	}
	mem_free(w.order);
	mem_free(w.has_namesake);
	mem_free(w.first);
	mem_free(w.last);
	mem_free(w.calls);
	buf_release(&w.labels);
	mem_free(w.label);
	return rc < 0 ? error_nomem(err) : 0;
}
