#include <string.h>

#include "base/arena.h"
#include "base/mem.h"
#include "base/version.h"
#include "format/fold.h"
#include "format/gzip.h"
#include "format/pprof.h"
#include "format/pprof_fields.h"
#include "format/proto.h"
#include "profile/derive.h"

/* The whole is one message; its fields go to the file one by one. */
struct writer {
	struct gzip_writer gzip;
	struct buf field, message; /* one of each at a time */
	struct map strings;        /* address -> index in the string table */
	const char **table;
	size_t nstrings, strings_cap;
	struct arena texts; /* those that are nobody else's */
	bool failed;
};

/* A text's index. Its address is its identity: what comes twice from two places
 * is in the table twice, which is no harm. */
static uint64_t string(struct writer *w, const char *s)
{
	uint32_t i;
	const char **grown;

	if (s == NULL || s[0] == '\0')
		return 0;
	i = map_get(&w->strings, (uintptr_t)s);
	if (i != MAP_NONE)
		return i;
	grown = mem_grow(w->table, &w->strings_cap, w->nstrings + 1, sizeof *grown);
	if (grown == NULL || map_add(&w->strings, (uintptr_t)s, (uint32_t)w->nstrings) < 0) {
		w->failed = true;
		if (grown != NULL)
			w->table = grown;
		return 0;
	}
	w->table = grown;
	grown[w->nstrings] = s;
	return w->nstrings++;
}

static void flush(struct writer *w)
{
	w->failed = w->failed || w->field.failed || w->message.failed;
	gzip_add(&w->gzip, w->field.data, w->field.len);
	buf_clear(&w->field);
	buf_clear(&w->message);
}

/* What was gathered in w->message. */
static void put_message(struct writer *w, unsigned number)
{
	proto_add_bytes(&w->field, number, w->message.data, w->message.len);
	flush(w);
}

static void put_number(struct writer *w, unsigned number, int64_t value)
{
	proto_add_int(&w->field, number, value);
	flush(w);
}

static void put_value_type(struct writer *w, const char *type, const char *unit)
{
	proto_add_uint(&w->message, VALUE_TYPE_TYPE, string(w, type));
	proto_add_uint(&w->message, VALUE_TYPE_UNIT, string(w, unit));
	put_message(w, PROFILE_SAMPLE_TYPE);
}

static void put_types(struct writer *w, const struct profile *p)
{
	if (!p->sampled)
		put_value_type(w, PPROF_CALLS, "count");
	for (uint32_t m = 0; m < p->nmetrics; m++)
		put_value_type(w, p->metrics[m].name, p->metrics[m].unit);
}

/* scratch holds the packed row that goes into the message. */
static void put_sample(struct writer *w, struct buf *scratch, const struct profile *tree,
		       uint32_t node, const int64_t *self, bool sampled)
{
	buf_clear(scratch);
	for (uint32_t i = node; i != 0; i = tree->nodes[i].parent)
		proto_add_varint(scratch, (uint64_t)tree->nodes[i].function + 1);
	if (scratch->len != 0)
		proto_add_bytes(&w->message, SAMPLE_LOCATION_ID, scratch->data, scratch->len);
	w->failed = w->failed || scratch->failed;
	buf_clear(scratch);
	if (!sampled)
		proto_add_varint(scratch, tree->nodes[node].ncalls);
	for (uint32_t m = 0; m < tree->nmetrics; m++)
		proto_add_varint(scratch, (uint64_t)self[m]);
	proto_add_bytes(&w->message, SAMPLE_VALUE, scratch->data, scratch->len);
	w->failed = w->failed || scratch->failed;
	put_message(w, PROFILE_SAMPLE);
}

static bool is_zero(const int64_t *values, uint32_t n)
{
	while (n-- > 0)
		if (values[n] != 0)
			return false;
	return true;
}

/* A root that was never started has no time of its own, and certainly not less
 * than none. */
static void put_samples(struct writer *w, const struct profile *p, const struct profile *tree,
			const int64_t *self)
{
	uint32_t first = is_zero(profile_node_cum(p, 0), p->nmetrics) ? 1 : 0;
	struct buf scratch = BUF_INIT;

	for (uint32_t i = first; i < tree->nnodes && !w->failed; i++) {
		const int64_t *values = &self[(size_t)i * tree->nmetrics];

		if (tree->nodes[i].ncalls != 0 || !is_zero(values, tree->nmetrics))
			put_sample(w, &scratch, tree, i, values, p->sampled);
	}
	buf_release(&scratch);
}

/* One, made up: it says that names, files and lines are known, so that no viewer
 * looks for symbols. */
static void put_mapping(struct writer *w)
{
	proto_add_uint(&w->message, MAPPING_ID, 1);
	proto_add_uint(&w->message, MAPPING_FILENAME, string(w, "python"));
	proto_add_uint(&w->message, MAPPING_HAS_FUNCTIONS, 1);
	proto_add_uint(&w->message, MAPPING_HAS_FILENAMES, 1);
	proto_add_uint(&w->message, MAPPING_HAS_LINE_NUMBERS, 1);
	put_message(w, PROFILE_MAPPING);
}

