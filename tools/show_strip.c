/* show_strip.c -- --strip-dirs, as pstats' strip_dirs(). */
#include <string.h>

#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "show_list.h"

struct stripped {
	struct map rows; /* hash of a key -> row */
	struct map arcs; /* callee, caller -> arc */
	struct show_row *row;
	struct show_arc *arc;
	uint32_t *from;  /* per new arc: the old callee that it was last seen of */
	struct show_numbers *base; /* and what it had come to before */
	uint32_t *of;    /* old row -> new row */
	uint32_t nrows, narcs;
};

static void add_numbers(struct show_numbers *to, const struct show_numbers *n)
{
	to->ncalls += n->ncalls;
	to->nprimitive += n->nprimitive;
	to->self += n->self;
	to->cum += n->cum;
}

static uint64_t row_key(const struct function *f)
{
	return map_mix(map_hash(f->file, strlen(f->file)) ^
		       map_mix(map_hash(f->name, strlen(f->name)) + f->line));
}

static int strip_row(struct stripped *s, const struct show_row *old, bool add, uint32_t *out)
{
	struct function f = old->f;
	uint64_t key;
	size_t at = 0;
	uint32_t i;

	f.file = path_base(f.file);
	key = row_key(&f);
	while ((i = map_find(&s->rows, key, &at)) != MAP_NONE) {
		const struct function *g = &s->row[i].f;

		if (g->line == f.line && strcmp(g->file, f.file) == 0 && strcmp(g->name, f.name) == 0)
			break;
	}
	*out = i;
	if (i != MAP_NONE) {
		if (add)
			add_numbers(&s->row[i].n, &old->n);
		return 0;
	}
	*out = s->nrows;
	s->row[s->nrows] = *old;
	s->row[s->nrows].f = f;
	s->row[s->nrows].printed = NULL;
	s->row[s->nrows].totals = NULL;
	return map_add(&s->rows, key, s->nrows++);
}

/* As pstats: of two callers of a function that become one the last counts alone;
 * those of two functions that become one are added up. */
static int strip_arc(struct stripped *s, const struct show_arc *old)
{
	uint32_t caller = s->of[old->caller], callee = s->of[old->callee];
	uint32_t i = map_get(&s->arcs, map_pair(callee, caller));

	if (i == MAP_NONE) {
		i = s->narcs++;
		s->arc[i] = (struct show_arc){ .caller = caller, .callee = callee };
		s->from[i] = PROFILE_NONE;
		if (map_add(&s->arcs, map_pair(callee, caller), i) < 0)
			return -1;
	}
	if (s->from[i] != old->callee) {
		s->from[i] = old->callee;
		s->base[i] = s->arc[i].n;
	}
	s->arc[i].n = s->base[i];
	add_numbers(&s->arc[i].n, &old->n);
	return 0;
}

static int strip(struct stripped *s, const struct show_list *l)
{
	s->row = mem_array(NULL, l->nrows, sizeof *s->row);
	s->of = mem_array(NULL, l->nrows, sizeof *s->of);
	s->arc = mem_array(NULL, l->narcs, sizeof *s->arc);
	s->from = mem_array(NULL, l->narcs, sizeof *s->from);
	s->base = mem_array(NULL, l->narcs, sizeof *s->base);
	if (!s->row || !s->of || !s->arc || !s->from || !s->base)
		return -1;
	for (uint32_t i = 0; i < l->nrows; i++)
		if (strip_row(s, &l->rows[i], i < l->nlisted, &s->of[i]) < 0)
			return -1;
	for (uint32_t i = 0; i < l->narcs; i++)
		if (strip_arc(s, &l->arcs[i]) < 0)
			return -1;
	return 0;
}

int show_list_strip(struct show_list *l, struct error *err)
{
	struct stripped s = { .rows = MAP_INIT, .arcs = MAP_INIT };
	uint32_t nlisted = 0;
	int rc = strip(&s, l);

	if (rc == 0) {
		/* New rows come in the order of the old: those listed are first. */
		for (uint32_t i = 0; i < l->nlisted; i++)
			nlisted = s.of[i] >= nlisted ? s.of[i] + 1 : nlisted;
		mem_free(l->rows);
		mem_free(l->arcs);
		l->rows = s.row;
		l->arcs = s.arc;
		l->nlisted = nlisted;
		l->nrows = s.nrows;
		l->narcs = s.narcs;
		s.row = NULL;
		s.arc = NULL;
		show_list_reset(l);
	}
	map_release(&s.rows);
	map_release(&s.arcs);
	mem_free(s.row);
	mem_free(s.arc);
	mem_free(s.of);
	mem_free(s.from);
	mem_free(s.base);
	return rc < 0 ? error_nomem(err) : 0;
}
