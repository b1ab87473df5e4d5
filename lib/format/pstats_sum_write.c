#include "format/marshal.h"
#include "format/pstats_sum.h"

static void put_text(struct marshal_writer *w, const char *text)
{
	if (!marshal_again(w, (uintptr_t)text))
		marshal_text(w, text);
}

static void put_key(struct marshal_writer *w, const struct pstats_key *key)
{
	if (marshal_again(w, (uintptr_t)key))
		return;
	marshal_tuple(w, 3);
	put_text(w, key->file);
	marshal_int(w, key->line);
	put_text(w, key->name);
}

static void put_callers(struct marshal_writer *w, const struct pstats_sum *s,
			const struct pstats_entry *e)
{
	marshal_open_dict(w);
	for (uint32_t i = e->first; i != MAP_NONE; i = s->callers[i].next) {
		const struct pstats_caller *c = &s->callers[i];

		put_key(w, &s->keys[c->key]);
		if (s->kind.counts_only) {
			marshal_int(w, c->row.ncalls);
			continue;
		}
		marshal_tuple(w, 4);
		marshal_int(w, c->row.ncalls);
		marshal_int(w, c->row.nprimitive);
		marshal_float(w, c->row.tottime);
		marshal_float(w, c->row.cumtime);
	}
	marshal_close_dict(w);
}

int pstats_sum_write(struct buf *out, const struct pstats_sum *s, struct error *err)
{
	struct marshal_writer w;

	marshal_begin(&w, out);
	marshal_open_dict(&w);
	for (size_t i = 0; i < s->nentries; i++) {
		const struct pstats_entry *e = &s->entries[i];

		put_key(&w, &s->keys[e->key]);
		marshal_tuple(&w, 5);
		marshal_int(&w, e->row.nprimitive);
		marshal_int(&w, e->row.ncalls);
		marshal_float(&w, e->row.tottime);
		marshal_float(&w, e->row.cumtime);
		put_callers(&w, s, e);
	}
	if (s->kind.marked) {
		marshal_tuple(&w, 1);
		marshal_text(&w, "__sampled__");
		marshal_true(&w);
	}
	marshal_close_dict(&w);
	marshal_release(&w);
	return out->failed ? error_nomem(err) : 0;
}