static void put_functions(struct writer *w, const struct profile *p)
{
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct function *f = &p->functions[i];

		proto_add_uint(&w->message, LINE_FUNCTION_ID, (uint64_t)i + 1);
		proto_add_uint(&w->message, LINE_LINE, f->line);
		proto_add_uint(&w->field, LOCATION_ID, (uint64_t)i + 1);
		proto_add_uint(&w->field, LOCATION_MAPPING_ID, 1);
		proto_add_bytes(&w->field, LOCATION_LINE, w->message.data, w->message.len);
		buf_clear(&w->message);
		buf_add(&w->message, w->field.data, w->field.len);
		buf_clear(&w->field);
		put_message(w, PROFILE_LOCATION);
	}
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct function *f = &p->functions[i];

		proto_add_uint(&w->message, FUNCTION_ID, (uint64_t)i + 1);
		proto_add_uint(&w->message, FUNCTION_NAME, string(w, f->qualname));
		/* Where both are one text, "go tool pprof" takes it for a mangled
		 * name and strips "<lambda>" as if that were a template. */
		if (f->name != f->qualname)
			proto_add_uint(&w->message, FUNCTION_SYSTEM_NAME, string(w, f->name));
		proto_add_uint(&w->message, FUNCTION_FILENAME, string(w, f->file));
		proto_add_uint(&w->message, FUNCTION_START_LINE, f->line);
		put_message(w, PROFILE_FUNCTION);
	}
}

static void put_comment(struct writer *w, const char *text)
{
	/* A row of indices of which none is 0: never left out. */
	if (text != NULL && text[0] != '\0')
		put_number(w, PROFILE_COMMENT, (int64_t)string(w, text));
}

static void put_count(struct writer *w, const char *what, uint64_t n)
{
	struct buf text = BUF_INIT;
	const char *copy;

	if (n == 0)
		return;
	buf_adds(&text, what);
	buf_addu(&text, n);
	copy = arena_strdup(&w->texts, buf_str(&text));
	if (copy == NULL || text.failed)
		w->failed = true;
	else
		put_comment(w, copy);
	buf_release(&text);
}

static void put_rest(struct writer *w, const struct profile *p, const struct format_info *info)
{
	put_number(w, PROFILE_TIME_NANOS, info->time_ns);
	put_number(w, PROFILE_DURATION_NANOS, info->duration_ns);
	put_comment(w, PPROF_VERSION CPROF_VERSION);
	put_comment(w, info->command);
	put_count(w, PPROF_LOST, p->nlost);
	put_count(w, PPROF_FOLDED, p->nfolded);
	if (p->nmetrics != 0)
		put_number(w, PROFILE_DEFAULT_SAMPLE_TYPE,
			   (int64_t)string(w, p->metrics[0].name));
	/* Last, for only now all are known. */
	for (size_t i = 0; i < w->nstrings; i++) {
		proto_add_bytes(&w->field, PROFILE_STRING_TABLE, w->table[i], strlen(w->table[i]));
		flush(w);
	}
}

static int begin(struct writer *w, struct buf *out)
{
	memset(w, 0, sizeof *w);
	gzip_begin(&w->gzip, out);
	w->table = mem_grow(NULL, &w->strings_cap, 64, sizeof *w->table);
	if (w->table == NULL)
		return -1;
	w->table[w->nstrings++] = "";
	return 0;
}

static void release(struct writer *w)
{
	gzip_end(&w->gzip);
	buf_release(&w->field);
	buf_release(&w->message);
	map_release(&w->strings);
	mem_free(w->table);
	arena_release(&w->texts);
}

int pprof_write(struct buf *out, const struct profile *p, const struct format_info *info,
		struct error *err)
{
	struct profile *folded = NULL;
	struct writer w;
	int64_t *self = NULL;
	int rc = -1, limit;

	if (!profile_has_tree(p))
		return error_set(err, ERR_REFUSED,
				 "there is no call tree to write: pprof's format holds stacks");
	if (begin(&w, out) < 0)
		goto done;
	self = derive_node_self(p);
	limit = fold_limit(p);
	if (self == NULL || limit < 0)
		goto done;
	if (limit > 0) {
		folded = fold_tree(p, self, (unsigned)limit);
		if (folded == NULL)
			goto done;
		mem_free(self);
		self = NULL;
	}
	put_types(&w, p);
	put_samples(&w, p, folded ? folded : p, folded ? folded->cum : self);
	put_mapping(&w);
	put_functions(&w, p);
	put_rest(&w, p, info);
	rc = w.failed ? -1 : 0;
done:
	release(&w);
	profile_free(folded);
	mem_free(self);
	return rc < 0 || out->failed ? error_nomem(err) : 0;
}
