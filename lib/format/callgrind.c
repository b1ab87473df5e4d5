/* profile.kgrind:
 *
 *     # callgrind format              must be the first line
 *     version: 1
 *     creator: cprof 0.1.0
 *     pid: 4711
 *     cmd: GET /user/{id}
 *     positions: line
 *     event: wall : Nanoseconds
 *     events: wall                    a column for each metric
 *     summary: 100                    after events, or the file is refused
 *
 *     fl=(1) app.py                   "(1)" alone from the second time on
 *     fn=(1) show
 *     12 30                           first line of the function, its self cost
 *     cfl=(1)
 *     cfn=(2) load
 *     calls=2 40                      the callee's line
 *     12 70                           cost below the callee
 *
 *     totals: 100
 *
 * Traps. Viewers add self costs up to the total and a function's outgoing calls
 * to its inclusive cost: with the arc's `below` that is our cum, recursive or
 * not. A name is a function together with its file only, so what shares both is
 * told apart by line. calls=0 makes callgrind_annotate take the next line for
 * self cost: an arc without calls (a sampled profile has no others) says 1, and a
 * "desc: Sampled:" at the top that there are none. Behind a number all blanks are passed
 * over: a name that begins with one goes without, "fn= name", each time.
 *
 * Not held: the tree, calls of what no function calls, how many of the calls are
 * primitive, how much of a call is the callee's own, names beside qualified ones. */
#include "format/callgrind.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/version.h"
#include "format/pstats.h"
#include "profile/derive.h"

struct writer {
	struct buf *out;
	const struct profile *p;
	const struct table *table;
	uint32_t *file_of;     /* per function: the id of its file */
	bool *file_named;      /* per id: the file's name was written */
	struct map names;      /* see name_key -> function * 2 + with line */
	bool *named;           /* per function: its name was written */
	uint32_t *next_arc;    /* per arc: the caller's next, or PROFILE_NONE */
	uint32_t *first_arc;   /* per function */
	struct buf label;      /* one name at a time */
};

/* What names a function here: its file and qualified name, and with those of one
 * name, its line. */
static uint64_t name_key(const struct function *f, bool with_line)
{
	uint64_t key = map_mix((uintptr_t)f->file) ^ (uintptr_t)f->qualname;

	return with_line ? map_mix(key) ^ (f->line + 1ull) << 1 : key;
}

/* Whether another function has this name. */
static bool is_taken(const struct writer *w, uint32_t function, bool with_line)
{
	const struct function *f = &w->p->functions[function];
	uint32_t i;
	size_t at = 0;

	while ((i = map_find(&w->names, name_key(f, with_line), &at)) != MAP_NONE) {
		const struct function *other = &w->p->functions[i / 2];

		if (i / 2 != function && i % 2 == with_line && other->file == f->file &&
		    other->qualname == f->qualname && (!with_line || other->line == f->line))
			return true;
	}
	return false;
}

/* The first two of a name stand for all: a hundred thousand equal keys would
 * make one long row of the table. */
static int index_names(struct writer *w)
{
	if (map_reserve(&w->names, 2 * (size_t)w->p->nfunctions) < 0)
		return -1;
	for (uint32_t i = 0; i < 2 * w->p->nfunctions; i++) {
		const struct function *f = &w->p->functions[i / 2];
		uint64_t key = name_key(f, i % 2);
		size_t at = 0;

		if (map_find(&w->names, key, &at) != MAP_NONE &&
		    map_find(&w->names, key, &at) != MAP_NONE)
			continue;
		if (map_add(&w->names, key, i) < 0)
			return -1;
	}
	return 0;
}

static int number_file(struct writer *w, struct map *ids, uint32_t function)
{
	uintptr_t file = (uintptr_t)w->p->functions[function].file;
	uint32_t id;

	if (w->file_of[function] != 0)
		return 0;
	id = map_get(ids, file);
	if (id == MAP_NONE) {
		id = (uint32_t)ids->used + 1;
		if (map_add(ids, file, id) < 0)
			return -1;
	}
	w->file_of[function] = id;
	return 0;
}

