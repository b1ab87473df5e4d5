/* gate_groups.c -- one entry for all requests of which the same was found. */
#include "base/map.h"
#include "base/mem.h"
#include "gate.h"

static uint64_t mixed_finding(uint64_t key, const struct finding *f)
{
	const struct blame *b = f->blamed;

	key = map_mix(key ^ (uint64_t)(uintptr_t)f->rule);
	if (f->nblamed == 0)
		return key;
	key = map_mix(key ^ function_key(b->function->after ? &b->function->after->id
							    : &b->function->before->id));
	return b->from != NULL ? map_mix(key ^ function_key(&b->from->id)) : key;
}

int gate_groups(struct alikes *out, const struct gate_view *v, struct error *err)
{
	const struct request_change *first = v->change->requests;
	uint64_t *keys = mem_zalloc((v->change->nrequests + 1) * sizeof *keys);
	int rc;

	*out = (struct alikes){ .v = NULL };
	if (keys == NULL)
		return error_nomem(err);
	for (size_t i = 0; i < v->gate->n; i++) {
		const struct finding *f = &v->gate->findings[i];
		uint64_t *key = &keys[f->request - first];

		if (f->verdict == VERDICT_FAILED)
			*key = mixed_finding(*key ? *key : route_key(f->request), f) | 1;
	}
	rc = alikes_by_key(out, v->change, keys, err);
	mem_free(keys);
	return rc;
}

static const struct finding *first_failed(const struct gate_view *v,
					  const struct request_change *r)
{
	size_t rule = 0;

	return gate_next_failed(v, r, &rule);
}

static double growth(const struct finding *f)
{
	return f->rule->limit.kind == LIMIT_MOST ? f->new_value : f->new_value - f->old_value;
}

const struct request_change *gate_worst(const struct gate_view *v, const struct alike *a)
{
	const struct request_change *worst = a->v[0];

	for (size_t i = 1; i < a->n; i++)
		if (growth(first_failed(v, a->v[i])) > growth(first_failed(v, worst)))
			worst = a->v[i];
	return worst;
}

void gate_put_least(struct buf *out, const struct gate_view *v, const struct alike *a,
		    const struct finding *f)
{
	const struct finding *least = f;
	bool differ = false, most = true;

	if (f->rule->kind == RULE_NEW_CALLEES)
		return;
	for (size_t i = 0; i < a->n; i++) {
		const struct finding *o = gate_find(v->gate, f->rule, a->v[i]);

		differ |= o->new_value != f->new_value || o->old_value != f->old_value;
		most &= growth(o) <= growth(f);
		if (growth(o) < growth(least))
			least = o;
	}
	if (!differ)
		return;
	buf_printf(out, "  (%s of %zu", most ? "the worst" : "in one", a->n);
	if (growth(least) < growth(f)) {
		buf_adds(out, "; in another ");
		gate_put_values(out, least, v->term.signs);
	}
	buf_addc(out, ')');
}
