#include "graph/graph.h"

#include <stdio.h>
#include <string.h>

#include "failing.h"
#include "profile/derive.h"
#include "sample.h"
#include "unit.h"

static struct graph build(const struct profile *p, const struct graph_options *options)
{
	struct graph g;
	struct error err = ERROR_INIT;

	ck_assert_msg(graph_build(&g, p, options, &err) == 0, "%s", err.text);
	return g;
}

static uint32_t node_of(const struct graph *g, const char *name)
{
	for (uint32_t i = 0; i < g->nnodes; i++)
		if (strcmp(g->nodes[i].name, name) == 0)
			return i;
	return PROFILE_NONE;
}

static const struct graph_edge *edge_of(const struct graph *g, const char *caller,
					const char *callee)
{
	for (uint32_t i = 0; i < g->nedges; i++)
		if (strcmp(g->nodes[g->edges[i].caller].name, caller) == 0 &&
		    strcmp(g->nodes[g->edges[i].callee].name, callee) == 0)
			return &g->edges[i];
	return NULL;
}

static uint32_t own(struct profile *p, const char *name)
{
	return sample_function(p, "/srv/app.py", 1, name, NULL);
}

/* main calls heavy (940), edge (50) and light (49), which calls tiny (0): the
 * total is main's self and 1039. */
static struct profile *thresholds(int64_t main_self)
{
	struct profile *p = sample_new();
	uint32_t top = sample_calls(p, 0, own(p, "main"), 1, main_self);
	uint32_t light;

	sample_calls(p, top, own(p, "heavy"), 1, 940);
	sample_calls(p, top, own(p, "edge"), 5, 50);
	light = sample_calls(p, top, own(p, "light"), 1, 49);
	sample_calls(p, light, own(p, "tiny"), 1, 0);
	return p;
}

START_TEST(test_graph__thresholds_are_those_of_gprof2dot)
{
	/* 8961 + 940 + 50 + 49 = 10000: edge is 0.50 %, light 0.49 %. */
	struct profile *p = thresholds(8961);
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct graph g = build(p, &options);

	ck_assert_int_eq(g.total, 10000);
	ck_assert_uint_eq(g.nfunctions, 5);
	ck_assert_uint_eq(g.narcs, 4);
	ck_assert_uint_eq(g.nnodes, 3);
	ck_assert_uint_eq(g.nlight, 2);
	ck_assert_uint_eq(g.ncut, 0);
	ck_assert_uint_eq(g.nedges, 2);
	ck_assert_str_eq(g.nodes[0].name, "main");
	ck_assert_str_eq(g.nodes[1].name, "heavy");
	ck_assert_str_eq(g.nodes[2].name, "edge");
	ck_assert_double_eq_tol(g.nodes[2].share, 0.005, 1e-12);
	ck_assert_uint_eq(edge_of(&g, "main", "edge")->cost.ncalls, 5);
	graph_release(&g);
	profile_free(p);
}
END_TEST

/* The edge keeps 0.1 % although both its ends are heavy. */
START_TEST(test_graph__light_edges_between_heavy_functions)
{
	struct profile *p = sample_new();
	uint32_t a = own(p, "a"), b = own(p, "b"), c = own(p, "c");
	uint32_t na = sample_calls(p, 0, a, 1, 5000);
	uint32_t nb = sample_calls(p, na, b, 1, 4981);
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct graph g;

	sample_calls(p, nb, c, 1, 10); /* 0.1 % of 10000 */
	sample_calls(p, na, c, 1, 9);  /* 0.09 % */
	options.min_node = 0.1;        /* c has 19: 0.19 % */
	g = build(p, &options);
	ck_assert_uint_eq(g.nnodes, 3);
	ck_assert_ptr_nonnull(edge_of(&g, "b", "c"));
	ck_assert_ptr_null(edge_of(&g, "a", "c"));
	graph_release(&g);
	profile_free(p);
}
END_TEST

