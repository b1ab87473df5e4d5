#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "function.h"

enum { SUSPECTS = 2, QUIET = 5 /* rows of what is unchanged */ };

const char *const standing_names[] = {
	[STANDING_SLOWER] = "slower",
	[STANDING_MORE_CALLS] = "more calls",
	[STANDING_SLOWER_BEYOND_NOISE] = "slower?",
	[STANDING_OTHER_CALLS] = "other calls",
	[STANDING_NEW] = "new",
	[STANDING_GONE] = "gone",
	[STANDING_FASTER] = "faster",
	[STANDING_FEWER_CALLS] = "fewer calls",
	[STANDING_FASTER_BEYOND_NOISE] = "faster?",
	[STANDING_SAME] = "same",
};

bool report_differs(const struct change *c)
{
	for (size_t i = 0; i < c->nrequests; i++)
		switch (request_standing(&c->requests[i])) {
		case STANDING_SAME:
		case STANDING_SLOWER_BEYOND_NOISE:
		case STANDING_FASTER_BEYOND_NOISE:
			break;
		default:
			return true;
		}
	return false;
}

const struct summary_group *request_group(const struct request_change *c)
{
	return c->after ? c->after : c->before;
}

void request_route(struct buf *out, const struct request_change *c)
{
	const struct summary_group *g = request_group(c);

	if (g->method != NULL && *g->method != '\0') {
		text_printable(out, g->method);
		buf_addc(out, ' ');
	}
	text_printable(out, g->route ? g->route : "request");
}

void request_name(struct buf *out, const struct request_change *c)
{
	const struct summary_group *g = request_group(c);

	if (g->label != NULL) {
		text_printable(out, g->label);
		buf_printf(out, " #%llu ", (unsigned long long)g->ordinal);
	}
	request_route(out, c);
}

static void label_of(struct buf *out, const struct summary_function *f)
{
	struct function plain = { f->id.file, f->id.name, f->id.name, f->line };
	struct buf text = BUF_INIT;

	function_label(&text, &plain);
	text_printable(out, buf_str(&text));
	buf_release(&text);
}

void change_label(struct buf *out, const struct function_change *f)
{
	label_of(out, f->after ? f->after : f->before);
	if (f->match == MATCH_RENAMED) {
		buf_adds(out, "  was ");
		identity_label(out, &f->before->id);
	} else if (f->match == MATCH_MOVED) {
		buf_adds(out, "  was in ");
		text_printable(out, f->before->id.file);
	}
}

void identity_label(struct buf *out, const struct identity *id)
{
	struct buf text = BUF_INIT;

	if (strcmp(id->file, "~") == 0)
		identity_dotted(&text, id);
	else
		buf_adds(&text, id->name);
	text_printable(out, buf_str(&text));
	buf_release(&text);
}

static bool is_time(const struct change *c)
{
	return strcmp(c->metrics[0].unit, "nanoseconds") == 0;
}

/* Of a stranger's file it may be any. */
static int64_t whole(double value)
{
	return fabs(value) < 9e18 ? (int64_t)llround(value) : value < 0 ? INT64_MIN : INT64_MAX;
}

void put_cost(struct buf *out, const struct change *c, double value)
{
	if (is_time(c))
		text_time(out, whole(value));
	else
		buf_printf(out, "%lld", (long long)whole(value));
}

void put_cost_delta(struct buf *out, const struct change *c, double value)
{
	if (value > 0)
		buf_addc(out, '+');
	put_cost(out, c, value);
}

void put_count_delta(struct buf *out, uint64_t old, uint64_t new)
{
	if (new != old)
		buf_addc(out, new > old ? '+' : '-');
	text_count(out, new > old ? new - old : old - new);
}

void put_relative(struct buf *out, const struct signs *signs, double old, double new)
{
	double ratio, percent;

	if (!(old > 0) || new < 0 || old == new)
		return;
	ratio = new / old;
	percent = (ratio - 1) * 100;
	if (ratio >= 1e6)
		buf_printf(out, "%s%.0e", signs->times, ratio);
	else if (ratio >= 2)
		buf_printf(out, "%s%.*f", signs->times, ratio < 9.995 ? 2 : ratio < 99.95 ? 1 : 0,
			   ratio);
	else
		buf_printf(out, "%+.*f %%", fabs(percent) < 9.95 ? 1 : 0, percent);
}

void put_range(struct buf *out, const struct count_range *range)
{
	text_count(out, range->median);
	if (range->min == range->max)
		return;
	buf_adds(out, " (");
	text_count(out, range->min);
	buf_adds(out, "-");
	text_count(out, range->max);
	buf_addc(out, ')');
}

