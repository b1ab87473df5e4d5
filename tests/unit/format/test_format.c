#include "format/format.h"

#include <string.h>

#include "failing.h"
#include "golden.h"
#include "profile/derive.h"
#include "sample.h"
#include "unit.h"

static void assert_error(const char *content, const char *want)
{
	struct bytes in = { (const uint8_t *)content, strlen(content) };
	struct error err = ERROR_INIT;

	ck_assert_ptr_null(format_read(in, &err));
	ck_assert_str_eq(err.text, want);
}

/* Each format takes what it writes, and none that is asked before it. */
#define NOT_READ "not a profile in a format that cprof reads: pstats, callgrind, pprof, collapsed " \
		 "stacks, speedscope (pyinstrument -r speedscope, profiling.sampling --pstats, " \
		 "yappi's save(type=\"pstat\"))"

START_TEST(test_format__sniffed)
{
	struct profile *p = sample_random(2, 10, 50);
	struct format_info info = { .path = "profile.prof" };
	struct error err;

	for (const struct format *f = formats; f->name != NULL; f++) {
		struct buf out = BUF_INIT;
		struct profile *back;

		ck_assert_int_eq(f->write(&out, p, &info, &err), 0);
		ck_assert_ptr_eq(format_of(buf_bytes(&out)), f->read != NULL ? f : NULL);
		back = format_read(buf_bytes(&out), &err);
		ck_assert_int_eq(back != NULL, f->read != NULL);
		if (back != NULL)
			ck_assert_int_eq(profile_has_tree(back), (f->holds & HOLDS_TREE) != 0);
		profile_free(back);
		buf_release(&out);
	}
	profile_free(p);
}
END_TEST

START_TEST(test_format__what_is_none)
{
	assert_error("", "empty");
	assert_error("# callgrind format\n", "not a callgrind file: no \"events:\" in it");
	assert_error("no weight\n", NOT_READ);
	assert_error("{\"a\": 1}", NOT_READ);
	assert_error("{", "truncated at byte 1");
}
END_TEST

static void assert_losses(const char *format, const struct profile *p, const char *want)
{
	struct buf out = BUF_INIT;

	format_losses(&out, format_find(format), p);
	ck_assert_str_eq(buf_str(&out), want);
	buf_release(&out);
}

START_TEST(test_format__losses)
{
	struct profile *p = sample_random(2, 10, 50);

	p->nlost = 1;
	assert_losses("pprof", p, "");
	assert_losses("json", p, "");
	assert_losses("pstats", p, "the call tree, both names of a function, that calls are missing");
	assert_losses("csv", p,
		      "the call tree, who called whom, the unit of values, that calls are missing");
	p->nlost = 0;
	assert_losses("collapsed", p,
		      "numbers of calls, the unit of values, both names of a function");
	profile_free(p);

	/* A fraction of a count is one for those who write it so. */
	p = profile_new();
	p->sampled = true;
	profile_add_metric(p, "samples", "millionths");
	profile_add_root(p);
	assert_losses("collapsed", p, "");
	assert_losses("speedscope", p, "");
	assert_losses("csv", p, "the call tree, who called whom, the unit of values");
	profile_free(p);

	/* 5 below less 2 of its own: a node's self, not its cum. */
	p = sample_new();
	profile_node_cum(p, 0)[0] = 3;
	sample_calls(p, sample_calls(p, 0, sample_function(p, "a.py", 1, "f", NULL), 1, -2), 0, 1, 5);
	assert_losses("pprof", p, "");
	assert_losses("speedscope", p, "numbers of calls, values below zero");
	assert_losses("callgrind", p, "the call tree, values below zero");
	profile_free(p);
}
END_TEST

/* What Python's own `profile` writes: f takes 5, and calls g twice for nobody knows how much. */
START_TEST(test_format__calls_without_time)
{
	struct profile *p = profile_new();
	uint32_t f, g;

	profile_add_metric(p, "wall", "nanoseconds");
	f = sample_function(p, "a.py", 1, "f", NULL);
	g = sample_function(p, "a.py", 9, "g", NULL);
	ck_assert_int_eq(table_resize(&p->table, 2), 0);
	table_function(&p->table, f)->costs[0] = (struct metric_cost){ .self = 1, .cum = 5 };
	table_function(&p->table, g)->costs[0] = (struct metric_cost){ .self = 4, .cum = 4 };
	table_function(&p->table, g)->ncalls = table_function(&p->table, g)->nprimitive = 2;
	table_arc(&p->table, f, g)->totals.ncalls = table_arc(&p->table, f, g)->totals.nprimitive = 2;
	assert_losses("pstats", p, "");
	assert_losses("csv", p, "who called whom, the unit of values");
	assert_losses("callgrind", p, "cumulative times, for calls have none");
	table_arc(&p->table, f, g)->totals.costs[0] = (struct metric_cost){ .cum = 4, .below = 4 };
	assert_losses("callgrind", p, "");
	profile_free(p);
}
END_TEST