START_TEST(test_graph__at_most_the_heaviest)
{
	struct profile *p = sample_random(7, 60, 400);
	struct graph_options all = { .max_nodes = 0 }, few = { .max_nodes = 10 };
	struct graph g = build(p, &all), h = build(p, &few);

	ck_assert_uint_eq(h.nnodes, 10);
	ck_assert_uint_eq(h.ncut, g.nnodes - 10);
	ck_assert_uint_eq(h.nlight + h.ncut + h.nnodes, h.nfunctions);
	for (uint32_t i = 0; i < 10; i++)
		ck_assert_str_eq(g.nodes[i].name, h.nodes[i].name);
	for (uint32_t i = 1; i < g.nnodes; i++)
		ck_assert_double_ge(g.nodes[i - 1].share, g.nodes[i].share);
	for (uint32_t i = 1; i < g.nedges; i++)
		ck_assert_double_ge(g.edges[i - 1].share, g.edges[i].share);
	graph_release(&g);
	graph_release(&h);
	profile_free(p);
}
END_TEST

/* fib(3): 5 calls, 1 of them not from itself: 5/1, the arc to itself 4. */
START_TEST(test_graph__recursion)
{
	struct profile *p = sample_new();
	uint32_t fib = own(p, "fib");
	uint32_t top = sample_calls(p, 0, fib, 1, 10);
	uint32_t below = sample_calls(p, top, fib, 2, 20);
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct graph g;

	sample_calls(p, below, fib, 2, 20);
	g = build(p, &options);
	ck_assert_uint_eq(g.nnodes, 1);
	ck_assert_uint_eq(g.nodes[0].cost.ncalls, 5);
	ck_assert_uint_eq(g.nodes[0].cost.nprimitive, 1);
	ck_assert_int_eq(g.nodes[0].cost.cum, 50);
	ck_assert_uint_eq(g.nedges, 1);
	ck_assert_uint_eq(g.edges[0].caller, g.edges[0].callee);
	ck_assert_uint_eq(g.edges[0].cost.ncalls, 4);
	ck_assert(!g.edges[0].hot);
	graph_release(&g);
	profile_free(p);
}
END_TEST

/* main -> 12 thin functions of 0.4 % each -> db: 12 x 5 %. No thin one is
 * shown, but main leads to db: 12 calls, 60 %. */
START_TEST(test_graph__edges_through_hidden_functions)
{
	struct profile *p = sample_new();
	uint32_t db = own(p, "db");
	uint32_t top = sample_calls(p, 0, own(p, "main"), 1, 4000);
	struct graph_options options = { .min_node = 6, .min_edge = 0.1, .max_nodes = 80 };
	const struct graph_edge *e;
	struct graph g;

	for (int i = 0; i < 12; i++) {
		char name[16];
		uint32_t thin;

		snprintf(name, sizeof name, "thin%d", i);
		thin = sample_calls(p, top, own(p, name), 1, 0);
		sample_calls(p, thin, db, 1, 500);
	}
	g = build(p, &options);
	ck_assert_uint_eq(g.nnodes, 2);
	ck_assert_uint_eq(g.nedges, 1);
	e = edge_of(&g, "main", "db");
	ck_assert(e->skips);
	ck_assert_uint_eq(e->cost.ncalls, 12);
	ck_assert_int_eq(e->cost.cum, 6000);
	ck_assert_double_eq_tol(e->share, 0.6, 1e-12);
	graph_release(&g);

	/* With the thin ones shown nothing is left out. */
	options.min_node = 0;
	g = build(p, &options);
	ck_assert_uint_eq(g.nedges, 24);
	for (uint32_t i = 0; i < g.nedges; i++)
		ck_assert(!g.edges[i].skips);
	graph_release(&g);
	profile_free(p);
}
END_TEST