/* Why it was not tested, where that is not for want of runs. */
static void put_untested(struct buf *out, const struct request_change *r)
{
	if (request_has_runs(r))
		buf_adds(out, "; not tested, as the runs took no turns");
}

void put_evidence(struct buf *out, const struct change *c, const struct request_change *r)
{
	switch (r->evidence) {
	case EVIDENCE_PROVEN:
	case EVIDENCE_NOT:
		buf_printf(out, "%s, p %.3f over %zu and %zu runs: ",
			   r->evidence == EVIDENCE_PROVEN ? "proven" : "not proven", r->p,
			   r->old_runs, r->new_runs);
		put_cost_delta(out, c, r->interval.low);
		buf_adds(out, " to ");
		put_cost_delta(out, c, r->interval.high);
		break;
	case EVIDENCE_BEYOND_NOISE:
	case EVIDENCE_WITHIN_NOISE:
		buf_printf(out, "%s the noise of runs of one commit, %.*f %%",
			   r->evidence == EVIDENCE_BEYOND_NOISE ? "beyond" : "within",
			   r->noise < 0.0995 ? 1 : 0, r->noise * 100);
		put_untested(out, r);
		break;
	case EVIDENCE_UNKNOWN:
		buf_adds(out, "noise unknown");
		put_untested(out, r);
		break;
	}
}

/* A function follows the whole where its own time went at least half as far. */
bool request_is_uniform(const struct request_change *r)
{
	double ratio = r->metrics[0].ratio, follow = 0, all = 0;

	if (r->state != REQUEST_BOTH || !(fabs(ratio - 1) >= 0.1))
		return false;
	for (size_t i = 0; i < r->nfunctions; i++) {
		const struct function_change *f = &r->functions[i];
		double own = f->self[0].ratio;

		all += f->self[0].old_value;
		if (f->match < MATCH_NEW && !function_recounted(f) &&
		    (own - 1) / (ratio - 1) >= 0.5 && (own - 1) / (ratio - 1) <= 2)
			follow += f->self[0].old_value;
	}
	return all > 0 && follow >= 0.8 * all;
}

void put_uniform(struct buf *out, const struct request_change *r)
{
	buf_printf(out, "Everything in it is %s, and much alike: a matter of the machine, its load "
			"or the interpreter more likely than of one function.",
		   r->metrics[0].delta > 0 ? "slower" : "faster");
}

static double seems(const struct request_change *c)
{
	return c->state == REQUEST_BOTH && c->evidence == EVIDENCE_UNKNOWN &&
	       request_standing(c) == STANDING_SAME && fabs(c->metrics[0].ratio - 1) >= 0.25
		       ? fabs(c->metrics[0].delta) : 0;
}

/* Of what seems much slower or faster, and nothing is known of the noise, those that differ
 * most. They stand in that order. */
static bool is_suspect(const struct change *all, const struct request_change *c)
{
	size_t n = 0;

	if (!(seems(c) > 0))
		return false;
	for (const struct request_change *o = all->requests; o < c && n < SUSPECTS; o++)
		n += seems(o) > 0;
	return n < SUSPECTS;
}

bool request_is_told(const struct report *r, const struct request_change *c)
{
	if (c->state != REQUEST_BOTH)
		return false;
	return r->single || r->change->nrequests == 1 || request_standing(c) != STANDING_SAME ||
	       is_suspect(r->change, c);
}

int report_groups(struct alikes *out, const struct report *r, struct error *err)
{
	const struct change *c = r->change;
	uint64_t *keys = mem_array(NULL, c->nrequests, sizeof *keys);
	int rc;

	*out = (struct alikes){ .v = NULL };
	if (keys == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < c->nrequests; i++) {
		const struct request_change *one = &c->requests[i];
		bool alone = request_standing(one) == STANDING_SAME && request_is_told(r, one);

		keys[i] = alone ? i + 1 : alike_key(one);
	}
	rc = alikes_by_key(out, c, keys, err);
	mem_free(keys);
	return rc;
}

static bool is_quiet(const struct report_rows *rows, const struct alike *a)
{
	return request_standing(a->v[0]) == STANDING_SAME && !request_is_told(rows->r, a->v[0]);
}

void report_rows_begin(struct report_rows *rows, const struct report *r,
		       const struct alikes *groups, size_t limit)
{
	size_t n = 0;

	*rows = (struct report_rows){ .r = r, .groups = groups, .limit = limit };
	for (size_t i = 0; i < groups->n; i++)
		n += is_quiet(rows, &groups->v[i]);
	rows->with_quiet = limit == 0 || n <= QUIET;
}