/* In the order in which they are written. */
static int number_files(struct writer *w)
{
	struct map ids = MAP_INIT;
	uint32_t n = w->p->nfunctions;
	int rc = 0;

	w->file_of = mem_zalloc(n * sizeof *w->file_of);
	w->file_named = mem_zalloc((size_t)n + 1);
	if (w->file_of == NULL || w->file_named == NULL)
		return -1;
	for (uint32_t i = 0; i < n && rc == 0; i++) {
		rc = number_file(w, &ids, i);
		for (uint32_t a = w->first_arc[i]; a != PROFILE_NONE && rc == 0; a = w->next_arc[a])
			rc = number_file(w, &ids, table_arc_at(w->table, a)->callee);
	}
	map_release(&ids);
	return rc;
}

static int link_arcs(struct writer *w)
{
	const struct table *t = w->table;
	uint32_t n = w->p->nfunctions;

	w->first_arc = mem_array(NULL, n, sizeof *w->first_arc);
	w->next_arc = mem_array(NULL, t->narcs, sizeof *w->next_arc);
	w->named = mem_zalloc(n * sizeof *w->named);
	if (w->first_arc == NULL || w->next_arc == NULL || w->named == NULL)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		w->first_arc[i] = PROFILE_NONE;
	/* From the last, so that each list is in the order they came. */
	for (uint32_t i = t->narcs; i-- > 0;) {
		uint32_t caller = table_arc_at(t, i)->caller;

		w->next_arc[i] = w->first_arc[caller];
		w->first_arc[caller] = i;
	}
	return 0;
}

/* A line stays one, and harmless on a terminal. */
static void put_line_text(struct buf *out, const char *s)
{
	text_printable(out, s);
}

static void put_name(struct writer *w, uint32_t function)
{
	const struct function *f = &w->p->functions[function];

	buf_clear(&w->label);
	if (f->line == 0 && f->name == f->qualname && strcmp(f->file, "~") == 0)
		pstats_name(&w->label, f);
	else
		buf_adds(&w->label, f->qualname);
	put_line_text(w->out, w->label.len ? buf_str(&w->label) : "?");
	w->out->failed = w->out->failed || w->label.failed;
	if (is_taken(w, function, false)) {
		buf_addc(w->out, ':');
		buf_addu(w->out, f->line);
	}
	if (is_taken(w, function, true)) {
		buf_addc(w->out, ':');
		put_line_text(w->out, f->name);
	}
}

static void put_id(struct buf *out, const char *key, uint32_t id)
{
	buf_adds(out, key);
	buf_add(out, "=(", 2);
	buf_addu(out, id);
	buf_addc(out, ')');
}

static void put_file(struct writer *w, const char *key, uint32_t function)
{
	uint32_t id = w->file_of[function];
	const char *file = w->p->functions[function].file;

	if (file[0] == ' ') {
		buf_printf(w->out, "%s=", key);
		put_line_text(w->out, file);
		buf_addc(w->out, '\n');
		return;
	}
	put_id(w->out, key, id);
	if (!w->file_named[id]) {
		w->file_named[id] = true;
		buf_addc(w->out, ' ');
		put_line_text(w->out, file[0] ? file : "?");
	}
	buf_addc(w->out, '\n');
}

static void put_function(struct writer *w, const char *key, uint32_t function)
{
	if (w->p->functions[function].qualname[0] == ' ') {
		buf_printf(w->out, "%s=", key);
		put_name(w, function);
		buf_addc(w->out, '\n');
		return;
	}
	put_id(w->out, key, function + 1);
	if (!w->named[function]) {
		w->named[function] = true;
		buf_addc(w->out, ' ');
		put_name(w, function);
	}
	buf_addc(w->out, '\n');
}

/* Less than nothing, which only a clock gone wrong can make, is nothing: viewers
 * read unsigned numbers. */
static uint64_t cost(int64_t value)
{
	return value < 0 ? 0 : (uint64_t)value;
}

/* Of a function its self, of a call what is below. */
static void put_costs(struct writer *w, const struct totals *t, bool call)
{
	for (uint32_t m = 0; m < w->p->nmetrics; m++) {
		buf_addc(w->out, ' ');
		buf_addu(w->out, cost(call ? t->costs[m].below : t->costs[m].self));
	}
	buf_addc(w->out, '\n');
}