/* The same totals without the tree: nothing says where the hidden led. */
START_TEST(test_graph__without_a_tree)
{
	struct profile *p = sample_random(3, 40, 300), *q = profile_new();
	struct graph_options options = { .min_node = 1, .min_edge = 0.1, .max_nodes = 80 };
	struct error err;
	struct graph g, h;

	ck_assert_int_eq(profile_add_metric(q, "wall", "nanoseconds"), 0);
	for (uint32_t i = 0; i < p->nfunctions; i++)
		sample_function(q, p->functions[i].file, p->functions[i].line,
				p->functions[i].name, p->functions[i].qualname);
	ck_assert_int_eq(derive_table(&q->table, p, NULL, 0, &err), 0);
	g = build(p, &options);
	h = build(q, &options);
	ck_assert_uint_eq(g.nnodes, h.nnodes);
	for (uint32_t i = 0; i < g.nnodes; i++)
		ck_assert_str_eq(g.nodes[i].name, h.nodes[i].name);
	for (uint32_t i = 0, k = 0; i < g.nedges; i++) {
		if (g.edges[i].skips)
			continue;
		ck_assert_uint_eq(g.edges[i].caller, h.edges[k].caller);
		ck_assert_uint_eq(g.edges[i].callee, h.edges[k].callee);
		k++;
	}
	for (uint32_t i = 0; i < h.nedges; i++)
		ck_assert(!h.edges[i].skips);
	graph_release(&g);
	graph_release(&h);
	profile_free(p);
	profile_free(q);
}
END_TEST

/* a and b call each other; the way out is from a, and lighter than the way to b:
 * main -> a -> work, not main -> a -> b and an end. */
START_TEST(test_graph__hot_path_leaves_mutual_recursion)
{
	struct profile *p = sample_new();
	uint32_t a = own(p, "a"), b = own(p, "b"), work = own(p, "work");
	uint32_t n = sample_calls(p, 0, own(p, "main"), 1, 10);
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct graph g;

	n = sample_calls(p, n, a, 1, 10);
	n = sample_calls(p, n, b, 1, 10);
	n = sample_calls(p, n, a, 1, 10);
	n = sample_calls(p, n, work, 1, 1000);
	g = build(p, &options);
	ck_assert(g.nodes[node_of(&g, "main")].hot);
	ck_assert(edge_of(&g, "main", "a")->hot);
	ck_assert(edge_of(&g, "a", "work")->hot);
	ck_assert(!edge_of(&g, "a", "b")->hot);
	ck_assert(!g.nodes[node_of(&g, "b")].hot);
	graph_release(&g);
	profile_free(p);
}
END_TEST

/* The function that all is below of is called back; one that nobody calls is no
 * beginning of it. */
START_TEST(test_graph__hot_path_begins_where_the_time_is)
{
	struct profile *p = sample_new();
	uint32_t load = own(p, "load"), module = own(p, "module");
	uint32_t n = sample_calls(p, 0, load, 1, 10);
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct graph g;

	n = sample_calls(p, n, module, 1, 500);
	sample_calls(p, n, load, 1, 10);
	sample_calls(p, 0, own(p, "start"), 1, 60);
	g = build(p, &options);
	ck_assert(edge_of(&g, "load", "module")->hot);
	ck_assert(!g.nodes[node_of(&g, "start")].hot);
	graph_release(&g);
	profile_free(p);
}
END_TEST

/* Where the time is a function's own, the path ends. */
START_TEST(test_graph__hot_path_ends_where_the_time_is)
{
	struct profile *p = sample_new();
	uint32_t top = sample_calls(p, 0, own(p, "main"), 1, 10);
	uint32_t work = sample_calls(p, top, own(p, "work"), 1, 600);
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct graph g;

	sample_calls(p, work, own(p, "helper"), 1, 300);
	g = build(p, &options);
	ck_assert(edge_of(&g, "main", "work")->hot);
	ck_assert(!edge_of(&g, "work", "helper")->hot);
	graph_release(&g);
	profile_free(p);
}
END_TEST