const struct alike *report_rows_next(struct report_rows *rows)
{
	while (rows->at < rows->groups->n) {
		const struct alike *a = &rows->groups->v[rows->at++];
		bool quiet = is_quiet(rows, a);

		if (quiet ? rows->with_quiet : rows->limit == 0 || rows->nshown < rows->limit) {
			rows->nshown++;
			return a;
		}
		*(quiet ? &rows->nquiet : &rows->nleft) += a->n;
	}
	return NULL;
}

void put_evidence_word(struct buf *out, const struct alike *a)
{
	static const char *const words[] = {
		[EVIDENCE_PROVEN] = "proven",
		[EVIDENCE_NOT] = "not proven",
		[EVIDENCE_BEYOND_NOISE] = "beyond noise",
		[EVIDENCE_WITHIN_NOISE] = "within noise",
		[EVIDENCE_UNKNOWN] = "",
	};
	size_t nalike = 0, nproven = 0;

	for (size_t i = 0; i < a->n; i++) {
		nalike += a->v[i]->evidence == a->v[0]->evidence;
		nproven += a->v[i]->evidence == EVIDENCE_PROVEN;
	}
	if (nalike == a->n)
		buf_adds(out, words[a->v[0]->evidence]);
	else if (nproven != 0)
		buf_printf(out, "proven of %zu", nproven);
}

static void put_missing(struct buf *out, const char *which, const struct change_side *side)
{
	uint64_t missing = 0, seen = 0;
	size_t nfailed = 0, nunfinished = 0;

	for (size_t i = 0; i < side->nruns; i++) {
		const struct summary *s = side->runs[i];
		uint64_t lost = s->seen > s->kept ? s->seen - s->kept : 0;

		missing += lost > s->dropped ? lost : s->dropped;
		seen += s->seen;
		nfailed += s->outcome == RUN_FAILED;
		nunfinished += s->outcome == RUN_UNFINISHED;
	}
	if (missing != 0)
		buf_printf(out, "The %s side is incomplete: of %llu requests %llu were not kept.\n",
			   which, (unsigned long long)seen, (unsigned long long)missing);
	if (nunfinished != 0)
		buf_printf(out, "The %s side is incomplete: its tests did not come to their end.\n",
			   which);
	if (nfailed != 0)
		buf_printf(out, "The %s side's tests failed.\n", which);
}

/* One of a hundred is called slower by chance, one faster: who tests many finds some. */
static void put_chance(struct buf *out, const struct change *c)
{
	size_t ntested = 0, nproven = 0;

	for (size_t i = 0; i < c->nrequests; i++) {
		ntested += !isnan(c->requests[i].p);
		nproven += c->requests[i].evidence == EVIDENCE_PROVEN;
	}
	if (ntested >= 10 && nproven != 0)
		buf_printf(out, "Each of %zu requests was tested for itself at p < %.2f: of so many "
				"up to %.1f may be called slower or faster by chance.\n", ntested,
			   CHANGE_ALPHA, (double)ntested * 2 * CHANGE_ALPHA);
}

/* Where there are runs enough, and yet nothing is proven. */
static void put_turns(struct buf *out, const struct change *c)
{
	bool enough = false;

	for (size_t i = 0; i < c->nrequests; i++)
		enough |= request_has_runs(&c->requests[i]);
	if (enough && !c->took_turns)
		buf_adds(out, "No time is proven: the runs of the two sides did not take turns (old, "
			      "new, old, new, ...), so a change of the machine looks like one of the "
			      "code.\n");
}

void put_doubts(struct buf *out, const struct report *r)
{
	if (r->change->refused != NULL) {
		buf_adds(out, "Compared by force: ");
		text_printable(out, r->change->refused);
		buf_adds(out, ".\n");
	}
	if (r->change->other_machine)
		buf_adds(out, "The sides ran on unlike machines: compare counts, not times.\n");
	put_missing(out, "old", &r->before.runs);
	put_missing(out, "new", &r->after.runs);
}

void put_warnings(struct buf *out, const struct report *r)
{
	put_chance(out, r->change);
	put_turns(out, r->change);
	put_doubts(out, r);
}

/* The costliest with another number of calls; where there is none, and time proves
 * something, the costliest. */