static void put_block(struct writer *w, uint32_t function)
{
	const struct function *f = &w->p->functions[function];

	buf_addc(w->out, '\n');
	put_file(w, "fl", function);
	put_function(w, "fn", function);
	buf_addu(w->out, f->line);
	put_costs(w, table_function(w->table, function), false);
	for (uint32_t i = w->first_arc[function]; i != PROFILE_NONE; i = w->next_arc[i]) {
		const struct arc *arc = table_arc_at(w->table, i);
		const struct function *callee = &w->p->functions[arc->callee];

		put_file(w, "cfl", arc->callee);
		put_function(w, "cfn", arc->callee);
		buf_add(w->out, "calls=", 6);
		buf_addu(w->out, arc->totals.ncalls ? arc->totals.ncalls : 1);
		buf_addc(w->out, ' ');
		buf_addu(w->out, callee->line);
		buf_addc(w->out, '\n');
		buf_addu(w->out, f->line);
		put_costs(w, &arc->totals, true);
	}
}

/* "voluntary switches" would be two columns. */
static void put_event_name(struct buf *out, const char *name)
{
	for (; *name != '\0'; name++)
		buf_addc(out, isalnum((unsigned char)*name) ? *name : '_');
}

static void put_events(struct writer *w)
{
	const struct profile *p = w->p;

	for (uint32_t m = 0; m < p->nmetrics; m++) {
		size_t unit;

		buf_adds(w->out, "event: ");
		put_event_name(w->out, p->metrics[m].name);
		buf_adds(w->out, " : ");
		unit = w->out->len;
		put_line_text(w->out, p->metrics[m].unit);
		if (unit < w->out->len)
			w->out->data[unit] = (char)toupper((unsigned char)w->out->data[unit]);
		buf_addc(w->out, '\n');
	}
	buf_adds(w->out, "events:");
	for (uint32_t m = 0; m < p->nmetrics; m++) {
		buf_addc(w->out, ' ');
		put_event_name(w->out, p->metrics[m].name);
	}
	buf_addc(w->out, '\n');
}

static void put_total(struct writer *w, const char *key)
{
	buf_adds(w->out, key);
	for (uint32_t m = 0; m < w->p->nmetrics; m++) {
		uint64_t sum = 0;

		for (uint32_t i = 0; i < w->table->nfunctions; i++)
			sum += cost(table_function(w->table, i)->costs[m].self);
		buf_addc(w->out, ' ');
		buf_addu(w->out, sum);
	}
	buf_addc(w->out, '\n');
}

static void put_header(struct writer *w, const struct format_info *info)
{
	buf_adds(w->out, "# callgrind format\nversion: 1\ncreator: cprof " CPROF_VERSION "\n");
	if (info->pid != 0)
		buf_printf(w->out, "pid: %d\n", info->pid);
	if (info->command != NULL) {
		buf_adds(w->out, "cmd: ");
		put_line_text(w->out, info->command);
		buf_addc(w->out, '\n');
	}
	if (w->p->sampled)
		buf_adds(w->out, CALLGRIND_SAMPLED " calls are not counted\n");
	buf_adds(w->out, "positions: line\n");
	put_events(w);
	put_total(w, "summary:");
}

int callgrind_write(struct buf *out, const struct profile *p, const struct format_info *info,
		    struct error *err)
{
	struct table table = TABLE_INIT;
	struct writer w = { .out = out, .p = p };
	int rc = -1;

	if (derive_view(&w.table, &table, p, NULL, 0, err) < 0)
		return -1;
	if (index_names(&w) < 0 || link_arcs(&w) < 0 || number_files(&w) < 0) {
		error_nomem(err);
		goto done;
	}
	put_header(&w, info);
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		put_block(&w, i);
		buf_pass(out);
	}
	buf_addc(out, '\n');
	put_total(&w, "totals:");
	rc = out->failed ? error_nomem(err) : 0;
done:
	buf_release(&w.label);
	mem_free(w.file_of);
	mem_free(w.file_named);
	map_release(&w.names);
	mem_free(w.named);
	mem_free(w.next_arc);
	mem_free(w.first_arc);
	table_release(&table);
	return rc;
}