START_TEST(test_graph__nothing_to_show)
{
	struct profile *p = profile_new(), *q = sample_new();
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct graph g = build(p, &options);
	struct error err = ERROR_INIT;

	ck_assert_uint_eq(g.nnodes, 0);
	graph_release(&g);
	sample_calls(q, 0, own(q, "f"), 1, 0); /* took no time */
	g = build(q, &options);
	ck_assert_uint_eq(g.nnodes, 0);
	ck_assert_uint_eq(g.nfunctions, 1);
	graph_release(&g);
	options.metric = 5;
	ck_assert_int_eq(graph_build(&g, q, &options, &err), -1);
	ck_assert_int_eq((int)err.code, (int)ERR_NOT_FOUND);
	profile_free(p);
	profile_free(q);
}
END_TEST

/* before: main 100 calls old 40, same 50 (self 10). after: main 130 calls new 60,
 * same 50 (self 20). */
START_TEST(test_graph__difference)
{
	struct profile *p = sample_new(), *q = sample_new();
	uint32_t top = sample_calls(p, 0, own(p, "main"), 1, 10);
	struct graph_options options = GRAPH_OPTIONS_INIT;
	struct error err = ERROR_INIT;
	const struct graph_node *n;
	struct graph g;

	sample_calls(p, top, own(p, "old"), 4, 40);
	sample_calls(p, top, own(p, "same"), 1, 50);
	top = sample_calls(q, 0, own(q, "main"), 1, 20);
	sample_calls(q, top, own(q, "same"), 2, 50);
	sample_calls(q, top, own(q, "new"), 1, 60);
	ck_assert_msg(graph_build_diff(&g, p, q, &options, &err) == 0, "%s", err.text);
	ck_assert(g.is_diff);
	ck_assert_int_eq(g.total_before, 100);
	ck_assert_int_eq(g.total, 130);
	ck_assert_uint_eq(g.nnodes, 4);
	n = &g.nodes[node_of(&g, "main")];
	ck_assert_int_eq(n->before.cum, 100);
	ck_assert_int_eq(n->cost.cum, 130);
	ck_assert_int_eq((int)n->change, (int)CHANGE_NONE);
	ck_assert_int_eq((int)g.nodes[node_of(&g, "new")].change, (int)CHANGE_NEW);
	n = &g.nodes[node_of(&g, "old")];
	ck_assert_int_eq((int)n->change, (int)CHANGE_GONE);
	ck_assert_int_eq(n->before.cum, 40);
	ck_assert_int_eq(n->cost.cum, 0);
	ck_assert_ptr_eq(n->function, &p->functions[1]);
	ck_assert_int_eq((int)edge_of(&g, "main", "old")->change, (int)CHANGE_GONE);
	ck_assert_int_eq((int)edge_of(&g, "main", "new")->change, (int)CHANGE_NEW);
	ck_assert_int_eq((int)edge_of(&g, "main", "same")->change, (int)CHANGE_NONE);
	ck_assert_uint_eq(edge_of(&g, "main", "same")->before.ncalls, 1);
	ck_assert_uint_eq(edge_of(&g, "main", "same")->cost.ncalls, 2);
	graph_release(&g);
	profile_free(p);
	profile_free(q);
}
END_TEST

static uint32_t nth_of(const struct graph *g, const char *name, int nth)
{
	for (uint32_t i = 0; i < g->nnodes; i++)
		if (strcmp(g->nodes[i].name, name) == 0 && nth-- == 0)
			return i;
	return PROFILE_NONE;
}

START_TEST(test_graph__strands_stand_apart)
{
	struct profile *p = sample_strands();
	struct graph_options options = { .max_nodes = 0 };
	struct graph g = build(p, &options);
	uint32_t job = node_of(&g, "executor job"), beside = nth_of(&g, "work", 0);
	uint32_t own_work = nth_of(&g, "work", 1);

	ck_assert_int_eq(g.total, 100);
	ck_assert_uint_eq(g.nnodes, 7); /* main and work twice */
	ck_assert_double_eq_tol(g.nodes[job].share, 1.7, 1e-12);
	ck_assert_str_eq(g.nodes[job].place, "beside the request");
	ck_assert_int_eq(g.nodes[beside].cost.cum, 150);
	ck_assert_int_eq(g.nodes[own_work].cost.cum, 40);
	ck_assert_ptr_eq(g.nodes[own_work].function, &p->functions[1]);
	ck_assert_ptr_eq(g.nodes[beside].function, &p->functions[1]);
	ck_assert(g.nodes[nth_of(&g, "main", 0)].hot); /* not the jobs, which took longer */
	ck_assert(!g.nodes[job].hot);
	for (uint32_t i = 0; i < g.nedges; i++)
		ck_assert_uint_ne(g.edges[i].callee, job);
	graph_release(&g);
	profile_free(p);
}
END_TEST

