/* callstack.txt: what pstats.Stats(PATH).sort_stats("time", "name").print_stats()
 * prints, the same from CPython 3.8 to 3.15:
 *
 *     Sat Nov 21 18:20:37 2026    PATH
 *
 *              5 function calls (3 primitive calls) in 0.012 seconds
 *
 *        Ordered by: internal time, function name
 *
 *        ncalls  tottime  percall  cumtime  percall filename:lineno(function)
 *           3/1    0.012    0.004    0.012    0.012 app.py:1(fib)
 *
 * with two empty lines at the end. Traps: all arithmetic is on the doubles of
 * profile.prof, the total added up in the order of the file; percall is blank
 * when there is nothing to divide by; equal times go by the bare name (not by
 * what is printed), code point by code point, which is the order of UTF-8's
 * bytes; what is still equal stays in the order of the file. In names what a terminal
 * would obey is \xNN, where pstats prints it as it is. */
#include "format/callstack.h"

#include <stdlib.h>
#include <string.h>

#include "base/localtime.h"
#include "base/mem.h"
#include "base/text.h"
#include "format/number.h"
#include "format/pstats.h"
#include "profile/derive.h"

struct row {
	uint64_t ncalls, nprimitive;
	double tottime, cumtime;
	const char *file, *name;
	uint32_t line;
};

/* What is sorted is small, for it is moved about. */
struct place {
	double tottime;
	const struct row *row; /* those of a file are in its order */
};

static int by_time_and_name(const void *left, const void *right)
{
	const struct place *a = left, *b = right;
	int names;

	if (a->tottime != b->tottime)
		return a->tottime > b->tottime ? -1 : 1;
	names = strcmp(a->row->name, b->row->name);
	if (names != 0)
		return names;
	return a->row < b->row ? -1 : 1;
}

static struct row *make_rows(const struct profile *p, const struct pstats_groups *g,
			     const struct table *t)
{
	struct row *rows = mem_array(NULL, g->ngroups, sizeof *rows);
	int m = pstats_time_metric(p);

	for (uint32_t i = 0; rows != NULL && i < g->ngroups; i++) {
		const struct totals *of = table_function(t, i);
		const struct function *f = &p->functions[g->first[i]];

		rows[i] = (struct row){ of->ncalls, of->nprimitive,
					pstats_seconds(of->costs[m].self),
					pstats_seconds(of->costs[m].cum),
					f->file, f->name, f->line };
	}
	return rows;
}

/* printf, which a text may do without, has code that is large and cold. */
static void add_two(struct buf *out, char before, int n, char fill)
{
	buf_addc(out, before);
	buf_addc(out, n < 10 ? fill : (char)('0' + n / 10));
	buf_addc(out, (char)('0' + n % 10));
}

/* As time.ctime: the day of the month padded with a space, and never in another
 * language, as strftime would be. */
void callstack_add_date(struct buf *out, time_t when)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;
	int64_t year;

	if (!localtime_get(when, &tm))
		memset(&tm, 0, sizeof tm);
	year = (int64_t)tm.tm_year + 1900;
	buf_adds(out, days[tm.tm_wday]);
	buf_addc(out, ' ');
	buf_adds(out, months[tm.tm_mon]);
	add_two(out, ' ', tm.tm_mday, ' ');
	add_two(out, ' ', tm.tm_hour, '0');
	add_two(out, ':', tm.tm_min, '0');
	add_two(out, ':', tm.tm_sec, '0');
	buf_addc(out, ' ');
	if (year < 0)
		buf_addc(out, '-');
	buf_addu(out, (uint64_t)(year < 0 ? -year : year));
}

static void add_header(struct buf *out, const struct row *rows, uint32_t n,
		       const struct format_info *info)
{
	uint64_t ncalls = 0, nprimitive = 0;
	double total = 0;

	for (uint32_t i = 0; i < n; i++) {
		ncalls += rows[i].ncalls;
		nprimitive += rows[i].nprimitive;
		total += rows[i].tottime;
	}
	callstack_add_date(out, info->mtime);
	buf_adds(out, "    ");
	text_printable(out, info->path ? info->path : "");
	buf_adds(out, "\n\n");
	buf_pad(out, ' ', 9);
	buf_addu(out, ncalls);
	buf_adds(out, " function calls ");
	if (ncalls != nprimitive) {
		buf_addc(out, '(');
		buf_addu(out, nprimitive);
		buf_adds(out, " primitive calls) ");
	}
	buf_adds(out, "in ");
	number_add_fixed(out, 0, 3, total);
	buf_adds(out, " seconds\n\n");
}

static void add_time(struct buf *out, double seconds)
{
	number_add_fixed(out, 8, 3, seconds);
	buf_addc(out, ' ');
}

/* Where there is room for it; NULL for a time that is rare, see number_put_thousandths. */
static inline char *put_time(char *to, double seconds)
{
	char *end = to != NULL ? number_put_thousandths(to, 8, seconds) : NULL;

	if (end != NULL)
		*end++ = ' ';
	return end;
}

static char *put_percall(char *to, double seconds, uint64_t calls)
{
	if (calls != 0 || to == NULL)
		return put_time(to, seconds / (double)calls);
	memset(to, ' ', 9);
	return to + 9;
}

