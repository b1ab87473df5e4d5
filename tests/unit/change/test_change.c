#include "change/change.h"

#include <math.h>

#include "failing.h"
#include "made.h"
#include "unit.h"

static const struct change_options plain;

static struct change between(const struct summary *const *old, size_t nold,
			     const struct summary *const *new, size_t nnew,
			     const struct change_options *o)
{
	struct change_side a = { old, nold }, b = { new, nnew };
	struct error err = ERROR_INIT;
	struct change c;

	ck_assert_msg(change_between(&c, &a, &b, o, &err) == 0, "%s", err.text);
	return c;
}

static struct change of_two(const struct summary *old, const struct summary *new)
{
	return between(&old, 1, &new, 1, &plain);
}

/* A request of one run on each side, whose functions are said one by one. */
struct two {
	struct made *old, *new;
};

static struct two two_requests(int64_t old_wall, int64_t new_wall)
{
	struct two t = { made_run("a", "3.12"), made_run("b", "3.12") };

	made_group(t.old, "GET", "/", 1, &old_wall);
	made_group(t.new, "GET", "/", 1, &new_wall);
	return t;
}

static void had(struct two *t, const char *file, const char *name, uint64_t ncalls, int64_t self)
{
	made_function(t->old, &t->old->groups[0], file, name, ncalls, self);
}

static void has(struct two *t, const char *file, const char *name, uint64_t ncalls, int64_t self)
{
	made_function(t->new, &t->new->groups[0], file, name, ncalls, self);
}

static struct change compare_two(struct two *t, const struct change_options *o)
{
	const struct summary *old = made_done(t->old), *new = made_done(t->new);

	return between(&old, 1, &new, 1, o);
}

static void end_two(struct two *t, struct change *c)
{
	change_release(c);
	free(t->old);
	free(t->new);
}

static const char *name_of(const struct function_change *f)
{
	return f->after ? f->after->id.name : f->before->id.name;
}

static const struct function_change *function(const struct request_change *r, const char *name)
{
	for (size_t i = 0; i < r->nfunctions; i++)
		if (strcmp(name_of(&r->functions[i]), name) == 0)
			return &r->functions[i];
	ck_abort_msg("no function %s", name);
	return NULL;
}

/* An N+1 query: 3 statements become 43, each a little dearer. */
START_TEST(test_change__more_and_dearer_calls_add_up)
{
	struct two t = two_requests(1000, 9600);
	const struct function_change *f;
	struct request_change *r;
	struct change c;

	had(&t, "~", "execute", 3, 600);
	had(&t, "app.py", "show", 1, 100);
	had(&t, "app.py", "gone", 2, 20);
	has(&t, "~", "execute", 43, 8600 + 430);
	has(&t, "app.py", "show", 1, 130);
	has(&t, "app.py", "fresh", 4, 40);
	c = compare_two(&t, &plain);
	ck_assert_uint_eq(c.nrequests, 1);
	r = &c.requests[0];
	ck_assert_int_eq(r->state, REQUEST_BOTH);
	ck_assert(r->metrics[0].delta == 8600 && r->metrics[0].ratio == 9.6);
	ck_assert(r->counts_known && r->calls_worse && !r->calls_better);
	ck_assert_uint_eq(r->old_calls.median, 6);
	ck_assert_uint_eq(r->new_calls.median, 48);
	ck_assert_int_eq(r->evidence, EVIDENCE_UNKNOWN);
	ck_assert(isnan(r->p) && isnan(r->noise) && r->interval.reached == 0);
	ck_assert_uint_eq(r->nfunctions, 4);
	ck_assert_uint_eq(r->nrecounted, 3);
	/* 40 calls more at 200 each; 43 calls at 10 more each. */
	f = &r->functions[0];
	ck_assert_str_eq(name_of(f), "execute");
	ck_assert(f->more_calls_ns == 8000 && f->dearer_calls_ns == 430);
	ck_assert(f->self[0].delta == 8430 && f->calls_worse);
	f = function(r, "fresh");
	ck_assert_int_eq(f->match, MATCH_NEW);
	ck_assert(f->more_calls_ns == 40 && f->dearer_calls_ns == 0 && isnan(f->self[0].ratio));
	f = function(r, "gone");
	ck_assert_int_eq(f->match, MATCH_GONE);
	ck_assert(f->more_calls_ns == -20 && f->dearer_calls_ns == 0 && f->calls_better);
	f = function(r, "show");
	ck_assert(f->more_calls_ns == 0 && f->dearer_calls_ns == 30 && !function_recounted(f));
	ck_assert_int_eq(request_standing(r), STANDING_MORE_CALLS);
	end_two(&t, &c);
}
END_TEST