START_TEST(test_graph__difference_of_strands)
{
	struct profile *p = sample_strands(), *q = sample_strands();
	struct graph_options options = { .max_nodes = 0 };
	struct error err = ERROR_INIT;
	struct graph g;

	sample_calls(q, 0, 0, 1, 11);
	ck_assert_int_eq(graph_build_diff(&g, p, q, &options, &err), 0);
	ck_assert_int_eq(g.total_before, 100);
	ck_assert_int_eq(g.total, 111);
	graph_release(&g);
	profile_free(p);
	profile_free(q);
}
END_TEST

struct pair {
	const struct profile *before, *after;
};

/* Where the metrics are 1 apart in each function, so are their differences. */
START_TEST(test_graph__difference_by_another_metric)
{
	struct profile *p = profile_new(), *q = profile_new();
	struct graph_options options = { .max_nodes = 0, .metric = 1 };
	struct error err = ERROR_INIT;
	struct graph g;

	for (int i = 0; i < 2; i++) {
		struct profile *r = i == 0 ? p : q;
		uint32_t node;

		ck_assert_int_eq(profile_add_metric(r, "wall", "nanoseconds"), 0);
		ck_assert_int_eq(profile_add_metric(r, "allocs", "count"), 1);
		ck_assert_int_eq(profile_add_root(r), 0);
		node = sample_calls(r, 0, own(r, "main"), 1, 0);
		profile_node_cum(r, node)[0] = 100;
		profile_node_cum(r, node)[1] = i == 0 ? 7 : 12;
	}
	ck_assert_msg(graph_build_diff(&g, p, q, &options, &err) == 0, "%s", err.text);
	ck_assert_str_eq(g.metric, "allocs");
	ck_assert_int_eq(g.nodes[0].before.cum, 7);
	ck_assert_int_eq(g.nodes[0].cost.cum, 12);
	graph_release(&g);
	p->metrics[1].name = "other";
	ck_assert_int_eq(graph_build_diff(&g, p, q, &options, &err), -1);
	ck_assert_int_eq((int)err.code, (int)ERR_REFUSED);
	profile_free(p);
	profile_free(q);
}
END_TEST

static struct profile *shop(void)
{
	struct profile *p = sample_new();
	uint32_t main_f = own(p, "main"), show = own(p, "show"), log = own(p, "log");
	uint32_t render = sample_function(p, "/v/lib/python3.11/site-packages/jinja2/env.py", 5,
					  "render", "Template.render");
	uint32_t parse = sample_function(p, "/v/lib/python3.11/site-packages/jinja2/lexer.py", 9,
					 "parse", NULL);
	uint32_t dumps = sample_function(p, "/usr/lib/python3.11/json/__init__.py", 3, "dumps",
					 NULL);
	uint32_t len = sample_function(p, "~", 0, "<built-in method builtins.len>", NULL);
	uint32_t top = sample_calls(p, 0, main_f, 1, 10), at;

	at = sample_calls(p, top, show, 1, 20);
	sample_calls(p, at, len, 2, 1);
	at = sample_calls(p, at, render, 3, 30);
	at = sample_calls(p, at, parse, 6, 40);
	sample_calls(p, at, len, 9, 5);
	sample_calls(p, at, show, 1, 7); /* a library calls back */
	at = sample_calls(p, top, log, 1, 50);
	sample_calls(p, at, dumps, 1, 60);
	return p;
}

/* By hand: main 223 = 10 + show 103 + log 110; jinja2 is 3 calls of 82, of which 75 its
 * own: render 30, parse 40, len within it 5; show there 7 more. */
