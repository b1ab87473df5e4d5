#include "alike.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "report.h"

/* Of a name for people: as many runs of ordinals, bytes of a label. */
enum { SPANS = 3, LABEL_MAX = 200 };

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* --- keys */

static uint64_t mixed(uint64_t key, const char *text)
{
	return map_mix(key * 31 + map_hash_text(text ? text : "", text ? strlen(text) : 0));
}

uint64_t function_key(const struct identity *id)
{
	return mixed(mixed(id->nth + 1, id->file), id->name);
}

uint64_t route_key(const struct request_change *r)
{
	const struct summary_group *g = request_group(r);

	return mixed(mixed(g->label != NULL ? 2 : 1, g->method), g->route);
}

static uint64_t changed_key(const struct function_change *f)
{
	return function_key(f->after ? &f->after->id : &f->before->id);
}

/* A sum, so that the order, which is one of times, does not matter. */
static uint64_t calls_key(const struct request_change *r, bool amounts)
{
	uint64_t key = 0;

	for (size_t i = 0; i < r->nfunctions; i++) {
		const struct function_change *f = &r->functions[i];
		uint64_t own = (uint64_t)f->match * 4 + f->calls_worse * 2u + f->calls_better;

		if (!function_recounted(f))
			continue;
		own = map_mix(own ^ changed_key(f));
		if (amounts)
			own = map_mix(own ^ map_pair((uint32_t)f->old_calls.median,
						     (uint32_t)f->new_calls.median));
		key += own;
	}
	return key;
}

uint64_t alike_key(const struct request_change *r)
{
	enum standing standing = request_standing(r);
	uint64_t key = map_mix(route_key(r) ^ ((uint64_t)standing * 2 + r->counts_known));

	key ^= calls_key(r, false);
	if (r->nrecounted == 0 && r->nfunctions != 0 &&
	    (standing == STANDING_SLOWER || standing == STANDING_FASTER))
		key ^= changed_key(&r->functions[0]);
	return key != 0 ? key : 1;
}

/* --- groups */

struct keyed {
	uint64_t key;
	const struct request_change *r;
};

static int by_key(const void *a, const void *b)
{
	const struct keyed *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->r < y->r ? -1 : x->r > y->r;
}

static int by_first(const void *a, const void *b)
{
	const struct alike *x = a, *y = b;

	return x->v[0] < y->v[0] ? -1 : x->v[0] > y->v[0];
}

struct amounts {
	uint64_t key; /* calls_key with amounts */
	const struct request_change *r;
};

static int by_amounts(const void *a, const void *b)
{
	const struct amounts *x = a, *y = b;
	double dx = x->r->metrics[0].delta, dy = y->r->metrics[0].delta;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (dx != dy)
		return dx < dy ? -1 : 1;
	return x->r < y->r ? -1 : x->r > y->r;
}

/* Of most that changed by the same number of calls the middle one: a first request, with
 * caches to fill, does not stand for the others. `scratch` has room for all members. */
static void describe(struct alike *a, struct amounts *scratch)
{
	size_t most = 0;

	for (size_t i = 0; i < a->n; i++)
		scratch[i] = (struct amounts){ calls_key(a->v[i], true), a->v[i] };
	qsort(scratch, a->n, sizeof *scratch, by_amounts);
	for (size_t i = 0, end; i < a->n; i = end) {
		for (end = i + 1; end < a->n && scratch[end].key == scratch[i].key;)
			end++;
		if (end - i <= most)
			continue;
		most = end - i;
		a->typical = scratch[i + most / 2].r;
	}
	a->counts_agree = most == a->n;
}

int alikes_by_key(struct alikes *out, const struct change *c, const uint64_t *keys,
		  struct error *err)
{
	struct amounts *scratch = mem_array(NULL, c->nrequests, sizeof *scratch);
	struct keyed *keyed = mem_array(NULL, c->nrequests, sizeof *keyed);
	size_t n = 0;
	int rc = -1;

