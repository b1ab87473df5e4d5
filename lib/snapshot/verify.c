#include "snapshot/verify.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/callgrind.h"
#include "format/callstack.h"
#include "format/line.h"
#include "format/pprof.h"
#include "format/pstats.h"
#include "profile/check.h"
#include "profile/derive.h"
#include "snapshot/files.h"
#include "snapshot/folder.h"
#include "snapshot/name.h"

enum { PROF, TEXT, KGRIND, TREE, NFILES };

static const struct {
	const char *name;
	struct profile *(*read)(struct bytes in, struct error *err);
} kinds[NFILES] = {
	{ "profile.prof", pstats_read }, { "callstack.txt", NULL },
	{ "profile.kgrind", callgrind_read }, { "profile.pb.gz", pprof_read },
};

/* Seconds as doubles tell nanoseconds apart for months; a clock that is asked twice
 * does not. */
enum { CLOCK_NS = 1000 };

struct verify {
	struct buf *out;
	const struct snapshot *s;
	struct error *err;
	struct buf files[NFILES];
	bool is_there[NFILES];
	struct profile *profiles[NFILES];
};

static void say(struct verify *v, const char *file, const char *what)
{
	text_printable(v->out, file);
	buf_adds(v->out, ": ");
	text_printable(v->out, what);
	buf_addc(v->out, '\n');
}

/* -1 without memory. */
static int complaint(struct verify *v, const char *file, const struct error *why)
{
	if (why->code == ERR_NOMEM)
		return error_nomem(v->err);
	say(v, file, why->text);
	return 0;
}

static int read_file(struct verify *v, int i)
{
	char *path = path_join(v->s->path, kinds[i].name);
	struct error why = ERROR_INIT;
	int rc;

	if (path == NULL)
		return error_nomem(v->err);
	rc = folder_read_file(&v->files[i], path, SNAPSHOT_FILE_MAX, &why);
	mem_free(path);
	if (rc < 0 && why.code == ERR_NOT_FOUND) {
		if (strcmp(v->s->manifest.mode, "imported") != 0)
			say(v, kinds[i].name, "is missing");
		return 0;
	}
	if (rc < 0)
		return complaint(v, kinds[i].name, &why);
	v->is_there[i] = true;
	if (kinds[i].read == NULL)
		return 0;
	v->profiles[i] = kinds[i].read(buf_bytes(&v->files[i]), &why);
	return v->profiles[i] == NULL ? complaint(v, kinds[i].name, &why) : 0;
}

/* --- functions of two profiles side by side */

/* What files are compared by: with the name, as pstats does, or by place alone. A
 * place that many share has the sum of them. */
struct row {
	const char *file, *name;
	uint32_t line;
	uint64_t ncalls, nprimitive;
	int64_t self, cum; /* of the first metric */
};

static int by_place(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int order = strcmp(a->file, b->file);

	if (order == 0 && a->line != b->line)
		order = a->line < b->line ? -1 : 1;
	return order != 0 ? order : strcmp(a->name, b->name);
}

static struct row make_row(const char *file, const struct function *f, const char *name,
			   const struct table *table, uint32_t i)
{
	const struct totals *t = table_function(table, i);

	return (struct row){ file, name, f->line, t->ncalls, t->nprimitive,
			     table->nmetrics ? t->costs[0].self : 0,
			     table->nmetrics ? t->costs[0].cum : 0 };
}

static void add_row(struct row *to, const struct row *from)
{
	to->ncalls += from->ncalls;
	to->nprimitive += from->nprimitive;
	to->self += from->self;
	to->cum += from->cum;
}

/* Sorts rows and adds up those of one place; how many are left. */
static uint32_t merge_rows(struct row *rows, uint32_t n)
{
	uint32_t kept = 0;

	if (n != 0)
		qsort(rows, n, sizeof *rows, by_place);
	for (uint32_t i = 0; i < n; i++) {
		if (kept != 0 && by_place(&rows[kept - 1], &rows[i]) == 0)
			add_row(&rows[kept - 1], &rows[i]);
		else
			rows[kept++] = rows[i];
	}
	return kept;
}

/* Rows by pstats' groups, in new memory. */
static struct row *group_rows(const struct profile *p, uint32_t *n, struct table *table,
			      struct pstats_groups *g, struct error *err)
{
	struct row *rows = NULL;

	if (pstats_group(g, p, err) < 0)
		return NULL;
	if (derive_table(table, p, g->of, g->ngroups, err) == 0) {
		rows = mem_array(NULL, g->ngroups, sizeof *rows);
		if (rows == NULL)
			error_nomem(err);
	}
	for (uint32_t i = 0; rows != NULL && i < g->ngroups; i++) {
		const struct function *f = &p->functions[g->first[i]];

		rows[i] = make_row(f->file, f, f->name, table, i);
	}
	*n = rows ? merge_rows(rows, g->ngroups) : 0;
	return rows;
}

