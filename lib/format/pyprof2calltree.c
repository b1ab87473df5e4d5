#include "format/pyprof2calltree.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"

/* A function, in the order of the output, which is that of file, line and name. */
struct place {
	const char *file, *name; /* as they are written */
	uint32_t file_len, name_len;
	uint32_t line, entry;
};

/* Those of one place are contiguous, and in the order of the output. */
struct call {
	uint32_t callee; /* place */
	int64_t ncalls;
	double cumtime;
};

struct writer {
	struct buf *out;
	const struct pstats_sum *s;
	struct place *places;
	uint32_t *place_of;  /* per entry */
	bool *has_namesake;  /* per entry: another has its file and name */
	struct call *calls;
	uint32_t *calls_end; /* per place */
	struct arena texts;  /* of what is not written as it is */
};

static const struct pstats_key *key_of(const struct writer *w, uint32_t entry)
{
	return &w->s->keys[w->s->entries[entry].key];
}

/* --- the order */

struct file {
	const char *name;
	uint32_t number; /* in the order in which they come */
	uint32_t end;    /* of its places */
};

static int by_name(const void *left, const void *right)
{
	return strcmp(((const struct file *)left)->name, ((const struct file *)right)->name);
}

static int by_line_and_name(const void *left, const void *right)
{
	const struct place *a = left, *b = right;

	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* The files, each once, for names are long and many functions share one; and which of
 * them is each entry's. */
static int find_files(const struct writer *w, struct file *files, uint32_t *file_of,
		      uint32_t *nfiles)
{
	struct map numbers = MAP_INIT;
	const char *last = NULL;
	int rc = 0;

	*nfiles = 0;
	for (uint32_t i = 0; i < w->s->nentries && rc == 0; i++) {
		const char *name = key_of(w, i)->file;

		file_of[i] = name == last ? file_of[i - 1] : map_get(&numbers, (uintptr_t)name);
		last = name;
		if (file_of[i] != MAP_NONE)
			continue;
		file_of[i] = *nfiles;
		files[*nfiles] = (struct file){ name, *nfiles, 0 };
		rc = map_add(&numbers, (uintptr_t)name, (*nfiles)++);
	}
	map_release(&numbers);
	return rc;
}

/* Places by their files, and those of one file by line and name. */
static void fill_places(struct writer *w, struct file *files, uint32_t nfiles,
			const uint32_t *file_of, uint32_t *rank)
{
	uint32_t n = (uint32_t)w->s->nentries, end = 0;

	if (nfiles != 0)
		qsort(files, nfiles, sizeof *files, by_name);
	for (uint32_t i = 0; i < nfiles; i++)
		rank[files[i].number] = i;
	for (uint32_t i = 0; i < n; i++)
		files[rank[file_of[i]]].end++;
	for (uint32_t i = 0; i < nfiles; i++)
		end = files[i].end += end;
	for (uint32_t i = n; i-- > 0;) {
		const struct pstats_key *k = key_of(w, i);

		w->places[--files[rank[file_of[i]]].end] =
			(struct place){ k->file, k->name, 0, 0, k->line, i };
	}
	/* Which moved each end to its beginning. */
	for (uint32_t i = 0; i < nfiles; i++) {
		end = i + 1 < nfiles ? files[i + 1].end : n;
		if (end - files[i].end > 1)
			qsort(w->places + files[i].end, end - files[i].end, sizeof *w->places,
			      by_line_and_name);
	}
	for (uint32_t i = 0; i < n; i++)
		w->place_of[w->places[i].entry] = i;
}

static int sort_places(struct writer *w)
{
	size_t n = w->s->nentries;
	struct file *files = mem_array(NULL, n, sizeof *files);
	uint32_t *file_of = mem_array(NULL, n, sizeof *file_of);
	uint32_t *rank = mem_array(NULL, n, sizeof *rank), nfiles;
	int rc = -1;

	if (files != NULL && file_of != NULL && rank != NULL)
		rc = find_files(w, files, file_of, &nfiles);
	if (rc == 0)
		fill_places(w, files, nfiles, file_of, rank);
	mem_free(files);
	mem_free(file_of);
	mem_free(rank);
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

/* --- what is called */

static uint32_t place_of_caller(const struct writer *w, const struct pstats_caller *c)
{
	uint32_t entry = w->s->keys[c->key].entry;

	return entry != MAP_NONE ? w->place_of[entry] : MAP_NONE;
}

/* Callees in their order, so that each caller's calls are in it, too. */
static void gather_calls(struct writer *w)
{
	const struct pstats_sum *s = w->s;
	uint32_t n = (uint32_t)s->nentries, end = 0, place;

	memset(w->calls_end, 0, n * sizeof *w->calls_end);
	for (size_t i = 0; i < s->ncallers; i++)
		if ((place = place_of_caller(w, &s->callers[i])) != MAP_NONE)
			w->calls_end[place]++;
	for (uint32_t i = 0; i < n; i++)
		end = w->calls_end[i] += end;
	for (uint32_t i = n; i-- > 0;)
		w->calls_end[i] = i != 0 ? w->calls_end[i - 1] : 0;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t c = s->entries[w->places[i].entry].first; c != MAP_NONE;
		     c = s->callers[c].next)
			if ((place = place_of_caller(w, &s->callers[c])) != MAP_NONE)
				w->calls[w->calls_end[place]++] = (struct call){
					i, s->callers[c].row.ncalls, s->callers[c].row.cumtime };
}

/* --- texts */

/* As it is, where a terminal obeys nothing in it. */
static int printable(struct arena *texts, const char **text, uint32_t *len)
{
	struct buf other = BUF_INIT;
	size_t n = strlen(*text);

	if (text_plain_length(*text, n) != n) {
		text_printable(&other, *text);
		n = other.len;
		*text = other.failed ? NULL : arena_strndup(texts, other.data, n);
		buf_release(&other);
	}
	*len = (uint32_t)n;
	return *text != NULL ? 0 : -1;
}

/* "show" as "show:12" */
static int add_line(struct arena *texts, struct place *p)
{
	char *text = arena_alloc(texts, (size_t)p->name_len + 1 + BUF_DIGITS);

	if (text == NULL)
		return -1;
	memcpy(text, p->name, p->name_len);
	text[p->name_len] = ':';
	p->name = text;
	p->name_len = (uint32_t)(buf_digits(text + p->name_len + 1, p->line) - text);
	return 0;
}

static int make_texts(struct writer *w)
{
	const struct place *before = NULL;
	const char *file = NULL;

	for (uint32_t i = 0; i < w->s->nentries; i++) {
		struct place *p = &w->places[i];

		if (p->file == file) {
			p->file = before->file;
			p->file_len = before->file_len;
		} else {
			file = p->file;
			if (printable(&w->texts, &p->file, &p->file_len) < 0)
				return -1;
		}
		if (printable(&w->texts, &p->name, &p->name_len) < 0 ||
		    (w->has_namesake[p->entry] && add_line(&w->texts, p) < 0))
			return -1;
		before = p;
	}
	return 0;
}

static int prepare(struct writer *w)
{
	const struct pstats_sum *s = w->s;
	size_t n = s->nentries;

	w->places = mem_array(NULL, n, sizeof *w->places);
	w->place_of = mem_array(NULL, n, sizeof *w->place_of);
	w->has_namesake = mem_array(NULL, n, sizeof *w->has_namesake);
	w->calls_end = mem_array(NULL, n, sizeof *w->calls_end);
	w->calls = mem_array(NULL, s->ncallers, sizeof *w->calls);
	if (w->places == NULL || w->place_of == NULL || w->has_namesake == NULL ||
	    w->calls_end == NULL || w->calls == NULL)
		return -1;
	if (find_namesakes(w) < 0 || sort_places(w) < 0)
		return -1;
	gather_calls(w);
	return make_texts(w);
}

/* --- the file */

static int64_t to_ns(double seconds)
{
	return (int64_t)(seconds * 1e9);
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

/* Room for what is put of a place, or of a call of it, numbers of any length. */
static char *reserve(struct buf *out, const struct place *p)
{
	enum { WORDS = 32, NUMBERS = 4 * (BUF_DIGITS + 2) };

	return buf_reserve(out, (size_t)p->file_len + p->name_len + WORDS + NUMBERS)
	     ? out->data + out->len : NULL;
}

static bool put_call(struct buf *out, const struct writer *w, uint32_t line,
		     const struct call *call)
{
	const struct place *p = &w->places[call->callee];
	char *to = reserve(out, p);

	if (to == NULL)
		return false;
	to = put(to, "cfl=", 4);
	to = put(to, p->file, p->file_len);
	to = put(to, "\ncfn=", 5);
	to = put(to, p->name, p->name_len);
	to = put(to, "\ncalls=", 7);
	to = put_int(to, call->ncalls);
	*to++ = ' ';
	to = buf_digits(to, p->line);
	*to++ = '\n';
	to = put_cost(to, line, call->cumtime);
	out->len = (size_t)(to - out->data);
	return true;
}

static bool put_place(struct buf *out, const struct writer *w, uint32_t place)
{
	const struct place *p = &w->places[place];
	char *to = reserve(out, p);

	if (to == NULL)
		return false;
	to = put(to, "fl=", 3);
	to = put(to, p->file, p->file_len);
	to = put(to, "\nfn=", 4);
	to = put(to, p->name, p->name_len);
	*to++ = '\n';
	to = put_cost(to, p->line, w->s->entries[p->entry].row.tottime);
	out->len = (size_t)(to - out->data);
	for (uint32_t i = place != 0 ? w->calls_end[place - 1] : 0; i < w->calls_end[place]; i++)
		if (!put_call(out, w, p->line, &w->calls[i]))
			return false;
	buf_addc(out, '\n');
	buf_pass(out);
	return true;
}

static int put_all(struct writer *w)
{
	struct buf *out = w->out;
	int64_t most = 0;

	for (size_t i = 0; i < w->s->nentries; i++)
		if (to_ns(w->s->entries[i].row.cumtime) > most)
			most = to_ns(w->s->entries[i].row.cumtime);
	buf_adds(out, "event: ns : Nanoseconds\nevents: ns\nsummary: ");
	buf_addu(out, (uint64_t)most);
	buf_addc(out, '\n');
	for (uint32_t i = 0; i < w->s->nentries; i++)
		if (!put_place(out, w, i))
			return -1;
	return out->failed ? -1 : 0;
}

int pyprof2calltree_write(struct buf *out, const struct pstats_sum *s, struct error *err)
{
	struct writer w = { .out = out, .s = s, .texts = ARENA_INIT };
	int rc = -1;

	if (s->kind.counts_only)
		return error_set(err, ERR_REFUSED, "its callers have no times, without which "
				 "pyprof2calltree has no costs for calls");
	/* to_ns() of what no int64_t holds is undefined. */
	if (s->seconds > 4e9)
		return error_set(err, ERR_REFUSED, "times that add up to over a century");
	if (prepare(&w) == 0)
		rc = put_all(&w);
	mem_free(w.places);
	mem_free(w.place_of);
	mem_free(w.has_namesake);
	mem_free(w.calls);
	mem_free(w.calls_end);
	arena_release(&w.texts);
	return rc < 0 ? error_nomem(err) : 0;
}