/* Counts that vary within a run are ranges: worse is past all that was seen. */
START_TEST(test_change__ranges_of_calls)
{
	static const struct { uint64_t old[2], new[2]; bool worse, better; } cases[] = {
		{ { 5, 7 }, { 7, 9 }, false, false },
		{ { 5, 7 }, { 8, 9 }, true, false },
		{ { 5, 7 }, { 3, 4 }, false, true },
		{ { 5, 7 }, { 4, 5 }, false, false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct made *m[2] = { made_run("a", "3.12"), made_run("b", "3.12") };
		struct change c;

		for (int side = 0; side < 2; side++) {
			const uint64_t *v = side ? cases[i].new : cases[i].old;
			struct summary_group *g = made_group(m[side], "GET", "/", 2,
							     (int64_t[]){ 10, 10 });
			struct summary_function *f = made_function(m[side], g, "a.py", "f", 0, 9);

			memcpy(g->calls, v, 2 * sizeof *v);
			f->calls = (struct count_range){ v[0], v[0], v[1] };
		}
		c = of_two(made_done(m[0]), made_done(m[1]));
		ck_assert(c.requests[0].calls_worse == cases[i].worse);
		ck_assert(c.requests[0].calls_better == cases[i].better);
		ck_assert(c.requests[0].functions[0].calls_worse == cases[i].worse);
		ck_assert(c.requests[0].functions[0].calls_better == cases[i].better);
		change_release(&c);
		free(m[0]);
		free(m[1]);
	}
}
END_TEST

/* Where events were lost, counts prove nothing. */
START_TEST(test_change__lost_events)
{
	struct two t = two_requests(10, 30);
	struct change c;

	had(&t, "a.py", "f", 1, 9);
	has(&t, "a.py", "f", 2, 20);
	t.new->groups[0].nlost = 3;
	c = compare_two(&t, &plain);
	ck_assert(!c.requests[0].counts_known && !c.requests[0].calls_worse);
	ck_assert(c.requests[0].functions[0].dearer_calls_ns == 11);
	end_two(&t, &c);
}
END_TEST

enum { RUNS = 5 };

/* Five runs a side that took turns, each of three requests: walls by side, as a run's
 * median. */
static struct change of_runs(struct made *(*m)[RUNS], const int64_t (*walls)[RUNS],
			     const struct change_options *o)
{
	const struct summary *s[2][RUNS];

	for (int side = 0; side < 2; side++)
		for (int i = 0; i < RUNS; i++) {
			int64_t wall = walls[side][i];
			struct summary_group *g;

			m[side][i] = made_run(side ? "b" : "a", "3.12");
			g = made_group(m[side][i], "GET", "/", 3,
				       (int64_t[]){ wall + 50, wall, wall - 1 });
			made_function(m[side][i], g, "a.py", "f", 1, wall / 2);
			made_function(m[side][i], g, "a.py", "g", 1, 3);
			m[side][i]->s.created_ns = 2 * i + side + 1;
			s[side][i] = made_done(m[side][i]);
		}
	return between(s[0], RUNS, s[1], RUNS, o);
}

static void free_runs(struct made *(*m)[RUNS])
{
	for (int side = 0; side < 2; side++)
		for (int i = 0; i < RUNS; i++)
			free(m[side][i]);
}

START_TEST(test_change__five_runs_prove)
{
	static const int64_t slower[2][RUNS] = { { 100, 104, 102, 98, 101 },
						 { 110, 112, 109, 120, 111 } };
	static const int64_t alike[2][RUNS] = { { 100, 104, 102, 98, 101 },
						{ 110, 112, 109, 99, 111 } };
	struct made *m[2][RUNS];
	struct change c = of_runs(m, slower, &plain);
	struct request_change *r = &c.requests[0];

	ck_assert_int_eq(r->evidence, EVIDENCE_PROVEN);
	ck_assert(fabs(r->p - 1 / 252.0) < 1e-12);
	ck_assert_uint_eq(r->old_requests, 15);
	ck_assert(r->metrics[0].old_value == 101 && r->metrics[0].new_value == 111);
	ck_assert(r->interval.low == 5 && r->interval.high == 22);
	ck_assert(fabs(r->interval.reached - (1 - 2 / 252.0)) < 1e-12);
	ck_assert(fabs(r->noise - 11 / 111.0) < 1e-12);
	ck_assert_str_eq(name_of(&r->functions[0]), "f");
	ck_assert(r->functions[0].interval.low > 0 && r->functions[0].interval.reached > 0.99);
	ck_assert(r->functions[1].interval.low == 0 && r->functions[1].interval.high == 0);
	ck_assert_int_eq(request_standing(r), STANDING_SLOWER);
	change_release(&c);
	free_runs(m);
	/* One new run is faster than most of the old. */
	c = of_runs(m, alike, &plain);
	r = &c.requests[0];
	ck_assert_int_eq(r->evidence, EVIDENCE_NOT);
	ck_assert(r->p > CHANGE_ALPHA && r->p < 0.1);
	ck_assert(r->functions[0].interval.reached == 0);
	ck_assert_int_eq(request_standing(r), STANDING_SAME);
	change_release(&c);
	free_runs(m);
}
END_TEST

/* All runs of one side first: whatever the machine did meanwhile looks like a change. Nor is
 * anything proven where it is not known when a run was made. */
START_TEST(test_change__runs_that_took_no_turns)
{
	static const int64_t far[2][RUNS] = { { 100, 104, 102, 98, 101 },
					      { 130, 132, 129, 140, 131 } };
	static const int64_t near[2][RUNS] = { { 100, 104, 102, 98, 101 },
					       { 106, 107, 106, 113, 107 } };

	for (int unknown = 0; unknown <= 1; unknown++)
		for (int wide = 0; wide <= 1; wide++) {
			const int64_t (*walls)[RUNS] = wide ? far : near;
			struct made *m[2][RUNS];
			struct change c = of_runs(m, walls, &plain);
			const struct summary *s[2][RUNS];

			ck_assert(c.took_turns);
			ck_assert_int_eq(c.requests[0].evidence, EVIDENCE_PROVEN);
			change_release(&c);
			for (int i = 0; i < RUNS; i++) {
				if (!unknown)
					m[1][i]->s.created_ns += 2 * RUNS;
				s[0][i] = &m[0][i]->s;
				s[1][i] = &m[1][i]->s;
			}
			if (unknown)
				m[1][3]->s.created_ns = 0;
			c = between(s[0], RUNS, s[1], RUNS, &plain);
			ck_assert(!c.took_turns && isnan(c.requests[0].p));
			ck_assert(c.requests[0].interval.reached == 0);
			ck_assert_int_eq(c.requests[0].evidence, wide ? EVIDENCE_BEYOND_NOISE
								      : EVIDENCE_WITHIN_NOISE);
			ck_assert_int_eq(request_standing(&c.requests[0]),
					 wide ? STANDING_SLOWER_BEYOND_NOISE : STANDING_SAME);
			change_release(&c);
			free_runs(m);
		}
}
END_TEST

START_TEST(test_change__faster_is_proven_too)
{
	static const int64_t faster[2][RUNS] = { { 200, 204, 202, 198, 201 },
						 { 110, 112, 109, 120, 111 } };
	struct made *m[2][RUNS];
	struct change c = of_runs(m, faster, &plain);

	ck_assert_int_eq(c.requests[0].evidence, EVIDENCE_PROVEN);
	ck_assert_int_eq(request_standing(&c.requests[0]), STANDING_FASTER);
	change_release(&c);
	free_runs(m);
}
END_TEST

static struct made *one_request(const char *commit, int64_t wall)
{
	struct made *m = made_run(commit, "3.12");
	struct summary_group *g = made_group(m, "GET", "/", 1, &wall);

	made_function(m, g, "a.py", "f", 1, wall);
	made_done(m);
	return m;
}

/* Few runs: as far apart as runs of one commit were is no news. */
START_TEST(test_change__stored_runs_tell_the_noise)
{
	struct made *stored[] = { one_request("x", 100), one_request("x", 110),
				  one_request("y", 500), one_request(NULL, 900) };
	const struct summary *noise[] = { &stored[0]->s, &stored[1]->s, &stored[2]->s,
					  &stored[3]->s };
	struct change_options o = { .noise = noise, .nnoise = 4 };
	struct made *old = one_request("a", 200), *near = one_request("b", 210),
		    *far = one_request("b", 240);
	const struct summary *a = &old->s, *b = &near->s, *d = &far->s;
	struct change c = between(&a, 1, &b, 1, &o);

	ck_assert(fabs(c.requests[0].noise - 10 / 105.0) < 1e-12);
	ck_assert_int_eq(c.requests[0].evidence, EVIDENCE_WITHIN_NOISE);
	change_release(&c);
	c = between(&a, 1, &d, 1, &o);
	ck_assert_int_eq(c.requests[0].evidence, EVIDENCE_BEYOND_NOISE);
	ck_assert_int_eq(request_standing(&c.requests[0]), STANDING_SLOWER_BEYOND_NOISE);
	change_release(&c);
	for (int i = 0; i < 4; i++)
		free(stored[i]);
	free(old);
	free(near);
	free(far);
}
END_TEST

static struct summary_group *labelled(struct made *m, const char *label, uint64_t ordinal,
				      const char *route, int64_t wall)
{
	struct summary_group *g = made_group(m, "GET", route, 1, &wall);

	g->label = label;
	g->ordinal = ordinal;
	return g;
}

static const struct request_change *request(const struct change *c, const char *route,
					    enum request_state state)
{
	for (size_t i = 0; i < c->nrequests; i++) {
		const struct request_change *r = &c->requests[i];

		if (r->state == state && strcmp((r->after ? r->after : r->before)->route, route) == 0)
			return r;
	}
	ck_abort_msg("no request %s", route);
	return NULL;
}

/* The new suite asks for /login first, of one route the name has changed, and what had no
 * label has one. */
START_TEST(test_change__requests_by_label)
{
	struct made *a = made_run("a", "3.12"), *b = made_run("b", "3.12");
	struct change c;

	labelled(a, "t::one", 1, "/a", 1);
	labelled(a, "t::one", 2, "/a", 2);
	labelled(a, "t::two", 1, "/old-name", 3);
	labelled(a, NULL, 0, "/free", 4);
	labelled(a, "t::three", 1, "/gone", 5);
	labelled(b, "t::one", 1, "/login", 10);
	labelled(b, "t::one", 2, "/a", 11);
	labelled(b, "t::one", 3, "/a", 12);
	labelled(b, "t::two", 1, "/new-name", 13);
	labelled(b, "t::four", 1, "/free", 14);
	c = of_two(made_done(a), made_done(b));
	ck_assert_uint_eq(c.nrequests, 6);
	ck_assert(request(&c, "/login", REQUEST_NEW)->metrics[0].delta == 10);
	ck_assert(request(&c, "/gone", REQUEST_GONE)->metrics[0].delta == -5);
	ck_assert(request(&c, "/new-name", REQUEST_BOTH)->metrics[0].old_value == 3);
	ck_assert(request(&c, "/free", REQUEST_BOTH)->metrics[0].old_value == 4);
	for (size_t i = 0; i < c.nrequests; i++)
		if (c.requests[i].after != NULL && strcmp(c.requests[i].after->route, "/a") == 0)
			ck_assert(c.requests[i].metrics[0].delta == 10);
	change_release(&c);
	free(a);
	free(b);
}
END_TEST

START_TEST(test_change__single_requests_pair_whatever_they_are)
{
	struct made *a = made_run("a", "3.12"), *b = made_run("b", "3.12");
	struct change_options o = { .single = true };
	const struct summary *x, *y;
	struct change c;

	labelled(a, NULL, 0, "/a", 1);
	labelled(b, NULL, 0, "/b", 2);
	x = made_done(a);
	y = made_done(b);
	c = between(&x, 1, &y, 1, &o);
	ck_assert_uint_eq(c.nrequests, 1);
	ck_assert_int_eq(c.requests[0].state, REQUEST_BOTH);
	change_release(&c);
	free(a);
	free(b);
}
END_TEST

/* By the commits' own difference: a file moved, a class with its methods renamed, a
 * function put into another file; and the n-th of a name is the n-th. */
START_TEST(test_change__renames)
{
	static struct rename renames[] = {
		{ "app/models.py", "core/models.py", NULL, NULL },
		{ "app/views.py", "app/views.py", "Shop", "Store" },
		{ "app/views.py", "app/util.py", "helper", "assist" },
	};
	struct rename_map map = { renames, 3 };
	struct change_options o = { .renames = &map };
	struct two t = two_requests(100, 100);
	const struct function_change *f;
	struct change c;

	had(&t, "app/models.py", "load", 1, 1);
	had(&t, "app/views.py", "Shop.show", 1, 2);
	had(&t, "app/views.py", "Shopping", 1, 3);
	had(&t, "app/views.py", "helper", 1, 4);
	had(&t, "app/views.py", "<lambda>", 1, 5);
	had(&t, "app/views.py", "<lambda>", 1, 6);
	has(&t, "app/views.py", "<lambda>", 1, 7);
	has(&t, "app/views.py", "<lambda>", 1, 8);
	has(&t, "app/views.py", "<lambda>", 1, 9);
	has(&t, "core/models.py", "load", 1, 10);
	has(&t, "app/views.py", "Store.show", 1, 20);
	has(&t, "app/util.py", "assist", 1, 40);
	c = compare_two(&t, &o);
	f = function(&c.requests[0], "load");
	ck_assert(f->match == MATCH_MOVED && f->self[0].old_value == 1);
	f = function(&c.requests[0], "Store.show");
	ck_assert(f->match == MATCH_RENAMED && f->self[0].old_value == 2);
	f = function(&c.requests[0], "assist");
	ck_assert(f->match == MATCH_RENAMED && f->self[0].old_value == 4);
	ck_assert_int_eq(function(&c.requests[0], "Shopping")->match, MATCH_GONE);
	for (size_t i = 0; i < c.requests[0].nfunctions; i++) {
		f = &c.requests[0].functions[i];
		if (strcmp(name_of(f), "<lambda>") != 0)
			continue;
		if (f->after->id.nth == 2)
			ck_assert_int_eq(f->match, MATCH_NEW);
		else
			ck_assert(f->self[0].delta == 2);
	}
	ck_assert_uint_eq(c.requests[0].nfunctions, 7);
	end_two(&t, &c);
}
END_TEST

/* A whole file that one side alone has is known by the end of its path; not so one that the
 * other side has in a request of another kind. */
START_TEST(test_change__files_elsewhere)
{
	struct two t = two_requests(100, 100);
	struct summary_group *other = made_group(t.new, "GET", "/z", 1, (int64_t[]){ 100 });
	const struct request_change *r;
	struct change c;

	had(&t, "/srv/ann/shop/app.py", "f", 1, 1);
	had(&t, "lib/old.py", "g", 1, 1);
	had(&t, "kept/x.py", "k", 1, 1);
	has(&t, "/builds/7/shop/app.py", "f", 1, 1);
	has(&t, "src/old.py", "g", 1, 1);
	has(&t, "other/kept/x.py", "k", 1, 1);
	made_function(t.new, other, "kept/x.py", "q", 1, 1);
	c = compare_two(&t, &plain);
	r = request(&c, "/", REQUEST_BOTH);
	ck_assert_int_eq(function(r, "f")->match, MATCH_SAME);
	ck_assert_int_eq(function(r, "g")->match, MATCH_MOVED);
	ck_assert_uint_eq(r->nfunctions, 4);
	ck_assert(function(r, "k")->match == MATCH_NEW || function(r, "k")->match == MATCH_GONE);
	end_two(&t, &c);
}
END_TEST

static void refused(const struct summary *a, const struct summary *b, const char *says)
{
	struct change_side x = { &a, 1 }, y = { &b, 1 };
	struct change_options force = { .force = true };
	struct error err = ERROR_INIT;
	struct change c;

	ck_assert_int_eq(change_between(&c, &x, &y, &plain, &err), -1);
	ck_assert_int_eq(err.code, ERR_REFUSED);
	ck_assert_str_eq(err.text, says);
	ck_assert_msg(change_between(&c, &x, &y, &force, &err) == 0, "%s", err.text);
	ck_assert_str_eq(c.refused, says);
	change_release(&c);
}

START_TEST(test_change__unlike_runs)
{
	struct made *a = one_request("a", 1), *b = one_request("b", 1);
	struct change c;

	a->s.python = "3.11";
	refused(&a->s, &b->s, "Python 3.11 is not comparable with 3.12");
	a->s.python = "3.12";
	a->s.mode = "app";
	refused(&a->s, &b->s, "mode app is not comparable with exact");
	a->s.mode = NULL; /* a file that does not say */
	a->s.machine = 8;
	c = of_two(&a->s, &b->s);
	ck_assert(c.other_machine && c.refused == NULL);
	change_release(&c);
	free(a);
	free(b);
}
END_TEST

/* What 3.11 calls comprehensions is 3.12's function itself. */
START_TEST(test_change__comprehensions)
{
	struct two t = two_requests(100, 100);
	struct change_options o = { .force = true };
	const struct function_change *f;
	struct change c;

	t.old->s.python = "3.11";
	had(&t, "a.py", "<module>", 1, 1);
	had(&t, "a.py", "f", 2, 10);
	had(&t, "a.py", "f.<locals>.<listcomp>", 2, 20);
	had(&t, "a.py", "f.<locals>.<listcomp>.<locals>.<dictcomp>", 8, 40);
	had(&t, "a.py", "f.<locals>.<listcomp>.<locals>.<lambda>", 8, 5);
	had(&t, "a.py", "f.<locals>.<genexpr>", 8, 6);
	had(&t, "a.py", "<setcomp>", 1, 2);
	has(&t, "a.py", "<module>", 1, 3);
	has(&t, "a.py", "f", 2, 70);
	has(&t, "a.py", "f.<locals>.<lambda>", 8, 5);
	has(&t, "a.py", "f.<locals>.<genexpr>", 8, 6);
	c = compare_two(&t, &o);
	ck_assert_uint_eq(c.requests[0].nfunctions, 4);
	ck_assert_uint_eq(c.requests[0].nrecounted, 0);
	ck_assert_uint_eq(c.requests[0].old_calls.median, 19);
	ck_assert_uint_eq(c.requests[0].new_calls.median, 19);
	f = function(&c.requests[0], "f");
	ck_assert(f->self[0].old_value == 70);
	/* A name that does not say whose it is: the last function that begins before it. */
	f = function(&c.requests[0], "f.<locals>.<genexpr>");
	ck_assert(f->self[0].old_value == 8);
	ck_assert_int_eq(function(&c.requests[0], "f.<locals>.<lambda>")->match, MATCH_SAME);
	end_two(&t, &c);
}
END_TEST

/* A run that does not say which Python made it is left as it is. */
START_TEST(test_change__comprehensions_of_an_unknown_python)
{
	struct two t = two_requests(100, 100);
	struct change c;

	t.old->s.python = "3.11";
	t.new->s.python = "";
	had(&t, "a.py", "f", 1, 1);
	had(&t, "a.py", "f.<locals>.<listcomp>", 1, 1);
	c = compare_two(&t, &plain);
	ck_assert_uint_eq(c.requests[0].nfunctions, 2);
	end_two(&t, &c);
}
END_TEST

/* What is worse stands first, by how sure that is. */
START_TEST(test_change__order)
{
	static const char *const routes[] = { "/calls-100", "/calls-1", "/other", "/new", "/gone",
					      "/fewer", "/same" };
	struct made *a = made_run("a", "3.12"), *b = made_run("b", "3.12");
	struct change c;

	for (size_t i = 0; i < 7; i++) {
		static const uint64_t old[] = { 5, 5, 5, 0, 5, 5, 5 }, new[] = { 105, 6, 5, 5, 0, 4, 5 };
		int64_t wall = 100 + (int64_t)i;

		if (old[i] != 0)
			made_function(a, made_group(a, "GET", routes[i], 1, &wall), "a.py",
				      i == 2 ? "before" : "f", old[i], 1);
		if (new[i] != 0)
			made_function(b, made_group(b, "GET", routes[i], 1, &wall), "a.py",
				      i == 2 ? "after" : "f", new[i], 1);
	}
	c = of_two(made_done(a), made_done(b));
	ck_assert_uint_eq(c.nrequests, 7);
	for (size_t i = 0; i < 7; i++) {
		const struct request_change *r = &c.requests[i];

		ck_assert_str_eq((r->after ? r->after : r->before)->route, routes[i]);
	}
	change_release(&c);
	free(a);
	free(b);
}
END_TEST

static int compare(void *arg, struct error *err)
{
	struct made **m = arg;
	const struct summary *a = &m[0]->s, *b = &m[1]->s;
	struct change_side x = { &a, 1 }, y = { &b, 1 };
	struct change_options o = { .force = true };
	struct change c;

	if (change_between(&c, &x, &y, &o, err) < 0)
		return -1;
	change_release(&c);
	return 0;
}

START_TEST(test_change__out_of_memory)
{
	struct made *m[] = { one_request("a", 100), one_request("b", 200) };

	/* Enough functions for several blocks of an arena. */
	m[0]->s.python = "3.11";
	for (int i = 0; i < 14; i++) {
		char *name = strdup("f.<locals>.g..............................................");

		name[11] = (char)('a' + i);
		made_function(m[0], &m[0]->groups[0], "a.py", name, 1, i);
		made_function(m[1], &m[1]->groups[0], "b.py", name, 1, i);
	}
	made_done(m[0]);
	made_done(m[1]);
	ck_assert_uint_ge(fail_each_allocation(compare, m), 3);
	for (size_t i = 0; i < m[0]->groups[0].nfunctions; i++)
		if (m[0]->groups[0].functions[i].id.name[1] == '.')
			free((char *)m[0]->groups[0].functions[i].id.name);
	free(m[0]);
	free(m[1]);
}
END_TEST

/* Many requests of one kind, and one that no other run has. */
static struct made *many_requests(const char *commit, int64_t wall, const char *other)
{
	struct made *m = made_run(commit, "3.12");

	made_function(m, made_many(m, "/", wall), "a.py", "f", 1, wall);
	made_group(m, "GET", other, 1, &wall);
	made_done(m);
	return m;
}

static int compare_by_noise(void *arg, struct error *err)
{
	struct made **m = arg;
	const struct summary *a = &m[0]->s, *b = &m[1]->s, *noise[] = { &m[2]->s, &m[3]->s };
	struct change_side x = { &a, 1 }, y = { &b, 1 };
	struct change_options o = { .noise = noise, .nnoise = 2 };
	struct change c;

	if (change_between(&c, &x, &y, &o, err) < 0)
		return -1;
	ck_assert_uint_eq(c.nrequests, 3);
	ck_assert(request(&c, "/", REQUEST_BOTH)->metrics[0].old_value == 103);
	ck_assert(request(&c, "/", REQUEST_BOTH)->metrics[0].new_value == 203);
	ck_assert_int_eq(request(&c, "/", REQUEST_BOTH)->evidence, EVIDENCE_BEYOND_NOISE);
	change_release(&c);
	return 0;
}

/* A median without memory is no median of 0. */
START_TEST(test_change__out_of_memory_for_medians)
{
	struct made *m[] = { many_requests("a", 100, "/gone"), many_requests("b", 200, "/new"),
			     many_requests("x", 100, "/x"), many_requests("x", 110, "/x") };

	ck_assert_uint_ge(fail_each_allocation(compare_by_noise, m), 10);
	for (int i = 0; i < 4; i++)
		free(m[i]);
}
END_TEST

UNIT_MAIN("change/change", test_change__more_and_dearer_calls_add_up,
	  test_change__ranges_of_calls, test_change__lost_events, test_change__five_runs_prove,
	  test_change__runs_that_took_no_turns, test_change__faster_is_proven_too, test_change__stored_runs_tell_the_noise,
	  test_change__requests_by_label, test_change__single_requests_pair_whatever_they_are,
	  test_change__renames, test_change__files_elsewhere, test_change__unlike_runs,
	  test_change__comprehensions, test_change__comprehensions_of_an_unknown_python,
	  test_change__order, test_change__out_of_memory,
	  test_change__out_of_memory_for_medians)
