#include "unit.h"

#include <math.h>

#include "change/gate.h"
#include "failing.h"
#include "made.h"

enum { RUNS = 5 };

/* One [[rule]] of one key, as if read. */
static struct rule one(enum rule_kind kind, enum limit_kind limit, double value)
{
	static const struct selector all;

	return (struct rule){ .of = &all, .kind = kind, .limit = { limit, value } };
}

static const char **texts(const char *text)
{
	static const char *v[32];
	static size_t n;

	v[n = (n + 1) % 32] = text;
	return &v[n];
}

static struct rule calls_of(const char *pattern, enum limit_kind limit, double value)
{
	struct rule r = one(RULE_CALLS, limit, value);

	r.functions = (struct patterns){ texts(pattern), 1 };
	return r;
}

struct judged {
	struct change change;
	struct gate gate;
};

static struct judged judge_sides(const struct summary *const *old, size_t nold,
				 const struct summary *const *new, size_t nnew,
				 const struct rule *rule)
{
	struct rule copy = *rule;
	struct rules rules = { .rules = &copy, .n = 1 };
	struct change_side a = { old, nold }, b = { new, nnew };
	struct change_options o = { .renames = NULL };
	struct error err = ERROR_INIT;
	struct judged j;

	ck_assert_msg(change_between(&j.change, &a, &b, &o, &err) == 0, "%s", err.text);
	ck_assert_msg(gate_judge(&j.gate, &rules, &j.change, &a, &b, &err) == 0, "%s", err.text);
	ck_assert_uint_eq(j.gate.npassed + j.gate.nfailed + j.gate.nskipped, j.gate.n);
	return j;
}

static struct judged judge_two(const struct made *old, const struct made *new,
			       const struct rule *rule)
{
	const struct summary *a = &old->s, *b = &new->s;

	return judge_sides(&a, 1, &b, 1, rule);
}

static void release(struct judged *j)
{
	gate_release(&j->gate);
	change_release(&j->change);
}

static struct summary_group *get(struct made *m)
{
	return made_group(m, "GET", "/", 2, (int64_t[]){ 1000, 1100 });
}

/* A run of two requests that calls execute so often, from lines, and that from show. */
static struct made *queries(uint64_t nexecute, uint64_t nlines)
{
	static struct summary_arc arcs[16][4];
	static size_t n;
	struct made *m = made_run("a", "3.12");
	struct summary_group *g = get(m);
	struct summary_arc *a = arcs[n++ % 16];

	made_function(m, g, "app.py", "lines", nlines, 10)->id.origin = ORIGIN_APP;
	made_function(m, g, "app.py", "show", 1, 10)->id.origin = ORIGIN_APP;
	made_function(m, g, "orm.py", "run", nexecute, 10)->id.origin = ORIGIN_PACKAGE;
	made_function(m, g, "~", "<method 'execute' of 'sqlite3.Cursor' objects>", nexecute,
		      (int64_t)nexecute * 100)->id.origin = ORIGIN_BUILTIN;
	made_done(m);
	/* show -> lines -> run -> execute */
	a[0] = (struct summary_arc){ UINT32_MAX, 1, { 1, 1, 1 } };
	a[1] = (struct summary_arc){ 1, 0, { nlines, nlines, nlines } };
	a[2] = (struct summary_arc){ 0, 2, { nexecute, nexecute, nexecute } };
	a[3] = (struct summary_arc){ 2, 3, { nexecute, nexecute, nexecute } };
	g->arcs = a;
	g->narcs = 4;
	return m;
}

static enum verdict verdict_of(const struct made *old, const struct made *new,
			       const struct rule *rule)
{
	struct judged j = judge_two(old, new, rule);
	enum verdict v = j.gate.findings[0].verdict;

	ck_assert_uint_eq(j.gate.n, 1);
	release(&j);
	return v;
}