/* --- what is not said to be lost comes back */

static struct profile *random_tree(void)
{
	return sample_random(3, 25, 300);
}

static struct profile *sampled_tree(void)
{
	struct profile *p = sample_random(4, 25, 300);

	p->sampled = true;
	for (uint32_t i = 0; i < p->nnodes; i++)
		p->nodes[i].ncalls = 0;
	return p;
}

/* Of functions without a file or a line. */
static struct profile *bare_tree(void)
{
	struct profile *p = sample_new();
	uint32_t node = sample_calls(p, 0, sample_function(p, "", 0, "thread (1)", NULL), 1, 5);

	node = sample_calls(p, node, sample_function(p, "", 0, "std::sort<int>", NULL), 2, 7);
	sample_calls(p, node, sample_function(p, "a b.c", 0, "(x)", NULL), 3, 9);
	return p;
}

static struct profile *two_metrics(void)
{
	struct profile *p = profile_new();
	uint32_t node;

	ck_assert_int_eq(profile_add_metric(p, "inuse", "bytes"), 0);
	ck_assert_int_eq(profile_add_metric(p, "objects", "count"), 1);
	ck_assert_int_eq(profile_add_root(p), 0);
	node = sample_calls(p, 0, sample_function(p, "a.py", 1, "main", NULL), 1, 100);
	sample_calls(p, node, sample_function(p, "a.py", 5, "load", NULL), 4, 30);
	return p;
}

static struct profile *through_pstats(struct profile *tree)
{
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	struct profile *p;

	ck_assert_int_eq(format_find("pstats")->write(&out, tree, NULL, &err), 0);
	p = format_read(buf_bytes(&out), &err);
	ck_assert_ptr_nonnull(p);
	buf_release(&out);
	profile_free(tree);
	return p;
}

static struct profile *random_table(void)
{
	return through_pstats(random_tree());
}

/* Its calls have one caller each, and none is in itself. */
static struct profile *plain_table(void)
{
	return through_pstats(sample_strands());
}

static struct profile *sampled_table(void)
{
	return through_pstats(sampled_tree());
}

struct trip {
	const struct format *f;
	const struct profile *p, *back;
	const char *lost;
	struct table table, back_table; /* of groups; of functions */
	uint32_t *groups, *of_back;     /* by function of p: its group; by group: of back */
	uint32_t ngroups;
};

static bool is_lost(const struct trip *t, const char *what)
{
	return strstr(t->lost, what) != NULL;
}

static const char *name_of(const struct trip *t, const struct function *f)
{
	return strcmp(t->f->name, "pstats") == 0 ? f->name : f->qualname;
}

/* What the format has one function for: file, line and the name that it writes. */
static bool is_same(const struct trip *t, const struct function *a, const struct function *b)
{
	if (strcmp(a->file, b->file) != 0 || a->line != b->line)
		return false;
	if (!is_lost(t, "both names"))
		return strcmp(a->name, b->name) == 0 && strcmp(a->qualname, b->qualname) == 0;
	return strcmp(name_of(t, a), name_of(t, b)) == 0;
}

static void group(struct trip *t)
{
	const struct profile *p = t->p;

	t->groups = calloc(p->nfunctions, sizeof *t->groups);
	t->of_back = calloc(p->nfunctions, sizeof *t->of_back);
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		uint32_t k = 0;

		while (!is_same(t, &p->functions[i], &p->functions[k]))
			k++;
		t->groups[i] = k == i ? t->ngroups++ : t->groups[k];
		if (k != i)
			continue;
		t->of_back[t->groups[i]] = PROFILE_NONE;
		for (uint32_t b = 0; b < t->back->nfunctions; b++)
			if (is_same(t, &p->functions[i], &t->back->functions[b]))
				t->of_back[t->groups[i]] = b;
	}
}

static void assert_totals(const struct trip *t, const struct totals *a, const struct totals *b,
			  bool calls, bool self, bool cum)
{
	bool counted = calls && !t->p->sampled && !is_lost(t, "numbers of calls");
	uint32_t n = is_lost(t, "more than one kind") ? 1 : t->p->nmetrics;

	if (counted)
		ck_assert_msg(a->ncalls == b->ncalls, "%s: calls", t->f->name);
	if (counted && !is_lost(t, "recursive") && !is_lost(t, "call tree"))
		ck_assert_msg(a->nprimitive == b->nprimitive, "%s: primitive", t->f->name);
	for (uint32_t m = 0; m < n; m++) {
		const struct metric_cost *x = &a->costs[m], *y = &b->costs[m];

		ck_assert_msg(!self || x->self == y->self, "%s: self", t->f->name);
		ck_assert_msg(!cum || x->cum == y->cum, "%s: cum %lld is %lld", t->f->name,
			      (long long)x->cum, (long long)y->cum);
	}
}