	*out = (struct alikes){ mem_array(NULL, c->nrequests, sizeof *out->v), 0,
				mem_array(NULL, c->nrequests, sizeof *out->members) };
	if (scratch == NULL || keyed == NULL || out->v == NULL || out->members == NULL) {
		error_nomem(err);
		goto done;
	}
	for (size_t i = 0; i < c->nrequests; i++)
		if (keys[i] != 0)
			keyed[n++] = (struct keyed){ keys[i], &c->requests[i] };
	if (n != 0)
		qsort(keyed, n, sizeof *keyed, by_key);
	for (size_t i = 0; i < n; i++) {
		out->members[i] = keyed[i].r;
		if (i == 0 || keyed[i].key != keyed[i - 1].key)
			out->v[out->n++] = (struct alike){ .v = &out->members[i] };
		out->v[out->n - 1].n++;
	}
	for (size_t i = 0; i < out->n; i++)
		describe(&out->v[i], scratch);
	if (out->n != 0)
		qsort(out->v, out->n, sizeof *out->v, by_first);
	rc = 0;
done:
	mem_free(scratch);
	mem_free(keyed);
	return rc;
}

void alikes_release(struct alikes *a)
{
	mem_free(a->v);
	mem_free(a->members);
	a->v = NULL;
	a->members = NULL;
}

const struct request_change *alike_located(const struct alike *a)
{
	uint64_t key = calls_key(a->typical, true);

	for (size_t i = 0; a->typical->nwhere == 0 && i < a->n; i++)
		if (a->v[i]->nwhere != 0 && a->v[i]->where_is_calls &&
		    calls_key(a->v[i], true) == key)
			return a->v[i];
	return a->typical;
}

/* --- in words */

static const char *label_of(const struct request_change *r)
{
	return request_group(r)->label;
}

static bool same_label(const struct request_change *a, const struct request_change *b)
{
	return label_of(a) != NULL && label_of(b) != NULL &&
	       strcmp(label_of(a), label_of(b)) == 0;
}

static int by_label(const void *a, const void *b)
{
	const char *x = label_of(*(const struct request_change *const *)a);
	const char *y = label_of(*(const struct request_change *const *)b);

	return strcmp(x ? x : "", y ? y : "");
}

static size_t count_labels(const struct alike *a)
{
	const struct request_change **v = mem_array(NULL, a->n, sizeof *v);
	size_t n = 1;

	if (v == NULL)
		return 0;
	memcpy(v, a->v, a->n * sizeof *v);
	qsort(v, a->n, sizeof *v, by_label);
	for (size_t i = 1; i < a->n; i++)
		n += !same_label(v[i - 1], v[i]);
	mem_free(v);
	return n;
}

/* Not so long that it hides all else. */
static void put_label(struct buf *out, const char *label)
{
	size_t start = out->len, cut;

	text_printable(out, label);
	if (out->failed || out->len - start <= LABEL_MAX)
		return;
	for (cut = start + LABEL_MAX; ((unsigned char)out->data[cut] & 0xc0) == 0x80;)
		cut--;
	out->len = cut;
	buf_adds(out, "...");
}

static int by_ordinal(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* "#2 to #6", "#2, #4, #7 to #9 and 11 more" */
static void put_spans(struct buf *out, const uint64_t *v, size_t n)
{
	size_t spans = 0, at = 0;

	while (at < n && spans++ < SPANS) {
		size_t last = at;

		while (last + 1 < n && v[last + 1] == v[last] + 1)
			last++;
		buf_printf(out, "%s#%llu", at != 0 ? ", " : "", (unsigned long long)v[at]);
		if (last != at)
			buf_printf(out, "%s#%llu", last == at + 1 ? ", " : " to ",
				   (unsigned long long)v[last]);
		at = last + 1;
	}
	if (at < n)
		buf_printf(out, " and %zu more", n - at);
}

static void put_ordinals(struct buf *out, const struct alike *a)
{
	uint64_t *v = mem_array(NULL, a->n, sizeof *v);

	if (v == NULL) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < a->n; i++)
		v[i] = request_group(a->v[i])->ordinal;
	qsort(v, a->n, sizeof *v, by_ordinal);
	put_spans(out, v, a->n);
	mem_free(v);
}

