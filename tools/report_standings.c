/* report_standings.c -- what changed, in a few lines: how many requests stand how, and the
 * first of them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "cmd.h"
#include "report.h"

enum { NAMED = 3 };

struct standings {
	const struct report *r;
	const struct alikes *groups;
	struct buf *out;
};

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Said first, where most of what both sides have moved the same way. */
static void put_everything(struct buf *out, const struct report *r, struct error *err)
{
	const struct change *c = r->change;
	double *ratios = mem_array(NULL, c->nrequests, sizeof *ratios), middle;
	size_t n = 0, longer = 0, shorter = 0;
	struct buf line = BUF_INIT;

	if (ratios == NULL) {
		error_nomem(err);
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < c->nrequests; i++) {
		double ratio = c->requests[i].metrics[0].ratio;

		if (c->requests[i].state != REQUEST_BOTH || isnan(ratio))
			continue;
		ratios[n++] = ratio;
		longer += ratio >= 1.05;
		shorter += ratio <= 0.95;
	}
	if (n >= 3 && (longer >= 0.9 * (double)n || shorter >= 0.9 * (double)n)) {
		qsort(ratios, n, sizeof *ratios, by_number);
		middle = ratios[n / 2];
		buf_printf(&line, "Everything is %s: %zu of %zu requests, the median one by ",
			   longer > shorter ? "slower" : "faster",
			   longer > shorter ? longer : shorter, n);
		put_relative(&line, r->term.signs, 1, middle);
		buf_addc(&line, '.');
		term_put_folded(&r->term, out, STYLE_BOLD, 0, buf_str(&line));
	}
	buf_release(&line);
	mem_free(ratios);
}

/* "GET /user/{id} (+60 calls, +58 %), GET /posts (-2 calls) and 3 more" */
static int put_named(struct buf *out, const struct standings *s, enum standing standing, size_t n,
		     struct error *err)
{
	size_t named = 0, members = 0;

	for (size_t i = 0; i < s->groups->n && named < NAMED; i++) {
		const struct alike *a = &s->groups->v[i];
		struct request_change r;
		struct quantity wall;

		if (request_standing(a->v[0]) != standing)
			continue;
		if (alike_sum(&r, &wall, a, err) < 0)
			return -1;
		if (named++ != 0)
			buf_adds(out, ", ");
		members += a->n;
		alike_name(out, a);
		if (r.state != REQUEST_BOTH)
			continue;
		buf_adds(out, " (");
		if (r.calls_worse || r.calls_better) {
			put_count_delta(out, r.old_calls.median, r.new_calls.median);
			buf_adds(out, " calls, ");
		}
		put_cost_delta(out, s->r->change, r.metrics[0].delta);
		buf_addc(out, ')');
	}
	if (n > members)
		buf_printf(out, " and %zu more", n - members);
	return 0;
}

static int put_standing(const struct standings *s, enum standing standing, size_t n,
			const char *one, const char *many, struct error *err)
{
	struct buf line = BUF_INIT;
	int rc = 0;

	if (n == 0)
		return 0;
	plural(&line, n, "request");
	buf_printf(&line, " %s", n == 1 ? one : many);
	if (standing != STANDING_SAME) {
		buf_adds(&line, ": ");
		rc = put_named(&line, s, standing, n, err);
	}
	term_put_folded(&s->r->term, s->out, standing == STANDING_SAME ? STYLE_PLAIN : STYLE_BOLD,
			0, buf_str(&line));
	buf_release(&line);
	return rc;
}

/* Of drivers' functions together; the range is as wide as it can be. */
static void add_sql(struct count_range *to, const struct count_range *calls)
{
	to->min += calls->min;
	to->median += calls->median;
	to->max += calls->max;
}

