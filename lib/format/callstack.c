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

#include <stdio.h>
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
	const struct function *function;
	uint32_t position; /* in the file */
};

static int by_time_and_name(const void *left, const void *right)
{
	const struct row *a = left, *b = right;
	int names;

	if (a->tottime != b->tottime)
		return a->tottime > b->tottime ? -1 : 1;
	names = strcmp(a->function->name, b->function->name);
	if (names != 0)
		return names;
	return a->position < b->position ? -1 : 1;
}

static struct row *make_rows(const struct profile *p, const struct pstats_groups *g,
			     const struct table *t)
{
	struct row *rows = mem_array(NULL, g->ngroups, sizeof *rows);
	int m = pstats_time_metric(p);

	for (uint32_t i = 0; rows != NULL && i < g->ngroups; i++) {
		const struct totals *of = &t->functions[i];

		rows[i] = (struct row){ of->ncalls, of->nprimitive,
					pstats_seconds(of->self[m]), pstats_seconds(of->cum[m]),
					&p->functions[g->first[i]], i };
	}
	return rows;
}

/* As time.ctime: the day of the month padded with a space, and never in another
 * language, as strftime would be. */
void callstack_add_date(struct buf *out, time_t when)
{
	static const char days[][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct tm tm;

	if (!localtime_get(when, &tm))
		memset(&tm, 0, sizeof tm);
	buf_printf(out, "%s %s%3d %.2d:%.2d:%.2d %lld", days[tm.tm_wday], months[tm.tm_mon],
		   tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, 1900ll + tm.tm_year);
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
	buf_printf(out, "         %llu function calls ", (unsigned long long)ncalls);
	if (ncalls != nprimitive)
		buf_printf(out, "(%llu primitive calls) ", (unsigned long long)nprimitive);
	buf_adds(out, "in ");
	number_add_fixed(out, 0, 3, total);
	buf_adds(out, " seconds\n\n");
}

static void add_time(struct buf *out, double seconds)
{
	number_add_fixed(out, 8, 3, seconds);
	buf_addc(out, ' ');
}

static void add_percall(struct buf *out, double seconds, uint64_t calls)
{
	if (calls == 0)
		buf_pad(out, ' ', 9);
	else
		add_time(out, seconds / (double)calls);
}

/* As pstats prints it, but for what a terminal would obey. */
static void add_printable(struct buf *out, size_t from)
{
	struct buf raw = BUF_INIT;
	size_t plain = from;

	while (plain < out->len && out->data[plain] >= 0x20 && out->data[plain] < 0x7F)
		plain++;
	if (plain == out->len || out->failed)
		return;
	buf_add(&raw, out->data + from, out->len - from);
	out->len = from;
	text_printable(out, buf_str(&raw));
	out->failed = out->failed || raw.failed;
	buf_release(&raw);
}

static void add_row(struct buf *out, const struct row *row)
{
	char calls[48];
	size_t from;
	int len;

	if (row->ncalls != row->nprimitive)
		len = snprintf(calls, sizeof calls, "%llu/%llu", (unsigned long long)row->ncalls,
			       (unsigned long long)row->nprimitive);
	else
		len = snprintf(calls, sizeof calls, "%llu", (unsigned long long)row->ncalls);
	buf_pad(out, ' ', len < 9 ? (size_t)(9 - len) : 0);
	buf_adds(out, calls);
	buf_addc(out, ' ');
	add_time(out, row->tottime);
	add_percall(out, row->tottime, row->ncalls);
	add_time(out, row->cumtime);
	add_percall(out, row->cumtime, row->nprimitive);
	from = out->len;
	pstats_name(out, row->function);
	add_printable(out, from);
	buf_addc(out, '\n');
}

static void add_table(struct buf *out, const struct row *rows, uint32_t n)
{
	buf_adds(out, "   Ordered by: internal time, function name\n\n"
		      "   ncalls  tottime  percall  cumtime  percall filename:lineno(function)\n");
	for (uint32_t i = 0; i < n; i++)
		add_row(out, &rows[i]);
	buf_adds(out, "\n\n");
}

int callstack_write(struct buf *out, const struct profile *p, const struct format_info *info,
		    struct error *err)
{
	struct pstats_groups groups = { NULL, NULL, 0 };
	struct table table = TABLE_INIT;
	struct row *rows = NULL;
	int rc = -1;

	if (pstats_time_metric(p) < 0)
		return error_set(err, ERR_REFUSED,
				 "there are no times to write: pstats prints seconds");
	if (pstats_group(&groups, p, err) < 0 ||
	    derive_table(&table, p, groups.of, groups.ngroups, err) < 0)
		goto done;
	rows = make_rows(p, &groups, &table);
	if (rows == NULL) {
		error_nomem(err);
		goto done;
	}
	add_header(out, rows, groups.ngroups, info);
	if (groups.ngroups != 0) {
		qsort(rows, groups.ngroups, sizeof *rows, by_time_and_name);
		add_table(out, rows, groups.ngroups);
	}
	rc = out->failed ? error_nomem(err) : 0;
done:
	mem_free(rows);
	table_release(&table);
	pstats_groups_release(&groups);
	return rc;
}