/* One function is to blame, called by that one of the application. */
static void check_blamed(const struct finding *f, const char *name, const char *from)
{
	ck_assert_int_eq(f->verdict, VERDICT_FAILED);
	ck_assert_uint_eq(f->nguilty, 1);
	ck_assert_uint_eq(f->nblamed, 1);
	ck_assert_str_eq(f->blamed[0].function->after->id.name, name);
	ck_assert_str_eq(f->blamed[0].from->id.name, from);
}

/* Not the C function that a library calls at each call of it: what the application calls. */
START_TEST(test_gate__calls_more_of_a_library)
{
	struct made *old = queries(3, 3), *new = queries(43, 3);
	struct rule total = one(RULE_TOTAL_CALLS, LIMIT_PERCENT, 10);
	struct judged j = judge_two(old, new, &total);

	check_blamed(&j.gate.findings[0], "run", "lines");
	release(&j);
	free(old);
	free(new);
}
END_TEST

START_TEST(test_gate__an_n_plus_1_query)
{
	struct made *old = queries(3, 3), *new = queries(43, 43);
	struct rule sql = one(RULE_SQL, LIMIT_MORE, 0);
	struct judged j = judge_two(old, new, &sql);
	const struct finding *f = &j.gate.findings[0];

	ck_assert(f->old_value == 3 && f->new_value == 43);
	/* The statements, and the application's function that asks for them: over the library
	 * that stands between. */
	check_blamed(f, "<method 'execute' of 'sqlite3.Cursor' objects>", "lines");
	release(&j);
	ck_assert_int_eq(verdict_of(old, old, &sql), VERDICT_PASSED);
	ck_assert_int_eq(verdict_of(new, old, &sql), VERDICT_PASSED);
	free(old);
	free(new);
}
END_TEST