static void put_row(struct buf *out, const struct row *r)
{
	if (r->name[0] != '\0')
		buf_printf(out, "%s (%s:%u)", r->name, r->file, (unsigned)r->line);
	else
		buf_printf(out, "%s:%u", r->file, (unsigned)r->line);
}

struct differences {
	struct buf first;
	unsigned n;
};

static void differ(struct differences *d, const struct row *r, const char *what, int64_t a,
		   int64_t b)
{
	if (d->n++ != 0)
		return;
	put_row(&d->first, r);
	buf_printf(&d->first, ": %s %" PRId64 ", not %" PRId64, what, a, b);
}

/* a is the file under suspicion. */
static void compare_rows(struct differences *d, const struct row *a, const struct row *b,
			 bool calls, bool cum)
{
	if (calls && a->ncalls != b->ncalls)
		differ(d, a, "calls", (int64_t)a->ncalls, (int64_t)b->ncalls);
	else if (calls && a->nprimitive != b->nprimitive)
		differ(d, a, "primitive calls", (int64_t)a->nprimitive, (int64_t)b->nprimitive);
	else if (llabs(a->self - b->self) > 1)
		differ(d, a, "self", a->self, b->self);
	else if (cum && llabs(a->cum - b->cum) > 1)
		differ(d, a, "cum", a->cum, b->cum);
}

static void compare_all(struct differences *d, const struct row *a, uint32_t na,
			const struct row *b, uint32_t nb, bool calls, bool cum)
{
	uint32_t i = 0, k = 0;

	while (i < na || k < nb) {
		int order = i == na ? 1 : k == nb ? -1 : by_place(&a[i], &b[k]);

		if (order == 0)
			compare_rows(d, &a[i], &b[k], calls, cum);
		else if (order < 0)
			differ(d, &a[i], "times", 1, 0);
		else
			differ(d, &b[k], "times", 0, 1);
		i += order <= 0;
		k += order >= 0;
	}
}

static void report(struct verify *v, const char *file, const char *other, struct differences *d)
{
	struct buf text = BUF_INIT;

	if (d->n != 0) {
		buf_printf(&text, "disagrees with %s: %s", other, buf_str(&d->first));
		if (d->n > 1)
			buf_printf(&text, "; and %u more", d->n - 1);
		say(v, file, buf_str(&text));
	}
	v->out->failed = v->out->failed || text.failed || d->first.failed;
	buf_release(&text);
	buf_release(&d->first);
}

/* profile.prof beside profile.pb.gz. */
static int compare_prof(struct verify *v)
{
	const struct profile *p[2] = { v->profiles[PROF], v->profiles[TREE] };
	struct table tables[2] = { TABLE_INIT, TABLE_INIT };
	struct pstats_groups groups[2] = { { NULL, NULL, 0 }, { NULL, NULL, 0 } };
	struct row *rows[2] = { NULL, NULL };
	struct differences d = { BUF_INIT, 0 };
	uint32_t n[2] = { 0, 0 };
	int rc = 0;

	for (int i = 0; i < 2 && rc == 0; i++) {
		rows[i] = group_rows(p[i], &n[i], &tables[i], &groups[i], v->err);
		rc = rows[i] == NULL ? -1 : 0;
	}
	if (rc == 0) {
		compare_all(&d, rows[0], n[0], rows[1], n[1], true, true);
		if (d.n == 0 && tables[0].narcs != tables[1].narcs)
			say(v, kinds[PROF].name, "has other arcs than profile.pb.gz");
	}
	report(v, kinds[PROF].name, kinds[TREE].name, &d);
	for (int i = 0; i < 2; i++) {
		mem_free(rows[i]);
		table_release(&tables[i]);
		pstats_groups_release(&groups[i]);
	}
	return rc;
}

/* Rows by place alone, of a file's name as callgrind has it. */
static struct row *place_rows(const struct profile *p, uint32_t *n, struct arena *names,
			      struct error *err)
{
	struct row *rows = mem_array(NULL, p->nfunctions, sizeof *rows);
	struct buf name = BUF_INIT;
	struct table table;

	if (rows == NULL) {
		error_nomem(err);
		return NULL;
	}
	if (derive_table(&table, p, NULL, 0, err) < 0) {
		mem_free(rows);
		return NULL;
	}
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct function *f = &p->functions[i];

		buf_clear(&name);
		text_printable(&name, f->file[0] ? f->file : "?");
		rows[i] = make_row(arena_strdup(names, buf_str(&name)), f, "", &table, i);
		if (rows[i].self < 0)
			rows[i].self = 0;
		if (rows[i].file == NULL || name.failed) {
			mem_free(rows);
			rows = NULL;
			error_nomem(err);
			break;
		}
	}
	*n = rows ? merge_rows(rows, p->nfunctions) : 0;
	buf_release(&name);
	table_release(&table);
	return rows;
}