static bool more_sql(const struct request_change *r, struct count_range *old,
		     struct count_range *new)
{
	*old = *new = (struct count_range){ 0, 0, 0 };
	for (size_t i = 0; i < r->nfunctions; i++) {
		const struct function_change *f = &r->functions[i];

		if (!identity_is_sql(f->after ? &f->after->id : &f->before->id))
			continue;
		add_sql(old, &f->old_calls);
		add_sql(new, &f->new_calls);
	}
	return r->state == REQUEST_BOTH && r->counts_known && new->min > old->max;
}

void report_put_sql(struct buf *out, const struct report *r, const struct alikes *groups)
{
	struct count_range old, new;
	size_t n = 0, left = 0, named = 0;
	struct buf names = BUF_INIT;

	for (size_t i = 0; i < groups->n; i++) {
		const struct alike *a = &groups->v[i];

		if (!more_sql(a->typical, &old, &new))
			continue;
		n += a->n;
		if (named++ >= NAMED) {
			left += a->n;
			continue;
		}
		buf_adds(&names, named > 1 ? ", " : "");
		alike_name(&names, a);
		buf_adds(&names, " (");
		put_range(&names, &old);
		buf_printf(&names, " %s ", r->term.signs->arrow);
		put_range(&names, &new);
		buf_addc(&names, ')');
	}
	if (n != 0) {
		plural(out, n, "request");
		buf_adds(out, n == 1 ? " executes" : " execute");
		buf_printf(out, " more SQL statements: %s", buf_str(&names));
	}
	if (left != 0)
		buf_printf(out, " and %zu more", left);
	out->failed |= names.failed;
	buf_release(&names);
}

int report_put_standings(struct buf *out, const struct report *r, const struct alikes *groups,
			 struct error *err)
{
	const struct standings s = { r, groups, out };
	const struct change *c = r->change;
	static const char *const says[][2] = {
		[STANDING_SLOWER] = { "is slower", "are slower" },
		[STANDING_MORE_CALLS] = { "makes more calls", "make more calls" },
		[STANDING_SLOWER_BEYOND_NOISE] = { "is slower by more than the noise",
						   "are slower by more than the noise" },
		[STANDING_OTHER_CALLS] = { "calls other functions", "call other functions" },
		[STANDING_NEW] = { "is new", "are new" },
		[STANDING_GONE] = { "is gone", "are gone" },
		[STANDING_FASTER] = { "is faster", "are faster" },
		[STANDING_FEWER_CALLS] = { "makes fewer calls", "make fewer calls" },
		[STANDING_FASTER_BEYOND_NOISE] = { "is faster by more than the noise",
						   "are faster by more than the noise" },
		[STANDING_SAME] = { "makes the same calls", "make the same calls" },
	};
	struct buf line = BUF_INIT;
	size_t n[STANDING_SAME + 1] = { 0 }, uncounted = 0, unknown = 0;

	for (size_t i = 0; i < c->nrequests; i++) {
		const struct request_change *one = &c->requests[i];

		n[request_standing(one)]++;
		uncounted += request_standing(one) == STANDING_SAME && !one->counts_known;
		unknown += one->state == REQUEST_BOTH && one->evidence == EVIDENCE_UNKNOWN;
	}
	n[STANDING_SAME] -= uncounted;
	put_everything(out, r, err);
	report_put_sql(&line, r, groups);
	if (line.len != 0)
		term_put_folded(&r->term, out, STYLE_RED, 0, buf_str(&line));
	buf_release(&line);
	for (int i = 0; i <= STANDING_SAME; i++)
		if (put_standing(&s, (enum standing)i, n[i], says[i][0], says[i][1], err) < 0)
			return -1;
	if (put_standing(&s, STANDING_SAME, uncounted, "has no counts to compare",
			 "have no counts to compare", err) < 0)
		return -1;
	if (unknown != 0)
		term_put_folded(&r->term, out, STYLE_PLAIN, 0,
				"Of times the noise is unknown: runs of one commit tell it, and "
				"five runs a side that take turns can prove a change.");
	return out->failed ? error_nomem(err) : 0;
}