static bool has_caller(const struct table *t, uint32_t callee, uint64_t ncalls)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < t->narcs; i++)
		if (table_arc_at(t, i)->callee == callee)
			sum += table_arc_at(t, i)->totals.ncalls;
	return sum == ncalls;
}

static void assert_functions(const struct trip *t)
{
	bool recursive = is_lost(t, "recursive");

	for (uint32_t g = 0; g < t->ngroups; g++) {
		struct totals *a = table_function(&t->table, g);
		/* A call of nobody is in the tree. */
		bool known = has_caller(&t->table, g, a->ncalls) ||
			     !(is_lost(t, "calls that no function made") ||
			       (is_lost(t, "call tree") && strcmp(t->f->name, "callgrind") == 0));

		if (t->of_back[g] == PROFILE_NONE)
			ck_assert_msg(a->costs[0].cum == 0, "%s: a function is lost", t->f->name);
		else
			assert_totals(t, a, table_function(&t->back_table, t->of_back[g]), known,
				      true, !recursive);
	}
}

static void assert_arcs(const struct trip *t)
{
	for (uint32_t i = 0; i < t->table.narcs; i++) {
		const struct arc *a = table_arc_at(&t->table, i), *b;
		bool tree_lost = is_lost(t, "call tree");

		if (a->totals.costs[0].cum == 0)
			continue;
		b = table_find_arc(&t->back_table, t->of_back[a->caller], t->of_back[a->callee]);
		ck_assert_msg(b != NULL, "%s: an arc is lost", t->f->name);
		assert_totals(t, &a->totals, &b->totals, true,
			      !tree_lost && !is_lost(t, "own times"),
			      !tree_lost && !is_lost(t, "recursive"));
	}
}

static void assert_metrics(const struct trip *t)
{
	if (is_lost(t, "unit of values") || is_lost(t, "more than one kind"))
		return;
	ck_assert_uint_eq(t->back->nmetrics, t->p->nmetrics);
	for (uint32_t m = 0; m < t->p->nmetrics; m++)
		ck_assert_str_eq(t->back->metrics[m].unit, t->p->metrics[m].unit);
}

/* False where the format refuses such a profile. */
static bool travel(const struct format *f, const struct profile *p)
{
	struct format_info info = { .path = "profile.prof" };
	struct buf out = BUF_INIT, lost = BUF_INIT;
	struct error err = ERROR_INIT;
	struct trip t = { .f = f, .p = p };

	if (f->write(&out, p, &info, &err) < 0) {
		ck_assert_int_eq(err.code, ERR_REFUSED);
		buf_release(&out);
		return false;
	}
	format_losses(&lost, f, p);
	t.lost = buf_str(&lost);
	t.back = f->read(buf_bytes(&out), &err);
	ck_assert_msg(t.back != NULL, "%s: %s", f->name, err.text);
	group(&t);
	ck_assert_int_eq(derive_table(&t.table, p, t.groups, t.ngroups, &err), 0);
	ck_assert_int_eq(derive_table(&t.back_table, t.back, NULL, 0, &err), 0);
	ck_assert_int_eq(profile_has_tree(t.back), profile_has_tree(p) && !is_lost(&t, "call tree"));
	assert_metrics(&t);
	assert_functions(&t);
	assert_arcs(&t);
	table_release(&t.table);
	table_release(&t.back_table);
	free(t.groups);
	free(t.of_back);
	profile_free((struct profile *)t.back);
	buf_release(&out);
	buf_release(&lost);
	return true;
}

START_TEST(test_format__what_is_not_lost_comes_back)
{
	static const struct { struct profile *(*make)(void); unsigned nformats; } cases[] = {
		{ random_tree, 5 }, { sampled_tree, 5 }, { bare_tree, 5 }, { two_metrics, 4 },
		{ random_table, 2 }, { plain_table, 2 }, { sampled_table, 2 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct profile *p = cases[i].make();
		unsigned n = 0;

		for (const struct format *f = formats; f->name != NULL; f++)
			n += f->read != NULL && travel(f, p);
		ck_assert_uint_eq(n, cases[i].nformats);
		profile_free(p);
	}
}
END_TEST

UNIT_MAIN("format/format",
	  test_format__sniffed,
	  test_format__what_is_none,
	  test_format__losses,
	  test_format__calls_without_time,
	  test_format__what_is_not_lost_comes_back)