static void add_percall(struct buf *out, double seconds, uint64_t calls)
{
	if (calls == 0)
		buf_pad(out, ' ', 9);
	else
		add_time(out, seconds / (double)calls);
}

static char *put_calls(char *to, uint64_t ncalls, uint64_t nprimitive)
{
	char calls[2 * BUF_DIGITS + 1], *end = buf_digits(calls, ncalls);
	size_t len;

	if (ncalls != nprimitive) {
		*end++ = '/';
		end = buf_digits(end, nprimitive);
	}
	len = (size_t)(end - calls);
	memset(to, ' ', 9);
	to += len < 9 ? 9 - len : 0;
	memcpy(to, calls, len);
	to[len] = ' ';
	return to + len + 1;
}

void callstack_add_numbers(struct buf *out, uint64_t ncalls, uint64_t nprimitive,
			   double tottime, double cumtime)
{
	enum { ROOM = 2 * BUF_DIGITS + 10 + 4 * (NUMBER_PUT_MAX + 1) };
	char *to = buf_reserve(out, ROOM) ? out->data + out->len : NULL, *end;

	if (to == NULL)
		return;
	to = put_calls(to, ncalls, nprimitive);
	out->len = (size_t)(to - out->data);
	end = put_time(to, tottime);
	end = put_percall(end, tottime, ncalls);
	end = put_time(end, cumtime);
	end = put_percall(end, cumtime, nprimitive);
	if (end != NULL) {
		out->len = (size_t)(end - out->data);
		return;
	}
	add_time(out, tottime);
	add_percall(out, tottime, ncalls);
	add_time(out, cumtime);
	add_percall(out, cumtime, nprimitive);
}

/* As pstats prints it, but for what a terminal would obey. */
static void add_printable(struct buf *out, size_t from)
{
	struct buf raw = BUF_INIT;
	size_t len = out->len - from;

	if (out->failed || text_plain_length(out->data + from, len) == len)
		return;
	buf_add(&raw, out->data + from, len);
	out->len = from;
	text_printable(out, buf_str(&raw));
	out->failed = out->failed || raw.failed;
	buf_release(&raw);
}

void callstack_add_name(struct buf *out, const struct function *f)
{
	size_t from = out->len;

	pstats_name(out, f);
	add_printable(out, from);
}

static void add_row(struct buf *out, const struct row *row)
{
	callstack_add_numbers(out, row->ncalls, row->nprimitive, row->tottime, row->cumtime);
	callstack_add_name(out, &(struct function){ row->file, row->name, row->name, row->line });
	buf_addc(out, '\n');
}

static void add_table(struct buf *out, const struct place *places, uint32_t n)
{
	buf_adds(out, "   Ordered by: internal time, function name\n\n"
		      "   ncalls  tottime  percall  cumtime  percall filename:lineno(function)\n");
	for (uint32_t i = 0; i < n; i++) {
		add_row(out, places[i].row);
		buf_pass(out);
	}
	buf_adds(out, "\n\n");
}

static int add_rows(struct buf *out, const struct row *rows, uint32_t n,
		    const struct format_info *info, struct error *err)
{
	struct place *places = mem_array(NULL, n, sizeof *places);

	if (places == NULL)
		return error_nomem(err);
	add_header(out, rows, n, info);
	for (uint32_t i = 0; i < n; i++)
		places[i] = (struct place){ rows[i].tottime, &rows[i] };
	if (n != 0) {
		qsort(places, n, sizeof *places, by_time_and_name);
		add_table(out, places, n);
	}
	mem_free(places);
	return out->failed ? error_nomem(err) : 0;
}

int callstack_write_sum(struct buf *out, const struct pstats_sum *s,
			const struct format_info *info, struct error *err)
{
	struct row *rows = mem_array(NULL, s->nentries, sizeof *rows);
	int rc;

	if (rows == NULL)
		return error_nomem(err);
	for (uint32_t i = 0; i < s->nentries; i++) {
		const struct pstats_row *from = &s->entries[i].row;
		const struct pstats_key *key = &s->keys[s->entries[i].key];

		rows[i] = (struct row){ (uint64_t)from->ncalls, (uint64_t)from->nprimitive,
					from->tottime, from->cumtime, key->file, key->name,
					key->line };
	}
	rc = add_rows(out, rows, (uint32_t)s->nentries, info, err);
	mem_free(rows);
	return rc;
}

int callstack_write(struct buf *out, const struct profile *p, const struct format_info *info,
		    struct error *err)
{
	struct pstats_groups groups = { NULL, NULL, 0 };
	struct table own = TABLE_INIT;
	const struct table *table;
	struct row *rows = NULL;
	int rc = -1;

	if (pstats_time_metric(p) < 0)
		return error_set(err, ERR_REFUSED,
				 "there are no times to write: pstats prints seconds");
	if (pstats_group(&groups, p, err) < 0 ||
	    pstats_derive(&table, &own, p, &groups, err) < 0)
		goto done;
	rows = make_rows(p, &groups, table);
	if (rows == NULL) {
		error_nomem(err);
		goto done;
	}
	rc = add_rows(out, rows, groups.ngroups, info, err);
done:
	mem_free(rows);
	table_release(&own);
	pstats_groups_release(&groups);
	return rc;
}