static const struct function_change *culprit(const struct request_change *c)
{
	const struct function_change *most = NULL;

	for (size_t i = 0; i < c->nfunctions; i++)
		if (function_recounted(&c->functions[i]) &&
		    (most == NULL || fabs(c->functions[i].more_calls_ns) > fabs(most->more_calls_ns)))
			most = &c->functions[i];
	if (c->nfunctions != 0 &&
	    (c->evidence == EVIDENCE_PROVEN || c->evidence == EVIDENCE_BEYOND_NOISE) &&
	    (most == NULL || fabs(c->functions[0].self[0].delta) > fabs(most->self[0].delta)))
		most = &c->functions[0];
	return most;
}

bool put_culprit(struct buf *out, const struct report *r, const struct request_change *c)
{
	const struct function_change *f = culprit(c);

	if (f == NULL)
		return false;
	identity_label(out, f->after ? &f->after->id : &f->before->id);
	if (function_recounted(f)) {
		buf_addc(out, ' ');
		put_range(out, &f->old_calls);
		buf_printf(out, " %s ", r->term.signs->arrow);
		put_range(out, &f->new_calls);
		buf_adds(out, " calls,");
	}
	buf_addc(out, ' ');
	put_cost_delta(out, r->change, f->self[0].delta);
	if (!function_recounted(f))
		buf_adds(out, f->self[0].delta < 0 ? " by cheaper calls" : " by dearer calls");
	return true;
}

/* The difference where it enters. */
void put_place_delta(struct buf *out, const struct report *r, const struct request_change *c)
{
	const struct place *last = &c->where[c->nwhere - 1];

	if (!c->where_is_calls) {
		put_cost_delta(out, r->change, (double)last->new_value - (double)last->old_value);
		return;
	}
	put_count_delta(out, (uint64_t)last->old_value, (uint64_t)last->new_value);
	buf_adds(out, " calls");
}

/* --- which functions, in which order */

/* A function and what it is sorted by: qsort takes no argument. */
struct weighed {
	const struct function_change *f;
	const char *name; /* when sorting by name */
	bool first;
	double weight;
};

static int by_weight(const void *a, const void *b)
{
	const struct weighed *x = a, *y = b;
	int order = x->name ? strcmp(x->name, y->name) : 0;

	if (order != 0)
		return order;
	if (x->first != y->first)
		return x->first ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->f < y->f ? -1 : x->f > y->f;
}

static double calls_apart(const struct function_change *f)
{
	return fabs((double)f->new_calls.median - (double)f->old_calls.median);
}

static struct weighed weigh(const struct report *r, const struct request_change *c,
			    const struct function_change *f)
{
	struct weighed w = { .f = f, .weight = fabs(f->self[0].delta) };

	switch (r->sort) {
	case SORT_COST:
		w.first = function_recounted(f) && c->evidence != EVIDENCE_PROVEN;
		break;
	case SORT_CALLS:
		w.weight = calls_apart(f);
		break;
	case SORT_TOTTIME:
		break;
	case SORT_CUMTIME:
		w.weight = fabs(f->cum[0].delta);
		break;
	case SORT_NAME:
		w.name = f->after ? f->after->id.name : f->before->id.name;
		break;
	}
	return w;
}

/* By cost only what matters: another number of calls, or a twentieth of the difference
 * and a hundredth of the whole. An order that was asked for shows all that differ. */
static bool matters(const struct report *r, const struct request_change *c,
		    const struct function_change *f)
{
	double own = fabs(f->self[0].delta);

	if (function_recounted(f))
		return true;
	if (r->sort == SORT_COST)
		return own >= 0.05 * fabs(c->metrics[0].delta) &&
		       own >= 0.01 * c->metrics[0].old_value && own > 0;
	return own != 0 || f->cum[0].delta != 0 || calls_apart(f) != 0;
}

int report_select(struct report_functions *out, const struct report *r,
		  const struct request_change *c)
{
	struct weighed *w = mem_array(NULL, c->nfunctions, sizeof *w);
	size_t n = 0;

	*out = (struct report_functions){
		mem_array(NULL, c->nfunctions, sizeof *out->v), 0, 0 };
	if (w == NULL || out->v == NULL) {
		mem_free(w);
		report_functions_release(out);
		return -1;
	}
	for (size_t i = 0; i < c->nfunctions; i++)
		if (matters(r, c, &c->functions[i]))
			w[n++] = weigh(r, c, &c->functions[i]);
	if (n != 0)
		qsort(w, n, sizeof *w, by_weight);
	out->nall = n;
	out->n = r->limit != 0 && n > r->limit ? r->limit : n;
	for (size_t i = 0; i < out->n; i++)
		out->v[i] = w[i].f;
	mem_free(w);
	return 0;
}

void report_functions_release(struct report_functions *s)
{
	mem_free(s->v);
	s->v = NULL;
}