static void put_name(struct buf *out, const struct alike *a, bool with_first)
{
	const char *label = label_of(a->v[0]);
	size_t nlabels = a->n == 1 || label == NULL ? 1 : count_labels(a);

	if (nlabels == 0) {
		out->failed = true;
	} else if (label == NULL) {
		request_route(out, a->v[0]);
	} else if (nlabels == 1) {
		put_label(out, label);
		buf_addc(out, ' ');
		put_ordinals(out, a);
		buf_addc(out, ' ');
		request_route(out, a->v[0]);
	} else {
		request_route(out, a->v[0]);
		buf_printf(out, ", in %zu tests", nlabels);
		if (!with_first)
			return;
		buf_adds(out, ": ");
		put_label(out, label);
		buf_printf(out, " and %zu more", nlabels - 1);
	}
}

void alike_name(struct buf *out, const struct alike *a)
{
	put_name(out, a, true);
}

void alike_short_name(struct buf *out, const struct alike *a)
{
	put_name(out, a, false);
}

void alike_put_whose(struct buf *out, const struct alike *a)
{
	const struct summary_group *g = request_group(a->typical);

	if (a->n == 1)
		return;
	buf_printf(out, "%s are those of ", a->counts_agree ? "Times" : "Numbers");
	if (g->label != NULL && count_labels(a) != 1) {
		put_label(out, g->label);
		buf_addc(out, ' ');
	}
	if (g->label != NULL)
		buf_printf(out, "#%llu, ", (unsigned long long)g->ordinal);
	buf_printf(out, "which is typical of these %zu.", a->n);
}

/* --- as one */

static struct count_range sum_counts(const struct alike *a, double *scratch, bool new)
{
	struct count_range all = { UINT64_MAX, 0, 0 };

	for (size_t i = 0; i < a->n; i++) {
		const struct count_range *r = new ? &a->v[i]->new_calls : &a->v[i]->old_calls;

		all.min = r->min < all.min ? r->min : all.min;
		all.max = r->max > all.max ? r->max : all.max;
		scratch[i] = (double)r->median;
	}
	qsort(scratch, a->n, sizeof *scratch, by_number);
	all.median = (uint64_t)scratch[(a->n - 1) / 2];
	return all;
}

static double middle_time(const struct alike *a, double *scratch, bool new)
{
	for (size_t i = 0; i < a->n; i++)
		scratch[i] = new ? a->v[i]->metrics[0].new_value : a->v[i]->metrics[0].old_value;
	qsort(scratch, a->n, sizeof *scratch, by_number);
	return (scratch[(a->n - 1) / 2] + scratch[a->n / 2]) / 2;
}

int alike_sum(struct request_change *out, struct quantity *wall, const struct alike *a,
	      struct error *err)
{
	double *scratch;

	*out = *a->typical;
	if (a->n == 1)
		return 0;
	scratch = mem_array(NULL, a->n, sizeof *scratch);
	if (scratch == NULL)
		return error_nomem(err);
	out->old_requests = out->new_requests = 0;
	for (size_t i = 0; i < a->n; i++) {
		out->old_requests += a->v[i]->old_requests;
		out->new_requests += a->v[i]->new_requests;
	}
	out->old_calls = sum_counts(a, scratch, false);
	out->new_calls = sum_counts(a, scratch, true);
	wall->old_value = middle_time(a, scratch, false);
	wall->new_value = middle_time(a, scratch, true);
	wall->delta = wall->new_value - wall->old_value;
	wall->ratio = wall->old_value > 0 ? wall->new_value / wall->old_value : (double)NAN;
	out->metrics = wall;
	mem_free(scratch);
	return 0;
}