START_TEST(test_graph__packages)
{
	struct profile *p = shop();
	struct graph_options options = { .max_nodes = 0, .collapse = true };
	struct graph g = build(p, &options);
	const struct graph_node *jinja = &g.nodes[node_of(&g, "jinja2")];

	ck_assert_uint_eq(g.nnodes, 6); /* main, show, log, jinja2, json, len */
	ck_assert_int_eq(g.total, 223);
	ck_assert_str_eq(jinja->place, "library");
	ck_assert_int_eq((int)jinja->origin, (int)ORIGIN_PACKAGE);
	ck_assert_int_eq(jinja->cost.cum, 82);
	ck_assert_int_eq(jinja->cost.self, 75);
	ck_assert_uint_eq(jinja->cost.ncalls, 3);
	ck_assert_int_eq(edge_of(&g, "show", "jinja2")->cost.cum, 82);
	ck_assert_int_eq(edge_of(&g, "jinja2", "show")->cost.cum, 7);
	ck_assert_int_eq(edge_of(&g, "show", "len")->cost.cum, 1);
	ck_assert_ptr_null(edge_of(&g, "jinja2", "len"));
	ck_assert_str_eq(g.nodes[node_of(&g, "json")].place, "standard library");
	ck_assert_int_eq(g.nodes[node_of(&g, "show")].cost.cum, 103);
	graph_release(&g);
	profile_free(p);
}
END_TEST

/* The same of functions and arcs: the library's cum is what was called from outside, and
 * no arc has more than its ends. */
START_TEST(test_graph__packages_without_a_tree)
{
	struct profile *p = shop(), *q = profile_new();
	struct graph_options options = { .max_nodes = 0, .collapse = true };
	struct table t;
	struct error err = ERROR_INIT;
	struct graph g;

	ck_assert_int_eq(derive_table(&t, p, NULL, 0, &err), 0);
	ck_assert_int_eq(profile_add_metric(q, "wall", "nanoseconds"), 0);
	for (uint32_t i = 0; i < p->nfunctions; i++) {
		const struct function *f = &p->functions[i];

		ck_assert_uint_eq(profile_function(q, f->file, f->line, f->name, f->qualname), i);
	}
	q->table = t;
	g = build(q, &options);
	ck_assert_int_eq(g.nodes[node_of(&g, "jinja2")].cost.cum, 82);
	ck_assert_int_eq(g.nodes[node_of(&g, "jinja2")].cost.self, 70);
	ck_assert_uint_eq(g.nodes[node_of(&g, "jinja2")].cost.ncalls, 3);
	ck_assert_int_eq(g.nodes[node_of(&g, "main")].cost.cum, 223);
	for (uint32_t i = 0; i < g.nedges; i++) {
		const struct graph_edge *e = &g.edges[i];

		ck_assert_int_le(e->cost.cum, g.nodes[e->caller].cost.cum);
		ck_assert_int_le(e->cost.cum, g.nodes[e->callee].cost.cum);
	}
	graph_release(&g);
	profile_free(p);
	profile_free(q);
}
END_TEST

START_TEST(test_graph__root_and_leaf)
{
	struct profile *p = shop();
	struct graph_options options = { .max_nodes = 0, .root = "log" };
	struct error err = ERROR_INIT;
	struct graph g = build(p, &options);

	ck_assert_uint_eq(g.nnodes, 2);
	ck_assert_uint_ne(node_of(&g, "dumps"), PROFILE_NONE);
	graph_release(&g);
	options = (struct graph_options){ .leaf = "Template.ren*" };
	g = build(p, &options);
	ck_assert_uint_eq(g.nnodes, 4); /* main, show, render, and parse, which calls show */
	graph_release(&g);
	options = (struct graph_options){ .root = "env:5:render", .leaf = "parse" };
	g = build(p, &options);
	ck_assert_uint_eq(g.nnodes, 3); /* through show back to render */
	graph_release(&g);
	options.leaf = "nobody";
	ck_assert_int_eq(graph_build(&g, p, &options, &err), -1);
	ck_assert_int_eq((int)err.code, (int)ERR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(err.text, "'nobody'"));
	profile_free(p);
}
END_TEST