START_TEST(test_gate__limits_of_calls)
{
	struct made *old = queries(10, 10), *same = queries(10, 10), *more = queries(11, 11);
	struct made *twelve = queries(12, 12);
	const struct { struct rule rule; const struct made *new; enum verdict verdict; } cases[] = {
		{ calls_of("orm.run", LIMIT_MORE, 0), same, VERDICT_PASSED },
		{ calls_of("orm.run", LIMIT_MORE, 0), more, VERDICT_FAILED },
		{ calls_of("orm.run", LIMIT_MORE, 1), more, VERDICT_PASSED },
		{ calls_of("orm.run", LIMIT_MORE, 1), twelve, VERDICT_FAILED },
		{ calls_of("orm", LIMIT_PERCENT, 10), more, VERDICT_PASSED },
		{ calls_of("orm", LIMIT_PERCENT, 10), twelve, VERDICT_FAILED },
		{ calls_of("orm:*", LIMIT_MOST, 11), more, VERDICT_PASSED },
		{ calls_of("orm:*", LIMIT_MOST, 11), twelve, VERDICT_FAILED },
		/* A budget is one whatever the baseline did. */
		{ calls_of("orm:*", LIMIT_MOST, 9), same, VERDICT_FAILED },
		{ calls_of("nobody.calls", LIMIT_MOST, 0), same, VERDICT_PASSED },
		/* 31 calls before, 34 and 37 now. */
		{ one(RULE_TOTAL_CALLS, LIMIT_PERCENT, 10), more, VERDICT_PASSED },
		{ one(RULE_TOTAL_CALLS, LIMIT_PERCENT, 10), twelve, VERDICT_FAILED },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		ck_assert_msg(verdict_of(old, cases[i].new, &cases[i].rule) == cases[i].verdict,
			      "case %zu", i);
	free(old);
	free(same);
	free(more);
	free(twelve);
}
END_TEST

/* What varies between requests is worse past all that was seen, and never before. */
START_TEST(test_gate__counts_that_vary)
{
	struct made *old = made_run("a", "3.12"), *new = made_run("b", "3.12");
	struct summary_group *g = get(old), *h = get(new);
	struct rule rule = calls_of("app", LIMIT_MORE, 0);

	made_function(old, g, "app.py", "f", 5, 1)->calls = (struct count_range){ 4, 5, 9 };
	made_function(new, h, "app.py", "f", 9, 1)->calls = (struct count_range){ 9, 20, 30 };
	ck_assert_int_eq(verdict_of(old, new, &rule), VERDICT_PASSED);
	new->functions[0][0].calls.min = 10;
	ck_assert_int_eq(verdict_of(old, new, &rule), VERDICT_FAILED);
	/* Of a budget the worst request counts. */
	rule = calls_of("app", LIMIT_MOST, 29);
	ck_assert_int_eq(verdict_of(old, new, &rule), VERDICT_FAILED);
	rule = calls_of("app", LIMIT_MOST, 30);
	ck_assert_int_eq(verdict_of(old, new, &rule), VERDICT_PASSED);
	free(old);
	free(new);
}
END_TEST

static void check_skip(const struct made *old, const struct made *new, const struct rule *rule,
		       enum skip skip)
{
	struct judged j = judge_two(old, new, rule);

	ck_assert_uint_eq(j.gate.nskipped, skip != SKIP_NONE);
	ck_assert_int_eq(j.gate.findings[0].skip, skip);
	ck_assert(skip_texts[skip][0] != '\0' || skip == SKIP_NONE);
	release(&j);
}

START_TEST(test_gate__what_is_not_judged)
{
	static const struct selector warm = { .warm = true };
	struct made *old = queries(3, 3), *new = queries(43, 43);
	struct rule more = one(RULE_SQL, LIMIT_MORE, 0), most = one(RULE_SQL, LIMIT_MOST, 4);
	struct rule of_warm = more, wall = one(RULE_TIME, LIMIT_PERCENT, 5);
	struct rule bytes = one(RULE_METRIC, LIMIT_MORE, 0);

	of_warm.of = &warm;
	wall.metric = "wall";
	bytes.metric = "alloc_bytes";
	check_skip(old, new, &wall, SKIP_FEW);
	check_skip(old, new, &bytes, SKIP_METRIC);
	old->groups[0].warm = new->groups[0].warm = false;
	check_skip(old, new, &of_warm, SKIP_COLD);
	check_skip(old, new, &more, SKIP_NONE);
	/* The first of its kind does more. */
	old->groups[0].warm = true;
	check_skip(old, new, &more, SKIP_WARMTH);
	new->groups[0].warm = true;
	new->groups[0].failed = true;
	check_skip(old, new, &more, SKIP_BROKE);
	old->groups[0].failed = true;
	check_skip(old, new, &more, SKIP_NONE);
	new->groups[0].nlost = 1;
	check_skip(old, new, &more, SKIP_LOST);
	new->groups[0].nlost = 0;
	/* A new request is not worse, but within its budget it must be. A gone one is nothing. */
	old->groups[0].route = "/old";
	check_skip(old, new, &more, SKIP_NEW);
	ck_assert_int_eq(verdict_of(old, new, &most), VERDICT_FAILED);
	ck_assert_int_eq(verdict_of(new, old, &most), VERDICT_PASSED);
	new->s.machine = old->s.machine + 1;
	old->groups[0].route = "/";
	check_skip(old, new, &wall, SKIP_MACHINE);
	check_skip(old, new, &more, SKIP_NONE);
	free(old);
	free(new);
}
END_TEST

START_TEST(test_gate__new_callees)
{
	struct made *old = queries(3, 3), *new = queries(3, 3);
	struct rule rule = one(RULE_NEW_CALLEES, LIMIT_MOST, 0);
	struct summary_group *g = new->groups;
	static struct summary_arc arcs[6];
	struct judged j;

	ck_assert_int_eq(verdict_of(old, new, &rule), VERDICT_PASSED);
	/* lines calls a new function of the application, and that requests.get. */
	made_function(new, g, "app.py", "zfetch", 3, 5)->id.origin = ORIGIN_APP;
	made_function(new, g, "requests/api.py", "get", 3, 5)->id.origin = ORIGIN_PACKAGE;
	made_done(new);
	/* Now: lines, show, zfetch, run, get, execute. */
	arcs[0] = (struct summary_arc){ UINT32_MAX, 1, { 1, 1, 1 } };
	arcs[1] = (struct summary_arc){ 1, 0, { 3, 3, 3 } };
	arcs[2] = (struct summary_arc){ 0, 3, { 3, 3, 3 } };
	arcs[3] = (struct summary_arc){ 0, 2, { 3, 3, 3 } };
	arcs[4] = (struct summary_arc){ 2, 4, { 3, 3, 3 } };
	arcs[5] = (struct summary_arc){ 3, 5, { 3, 3, 3 } };
	g->arcs = arcs;
	g->narcs = 6;
	j = judge_two(old, new, &rule);
	check_blamed(&j.gate.findings[0], "get", "zfetch");
	release(&j);
	rule.functions = (struct patterns){ texts("urllib3"), 1 };
	ck_assert_int_eq(verdict_of(old, new, &rule), VERDICT_PASSED);
	rule.functions = (struct patterns){ texts("requests"), 1 };
	ck_assert_int_eq(verdict_of(old, new, &rule), VERDICT_FAILED);
	rule.from = (struct patterns){ texts("app.show"), 1 };
	ck_assert_int_eq(verdict_of(old, new, &rule), VERDICT_PASSED);
	/* One in two requests calls it: what was served may have changed, not the code. */
	rule.from.n = 0;
	arcs[4].calls.min = 0;
	ck_assert_int_eq(verdict_of(old, new, &rule), VERDICT_PASSED);
	/* It is no new callee where it was called before. */
	arcs[4].calls.min = 3;
	ck_assert_int_eq(verdict_of(new, new, &rule), VERDICT_PASSED);
	free(old);
	free(new);
}
END_TEST

/* Five runs a side of two requests; of the first b's take so much more, in percent. */
struct timed {
	struct made *m[2][RUNS];
	const struct summary *list[2][RUNS];
};

static void make_timed(struct timed *t, int64_t base, int64_t percent)
{
	static const int64_t noise[2][RUNS] = { { 0, 3, -2, 1, -1 }, { 2, -1, 0, 3, -3 } };

	for (int side = 0; side < 2; side++)
		for (int i = 0; i < RUNS; i++) {
			struct made *m = made_run("a", "3.12");
			int64_t v = base * (100 + noise[side][i] + side * percent) / 100;
			int64_t w = base * (100 - noise[side][i]) / 100;

			made_function(m, made_group(m, "GET", "/", 1, &v), "a.py", "f", 1, v);
			made_function(m, made_group(m, "GET", "/x", 1, &w), "a.py", "g", 1, w);
			m->s.created_ns = 2 * i + side + 1;
			t->m[side][i] = m;
			t->list[side][i] = made_done(m);
		}
}

static void free_timed(struct timed *t)
{
	for (int side = 0; side < 2; side++)
		for (int i = 0; i < RUNS; i++)
			free(t->m[side][i]);
}

/* How many of the two requests the rule fails. */
static size_t count_slower(struct timed *t, const struct rule *rule, enum skip skip)
{
	struct judged j = judge_sides(t->list[0], RUNS, t->list[1], RUNS, rule);
	size_t n = j.gate.nfailed;

	ck_assert_uint_eq(j.gate.n, 2);
	ck_assert_uint_eq(j.gate.nworse, n);
	ck_assert_uint_eq(j.gate.njudged, skip == SKIP_NONE ? 2 : 0);
	for (size_t i = 0; i < 2; i++)
		ck_assert_ptr_eq(gate_find(&j.gate, j.gate.findings[i].rule,
					   j.gate.findings[i].request), &j.gate.findings[i]);
	ck_assert_ptr_null(gate_find(&j.gate, j.gate.findings[0].rule + 1, &j.change.requests[0]));
	ck_assert_int_eq(j.gate.findings[0].skip, skip);
	for (size_t i = 0; i < 2 && n != 0; i++) {
		const struct finding *f = &j.gate.findings[i];

		if (f->verdict != VERDICT_FAILED)
			continue;
		ck_assert_str_eq(f->request->after->route, "/");
		ck_assert(f->p < CHANGE_ALPHA && f->new_value > f->old_value);
		ck_assert_str_eq(f->blamed[0].function->after->id.name, "f");
	}
	release(&j);
	return n;
}

START_TEST(test_gate__time)
{
	struct rule wall = one(RULE_TIME, LIMIT_PERCENT, 5);
	struct timed t;

	wall.metric = "wall";
	wall.floor_ns = 200e3;
	make_timed(&t, 10000000, 30);
	ck_assert_uint_eq(count_slower(&t, &wall, SKIP_NONE), 1);
	/* 3 ms of 10 are over 30 % by no more than the noise lets one say. */
	wall.limit.value = 40;
	ck_assert_uint_eq(count_slower(&t, &wall, SKIP_NONE), 0);
	wall.limit.value = 5;
	wall.floor_ns = 4e6;
	ck_assert_uint_eq(count_slower(&t, &wall, SKIP_NONE), 0);
	wall.floor_ns = 0;
	/* All of one side first: whatever the machine did meanwhile looks like a change. */
	for (int i = 0; i < RUNS; i++)
		t.m[1][i]->s.created_ns = 100 + i;
	ck_assert_uint_eq(count_slower(&t, &wall, SKIP_TURNS), 0);
	free_timed(&t);
	/* Within the noise. */
	make_timed(&t, 10000000, 2);
	ck_assert_uint_eq(count_slower(&t, &wall, SKIP_NONE), 0);
	free_timed(&t);
	/* 30 % of next to nothing. */
	wall.floor_ns = 200e3;
	make_timed(&t, 500000, 30);
	ck_assert_uint_eq(count_slower(&t, &wall, SKIP_NONE), 0);
	free_timed(&t);
}
END_TEST

/* What a test asks for twice is one request, also where 3.11's comprehensions were folded
 * and the groups are no longer those of the runs. */
START_TEST(test_gate__time_of_unlike_pythons)
{
	struct change_options force = { .force = true };
	struct rule wall = one(RULE_TIME, LIMIT_PERCENT, 5);
	struct rules rules = { .rules = &wall, .n = 1 };
	struct made *m[2][RUNS];
	const struct summary *list[2][RUNS];
	struct change_side side[2] = { { list[0], RUNS }, { list[1], RUNS } };
	struct error err = ERROR_INIT;
	struct judged j;

	wall.metric = "wall";
	for (int i = 0; i < 2 * RUNS; i++) {
		struct made *run = made_run("a", i % 2 ? "3.12" : "3.11");

		for (int ordinal = 1; ordinal <= 2; ordinal++) {
			int64_t v = (i % 2 + 1) * 1000 * ordinal;
			struct summary_group *g = made_group(run, "GET", "/", 1, &v);

			g->label = "t::twice";
			g->ordinal = (uint64_t)ordinal;
			made_function(run, g, "a.py", "f", 1, v);
		}
		run->s.created_ns = i + 1;
		m[i % 2][i / 2] = run;
		list[i % 2][i / 2] = made_done(run);
	}
	ck_assert_int_eq(change_between(&j.change, &side[0], &side[1], &force, &err), 0);
	ck_assert_int_eq(gate_judge(&j.gate, &rules, &j.change, &side[0], &side[1], &err), 0);
	ck_assert_uint_eq(j.gate.n, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert(j.gate.findings[i].old_value == 1500);
		ck_assert(j.gate.findings[i].new_value == 3000);
	}
	release(&j);
	for (int i = 0; i < 2 * RUNS; i++)
		free(m[i % 2][i / 2]);
}
END_TEST

struct pair {
	struct made *old, *new;
	struct change change;
};

static int judge_default(void *arg, struct error *err)
{
	struct pair *p = arg;
	const struct summary *a = &p->old->s, *b = &p->new->s;
	struct change_side old = { &a, 1 }, new = { &b, 1 };
	struct rules rules;
	struct gate gate = { .findings = NULL };
	int rc = rules_default(&rules, err);

	if (rc == 0)
		rc = gate_judge(&gate, &rules, &p->change, &old, &new, err);
	if (rc == 0) {
		/* Of CPU time, which was not measured, nothing is said. */
		ck_assert_uint_eq(gate.n, 3);
		ck_assert(gate.nfailed == 2 && gate.nworse == 1 && gate.njudged == 1);
	}
	gate_release(&gate);
	rules_release(&rules);
	return rc;
}

START_TEST(test_gate__out_of_memory)
{
	struct pair p = { queries(3, 3), queries(43, 43), { .arena = ARENA_INIT } };
	const struct summary *a = &p.old->s, *b = &p.new->s;
	struct change_side old = { &a, 1 }, new = { &b, 1 };
	struct change_options o = { .renames = NULL };
	struct error err = ERROR_INIT;

	ck_assert_int_eq(change_between(&p.change, &old, &new, &o, &err), 0);
	fail_each_allocation(judge_default, &p);
	change_release(&p.change);
	free(p.old);
	free(p.new);
}
END_TEST

/* Five runs a side that took turns, of many requests each. */
struct long_runs {
	struct made *m[2][RUNS];
	const struct summary *list[2][RUNS];
	struct change change;
};

static int judge_long_runs(void *arg, struct error *err)
{
	struct long_runs *l = arg;
	struct change_side old = { l->list[0], RUNS }, new = { l->list[1], RUNS };
	struct rule wall = one(RULE_TIME, LIMIT_PERCENT, 5);
	struct rules rules = { .rules = &wall, .n = 1 };
	struct gate gate;

	wall.metric = "wall";
	if (gate_judge(&gate, &rules, &l->change, &old, &new, err) < 0)
		return -1;
	ck_assert_uint_eq(gate.n, 1);
	ck_assert_int_eq(gate.findings[0].verdict, VERDICT_FAILED);
	ck_assert(gate.findings[0].old_value == 10005 && gate.findings[0].new_value == 20005);
	gate_release(&gate);
	return 0;
}

/* A run whose median could not be made is not one without the request. */
START_TEST(test_gate__out_of_memory_for_times)
{
	struct long_runs l = { .change = { .arena = ARENA_INIT } };
	struct change_side side[2] = { { l.list[0], RUNS }, { l.list[1], RUNS } };
	struct change_options o = { .renames = NULL };
	struct error err = ERROR_INIT;

	for (int i = 0; i < 2 * RUNS; i++) {
		struct made *m = made_run("a", "3.12");
		int64_t wall = (i % 2 + 1) * 10000 + i / 2;

		made_function(m, made_many(m, "/", wall), "a.py", "f", 1, wall);
		m->s.created_ns = i + 1;
		l.m[i % 2][i / 2] = m;
		l.list[i % 2][i / 2] = made_done(m);
	}
	ck_assert_int_eq(change_between(&l.change, &side[0], &side[1], &o, &err), 0);
	ck_assert_uint_ge(fail_each_allocation(judge_long_runs, &l), 10);
	change_release(&l.change);
	for (int i = 0; i < 2 * RUNS; i++)
		free(l.m[i % 2][i / 2]);
}
END_TEST

UNIT_MAIN("change/gate",
	  test_gate__calls_more_of_a_library,
	  test_gate__an_n_plus_1_query,
	  test_gate__limits_of_calls,
	  test_gate__counts_that_vary,
	  test_gate__what_is_not_judged,
	  test_gate__new_callees,
	  test_gate__time,
	  test_gate__time_of_unlike_pythons,
	  test_gate__out_of_memory,
	  test_gate__out_of_memory_for_times)