/* profile.kgrind beside profile.pb.gz, or where there is none, profile.prof. */
static int compare_kgrind(struct verify *v, int other)
{
	struct arena names = ARENA_INIT;
	struct differences d = { BUF_INIT, 0 };
	uint32_t na, nb;
	struct row *a = place_rows(v->profiles[KGRIND], &na, &names, v->err);
	struct row *b = a ? place_rows(v->profiles[other], &nb, &names, v->err) : NULL;

	/* How costs below the callees add up is known from a tree alone. */
	if (b != NULL)
		compare_all(&d, a, na, b, nb, false, other == TREE);
	report(v, kinds[KGRIND].name, kinds[other].name, &d);
	mem_free(a);
	mem_free(b);
	arena_release(&names);
	return b == NULL ? -1 : 0;
}

static struct bytes behind_line(struct bytes in)
{
	const uint8_t *end = in.len ? memchr(in.data, '\n', in.len) : NULL;
	size_t n = end ? (size_t)(end + 1 - in.data) : in.len;

	return (struct bytes){ in.data + n, in.len - n };
}

static int compare_text(struct verify *v)
{
	struct format_info info = { .path = "" };
	struct buf want = BUF_INIT;
	struct bytes a, b;
	int rc = callstack_write(&want, v->profiles[PROF], &info, v->err);

	a = behind_line(buf_bytes(&v->files[TEXT]));
	b = behind_line(buf_bytes(&want));
	if (rc == 0 && (a.len != b.len || memcmp(a.data, b.data, a.len) != 0))
		say(v, kinds[TEXT].name, "is not what pstats prints of profile.prof");
	buf_release(&want);
	return rc;
}

/* --- beside the clock */

static int check_time(struct verify *v, const struct profile *p)
{
	const struct manifest *m = &v->s->manifest;
	int wall = pstats_time_metric(p);
	struct buf text = BUF_INIT;
	struct table t;
	int64_t total, name_ms;
	size_t method, route, len;

	if (snapshot_name_parse(v->s->name, &method, &route, &len, &name_ms) &&
	    v->s->has_manifest && name_ms != (m->wall_ns + 500000) / 1000000) {
		buf_printf(&text, "%" PRId64 " ms by the folder's name, %.3f ms by snapshot.json",
			   name_ms, (double)m->wall_ns / 1e6);
		say(v, v->s->name, buf_str(&text));
	}
	if (wall >= 0 && v->s->has_manifest) {
		if (derive_table(&t, p, NULL, 0, v->err) < 0) {
			buf_release(&text);
			return -1;
		}
		total = profile_total(p, &t, (uint32_t)wall);
		buf_clear(&text);
		if (total > m->wall_ns + CLOCK_NS) {
			buf_printf(&text, "%.6f ms passed by the profile, %.6f ms by the clock",
				   (double)total / 1e6, (double)m->wall_ns / 1e6);
			say(v, "snapshot.json", buf_str(&text));
		}
		table_release(&t);
	}
	buf_release(&text);
	return 0;
}

static int check_numbers(struct verify *v, int i)
{
	struct buf lines = BUF_INIT;
	int rc = profile_check(&lines, v->profiles[i], v->err);
	struct bytes left = buf_bytes(&lines), line;

	while (rc == 0 && line_next(&left, &line)) {
		buf_printf(v->out, "%s: ", kinds[i].name);
		buf_add(v->out, line.data, line.len);
		buf_addc(v->out, '\n');
	}
	buf_release(&lines);
	return rc;
}

static int compare(struct verify *v)
{
	int truth = v->profiles[TREE] ? TREE : v->profiles[PROF] ? PROF : KGRIND;

	if (v->profiles[truth] == NULL)
		return 0;
	if (check_numbers(v, truth) < 0 || check_time(v, v->profiles[truth]) < 0)
		return -1;
	if (v->profiles[PROF] != NULL && v->profiles[TREE] != NULL && compare_prof(v) < 0)
		return -1;
	if (v->profiles[KGRIND] != NULL && truth != KGRIND && compare_kgrind(v, truth) < 0)
		return -1;
	return v->is_there[TEXT] && v->profiles[PROF] != NULL ? compare_text(v) : 0;
}

int snapshot_verify(struct buf *out, const struct snapshot *s, struct error *err)
{
	struct verify v = { .out = out, .s = s, .err = err };
	int rc = 0;

	if (!s->has_manifest)
		rc = complaint(&v, s->name, &s->problem);
	for (int i = 0; i < NFILES && rc == 0; i++)
		rc = read_file(&v, i);
	if (rc == 0)
		rc = compare(&v);
	for (int i = 0; i < NFILES; i++) {
		buf_release(&v.files[i]);
		profile_free(v.profiles[i]);
	}
	return rc < 0 || out->failed ? error_nomem(err) : 0;
}