/* Everything calls everything: what stays are the heaviest arcs, and of each function at
 * least the heaviest from above. */
START_TEST(test_graph__no_more_than_can_be_told_apart)
{
	struct profile *p = sample_random(3, 120, 9000);
	struct graph_options options = { .max_nodes = 0, .budget_ms = 0 };
	struct graph g = build(p, &options), h;
	uint32_t most = 0;

	options.budget_ms = 1000;
	h = build(p, &options);
	ck_assert_uint_gt(g.nedges, 8 * g.nnodes);
	ck_assert_uint_eq(g.ndense, 0);
	ck_assert_uint_le(h.nedges, 4 * h.nnodes);
	ck_assert_uint_eq(h.nedges + h.ndense, g.nedges);
	for (uint32_t i = 0; i < h.nnodes; i++) {
		bool before = false, after = false;

		for (uint32_t k = 0; k < g.nedges; k++)
			before = before || (g.edges[k].callee == i && g.edges[k].caller != i);
		for (uint32_t k = 0; k < h.nedges; k++)
			after = after || (h.edges[k].callee == i && h.edges[k].caller != i);
		ck_assert_int_eq(before, after);
		most += after;
	}
	ck_assert_uint_gt(most, h.nnodes / 2);
	graph_release(&h);
	options.budget_ms = 1;
	h = build(p, &options);
	ck_assert_uint_lt(h.nnodes, 40);
	ck_assert_uint_eq(h.nslow + h.nnodes, g.nnodes);
	graph_release(&h);
	graph_release(&g);
	profile_free(p);
}
END_TEST

static int build_packages(void *arg, struct error *err)
{
	struct graph_options options = { .max_nodes = 0, .collapse = true, .root = "main",
					 .leaf = "*", .budget_ms = 1 };
	struct graph g;

	if (graph_build(&g, arg, &options, err) < 0)
		return -1;
	graph_release(&g);
	return 0;
}

START_TEST(test_graph__packages_out_of_memory)
{
	struct profile *p = shop();

	ck_assert_uint_gt(fail_each_allocation(build_packages, p), 20);
	profile_free(p);
}
END_TEST

static int build_both(void *arg, struct error *err)
{
	const struct pair *pair = arg;
	struct graph_options options = { .min_node = 2, .min_edge = 0.1, .max_nodes = 80 };
	struct graph g;

	if (graph_build(&g, pair->before, &options, err) < 0)
		return -1;
	graph_release(&g);
	if (graph_build_diff(&g, pair->before, pair->after, &options, err) < 0)
		return -1;
	graph_release(&g);
	return 0;
}

START_TEST(test_graph__out_of_memory)
{
	struct profile *p = sample_random(5, 12, 40), *q = sample_random(6, 12, 40);
	struct pair pair = { p, q };

	sample_calls(p, 0, sample_function(p, "~", 0, PROFILE_JOB, NULL), 1, 100);

	ck_assert_uint_gt(fail_each_allocation(build_both, &pair), 50);
	profile_free(p);
	profile_free(q);
}
END_TEST

UNIT_MAIN("graph/graph", test_graph__thresholds_are_those_of_gprof2dot,
	  test_graph__light_edges_between_heavy_functions, test_graph__at_most_the_heaviest,
	  test_graph__recursion, test_graph__edges_through_hidden_functions,
	  test_graph__without_a_tree, test_graph__hot_path_leaves_mutual_recursion,
	  test_graph__hot_path_begins_where_the_time_is,
	  test_graph__hot_path_ends_where_the_time_is, test_graph__nothing_to_show,
	  test_graph__difference,
	  test_graph__strands_stand_apart, test_graph__difference_of_strands,
	  test_graph__difference_by_another_metric, test_graph__packages,
	  test_graph__packages_without_a_tree, test_graph__root_and_leaf,
	  test_graph__no_more_than_can_be_told_apart, test_graph__packages_out_of_memory,
	  test_graph__out_of_memory)
